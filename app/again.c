/* SPDX-License-Identifier: BSD-3-Clause */
/* How the process starts, and how it executes itself anew. */
#include "app/process.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Passes the descriptors of the pid file and of the waiting command on to the next start. */
#define HANDED_OVER "_DNSLOUPE_AGAIN"
#define WORDS_MAX 65536

static void open_standard(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			/* open() returns the lowest free number, which is this one. */
			if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
				return;
}

static int keep_from_children(int fd)
{
	return fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
}

void process_start(struct process *p, char **argv)
{
	*p = (struct process){
		.argv = argv, .pid_fd = -1, .ready_fd = -1, .config_fd = -1, .env_fd = -1};
	open_standard();
	const char *words = getenv(HANDED_OVER);
	if (!words)
		return;
	p->again = sscanf(words, "%d,%d", &p->pid_fd, &p->ready_fd) == 2;
	/* The kernel named it after /proc/self/exe. */
	prctl(PR_SET_NAME, program_invocation_short_name);
	p->pid_fd = keep_from_children(p->pid_fd);
	p->ready_fd = keep_from_children(p->ready_fd);
	unsetenv(HANDED_OVER);
}

/* Calls a function for each open descriptor, except the one that lists them. */
static void for_each_open(void (*call)(int fd, void *arg), void *arg)
{
	DIR *dir = opendir("/proc/self/fd");

	if (!dir)
		return;
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		char *end;
		long fd = strtol(e->d_name, &end, 10);
		if (*end == '\0' && end != e->d_name && fd != dirfd(dir))
			call((int)fd, arg);
	}
	closedir(dir);
}

static void note_open(int fd, void *arg)
{
	struct process_files *files = arg;
	if (fd < PROCESS_FILES)
		files->open[fd / 64] |= (uint64_t)1 << fd % 64;
}

void process_files_note(struct process_files *files)
{
	memset(files, 0, sizeof(*files));
	for_each_open(note_open, files);
}

static void set_close_on_exec(int fd, void *arg)
{
	const struct process_files *files = arg;
	if (fd < PROCESS_FILES && !(files->open[fd / 64] >> fd % 64 & 1))
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void count_open(int fd, void *arg)
{
	(void)fd;
	++*(unsigned *)arg;
}

int process_files_want(unsigned more)
{
	struct rlimit limit;
	unsigned open_now = 0;

	for_each_open(count_open, &open_now);
	rlim_t want = open_now + more;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= want)
		return 0;
	if (limit.rlim_max >= want) {
		limit.rlim_cur = want;
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			return 0;
	}
	log_error("this run needs %llu open files and may have %llu (RLIMIT_NOFILE): raise the "
		  "limit with ulimit -n or systemd's LimitNOFILE=",
		(unsigned long long)want, (unsigned long long)limit.rlim_max);
	return -EMFILE;
}

int process_hold(const char *path)
{
	char buffer[4096];
	size_t size = 0;
	struct stat st;
	ssize_t n = 0;

	if (stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return -1;
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int held = memfd_create("held", MFD_CLOEXEC);
	while (from >= 0 && held >= 0 && size < PROCESS_HELD &&
		((n = read(from, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0 && write(held, buffer, (size_t)n) == n)
			size += (size_t)n;
	if (from >= 0)
		close(from);
	return held;
}

static void keep_on_exec(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

int process_again(struct process *p, const struct process_files *files)
{
	static char *argv[WORDS_MAX + 3];
	static char config_word[48], env_word[48], words[48];
	size_t n = 0, rest = 0;

	while (p->argv[rest] && strcmp(p->argv[rest], "--") != 0 && n < WORDS_MAX)
		argv[n++] = p->argv[rest++];
	snprintf(config_word, sizeof(config_word), "--config=/proc/self/fd/%d", p->config_fd);
	snprintf(env_word, sizeof(env_word), "--env-file=/proc/self/fd/%d", p->env_fd);
	if (p->config_fd >= 0)
		argv[n++] = config_word;
	if (p->env_fd >= 0)
		argv[n++] = env_word;
	while (p->argv[rest] && n < WORDS_MAX + 2)
		argv[n++] = p->argv[rest++];
	argv[n] = NULL;
	if (p->argv[rest])
		return -E2BIG;
	snprintf(words, sizeof(words), "%d,%d", p->pid_fd, p->ready_fd);
	if (setenv(HANDED_OVER, words, 1) < 0)
		return -errno;
	for_each_open(set_close_on_exec, (void *)(uintptr_t)files);
	keep_on_exec(p->pid_fd);
	keep_on_exec(p->ready_fd);
	keep_on_exec(p->config_fd);
	keep_on_exec(p->env_fd);
	execv("/proc/self/exe", argv);
	int error = -errno;
	unsetenv(HANDED_OVER);
	return error;
}

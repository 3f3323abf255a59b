/* SPDX-License-Identifier: BSD-3-Clause */
/* The start of the process, and its execution anew. */
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

/* The variable that passes the descriptors of the pid file and of the waiting command on. */
#define REEXEC_VARIABLE "_DNSLOUPE_AGAIN"
#define ARGS_MAX 65536

static void open_standard(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			/* open() returns the lowest free number, which is this one. */
			if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
				return;
}

/* Returns fd, or -1 if it is not open. */
static int set_cloexec(int fd)
{
	return fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
}

void process_start(struct process *p, char **argv)
{
	*p = (struct process){
		.argv = argv, .pid_fd = -1, .ready_fd = -1, .config_fd = -1, .env_fd = -1};
	open_standard();
	const char *fds = getenv(REEXEC_VARIABLE);
	if (!fds)
		return;
	p->reexecuted = sscanf(fds, "%d,%d", &p->pid_fd, &p->ready_fd) == 2;
	/* The kernel named the process after /proc/self/exe. */
	prctl(PR_SET_NAME, program_invocation_short_name);
	p->pid_fd = set_cloexec(p->pid_fd);
	p->ready_fd = set_cloexec(p->ready_fd);
	unsetenv(REEXEC_VARIABLE);
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

static void list_open(int fd, void *arg)
{
	struct process_files *files = arg;
	if (fd < PROCESS_FILES)
		files->open[fd / 64] |= (uint64_t)1 << fd % 64;
}

void process_files_list(struct process_files *files)
{
	memset(files, 0, sizeof(*files));
	for_each_open(list_open, files);
}

static void cloexec_unlisted(int fd, void *arg)
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

int process_files_reserve(unsigned more)
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

int process_copy_pipe(const char *path)
{
	char buffer[4096];
	size_t size = 0;
	struct stat st;
	ssize_t n = 0;

	if (stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return -1;
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int copy = from < 0 ? -1 : memfd_create("copy", MFD_CLOEXEC);
	while (copy >= 0 && size < PROCESS_COPY_MAX &&
		((n = read(from, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0 && write(copy, buffer, (size_t)n) == n)
			size += (size_t)n;
	if (from >= 0)
		close(from);
	return copy;
}

static void clear_cloexec(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

int process_reexec(struct process *p, const struct process_files *files)
{
	static char *argv[ARGS_MAX + 3];
	static char config_arg[48], env_arg[48], fds[48];
	size_t n = 0, rest = 0;

	while (p->argv[rest] && strcmp(p->argv[rest], "--") != 0 && n < ARGS_MAX)
		argv[n++] = p->argv[rest++];
	snprintf(config_arg, sizeof(config_arg), "--config=/proc/self/fd/%d", p->config_fd);
	snprintf(env_arg, sizeof(env_arg), "--env-file=/proc/self/fd/%d", p->env_fd);
	if (p->config_fd >= 0)
		argv[n++] = config_arg;
	if (p->env_fd >= 0)
		argv[n++] = env_arg;
	while (p->argv[rest] && n < ARGS_MAX + 2)
		argv[n++] = p->argv[rest++];
	argv[n] = NULL;
	if (p->argv[rest])
		return -E2BIG;
	snprintf(fds, sizeof(fds), "%d,%d", p->pid_fd, p->ready_fd);
	if (setenv(REEXEC_VARIABLE, fds, 1) < 0)
		return -errno;
	for_each_open(cloexec_unlisted, (void *)(uintptr_t)files);
	clear_cloexec(p->pid_fd);
	clear_cloexec(p->ready_fd);
	clear_cloexec(p->config_fd);
	clear_cloexec(p->env_fd);
	execv("/proc/self/exe", argv);
	int error = -errno;
	unsetenv(REEXEC_VARIABLE);
	return error;
}

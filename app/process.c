/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/process.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Returns true if the path still names the file of fd, which another process may have removed. */
static bool is_same_file(int fd, const char *path)
{
	struct stat here, there;
	return fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino &&
	       here.st_dev == there.st_dev;
}

static int fail_locked(int fd, const char *path)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);
	if (n > 0)
		pid[strspn(pid, "0123456789")] = '\0';
	log_error(
		"process.pid_file: %s is locked by a running process%s%s: stop it, or name another "
		"file",
		path, *pid ? ", " : "", pid);
	close(fd);
	return -EBUSY;
}

/* Opens and locks the file. The lock, not the number in the file, shows that a process runs. */
static int lock(struct process *p, const char *path)
{
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0644);
		if (fd < 0) {
			int error = -errno;
			log_error("process.pid_file: cannot open %s: %s", path, strerror(-error));
			return error;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return fail_locked(fd, path);
		if (is_same_file(fd, path)) {
			p->pid_fd = fd;
			p->pid_path = path;
			return 0;
		}
		close(fd);
	}
}

static int write_pid(const struct process *p)
{
	int error = 0;
	if (!p->pid_path)
		return 0;
	if (ftruncate(p->pid_fd, 0) < 0 || dprintf(p->pid_fd, "%d\n", (int)getpid()) < 0) {
		error = -errno;
		log_error(
			"process.pid_file: cannot write to %s: %s", p->pid_path, strerror(-error));
	}
	return error;
}

/* Waits, in the parent, until the child is ready or ends, and exits. */
static _Noreturn void wait_for_child(pid_t child, int fd)
{
	char word;
	int status;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (read(fd, &word, 1) == 1)
		_exit(0);
	if (waitpid(child, &status, 0) < 0)
		_exit(1);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int fork_to_background(struct process *p)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid_t child = fork();
	if (child < 0) {
		int error = -errno;
		close(fds[0]);
		close(fds[1]);
		return error;
	}
	if (child > 0) {
		close(fds[1]);
		wait_for_child(child, fds[0]);
	}
	close(fds[0]);
	p->ready_fd = fds[1];
	setsid();
	return 0;
}

int process_begin(struct process *p, const struct conf *conf)
{
	int error = 0;
	for (size_t i = 0; i < conf->input_files.count; i++)
		if (strcmp(conf->input_files.at[i], "-") == 0)
			p->reads_stdin = true;
	if (p->reexecuted) {
		p->pid_path = p->pid_fd >= 0 ? conf->process_pid_file : NULL;
		return 0;
	}
	if (conf->process_pid_file[0])
		error = lock(p, conf->process_pid_file);
	if (error == 0 && conf->process_daemon) {
		error = fork_to_background(p);
		if (error)
			log_error("process.daemon: cannot go to the background: %s",
				strerror(-error));
	}
	if (error == 0)
		error = write_pid(p);
	if (error)
		process_end(p);
	return error;
}

void process_ready(struct process *p)
{
	if (p->ready_fd < 0)
		return;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = p->reads_stdin ? 1 : 0; fd <= 2 && null >= 0; fd++) {
		struct stat st;
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
			dup2(null, fd);
	}
	if (null > 2)
		close(null);
	if (write(p->ready_fd, "", 1) < 0)
		log_warn("process.daemon: the command was terminated before the run was ready");
	close(p->ready_fd);
	p->ready_fd = -1;
}

void process_end(struct process *p)
{
	if (p->pid_path && is_same_file(p->pid_fd, p->pid_path) && unlink(p->pid_path) < 0)
		log_warn("process.pid_file: cannot remove %s: %s", p->pid_path, strerror(errno));
	if (p->pid_fd >= 0)
		close(p->pid_fd);
	if (p->ready_fd >= 0)
		close(p->ready_fd);
	p->pid_path = NULL;
	p->pid_fd = p->ready_fd = -1;
}

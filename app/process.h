/* SPDX-License-Identifier: BSD-3-Clause */
/* The process: background, pid file, open descriptors, execution anew. */
#ifndef APP_PROCESS_H
#define APP_PROCESS_H

#include "config/conf.h"

/* A set of descriptors below PROCESS_FILES. */
#define PROCESS_FILES 4096

struct process_files {
	uint64_t open[PROCESS_FILES / 64];
};

void process_files_note(struct process_files *files);

/*
 * Raises the soft limit of open files, up to the hard one, to the open descriptors and `more`.
 * Returns 0, or -EMFILE after a message.
 */
int process_files_want(unsigned more);

struct process {
	char **argv;
	bool again; /* it was started by process_again() */
	const char *pid_path; /* of process.pid_file; NULL: none */
	int pid_fd;
	int ready_fd; /* to the command that waits; -1: none */
	/* Copies of the files of -c and --env-file if these can be read only once; or -1. */
	int config_fd, env_fd;
	bool reads_standard; /* the input is standard input */
};

/*
 * Called first in main(). Opens descriptors 0 to 2 that are closed to /dev/null in the wrong
 * direction, so that no other file gets their numbers and using them fails (EBADF). Takes over the
 * descriptors that process_again() kept. argv must outlive the process.
 */
void process_start(struct process *p, char **argv);

/*
 * Copies up to PROCESS_HELD octets of a file that can be read only once (a pipe). Returns
 * descriptor N, to be read at /proc/self/fd/N any number of times; -1 if the file can be read again
 * or not at all.
 */
#define PROCESS_HELD (CONF_FILE_MAX + 1)
int process_hold(const char *path);

/*
 * Executes the program anew in this process, for what can be tried only once per process, with the
 * same arguments, environment, pid file and waiting command. Closes descriptors that are not in
 * `files`. Returns only on failure: -errno.
 */
int process_again(struct process *p, const struct process_files *files);

/*
 * Locks process.pid_file and, with process.daemon, returns in a child in a session of its own; the
 * command waits until process_ready() and exits with 0, or with the exit code of a child that ends
 * before. Called before any thread starts, with signals blocked, so that none skips process_end().
 * Returns 0; -EBUSY if another process holds the lock, or another -errno, after a message.
 */
int process_begin(struct process *p, const struct conf *conf);

/* Lets the waiting command exit: everything is open and running. Redirects standard streams that
 * are no regular files (a terminal, a pipe) to /dev/null. */
void process_ready(struct process *p);

/* Removes the pid file. */
void process_end(struct process *p);

#endif

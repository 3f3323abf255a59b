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

/* Lists the descriptors that are open. */
void process_files_list(struct process_files *files);

/*
 * Raises the soft limit of open files, up to the hard one, so that `more` descriptors can be
 * opened. Returns 0, or -EMFILE after a message.
 */
int process_files_reserve(unsigned more);

struct process {
	char **argv;
	bool reexecuted; /* by process_reexec() */
	const char *pid_path; /* of process.pid_file; NULL: none */
	int pid_fd;
	int ready_fd; /* pipe to the command that waits; -1: none */
	/* Copies of the files of -c and --env-file if these can be read only once; or -1. */
	int config_fd, env_fd;
	bool reads_stdin; /* a capture comes from standard input */
};

/*
 * Called first in main(). Opens each of the descriptors 0 to 2 that is closed to /dev/null in the
 * wrong direction, so that no other file gets its number and every use fails (EBADF). Takes over
 * the descriptors that process_reexec() passed on. argv must outlive the process.
 */
void process_start(struct process *p, char **argv);

/*
 * Copies up to PROCESS_COPY_MAX octets of a file that can be read only once, such as a pipe.
 * Returns a descriptor N, which the caller owns; /proc/self/fd/N can be read any number of times.
 * Returns -1 for a regular file or directory, and for a file that cannot be opened.
 */
#define PROCESS_COPY_MAX (CONF_FILE_MAX + 1)
int process_copy_pipe(const char *path);

/*
 * Executes the program anew in this process, because EAL can be initialised only once per process,
 * with the same arguments, environment, pid file and waiting command. Closes the descriptors that
 * are not in `files`. Returns only on failure: -errno.
 */
int process_reexec(struct process *p, const struct process_files *files);

/*
 * Locks process.pid_file and, with process.daemon, returns in a child in a session of its own; the
 * command waits until process_ready() and exits with 0, or, if the child ends before, with its exit
 * code. Called before any thread starts, with signals blocked, so that none skips process_end().
 * Returns 0; -EBUSY if another process holds the lock, or another -errno, after a message.
 */
int process_begin(struct process *p, const struct conf *conf);

/* Lets the waiting command exit, after everything is open and running. Redirects standard streams
 * that are not regular files (a terminal, a pipe) to /dev/null. */
void process_ready(struct process *p);

/* Removes the pid file and closes its descriptors. */
void process_end(struct process *p);

#endif

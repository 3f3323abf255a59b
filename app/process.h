/* SPDX-License-Identifier: BSD-3-Clause */
/* The process itself: in the background, and known by a file with its number. */
#ifndef APP_PROCESS_H
#define APP_PROCESS_H

#include "config/conf.h"

/* The descriptors that are open at a time, as far as numbers go that matter here. */
#define PROCESS_FILES 4096

struct process_files {
	uint64_t open[PROCESS_FILES / 64];
};

void process_files_note(struct process_files *files);

/*
 * Raises the soft limit of open files as far as the hard one lets, if it is lower than what `more`
 * descriptors beside those that are open want. 0, or -EMFILE and it was said.
 */
int process_files_want(unsigned more);

struct process {
	char **argv;
	bool again; /* process_again() began it */
	const char *pid_path; /* of process.pid_file; NULL: none */
	int pid_fd;
	int ready_fd; /* to the command that waits; -1: none does */
	/* What -c and --env-file gave, where reading it twice does not give it twice; or -1. */
	int config_fd, env_fd;
	bool reads_standard; /* the input is standard input */
};

/*
 * First thing in main(). Descriptors 0 to 2 that are closed are opened to nothing, the wrong way
 * round, so that no other file gets their numbers and using them fails (EBADF). Takes over what
 * process_again() has kept. argv must live on.
 */
void process_start(struct process *p, char **argv);

/*
 * The contents of a file that can be read once only (a pipe), to be read at /proc/self/fd/N as
 * often as wanted: N. -1: it can be read again, or not at all; its reader will see. At most
 * PROCESS_HELD octets.
 */
#define PROCESS_HELD (CONF_FILE_MAX + 1)
int process_hold(const char *path);

/*
 * Starts the program anew in this process, for what can be tried once a process only: same number,
 * arguments, environment, pid file and waiting command. Descriptors that are not in `files` close.
 * Returns only where it fails: -errno.
 */
int process_again(struct process *p, const struct process_files *files);

/*
 * Before any thread begins, with signals blocked already, so that none ends the process past
 * process_end(). process.pid_file: locks it; -EBUSY where another process has. With
 * process.daemon it returns in a child, in a session of its own; the command itself waits until
 * process_ready(), and exits with 0, or with the child's exit code where that ends before. 0, or
 * -errno and it was said.
 */
int process_begin(struct process *p, const struct conf *conf);

/* All is open and running: the command in front may end. Standard streams that are no regular files
 * (a terminal, a pipe that somebody waits at the end of) lead nowhere from now on. */
void process_ready(struct process *p);

/* Removes the file. */
void process_end(struct process *p);

#endif

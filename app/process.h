/* SPDX-License-Identifier: BSD-3-Clause */
/* The process itself: in the background, and known by a file with its number. */
#ifndef APP_PROCESS_H
#define APP_PROCESS_H

#include "config/conf.h"

struct process {
	const char *pid_path; /* of process.pid_file; NULL: none */
	int pid_fd;
	int ready_fd; /* to the command that waits; -1: none does */
};

/*
 * Before any thread begins, with signals blocked already, so that none ends the process past
 * process_end(). process.pid_file: locks it; -EBUSY where another process has. With
 * process.daemon it returns in a child, in a session of its own; the command itself waits until
 * process_ready(), and exits with 0, or with the child's exit code where that ends before. 0, or
 * -errno and it was said.
 */
int process_begin(struct process *p, const struct conf *conf);

/* All is open and running: the command in front may end. What still goes to a terminal goes nowhere
 * from now on. */
void process_ready(struct process *p);

/* Removes the file. */
void process_end(struct process *p);

#endif

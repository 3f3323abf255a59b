/* SPDX-License-Identifier: BSD-3-Clause */
/* Locks against another process, or another sink of this one (flock(2)). */
#ifndef SINK_LOCK_H
#define SINK_LOCK_H

/* Locks an open file. 0; -EBUSY: somebody else has it. A file system without locks is no hindrance.
 */
int lock_fd(int fd);

/*
 * Makes and locks a file of its own kind, which its holder may remove before it closes it. The
 * descriptor, the caller's to close; -EBUSY; -errno.
 */
int lock_file(const char *path);

#endif

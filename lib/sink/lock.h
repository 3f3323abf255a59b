/* SPDX-License-Identifier: BSD-3-Clause */
/* Locks against other processes, and other sinks of this one (flock(2)). */
#ifndef SINK_LOCK_H
#define SINK_LOCK_H

/* Locks an open file. Returns 0, also on a file system without locks; -EBUSY: it is locked already.
 */
int lock_fd(int fd);

/*
 * Creates and locks a lock file, which its owner may unlink before it closes it. Returns the
 * descriptor, the caller's to close; -EBUSY; -errno.
 */
int lock_file(const char *path);

#endif

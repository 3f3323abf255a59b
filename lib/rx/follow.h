/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Follows a capture that another process still writes: one file, or those of a directory, such as
 * the ring of tcpdump's -C, -G and -W. Chooses the file to read next, decides at its end whether
 * more of it is expected, and waits for that.
 *
 * The next file of a directory is the one with the lowest first timestamp that was not read yet. A
 * file has ended once another one has a packet, because its writer closes one before it opens the
 * next. Files are identified by device, inode and first timestamp: a renamed file is the same one,
 * and a file that is rewritten under its old name is another one.
 */
#ifndef RX_FOLLOW_H
#define RX_FOLLOW_H

#include "rx/feed_peek.h"

#include <sys/stat.h>

#define FOLLOW_HEAD 1024 /* octets at the start that are compared: headers and a first packet */
#define FOLLOW_LOOK_MS 1000 /* interval of scans without an event of the kernel */

struct follow_file {
	char *path;
	struct stat stat; /* at the latest read of its start */
	int64_t first_ns; /* timestamp of its first packet; INT64_MAX: no packet yet */
	bool read; /* chosen by follow_next() before, or skipped */
	bool listed; /* found by the latest scan */
};

/* The state of the current file at the end of what was read. */
enum follow_state {
	FOLLOW_GROWN, /* more octets can be read */
	FOLLOW_QUIET, /* it is the latest file, and may grow */
	FOLLOW_ENDED, /* nothing more will come: another file has begun */
	FOLLOW_REWRITTEN, /* it was truncated or rewritten: octets that were not read are gone */
};

struct follow {
	const char *path; /* borrowed */
	char *directory; /* to watch: `path`, or the directory of that file */
	bool single; /* `path` is a file */
	struct follow_file *files;
	size_t n, capacity;
	struct feed_peek peek;
	int notify_fd; /* inotify, or -1: scans only */
	bool due; /* names have changed since the latest scan */
	bool began; /* there was a scan */
	bool full; /* files were skipped: there are too many */
	int64_t looked_ns;
	/* The current file. */
	int fd; /* the caller's, or -1 */
	char *name; /* its path when it was opened */
	struct stat stat; /* when it was opened */
	uint8_t head[FOLLOW_HEAD];
	size_t head_len;
	bool last; /* a later file exists: unless it has grown since, it has ended */
	uint64_t rewritten; /* files that were truncated or overwritten while they were read */
	uint64_t missed; /* files that were overwritten or removed before they were read */
};

/* Starts to watch a file, or a directory if not `single`. Returns 0 or -errno, as open(2) or
 * opendir(3); follow_close() may follow in any case. */
int follow_open(struct follow *f, const char *path, bool single);
void follow_close(struct follow *f);

/*
 * Chooses and opens the next file, which becomes the current one. Returns a descriptor and its
 * name, both valid until the next call or follow_close(), which closes it; -EAGAIN if there is none
 * yet; or -errno of opening it, which is then skipped. now_ns: the machine's time.
 */
int follow_next(struct follow *f, int64_t now_ns, const char **name);

/* Returns the state of the current file, of which `offset` octets were read. */
enum follow_state follow_check(struct follow *f, uint64_t offset, int64_t now_ns);

/* Waits until a name or a file has changed, stop_fd is readable, or FOLLOW_LOOK_MS have passed. */
void follow_wait(struct follow *f, int stop_fd);

#endif

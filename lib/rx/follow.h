/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A capture that another process still writes: one file, or those of a directory, such as the ring
 * of tcpdump's -C, -G and -W. Chooses the file to read next, says at its end whether more of it is
 * to be expected, and waits for that.
 *
 * The next file of a directory is the one with the lowest first timestamp that was not read yet. A
 * file has ended once another one has a packet, because its writer closes one before it opens the
 * next. Files are told apart by device, inode and first timestamp: renaming one changes nothing,
 * and one that is written anew under its old name is another file.
 */
#ifndef RX_FOLLOW_H
#define RX_FOLLOW_H

#include "rx/feed_peek.h"

#include <sys/stat.h>

#define FOLLOW_HEAD 1024 /* octets of a start that are compared: headers and a first packet */
#define FOLLOW_LOOK_MS 1000 /* how often names are looked at without a message of the kernel */

struct follow_file {
	char *path;
	struct stat stat; /* when its start was read last */
	int64_t first_ns; /* timestamp of its first packet; INT64_MAX: it has none yet */
	bool read; /* chosen by follow_next() before, or left out */
	bool listed; /* the latest look found it */
};

/* What follow_look() finds at the end of the file that is read. */
enum follow_state {
	FOLLOW_GROWN, /* there is more to read */
	FOLLOW_QUIET, /* it is the latest file, and may grow */
	FOLLOW_ENDED, /* nothing more will come: another file has begun */
	FOLLOW_REWRITTEN, /* it was truncated, or is written anew: what was not read of it is gone
			   */
};

struct follow {
	const char *path; /* borrowed */
	char *directory; /* that is watched: `path`, or where that file is */
	bool single; /* `path` is a file */
	struct follow_file *files;
	size_t n, capacity;
	struct feed_peek peek;
	int notify_fd; /* inotify, or -1: looking is all there is */
	bool due; /* names have changed since the latest look */
	bool began; /* there was a look */
	bool full; /* files were left out: there are too many */
	int64_t looked_ns;
	/* The file that is read. */
	int fd; /* the caller's, or -1 */
	char *name; /* its path when it was opened */
	struct stat stat; /* when it was opened */
	uint8_t head[FOLLOW_HEAD];
	size_t head_len;
	bool last; /* the next file is there: if it has not grown since, it has ended */
	uint64_t rewritten; /* files that were truncated or overwritten while they were read */
	uint64_t missed; /* files that were overwritten or removed before they were read */
};

/* Starts to watch a file, or (not `single`) a directory. 0 or -errno, as open(2), opendir(3);
 * follow_close() may follow in any case. */
int follow_open(struct follow *f, const char *path, bool single);
void follow_close(struct follow *f);

/*
 * Looks for the next file, and makes it the one that is read. Returns a descriptor, which the
 * caller closes after the next call, and its name, valid until then; -EAGAIN: there is none yet; or
 * -errno of opening it, which is then left out. now_ns: the machine's time.
 */
int follow_next(struct follow *f, int64_t now_ns, const char **name);

/* What becomes of the file that is read, of which `offset` octets were. */
enum follow_state follow_look(struct follow *f, uint64_t offset, int64_t now_ns);

/* Waits until a name or a file has changed, until stop_fd can be read, or FOLLOW_LOOK_MS. */
void follow_wait(struct follow *f, int stop_fd);

#endif

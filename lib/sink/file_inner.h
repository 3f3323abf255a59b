/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the sink of files share and nobody else needs. */
#ifndef SINK_FILE_INNER_H
#define SINK_FILE_INNER_H

#include "sink/compressor.h"
#include "sink/rotate.h"
#include "sink/writer.h"

#include <sys/types.h>

struct file {
	struct writer writer;
	struct rotate_name current; /* the file that is being written */
	struct rotate_clock clock;
	struct rotate_limits limits;
	unsigned long finished; /* files, by this run */
	int64_t due_s; /* when the next one begins; INT64_MAX: not by time */
	struct compressor compressor;
	bool packed; /* what an earlier run has left uncompressed is on its way */
	bool unread; /* a FIFO that nobody reads yet */
};

/* "cannot WHAT FILE: error" as s->why; returns the error. */
int file_fail(struct sink *s, int error, const char *what);

/*
 * Opens the current file, locked against others. `append`: on what is there. 0 or -errno, with
 * s->why: -EBUSY: another process or sink writes to it; -EEXIST: what is there is not ours to write
 * to; -ENXIO with f->unread: a FIFO that nobody reads.
 */
int file_open_current(struct sink *s, bool append);

/* Octal digits of the key `mode`. 0 or -EINVAL. */
int file_mode(const char *text, mode_t *mode);

/* The next time at which a new file begins; INT64_MAX: not by time. */
int64_t file_due(const struct sink *s, int64_t now_s);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of the file sink only. */
#ifndef SINK_FILE_INNER_H
#define SINK_FILE_INNER_H

#include "sink/compressor.h"
#include "sink/rotate.h"
#include "sink/writer.h"

#include <sys/types.h>

struct file {
	struct writer writer;
	struct rotate_name current; /* the file being written */
	struct rotate_clock clock;
	struct rotate_limits limits;
	unsigned long finished; /* files finished by this run */
	int64_t due_s; /* when the next file begins; INT64_MAX: not by time */
	struct compressor compressor;
	bool leftover_queued; /* files that an earlier run left uncompressed are enqueued */
	bool no_reader; /* the path is a FIFO that nobody reads yet */
};

/* Sets s->error_text to "cannot OPERATION FILE: error". Returns error. */
int file_set_error(struct sink *s, int error, const char *operation);

/*
 * Opens the current file and locks it. `append`: writes behind its contents; else replaces them.
 * Returns 0, or -errno with s->error_text: -EBUSY: another process or sink writes to it; -EEXIST:
 * its contents are not ours; -ENXIO with f->no_reader: a FIFO that nobody reads.
 */
int file_open_current(struct sink *s, bool append);

/* Parses the octal digits of the key `mode`. Returns 0 or -EINVAL. */
int file_mode(const char *text, mode_t *mode);

/* Returns the time when the next file begins; INT64_MAX: not by time. */
int64_t file_due(const struct sink *s, int64_t now_s);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where documents go: a file or standard output. Lines are gathered and written in large pieces;
 * what a failed write left undone is counted in whole lines, and a regular file is cut back to its
 * last whole line.
 */
#ifndef SINK_OUTPUT_H
#define SINK_OUTPUT_H

#include "base/text.h"
#include "metrics/metrics.h"

#define OUTPUT_BUFFER (512 * 1024) /* gathered before a write */
#define OUTPUT_FLUSH (OUTPUT_BUFFER / 2) /* written as soon as this much is there */
#define OUTPUT_LARGEST (256u * 1024 * 1024) /* the largest single document */

struct output {
	const char *name; /* as people know it; borrowed */
	struct text out; /* lines not yet written */
	uint64_t lines; /* in it */
	uint64_t file_size; /* octets of whole lines in a regular file */
	struct metrics_sink *metrics;
	int fd;
	int error; /* -errno of the write that failed; no further write is tried */
	bool owned; /* fd is ours to close */
	bool regular;
};

/*
 * Opens `path` ("-": standard output), truncating a file. The name is borrowed.
 * 0, or -errno (-ENOMEM, or what open(2) says); nothing is left behind.
 */
int output_open(struct output *s, const char *path, struct metrics_sink *metrics);

/* One line more stands in s->out; writes if enough is there. 0 or s->error. */
int output_line(struct output *s);

/*
 * The line just tried was too long for what is left of the buffer, which is as before it: makes
 * room by writing, or by a larger buffer. 0: try again; -EFBIG: it is larger than any buffer;
 * -ENOMEM; or s->error.
 */
int output_make_room(struct output *s);

/* Writes what is gathered. 0 or s->error. */
int output_flush(struct output *s);

/* Flushes, closes, frees. 0, or the first -errno; of a regular file also close(2)'s. */
int output_close(struct output *s);

#endif

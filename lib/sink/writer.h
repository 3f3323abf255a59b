/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes documents of blocks to a file descriptor: complete and in order. The octets of a document
 * that a failed write left in a regular file are truncated; those in a pipe are completed by the
 * next call.
 */
#ifndef SINK_WRITER_H
#define SINK_WRITER_H

#include "sink/sink.h"

struct writer {
	int fd;
	bool regular; /* a file of our own, which may be truncated */
	uint64_t size; /* octets of complete documents in a regular file */
	size_t partial; /* octets of the next document that are written already */
	int error; /* -errno of a write that failed after it had written something */
	char *buffer; /* encoded documents, if they differ from the block's data */
	uint32_t *ends;
	size_t buffer_size, ends_size;
};

/* Initialises: fd -1, everything else 0. */
void writer_init(struct writer *w);

/*
 * Writes documents `from` to `to` (not included) of the block, until deadline_ms. Returns the
 * documents written, fewer than requested if the time was over, or -errno. A document that cannot
 * be encoded is rejected (sink_reject()) and counts as written. Counts octets and writes.
 */
int writer_write(struct writer *w, struct sink *s, const struct sink_block *b, uint32_t from,
	uint32_t to, int deadline_ms);

/* Frees the buffers; does not close fd. */
void writer_free(struct writer *w);

#endif

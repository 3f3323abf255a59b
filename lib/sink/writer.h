/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Documents of blocks written to a file descriptor: whole, in order, as many as go. What a failed
 * write left of a document in a regular file is cut off again; what it left in a pipe is finished
 * by the next call.
 */
#ifndef SINK_WRITER_H
#define SINK_WRITER_H

#include "sink/sink.h"

struct writer {
	int fd;
	bool regular; /* a file of our own: may be cut back */
	uint64_t size; /* octets of whole documents in a regular file */
	size_t skip; /* octets of the next document that are written already */
	int error; /* -errno of a write that failed after it had written something */
	char *room; /* encoded documents, where they are not the block's data */
	uint32_t *ends;
	size_t room_size, ends_size;
};

/* fd -1 and zeros. */
void writer_init(struct writer *l);

/*
 * Writes documents `from` to `to` (not included) of the block, until deadline_ms. How many were
 * written: fewer than asked for where the time was over, or -errno. Documents that the encoding
 * does not take are rejected (sink_reject()) and count as written. Counts octets and writes.
 */
int writer_write(struct writer *l, struct sink *s, const struct sink_block *b, uint32_t from,
	uint32_t to, int deadline_ms);

/* Frees the room; the fd stays. */
void writer_free(struct writer *l);

#endif

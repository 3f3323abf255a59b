/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks of documents on disk, first in first out, while a receiver is away. The spool of sink NAME
 * is the files DIR/NAME.NNNNNNNNNN.spool, the segments, written and read in the order of their
 * numbers; a segment that was read to its end is removed. It survives the end of the process at any
 * point: a frame that was not wholly written is cut off by the next start. Numbers are in the
 * host's byte order.
 *
 *   segment  header, frames
 *   header   magic[16] "dnsloupe-spool1\n", identity[96] (what wrote it: "kafka/native"),
 *            position: u64 offset of the next frame to read, u32 its first document not yet
 *            delivered, u32 CRC-32 of these twelve octets
 *   frame    u32 magic, u32 octets of data, u32 documents, u32 records, u32 CRC-32 of documents and
 *            data, u32 CRC-32 of the five before; documents (struct sink_doc); data
 *
 * One thread uses a spool: its sink's.
 */
#ifndef SINK_SPOOL_H
#define SINK_SPOOL_H

#include "sink/sink.h"

#define SPOOL_SEGMENT (64u * 1024 * 1024) /* octets after which a new segment begins */

struct spool {
	char stem[4200]; /* DIR/NAME. */
	char identity[96];
	uint64_t limit; /* octets of all segments */
	uint64_t octets; /* of all segments now */
	uint64_t records; /* in it, not yet delivered */
	uint32_t segment; /* octets of a segment; a test may make it small */
	uint32_t first, last; /* numbers of the segments; first > last: none */
	uint64_t read_at; /* offset in the first segment */
	uint32_t read_doc;
	uint64_t write_at; /* end of the last segment */
	int read_fd, write_fd, lock_fd; /* -1: none */
	struct sink_block block; /* what spool_front() read; room and max_docs are the memory's */
	uint32_t block_len; /* octets of its frame; 0: none is at hand */
	/* what a start found wrong, and what reading found */
	uint64_t cut_octets; /* cut off because not wholly written */
	uint64_t bad_records; /* in frames whose CRC is wrong */
};

/*
 * Opens the spool of `name` in `dir` and finds what an earlier run has left. 0; -EBUSY: another
 * process has it; -EILSEQ: it was written for another identity; -errno of a file. why: room for the
 * words.
 */
int spool_open(struct spool *s, const char *dir, const char *name, const char *identity,
	uint64_t limit, char *why, size_t why_size);

/* Is there anything to read? */
static inline bool spool_is_empty(const struct spool *s)
{
	return s->first > s->last;
}

/*
 * Appends documents `from` to the end of a block. 0; -EDQUOT: the spool has no room; -errno of the
 * file, which is as before then.
 */
int spool_put(struct spool *s, const struct sink_block *b, uint32_t from);

/*
 * The oldest block, as often as asked, and its first document that is not delivered yet. NULL: the
 * spool is empty. Frames that are broken are counted and passed over.
 */
struct sink_block *spool_front(struct spool *s, uint32_t *from);

/* Documents up to number `from` of the oldest block are delivered; all: it is forgotten. */
void spool_advance(struct spool *s, uint32_t from);

/* Keeps the position and closes; an empty spool leaves no file behind. */
void spool_close(struct spool *s);

/* Records among documents from .. to (not included). */
uint32_t sink_records(const struct sink_block *b, uint32_t from, uint32_t to);

#endif

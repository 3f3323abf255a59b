/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of blocks on disk, first in first out, for a receiver that is away. The spool of sink
 * NAME is the files DIR/NAME.NNNNNNNNNN.spool, its segments, written and read in the order of their
 * numbers. A segment that was read to its end is removed, or renamed to .bad if a part of it was
 * damaged. A spool survives the end of the process at any point: the next start truncates a frame
 * that was not completely written. Integers are in the host's byte order.
 *
 *   segment  header, frames
 *   header   magic[16] "dnsloupe-spool2\n", identity[96] (what wrote it: "kafka/native"), u64
 *            number of the first record, u32 zero, u32 CRC-32 of all these; position: u64 offset of
 *            the next frame to read, u64 number of the next record, u32 its first document not yet
 *            delivered, u32 CRC-32 of these
 *   frame    u32 magic, u32 octets of data, u32 documents, u32 records, u64 number of its first
 *            record, u32 CRC-32 of documents and data, u32 CRC-32 of the six before; documents
 *            (struct sink_doc); data
 *
 * Records are numbered as they are appended, so a gap in the numbers says how many records a
 * damaged part held. A single flipped bit in a header or a frame's head is corrected by its CRC.
 * Behind other damage reading resynchronises at the next valid head. Documents cannot forge one:
 * its length fields contain zero octets, which JSON never does.
 *
 * An errno of the kernel is no damage: the operation is tried again later, and nothing is removed.
 *
 * A spool is used by one thread: its sink's.
 */
#ifndef SINK_SPOOL_H
#define SINK_SPOOL_H

#include "sink/sink.h"

#define SPOOL_SEGMENT (64u * 1024 * 1024) /* octets after which a new segment begins */
#define SPOOL_BAD_MAX 4 /* damaged segments that are kept, the newest */

struct spool {
	char dir[4100];
	char name[64];
	char identity[96];
	uint64_t limit; /* octets of all segments at most */
	uint64_t octets; /* of all segments now */
	uint64_t read_record, write_record; /* numbers of the next record to deliver, to append */
	uint32_t segment; /* octets of a segment; a test may make it small */
	uint32_t first, last; /* numbers of the segments; first > last: none */
	uint64_t read_at; /* offset in the first segment */
	uint64_t read_size; /* octets of the first segment, while it is open */
	uint32_t read_doc;
	uint64_t write_at; /* end of the last segment */
	bool sealed; /* nothing is appended to the last segment: its end is damaged */
	bool damaged; /* a part of the first segment is damaged: it will be kept as .bad */
	int read_fd, write_fd, lock_fd; /* -1: none */
	int error; /* -errno for which spool_peek() could not read; 0: none */
	struct sink_block block; /* that spool_peek() read; size and max_docs are its capacity */
	uint32_t block_len; /* octets of its frame; 0: none was read */
	/* faults found by the start and by reading */
	uint64_t truncated_octets; /* of an incomplete frame */
	uint64_t bad_records; /* in damaged parts */
	uint64_t bad_segments; /* with damaged parts, renamed to .bad */
};

/*
 * Locks the spool of `name` in `dir` and finds what an earlier run has left; renames damaged
 * segments. Returns 0; -EBUSY if another process uses it; -EILSEQ if it was written for another
 * identity; -errno of a file: nothing is lost, and a later try may succeed. On failure error_text
 * says what, where, and what to do.
 */
int spool_open(struct spool *s, const char *dir, const char *name, const char *identity,
	uint64_t limit, char *error_text, size_t error_size);

/* True if there is nothing to read. */
static inline bool spool_is_empty(const struct spool *s)
{
	return s->first > s->last;
}

/* Returns the records that are not delivered yet; those in damaged parts count until reading finds
 * the damage. */
static inline uint64_t spool_records(const struct spool *s)
{
	return s->write_record - s->read_record;
}

/*
 * Appends documents `from` to the last of a block. Returns 0; -EDQUOT if the limit is reached;
 * -errno of the file, which is as before.
 */
int spool_append(struct spool *s, const struct sink_block *b, uint32_t from);

/*
 * Returns the oldest block and its first document that is not delivered yet, without removing it.
 * NULL: the spool is empty, or cannot be read now: s->error says why, and everything stays. Skips
 * damaged parts and counts them (bad_records).
 */
struct sink_block *spool_peek(struct spool *s, uint32_t *from);

/* Marks documents up to number `from` of the oldest block as delivered; removes the block if those
 * are all. */
void spool_advance(struct spool *s, uint32_t from);

/* Saves the position and closes. An empty spool leaves no file behind, except damaged segments. */
void spool_close(struct spool *s);

/* Reports in one line the spool files of a directory that belong to none of these sinks and that no
 * other process uses: records of a logger or sink that no longer exists. */
void spool_report_orphans(const struct conf_sinks *all, const char *dir);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks of documents on disk, first in first out, while a receiver is away. The spool of sink NAME
 * is the files DIR/NAME.NNNNNNNNNN.spool, the segments, written and read in the order of their
 * numbers; a segment that was read to its end is removed, or renamed to .bad where a part of it was
 * damaged. It survives the end of the process at any point: a frame that was not wholly written is
 * cut off by the next start. Integers are in the host's byte order.
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
 * Records are numbered as they are put in, so a gap says how many a damaged part held. One flipped
 * bit of a head is mended by its CRC. Behind other damage reading goes on at the next magic whose
 * head is right; documents cannot forge one: its lengths have zero octets, which JSON never has.
 *
 * An errno of the kernel is no damage: it means later, and nothing is removed for it.
 *
 * One thread uses a spool: its sink's.
 */
#ifndef SINK_SPOOL_H
#define SINK_SPOOL_H

#include "sink/sink.h"

#define SPOOL_SEGMENT (64u * 1024 * 1024) /* octets after which a new segment begins */
#define SPOOL_BAD_KEPT 4 /* damaged segments that are kept, the newest */

struct spool {
	char dir[4100];
	char name[64];
	char identity[96];
	uint64_t limit; /* octets of all segments */
	uint64_t octets; /* of all segments now */
	uint64_t read_no, write_no; /* numbers of the next record to be delivered, to be put in */
	uint32_t segment; /* octets of a segment; a test may make it small */
	uint32_t first, last; /* numbers of the segments; first > last: none */
	uint64_t read_at; /* offset in the first segment */
	uint64_t read_size; /* octets of the first segment, where it is open */
	uint32_t read_doc;
	uint64_t write_at; /* end of the last segment */
	bool sealed; /* nothing is appended to the last segment: its end is damaged */
	bool dirty; /* a part of the first segment is damaged: it is kept as .bad */
	int read_fd, write_fd, lock_fd; /* -1: none */
	int error; /* -errno for which spool_front() had to say "later"; 0: none */
	struct sink_block block; /* what spool_front() read; room and max_docs are the memory's */
	uint32_t block_len; /* octets of its frame; 0: none is at hand */
	/* what a start found wrong, and what reading found */
	uint64_t cut_octets; /* cut off because not wholly written */
	uint64_t bad_records; /* in damaged parts */
	uint64_t bad_segments; /* with damaged parts, set aside */
};

/*
 * Locks the spool of `name` in `dir` and finds what an earlier run has left; damaged segments are
 * set aside. 0; -EBUSY: another process has it; -EILSEQ: it was written for another identity;
 * -errno of a file: nothing is lost, and a later try may succeed. why: room for the words.
 */
int spool_open(struct spool *s, const char *dir, const char *name, const char *identity,
	uint64_t limit, char *why, size_t why_size);

/* Is there anything to read? */
static inline bool spool_is_empty(const struct spool *s)
{
	return s->first > s->last;
}

/* Records in it, not yet delivered; those in damaged parts count until reading finds them. */
static inline uint64_t spool_records(const struct spool *s)
{
	return s->write_no - s->read_no;
}

/*
 * Appends documents `from` to the end of a block. 0; -EDQUOT: the spool has no room; -errno of the
 * file, which is as before then.
 */
int spool_put(struct spool *s, const struct sink_block *b, uint32_t from);

/*
 * The oldest block, as often as asked, and its first document that is not delivered yet. NULL: the
 * spool is empty, or it cannot be read now: s->error says why, and all of it stays. Damaged parts
 * are counted (bad_records) and passed over.
 */
struct sink_block *spool_front(struct spool *s, uint32_t *from);

/* Documents up to number `from` of the oldest block are delivered; all: it is forgotten. */
void spool_advance(struct spool *s, uint32_t from);

/* Keeps the position and closes; an empty spool leaves no file behind, but for damaged segments. */
void spool_close(struct spool *s);

/* Says in one line what a directory holds of spools that are of none of these sinks, and that no
 * other process uses: records of a logger or sink that is no more. */
void spool_report_orphans(const struct conf_sinks *all, const char *dir);

/* Records among documents from .. to (not included). */
uint32_t sink_records(const struct sink_block *b, uint32_t from, uint32_t to);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The segments of a spool as files; for the files of a spool only. */
#ifndef SINK_SPOOL_INNER_H
#define SINK_SPOOL_INNER_H

#include "sink/spool.h"

#define SPOOL_MAGIC "dnsloupe-spool2\n"
#define SPOOL_FRAME 0x32465053u /* "SPF2" */

struct spool_position {
	uint64_t offset;
	uint64_t number; /* of the next record to deliver */
	uint32_t doc;
	uint32_t crc;
};

struct spool_header {
	char magic[16];
	char identity[96];
	uint64_t first_record;
	uint32_t zero;
	uint32_t crc; /* of all fields before it */
	struct spool_position position;
};

/* The head of a frame. */
struct spool_frame {
	uint32_t magic;
	uint32_t len; /* octets of data */
	uint32_t n_docs;
	uint32_t records;
	uint64_t first_record;
	uint32_t crc; /* of documents and data */
	uint32_t head_crc; /* of the six fields before it */
};

/* The path of a file of the spool: a segment, a damaged segment, the lock. */
struct spool_path {
	char text[4300];
};
struct spool_path spool_path(const struct spool *s, uint32_t number);
struct spool_path spool_bad_path(const struct spool *s, uint32_t number);
struct spool_path spool_lock_path(const struct spool *s);

/* Returns the CRC-32 of n octets, continuing `before` (0 at first). */
uint32_t spool_crc(const void *p, size_t n, uint32_t before);

/* The functions below return 1 for yes, 0 for no, and -errno if the kernel failed. */

/* Reads n octets at an offset. 0: the file is shorter. */
int spool_read_at(int fd, void *p, size_t n, uint64_t at);

/* Returns the octets of a frame, its head included. */
static inline uint64_t spool_frame_len(const struct spool_frame *f)
{
	return sizeof(*f) + (uint64_t)f->n_docs * sizeof(struct sink_doc) + f->len;
}

/*
 * Reads a frame's head and corrects one flipped bit. 0: there is no valid head, or the frame
 * extends beyond `size`. Sets *torn if the head is valid or cut short and the frame was not
 * completely written.
 */
int spool_read_head(int fd, uint64_t at, uint64_t size, struct spool_frame *f, bool *torn);

/* Finds the next valid head at or behind offset *at; stores its offset in *at. */
int spool_find_head(int fd, uint64_t *at, uint64_t size, struct spool_frame *f);

/* Reads a segment's header and corrects one flipped bit. An invalid position becomes that of the
 * first frame: delivered documents are sent again. 0: not a segment of a spool. */
int spool_read_header(int fd, struct spool_header *h);

/* Writes the header of a new segment. Returns 0 or -errno. */
int spool_write_header(int fd, const char *identity, uint64_t first_record);

/* Writes the position into a segment's header. */
void spool_write_position(int fd, uint64_t offset, uint64_t number, uint32_t doc);

/* Renames a damaged segment to .bad and removes the oldest of these beyond SPOOL_BAD_MAX. */
void spool_quarantine(struct spool *s, uint32_t number);

/* Returns the number in NAME.NNNNNNNNNN.ending; 0: `file` is no such name. */
uint32_t spool_segment_number(const char *file, const char *name, const char *ending);

#endif

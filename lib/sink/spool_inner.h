/* SPDX-License-Identifier: BSD-3-Clause */
/* The segments of a spool as files; for spool.c and spool_open.c. */
#ifndef SINK_SPOOL_INNER_H
#define SINK_SPOOL_INNER_H

#include "sink/spool.h"

#define SPOOL_MAGIC "dnsloupe-spool2\n"
#define SPOOL_FRAME 0x32465053u /* "SPF2" */

struct spool_position {
	uint64_t offset;
	uint64_t number; /* of the next record to be delivered */
	uint32_t doc;
	uint32_t crc;
};

struct spool_header {
	char magic[16];
	char identity[96];
	uint64_t before; /* number of its first record */
	uint32_t zero;
	uint32_t crc; /* of all before */
	struct spool_position position;
};

struct spool_frame {
	uint32_t magic;
	uint32_t len; /* octets of data */
	uint32_t n_docs;
	uint32_t records;
	uint64_t before; /* number of its first record */
	uint32_t crc; /* of documents and data */
	uint32_t head_crc; /* of the six before */
};

/* The path of a file of the spool: of a segment, of a damaged one, the lock. */
struct spool_path {
	char text[4300];
};
struct spool_path spool_path(const struct spool *s, uint32_t number);
struct spool_path spool_bad_path(const struct spool *s, uint32_t number);
struct spool_path spool_lock_path(const struct spool *s);

uint32_t spool_crc(const void *p, size_t n, uint32_t before);

/* The functions below return 1 for yes, 0 for no, and -errno where the kernel did not say. */

/* Reads n octets at an offset. 0: the file is shorter. */
int spool_read_at(int fd, void *p, size_t n, uint64_t at);

/* Octets of a frame, head and all. */
static inline uint64_t spool_frame_len(const struct spool_frame *f)
{
	return sizeof(*f) + (uint64_t)f->n_docs * sizeof(struct sink_doc) + f->len;
}

/*
 * Reads a frame's head, mended where one bit of it is wrong. 0: there is none, or the frame goes
 * beyond `size`; *torn: its head is right, and the frame was not wholly written.
 */
int spool_frame_at(int fd, uint64_t at, uint64_t size, struct spool_frame *f, bool *torn);

/* The next right head at an offset from *at on; it is put into *at. */
int spool_frame_find(int fd, uint64_t *at, uint64_t size, struct spool_frame *f);

/* Reads a segment's header, mended where one bit is wrong. A position that is wrong is that of the
 * first frame: what was delivered comes again. 0: no segment of ours. */
int spool_header_at(int fd, struct spool_header *h);

/* Writes the header of a new segment. 0 or -errno. */
int spool_header_put(int fd, const char *identity, uint64_t before);

/* Writes the position into a segment's header. */
void spool_keep_position(int fd, uint64_t offset, uint64_t number, uint32_t doc);

/* Renames a damaged segment to .bad and removes the oldest of those where they are too many. */
void spool_set_aside(struct spool *s, uint32_t number);

/* The number in NAME.NNNNNNNNNN.ending; 0: it is no such file. */
uint32_t spool_number(const char *file, const char *name, const char *ending);

#endif

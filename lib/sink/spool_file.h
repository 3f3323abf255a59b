/* SPDX-License-Identifier: BSD-3-Clause */
/* The segments of a spool as files; for spool.c. */
#ifndef SINK_SPOOL_FILE_H
#define SINK_SPOOL_FILE_H

#include "sink/spool.h"

#define SPOOL_MAGIC "dnsloupe-spool1\n"
#define SPOOL_FRAME 0x31465053u /* "SPF1" */

struct spool_position {
	uint64_t offset;
	uint32_t doc;
	uint32_t crc;
};

struct spool_header {
	char magic[16];
	char identity[96];
	struct spool_position position;
};

struct spool_frame {
	uint32_t magic;
	uint32_t len; /* octets of data */
	uint32_t n_docs;
	uint32_t records;
	uint32_t crc; /* of documents and data */
	uint32_t head_crc; /* of the five before */
};

/* The path of a segment. */
struct spool_path {
	char text[4300];
};
struct spool_path spool_path(const struct spool *s, uint32_t number);

uint32_t spool_crc(const void *p, size_t n, uint32_t before);

/* All n octets at an offset. true, or false: the file is shorter, or -errno in *error. */
bool spool_read_at(int fd, void *p, size_t n, uint64_t at);

/* Octets of a frame, head and all. */
static inline uint64_t spool_frame_len(const struct spool_frame *f)
{
	return sizeof(*f) + (uint64_t)f->n_docs * sizeof(struct sink_doc) + f->len;
}

/* Reads a frame's head and checks it against the octets that the file has. */
bool spool_frame_at(int fd, uint64_t at, uint64_t size, struct spool_frame *f);

/* Writes the position into a segment's header. */
void spool_keep_position(int fd, uint64_t offset, uint32_t doc);

/*
 * Looks through one segment: its position, the records behind it, and the end of its last whole
 * frame. `check`: also its last frame's octets. 0; -EILSEQ: not a segment, or of another identity.
 */
struct spool_found {
	uint64_t read_at, end, size;
	uint32_t read_doc;
	uint64_t records;
};
int spool_look(int fd, const char *identity, bool check, struct spool_found *found);

#endif

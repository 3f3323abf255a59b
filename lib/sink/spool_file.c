/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/spool_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct spool_path spool_path(const struct spool *s, uint32_t number)
{
	struct spool_path path;

	snprintf(path.text, sizeof(path.text), "%s%010u.spool", s->stem, number);
	return path;
}

uint32_t spool_crc(const void *p, size_t n, uint32_t before)
{
	return (uint32_t)crc32_z(before, p, n);
}

bool spool_read_at(int fd, void *p, size_t n, uint64_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t k = pread(fd, (char *)p + done, n - done, (off_t)(at + done));
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		done += (size_t)k;
	}
	return true;
}

bool spool_frame_at(int fd, uint64_t at, uint64_t size, struct spool_frame *f)
{
	return spool_read_at(fd, f, sizeof(*f), at) && f->magic == SPOOL_FRAME &&
	       f->head_crc == spool_crc(f, offsetof(struct spool_frame, head_crc), 0) &&
	       f->n_docs > 0 && spool_frame_len(f) <= size - at;
}

void spool_keep_position(int fd, uint64_t offset, uint32_t doc)
{
	struct spool_position p = {.offset = offset, .doc = doc};

	p.crc = spool_crc(&p, offsetof(struct spool_position, crc), 0);
	/* Where it cannot be kept, a later run delivers again what was delivered: no loss. */
	ssize_t n = pwrite(fd, &p, sizeof(p), offsetof(struct spool_header, position));
	(void)n;
}

/* Are the octets of a frame those that were written? */
static bool frame_is_whole(int fd, uint64_t at, const struct spool_frame *f)
{
	size_t n = (size_t)(spool_frame_len(f) - sizeof(*f));
	char *room = malloc(n);
	bool whole = room && spool_read_at(fd, room, n, at + sizeof(*f)) &&
		     spool_crc(room, n, 0) == f->crc;

	free(room);
	return whole;
}

/* Of a frame that is partly delivered: records among its documents from number `from` on. */
static uint32_t records_from(int fd, uint64_t at, const struct spool_frame *f, uint32_t from)
{
	uint32_t records = 0;

	for (uint32_t i = from; i < f->n_docs; i++) {
		struct sink_doc doc;
		if (!spool_read_at(
			    fd, &doc, sizeof(doc), at + sizeof(*f) + (uint64_t)i * sizeof(doc)))
			break;
		records += doc.last;
	}
	return records;
}

int spool_look(int fd, const char *identity, bool check, struct spool_found *found)
{
	struct spool_header h;
	struct stat st;
	struct spool_frame f, last = {0};
	uint64_t last_at = 0;

	*found = (struct spool_found){.read_at = sizeof(h), .end = sizeof(h)};
	if (fstat(fd, &st) < 0)
		return -errno;
	found->size = (uint64_t)st.st_size;
	if (!spool_read_at(fd, &h, sizeof(h), 0))
		return 0; /* not even its header was written: nothing is in it */
	if (memcmp(h.magic, SPOOL_MAGIC, sizeof(h.magic)) != 0 ||
		strncmp(h.identity, identity, sizeof(h.identity)) != 0)
		return -EILSEQ;
	if (h.position.crc == spool_crc(&h.position, offsetof(struct spool_position, crc), 0)) {
		found->read_at = h.position.offset;
		found->read_doc = h.position.doc;
	}
	for (uint64_t at = sizeof(h); spool_frame_at(fd, at, found->size, &f);) {
		if (at == found->read_at && found->read_doc)
			found->records += records_from(fd, at, &f, found->read_doc);
		else if (at >= found->read_at)
			found->records += f.records;
		last = f;
		last_at = at;
		at += spool_frame_len(&f);
		found->end = at;
	}
	if (check && last_at && last_at >= found->read_at && !frame_is_whole(fd, last_at, &last)) {
		found->records -= last_at == found->read_at && found->read_doc
					  ? records_from(fd, last_at, &last, found->read_doc)
					  : last.records;
		found->end = last_at;
	}
	if (found->read_at > found->end)
		found->read_at = found->end;
	return 0;
}

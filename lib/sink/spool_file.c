/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/spool_inner.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define SEARCH_OCTETS (64 * 1024) /* read at a time to find a head */

static struct spool_path path_of(const struct spool *s, uint32_t number, const char *ending)
{
	struct spool_path path;

	snprintf(path.text, sizeof(path.text), "%s/%s.%010u.%s", s->dir, s->name, number, ending);
	return path;
}

struct spool_path spool_path(const struct spool *s, uint32_t number)
{
	return path_of(s, number, "spool");
}

struct spool_path spool_bad_path(const struct spool *s, uint32_t number)
{
	return path_of(s, number, "bad");
}

struct spool_path spool_lock_path(const struct spool *s)
{
	struct spool_path path;

	snprintf(path.text, sizeof(path.text), "%s/%s.lock", s->dir, s->name);
	return path;
}

uint32_t spool_segment_number(const char *file, const char *name, const char *ending)
{
	size_t n = strlen(name);

	if (strncmp(file, name, n) != 0 || file[n] != '.' ||
		strspn(file + n + 1, "0123456789") != 10 || strcmp(file + n + 11, ending) != 0)
		return 0;
	unsigned long v = strtoul(file + n + 1, NULL, 10);
	return v < UINT32_MAX ? (uint32_t)v : 0;
}

uint32_t spool_crc(const void *p, size_t n, uint32_t before)
{
	return (uint32_t)crc32_z(before, p, n);
}

int spool_read_at(int fd, void *p, size_t n, uint64_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t k = pread(fd, (char *)p + done, n - done, (off_t)(at + done));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (k == 0)
			return 0;
		done += (size_t)k;
	}
	return 1;
}

/* Verifies n octets by the CRC behind them and corrects one flipped bit. False: more is wrong. */
static bool verify_and_correct(void *p, size_t n)
{
	uint8_t *octets = p;
	uint32_t crc;

	memcpy(&crc, octets + n, sizeof(crc));
	if (spool_crc(p, n, 0) == crc)
		return true;
	for (size_t bit = 0; bit < 8 * (n + sizeof(crc)); bit++) {
		octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
		memcpy(&crc, octets + n, sizeof(crc));
		if (spool_crc(p, n, 0) == crc)
			return true;
		octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	return false;
}

static bool is_frame(const struct spool_frame *f)
{
	return f->magic == SPOOL_FRAME && f->n_docs > 0;
}

int spool_read_head(int fd, uint64_t at, uint64_t size, struct spool_frame *f, bool *torn)
{
	int rc = size - at < sizeof(*f) ? 0 : spool_read_at(fd, f, sizeof(*f), at);

	*torn = rc == 0;
	if (rc <= 0)
		return rc;
	if (!verify_and_correct(f, offsetof(struct spool_frame, head_crc)) || !is_frame(f))
		return 0;
	*torn = spool_frame_len(f) > size - at;
	return !*torn;
}

int spool_find_head(int fd, uint64_t *at, uint64_t size, struct spool_frame *f)
{
	const uint32_t magic = SPOOL_FRAME;
	char *octets = malloc(SEARCH_OCTETS);
	int rc = octets ? 0 : -ENOMEM;

	while (rc == 0 && *at < size && size - *at >= sizeof(*f)) {
		size_t n = size - *at < SEARCH_OCTETS ? (size_t)(size - *at) : SEARCH_OCTETS;
		rc = spool_read_at(fd, octets, n, *at);
		if (rc <= 0)
			break;
		const char *found = memmem(octets, n, &magic, sizeof(magic));
		rc = 0;
		if (!found) {
			*at += n < SEARCH_OCTETS ? n : n - (sizeof(magic) - 1);
			continue;
		}
		*at += (uint64_t)(found - octets);
		rc = size - *at < sizeof(*f) ? 0 : spool_read_at(fd, f, sizeof(*f), *at);
		if (rc < 0)
			break;
		rc = rc && f->head_crc == spool_crc(f, offsetof(struct spool_frame, head_crc), 0) &&
		     is_frame(f) && spool_frame_len(f) <= size - *at;
		*at += rc == 0;
	}
	free(octets);
	return rc;
}

int spool_read_header(int fd, struct spool_header *h)
{
	int rc = spool_read_at(fd, h, sizeof(*h), 0);

	if (rc <= 0)
		return rc;
	if (!verify_and_correct(h, offsetof(struct spool_header, crc)) ||
		memcmp(h->magic, SPOOL_MAGIC, sizeof(h->magic)) != 0)
		return 0;
	if (!verify_and_correct(&h->position, offsetof(struct spool_position, crc)) ||
		h->position.offset < sizeof(*h))
		h->position =
			(struct spool_position){.offset = sizeof(*h), .number = h->first_record};
	return 1;
}

static struct spool_position position_of(uint64_t offset, uint64_t number, uint32_t doc)
{
	struct spool_position p = {.offset = offset, .number = number, .doc = doc};

	p.crc = spool_crc(&p, offsetof(struct spool_position, crc), 0);
	return p;
}

int spool_write_header(int fd, const char *identity, uint64_t first_record)
{
	struct spool_header h = {.magic = SPOOL_MAGIC, .first_record = first_record};

	snprintf(h.identity, sizeof(h.identity), "%s", identity);
	h.crc = spool_crc(&h, offsetof(struct spool_header, crc), 0);
	h.position = position_of(sizeof(h), first_record, 0);
	ssize_t n = pwrite(fd, &h, sizeof(h), 0);
	return n == sizeof(h) ? 0 : n < 0 ? -errno : -ENOSPC;
}

void spool_write_position(int fd, uint64_t offset, uint64_t number, uint32_t doc)
{
	struct spool_position p = position_of(offset, number, doc);

	/* If it cannot be written, a later run sends delivered documents again: no loss. */
	ssize_t n = pwrite(fd, &p, sizeof(p), offsetof(struct spool_header, position));
	(void)n;
}

/* Removes the oldest damaged segments beyond SPOOL_BAD_MAX. */
static void prune_bad(const struct spool *s)
{
	uint32_t oldest, count;

	do {
		DIR *d = opendir(s->dir);
		const struct dirent *e;
		oldest = UINT32_MAX;
		count = 0;
		while (d && (e = readdir(d))) {
			uint32_t number = spool_segment_number(e->d_name, s->name, ".bad");
			count += number > 0;
			if (number && number < oldest)
				oldest = number;
		}
		if (d)
			closedir(d);
	} while (count > SPOOL_BAD_MAX && unlink(spool_bad_path(s, oldest).text) == 0);
}

void spool_quarantine(struct spool *s, uint32_t number)
{
	s->bad_segments++;
	/* If it cannot be renamed, the next start tries again. */
	if (rename(spool_path(s, number).text, spool_bad_path(s, number).text) == 0)
		prune_bad(s);
}

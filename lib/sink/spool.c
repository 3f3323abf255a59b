/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/spool.h"

#include "sink/spool_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

uint32_t sink_records(const struct sink_block *b, uint32_t from, uint32_t to)
{
	uint32_t n = 0;

	for (uint32_t i = from; i < to; i++)
		n += b->docs[i].last;
	return n;
}

static int fail(char *why, size_t size, int error, const char *what, const char *path)
{
	snprintf(why, size, "%s %s: %s", what, path, strerror(-error));
	return error;
}

/* Takes the number out of NAME.NNNNNNNNNN.spool. */
static bool number_of(const char *file, const char *name, uint32_t *number)
{
	size_t n = strlen(name);
	char *end;

	if (strncmp(file, name, n) != 0 || file[n] != '.' ||
		strspn(file + n + 1, "0123456789") != 10 || strcmp(file + n + 11, ".spool") != 0)
		return false;
	unsigned long v = strtoul(file + n + 1, &end, 10);
	*number = (uint32_t)v;
	return v > 0 && v < UINT32_MAX;
}

/* The lowest and highest number of a segment that is there. 0 or -errno. */
static int find_segments(struct spool *s, const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	uint32_t number;

	s->first = 1;
	s->last = 0;
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		if (!number_of(e->d_name, name, &number))
			continue;
		if (s->last == 0 || number < s->first)
			s->first = number;
		if (number > s->last)
			s->last = number;
	}
	closedir(d);
	return 0;
}

/* One segment of an earlier run: counts what is in it, cuts off what is not whole. 0 or -errno. */
static int take_segment(struct spool *s, uint32_t number)
{
	struct spool_path path = spool_path(s, number);
	struct spool_found found;
	int fd = open(path.text, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	int error = spool_look(fd, s->identity, number == s->last, &found);
	if (error == 0) {
		if (found.size > found.end) {
			s->cut_octets += found.size - found.end;
			if (ftruncate(fd, (off_t)found.end) < 0)
				error = -errno;
		}
		s->octets += found.end;
		s->records += found.records;
		if (number == s->first) {
			s->read_at = found.read_at;
			s->read_doc = found.read_doc;
		}
		s->write_at = found.end;
	}
	close(fd);
	return error;
}

/* Locks the spool against another process. */
static int lock(struct spool *s)
{
	char path[4300];

	snprintf(path, sizeof(path), "%slock", s->stem);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0)
		return -errno;
	return flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0 ? 0
	       : errno == EWOULDBLOCK                    ? -EBUSY
							 : -errno;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int spool_open(struct spool *s, const char *dir, const char *name, const char *identity,
	uint64_t limit, char *why, size_t why_size)
{
	*s = (struct spool){.limit = limit, .read_fd = -1, .write_fd = -1, .lock_fd = -1};
	snprintf(s->stem, sizeof(s->stem), "%s/%s.", dir, name);
	snprintf(s->identity, sizeof(s->identity), "%s", identity);
	s->segment = limit / 4 < SPOOL_SEGMENT ? (uint32_t)(limit / 4) : SPOOL_SEGMENT;
	int error = find_segments(s, dir, name);
	if (error < 0)
		return fail(why, why_size, error, "cannot read the directory", dir);
	error = lock(s);
	if (error == -EBUSY)
		snprintf(why, why_size, "another process uses the spool %s*", s->stem);
	else if (error < 0)
		fail(why, why_size, error, "cannot write to the directory", dir);
	for (uint32_t i = s->first; error == 0 && i <= s->last; i++) {
		error = take_segment(s, i);
		if (error == -EILSEQ)
			snprintf(why, why_size,
				"%s was not written by a sink of %s: deliver it with the settings "
				"that wrote "
				"it, or move it away",
				spool_path(s, i).text, identity);
		else if (error < 0)
			fail(why, why_size, error, "cannot use", spool_path(s, i).text);
	}
	if (error < 0)
		close_fd(&s->lock_fd);
	return error;
}

/* A new segment behind the last. 0 or -errno. */
static int begin_segment(struct spool *s)
{
	struct spool_header h = {.magic = SPOOL_MAGIC};
	struct spool_path path = spool_path(s, s->last + 1);

	close_fd(&s->write_fd);
	memcpy(h.identity, s->identity, sizeof(h.identity));
	h.position.offset = sizeof(h);
	h.position.crc = spool_crc(&h.position, offsetof(struct spool_position, crc), 0);
	int fd = open(path.text, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, &h, sizeof(h));
	if (n != sizeof(h)) {
		int error = n < 0 ? -errno : -ENOSPC;
		close(fd);
		unlink(path.text);
		return error;
	}
	if (spool_is_empty(s)) {
		s->first = s->last + 1;
		s->read_at = sizeof(h);
		s->read_doc = 0;
	}
	s->last++;
	s->write_fd = fd;
	s->write_at = sizeof(h);
	s->octets += sizeof(h);
	return 0;
}

/* A segment to which `n` octets more may be written. 0, -EDQUOT or -errno. */
static int make_room(struct spool *s, uint64_t n)
{
	if (s->octets + n + sizeof(struct spool_header) > s->limit)
		return -EDQUOT;
	if (!spool_is_empty(s) && s->write_fd < 0) {
		s->write_fd = open(spool_path(s, s->last).text, O_RDWR | O_CLOEXEC);
		if (s->write_fd < 0)
			return -errno;
	}
	if (spool_is_empty(s) || s->write_at + n > s->segment)
		return begin_segment(s);
	return 0;
}

int spool_put(struct spool *s, const struct sink_block *b, uint32_t from)
{
	uint32_t start = sink_doc_start(b, from), n_docs = b->n_docs - from;
	struct spool_frame f = {.magic = SPOOL_FRAME,
		.len = (uint32_t)b->len - start,
		.n_docs = n_docs,
		.records = sink_records(b, from, b->n_docs)};
	struct sink_doc *docs = malloc(n_docs * sizeof(*docs));
	if (!docs)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_docs; i++) {
		docs[i] = b->docs[from + i];
		docs[i].end -= start;
	}
	f.crc = spool_crc(docs, n_docs * sizeof(*docs), 0);
	f.crc = spool_crc(b->data + start, f.len, f.crc);
	f.head_crc = spool_crc(&f, offsetof(struct spool_frame, head_crc), 0);
	struct iovec parts[] = {
		{&f, sizeof(f)}, {docs, n_docs * sizeof(*docs)}, {b->data + start, f.len}};
	uint64_t n = spool_frame_len(&f);
	int error = make_room(s, n);
	if (error == 0) {
		ssize_t k = pwritev(s->write_fd, parts, 3, (off_t)s->write_at);
		if (k != (ssize_t)n) {
			error = k < 0 ? -errno : -ENOSPC;
			/* What was written of it lies behind the end, and is written over. */
			if (ftruncate(s->write_fd, (off_t)s->write_at) < 0)
				error = -errno;
		}
	}
	free(docs);
	if (error == 0) {
		s->write_at += n;
		s->octets += n;
		s->records += f.records;
	}
	return error;
}

/* The first segment is read to its end: removes it. */
static void drop_segment(struct spool *s)
{
	struct spool_path path = spool_path(s, s->first);
	off_t size = s->read_fd >= 0 ? lseek(s->read_fd, 0, SEEK_END) : 0;

	close_fd(&s->read_fd);
	unlink(path.text);
	s->octets -= (uint64_t)size < s->octets ? (uint64_t)size : s->octets;
	if (s->first == s->last)
		close_fd(&s->write_fd);
	s->first++;
	s->read_at = sizeof(struct spool_header);
	s->read_doc = 0;
	if (spool_is_empty(s))
		s->octets = 0;
}

/* Memory for a block. */
static bool block_room(struct sink_block *b, const struct spool_frame *f)
{
	if (b->room < f->len) {
		free(b->data);
		b->data = malloc(f->len);
		b->room = b->data ? f->len : 0;
	}
	if (b->max_docs < f->n_docs) {
		free(b->docs);
		b->docs = malloc(f->n_docs * sizeof(*b->docs));
		b->max_docs = b->docs ? f->n_docs : 0;
	}
	return b->data && b->docs;
}

/* Is every document inside the data, behind the one before? What a CRC says is right may still
 * have been written by another machine. */
static bool docs_are_right(const struct sink_block *b)
{
	for (uint32_t i = 0; i < b->n_docs; i++) {
		uint32_t start = sink_doc_start(b, i), end = b->docs[i].end;
		if (end > b->len || end <= start || b->docs[i].key_len >= end - start)
			return false;
	}
	return b->n_docs && b->docs[b->n_docs - 1].end == b->len;
}

/* Reads the frame at the position into s->block. false: it is broken. */
static bool read_frame(struct spool *s, const struct spool_frame *f)
{
	struct sink_block *b = &s->block;
	size_t docs_len = f->n_docs * sizeof(*b->docs);
	uint64_t at = s->read_at + sizeof(*f);

	if (!block_room(b, f))
		return false;
	b->len = f->len;
	b->n_docs = f->n_docs;
	b->records = f->records;
	b->seq = 0;
	return spool_read_at(s->read_fd, b->docs, docs_len, at) &&
	       spool_read_at(s->read_fd, b->data, b->len, at + docs_len) &&
	       spool_crc(b->data, b->len, spool_crc(b->docs, docs_len, 0)) == f->crc &&
	       docs_are_right(b) && s->read_doc < b->n_docs;
}

static void forget(struct spool *s, uint64_t records)
{
	s->records -= records < s->records ? records : s->records;
}

struct sink_block *spool_front(struct spool *s, uint32_t *from)
{
	struct spool_frame f;

	while (s->block_len == 0 && !spool_is_empty(s)) {
		if (s->read_fd < 0)
			s->read_fd = open(spool_path(s, s->first).text, O_RDWR | O_CLOEXEC);
		uint64_t end = s->first == s->last ? s->write_at : UINT64_MAX;
		off_t size = s->read_fd >= 0 ? lseek(s->read_fd, 0, SEEK_END) : 0;
		if (end > (uint64_t)size)
			end = (uint64_t)size;
		if (s->read_at >= end || !spool_frame_at(s->read_fd, s->read_at, end, &f)) {
			drop_segment(s);
			continue;
		}
		if (read_frame(s, &f)) {
			s->block_len = (uint32_t)spool_frame_len(&f);
			break;
		}
		s->bad_records += f.records;
		forget(s, f.records);
		s->read_at += spool_frame_len(&f);
		s->read_doc = 0;
	}
	*from = s->read_doc;
	return s->block_len ? &s->block : NULL;
}

void spool_advance(struct spool *s, uint32_t from)
{
	forget(s, sink_records(&s->block, s->read_doc, from));
	s->read_doc = from;
	if (from < s->block.n_docs)
		return;
	s->read_at += s->block_len;
	s->read_doc = 0;
	s->block_len = 0;
	if (s->first == s->last && s->read_at >= s->write_at)
		drop_segment(s);
	else
		spool_keep_position(s->read_fd, s->read_at, 0);
}

void spool_close(struct spool *s)
{
	if (s->read_fd >= 0 && !spool_is_empty(s))
		spool_keep_position(s->read_fd, s->read_at, s->read_doc);
	close_fd(&s->read_fd);
	close_fd(&s->write_fd);
	if (s->lock_fd >= 0 && spool_is_empty(s)) {
		char path[4300];
		snprintf(path, sizeof(path), "%slock", s->stem);
		unlink(path);
	}
	close_fd(&s->lock_fd);
	free(s->block.data);
	free(s->block.docs);
	s->block = (struct sink_block){0};
}

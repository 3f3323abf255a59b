/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/spool.h"

#include "sink/spool_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Creates the file of the segment behind the last. Returns its descriptor or -errno. */
static int create_segment(struct spool *s)
{
	int fd;

	/* A file of that number is not ours: skip the number. */
	do {
		fd = open(spool_path(s, s->last + 1).text,
			O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno != EEXIST)
			return -errno;
		if (fd < 0) {
			s->first += spool_is_empty(s);
			s->last++;
			s->sealed = true;
		}
	} while (fd < 0);
	return fd;
}

/* Begins a new segment behind the last. Returns 0 or -errno. */
static int begin_segment(struct spool *s)
{
	bool empty = spool_is_empty(s);
	int fd = create_segment(s);

	if (fd < 0)
		return fd;
	int error = spool_write_header(fd, s->identity, s->write_record);
	if (error) {
		close(fd);
		unlink(spool_path(s, s->last + 1).text);
		return error;
	}
	close_fd(&s->write_fd);
	if (empty) {
		s->read_at = sizeof(struct spool_header);
		s->read_doc = 0;
	}
	s->last++;
	s->write_fd = fd;
	s->write_at = sizeof(struct spool_header);
	s->sealed = false;
	s->octets += sizeof(struct spool_header);
	return 0;
}

/* Opens a segment to which n more octets may be written. Returns 0, -EDQUOT or -errno. */
static int reserve(struct spool *s, uint64_t n)
{
	if (s->octets + n + sizeof(struct spool_header) > s->limit)
		return -EDQUOT;
	if (spool_is_empty(s) || s->sealed || s->write_at + n > s->segment)
		return begin_segment(s);
	if (s->write_fd < 0)
		s->write_fd = open(spool_path(s, s->last).text, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return s->write_fd < 0 ? -errno : 0;
}

int spool_append(struct spool *s, const struct sink_block *b, uint32_t from)
{
	uint32_t start = sink_doc_start(b, from), n_docs = b->n_docs - from;
	struct spool_frame f = {.magic = SPOOL_FRAME,
		.len = (uint32_t)b->len - start,
		.n_docs = n_docs,
		.records = sink_records(b, from, b->n_docs),
		.first_record = s->write_record};
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
	int error = reserve(s, n);
	if (error == 0) {
		ssize_t k = pwritev(s->write_fd, parts, 3, (off_t)s->write_at);
		if (k != (ssize_t)n) {
			error = k < 0 ? -errno : -ENOSPC;
			/* A partial frame that cannot be truncated stays behind the end. */
			if (k > 0 && ftruncate(s->write_fd, (off_t)s->write_at) < 0)
				s->sealed = true;
		}
	}
	free(docs);
	if (error == 0) {
		s->write_at += n;
		s->octets += n;
		s->write_record += f.records;
	}
	return error;
}

/* Counts the records up to number `to` as lost in a damaged part. */
static void count_lost(struct spool *s, uint64_t to)
{
	if (to > s->write_record)
		to = s->write_record;
	if (to <= s->read_record)
		return;
	s->bad_records += to - s->read_record;
	s->read_record = to;
	s->damaged = true;
}

/* Finishes the first segment, of which nothing more can be read: removes it, or renames it to .bad.
 */
static void finish_segment(struct spool *s)
{
	if (s->first == s->last) {
		count_lost(s, s->write_record);
		close_fd(&s->write_fd);
	}
	if (s->read_fd >= 0) /* if it cannot be removed, the next start finds it empty */
		spool_write_position(s->read_fd, s->read_size, s->read_record, 0);
	close_fd(&s->read_fd);
	if (s->damaged)
		spool_quarantine(s, s->first);
	else
		unlink(spool_path(s, s->first).text);
	s->octets -= s->read_size < s->octets ? s->read_size : s->octets;
	s->first++;
	s->read_at = sizeof(struct spool_header);
	s->read_doc = 0;
	s->read_size = 0;
	s->damaged = false;
	if (spool_is_empty(s))
		s->octets = 0;
}

/* Makes the block large enough for a frame. */
static bool reserve_block(struct sink_block *b, const struct spool_frame *f)
{
	if (b->size < f->len) {
		free(b->data);
		b->data = malloc(f->len);
		b->size = b->data ? f->len : 0;
	}
	if (b->max_docs < f->n_docs) {
		free(b->docs);
		b->docs = malloc(f->n_docs * sizeof(*b->docs));
		b->max_docs = b->docs ? f->n_docs : 0;
	}
	return b->data && b->docs;
}

/* True if every document is inside the data, behind the one before. A frame with a valid CRC may
 * still have been written by another machine. */
static bool docs_are_valid(const struct sink_block *b)
{
	for (uint32_t i = 0; i < b->n_docs; i++) {
		uint32_t start = sink_doc_start(b, i), end = b->docs[i].end;
		if (end > b->len || end <= start || b->docs[i].key_len >= end - start)
			return false;
	}
	return b->n_docs && b->docs[b->n_docs - 1].end == b->len;
}

/* Opens the first segment. Returns 1; 0: it holds nothing to read; -errno. */
static int open_segment(struct spool *s)
{
	struct spool_header h;
	struct stat st;

	if (s->read_fd < 0)
		s->read_fd = open(spool_path(s, s->first).text, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (s->read_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (s->read_size == 0) {
		int rc = fstat(s->read_fd, &st) < 0 ? -errno : spool_read_header(s->read_fd, &h);
		if (rc <= 0) {
			s->damaged |= rc == 0;
			return rc;
		}
	}
	/* While it is also the last segment, it grows. */
	if (fstat(s->read_fd, &st) < 0)
		return -errno;
	s->read_size = (uint64_t)st.st_size;
	return 1;
}

/* Returns where the frames of the first segment end. */
static uint64_t frames_end(const struct spool *s)
{
	return s->first == s->last && !s->sealed ? s->write_at : s->read_size;
}

/* Moves the position to the next valid head at or behind it. Returns 1; 0: there is none; -errno.
 */
static int next_frame(struct spool *s, struct spool_frame *f)
{
	uint64_t end = frames_end(s), at = s->read_at;
	bool torn;

	if (at >= end)
		return 0;
	int rc = spool_read_head(s->read_fd, at, end, f, &torn);
	if (rc == 0) {
		at++;
		rc = spool_find_head(s->read_fd, &at, end, f);
	}
	if (rc < 0)
		return rc;
	if (rc == 0)
		at = end;
	if (at > s->read_at) {
		s->damaged = true;
		s->read_doc = 0;
		s->read_at = at;
	}
	return rc;
}

/* Reads the frame at the position into s->block. Returns 1; 0: it is damaged; -errno. */
static int read_frame(struct spool *s, const struct spool_frame *f)
{
	struct sink_block *b = &s->block;
	size_t docs_len = f->n_docs * sizeof(*b->docs);
	uint64_t at = s->read_at + sizeof(*f);

	if (!reserve_block(b, f))
		return -ENOMEM;
	b->len = f->len;
	b->n_docs = f->n_docs;
	b->records = f->records;
	b->seq = 0;
	int rc = spool_read_at(s->read_fd, b->docs, docs_len, at);
	if (rc > 0)
		rc = spool_read_at(s->read_fd, b->data, b->len, at + docs_len);
	return rc <= 0 ? rc
		       : spool_crc(b->data, b->len, spool_crc(b->docs, docs_len, 0)) == f->crc &&
				 docs_are_valid(b) && s->read_doc < b->n_docs;
}

/* Tries to read the next block. Returns 1 if it was read; 0 if a damaged part or the end of a
 * segment was skipped; -errno. */
static int read_block(struct spool *s)
{
	struct spool_frame f;
	int rc = open_segment(s);

	if (rc > 0)
		rc = next_frame(s, &f);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		finish_segment(s);
		return 0;
	}
	count_lost(s, f.first_record);
	rc = read_frame(s, &f);
	if (rc > 0) {
		s->block_len = (uint32_t)spool_frame_len(&f);
	} else if (rc == 0) {
		count_lost(s, f.first_record + f.records);
		s->damaged = true;
		s->read_at += spool_frame_len(&f);
		s->read_doc = 0;
	}
	return rc;
}

struct sink_block *spool_peek(struct spool *s, uint32_t *from)
{
	int rc = 0;

	while (s->block_len == 0 && rc == 0 && !spool_is_empty(s))
		rc = read_block(s);
	s->error = rc < 0 ? rc : 0;
	*from = s->read_doc;
	return s->block_len ? &s->block : NULL;
}

void spool_advance(struct spool *s, uint32_t from)
{
	s->read_record += sink_records(&s->block, s->read_doc, from);
	s->read_doc = from;
	if (from < s->block.n_docs)
		return;
	s->read_at += s->block_len;
	s->read_doc = 0;
	s->block_len = 0;
	if (s->first == s->last && s->read_at >= frames_end(s))
		finish_segment(s);
	else
		spool_write_position(s->read_fd, s->read_at, s->read_record, 0);
}

void spool_close(struct spool *s)
{
	if (s->read_fd >= 0 && !spool_is_empty(s))
		spool_write_position(s->read_fd, s->read_at, s->read_record, s->read_doc);
	close_fd(&s->read_fd);
	close_fd(&s->write_fd);
	if (s->lock_fd >= 0 && spool_is_empty(s))
		unlink(spool_lock_path(s).text);
	close_fd(&s->lock_fd);
	free(s->block.data);
	free(s->block.docs);
	s->block = (struct sink_block){0};
}

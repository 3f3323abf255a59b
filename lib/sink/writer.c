/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/writer.h"

#include "base/when.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROOM (512 * 1024) /* of encoded documents at a time */

void writer_init(struct writer *l)
{
	*l = (struct writer){.fd = -1};
}

void writer_free(struct writer *l)
{
	free(l->room);
	free(l->ends);
	l->room = NULL;
	l->ends = NULL;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / WHEN_NS_PER_MS;
}

/* Writes n octets until the time is over. Octets written; *error is -errno where it failed. */
static size_t write_all(
	struct writer *l, struct sink *s, const char *p, size_t n, int deadline_ms, int *error)
{
	int64_t until = 0;
	size_t done = 0;

	while (done < n) {
		ssize_t k = write(l->fd, p + done, n - done);
		metrics_add(&s->metrics->writes, 1);
		if (k > 0) {
			done += (size_t)k;
		} else if (k < 0 && errno == EAGAIN) {
			int64_t now = now_ms();
			if (until == 0)
				until = now + deadline_ms;
			if (now >= until)
				break;
			struct pollfd wait = {.fd = l->fd, .events = POLLOUT};
			poll(&wait, 1, (int)(until - now));
		} else if (k == 0 || errno != EINTR) {
			*error = k == 0 ? -EIO : -errno;
			break;
		}
	}
	return done;
}

/* The octets at hand, and where each document ends in them. */
struct piece {
	const char *data;
	uint32_t count; /* documents */
	const uint32_t *ends; /* their ends, from 0 on; NULL: */
	const struct sink_doc *docs; /* their ends, from `start` on */
	uint32_t start;
};

static size_t end_of(const struct piece *p, uint32_t i)
{
	return p->ends ? p->ends[i] : p->docs[i].end - p->start;
}

/* Makes room for more encoded documents. */
static bool grow(struct writer *l, size_t size, size_t count)
{
	if (size > l->room_size) {
		char *room = realloc(l->room, size);
		if (!room)
			return false;
		l->room = room;
		l->room_size = size;
	}
	if (count > l->ends_size) {
		uint32_t *ends = realloc(l->ends, count * sizeof(*ends));
		if (!ends)
			return false;
		l->ends = ends;
		l->ends_size = count;
	}
	return true;
}

/* Encodes as many documents as there is room for, at least one. 0, or -ENOMEM. */
static int encode(struct writer *l, struct sink *s, const struct sink_block *b, uint32_t from,
	uint32_t to, struct piece *p)
{
	if (!grow(l, ROOM, to - from) || !l->ends)
		return -ENOMEM;
	struct text out = text_of(l->room, l->room_size);
	p->count = 0;
	for (uint32_t i = from; i < to;) {
		int rc = sink_encode(s, b, i, &out);
		if (rc == -ENOSPC && p->count)
			break;
		if (rc == -ENOSPC) {
			if (!grow(l, 2 * l->room_size, 0))
				return -ENOMEM;
			out = text_of(l->room, l->room_size);
			continue;
		}
		if (rc < 0)
			sink_reject(s, b, i);
		l->ends[p->count++] = (uint32_t)text_len(&out);
		i++;
	}
	p->data = l->room;
	p->ends = l->ends;
	return 0;
}

/* Writes one piece. Documents written, all of them unless *error or the time was over. */
static uint32_t write_piece(
	struct writer *l, struct sink *s, const struct piece *p, int deadline_ms, int *error)
{
	size_t len = end_of(p, p->count - 1), before = l->skip;
	uint32_t count = 0;

	size_t done = before + write_all(l, s, p->data + before, len - before, deadline_ms, error);
	while (count < p->count && end_of(p, count) <= done)
		count++;
	size_t whole = count ? end_of(p, count - 1) : 0;
	l->skip = done - whole;
	if (*error && l->regular && l->skip && ftruncate(l->fd, (off_t)(l->size + whole)) == 0) {
		done = whole;
		l->skip = 0;
	}
	l->size += whole;
	if (done > before)
		metrics_add(&s->metrics->octets, done - before);
	return count;
}

int writer_write(struct writer *l, struct sink *s, const struct sink_block *b, uint32_t from,
	uint32_t to, int deadline_ms)
{
	uint32_t done = 0;
	int error = l->error;

	l->error = 0;
	while (error == 0 && from + done < to) {
		struct piece p = {.data = b->data + sink_doc_start(b, from + done),
			.count = to - from - done,
			.docs = b->docs + from + done,
			.start = sink_doc_start(b, from + done)};
		if (!sink_is_plain(s)) {
			error = encode(l, s, b, from + done, to, &p);
			if (error)
				break;
		}
		uint32_t n = write_piece(l, s, &p, deadline_ms, &error);
		done += n;
		if (n < p.count)
			break;
	}
	if (error && done) {
		l->error = error; /* what was written counts first */
		return (int)done;
	}
	return error ? error : (int)done;
}

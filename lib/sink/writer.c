/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/writer.h"

#include "sink/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_SIZE (512 * 1024) /* of encoded documents at a time */

void writer_init(struct writer *w)
{
	*w = (struct writer){.fd = -1};
}

void writer_free(struct writer *w)
{
	free(w->buffer);
	free(w->ends);
	w->buffer = NULL;
	w->ends = NULL;
}

/* Writes n octets until the time is over. Returns the octets written; *error: -errno if it failed.
 */
static size_t write_octets(
	struct writer *w, struct sink *s, const char *p, size_t n, int deadline_ms, int *error)
{
	int64_t until = 0;
	size_t done = 0;

	while (done < n) {
		ssize_t k = write(w->fd, p + done, n - done);
		metrics_add(&s->metrics->writes, 1);
		if (k > 0) {
			done += (size_t)k;
		} else if (k < 0 && errno == EAGAIN) {
			int64_t now = sink_clock_ns() / WHEN_NS_PER_MS;
			if (until == 0)
				until = now + deadline_ms;
			if (now >= until)
				break;
			struct pollfd wait = {.fd = w->fd, .events = POLLOUT};
			poll(&wait, 1, (int)(until - now));
		} else if (k == 0 || errno != EINTR) {
			*error = k == 0 ? -EIO : -errno;
			break;
		}
	}
	return done;
}

/* Octets to write, and where each document ends in them. */
struct batch {
	const char *data;
	uint32_t count; /* documents */
	const uint32_t *ends; /* where they end; NULL: see docs */
	const struct sink_doc *docs; /* in the block, where `data` begins at offset `start` */
	uint32_t start;
};

static size_t end_of(const struct batch *p, uint32_t i)
{
	return p->ends ? p->ends[i] : p->docs[i].end - p->start;
}

/* Grows the buffer to `size` octets and `count` documents. */
static bool grow(struct writer *w, size_t size, size_t count)
{
	if (size > w->buffer_size) {
		char *buffer = realloc(w->buffer, size);
		if (!buffer)
			return false;
		w->buffer = buffer;
		w->buffer_size = size;
	}
	if (count > w->ends_size) {
		uint32_t *ends = realloc(w->ends, count * sizeof(*ends));
		if (!ends)
			return false;
		w->ends = ends;
		w->ends_size = count;
	}
	return true;
}

/* Encodes as many documents as fit the buffer, at least one. Returns 0 or -ENOMEM. */
static int encode(struct writer *w, struct sink *s, const struct sink_block *b, uint32_t from,
	uint32_t to, struct batch *p)
{
	if (!grow(w, BUFFER_SIZE, to - from) || !w->ends)
		return -ENOMEM;
	struct text out = text_of(w->buffer, w->buffer_size);
	p->count = 0;
	for (uint32_t i = from; i < to;) {
		int rc = sink_encode(s, b, i, &out);
		if (rc == -ENOSPC && p->count)
			break;
		if (rc == -ENOSPC) {
			if (!grow(w, 2 * w->buffer_size, 0))
				return -ENOMEM;
			out = text_of(w->buffer, w->buffer_size);
			continue;
		}
		if (rc < 0)
			sink_reject(s, b, i);
		w->ends[p->count++] = (uint32_t)text_len(&out);
		i++;
	}
	p->data = w->buffer;
	p->ends = w->ends;
	return 0;
}

/* Writes one batch. Returns the documents written: all of them, unless *error or the time was over.
 */
static uint32_t write_batch(
	struct writer *w, struct sink *s, const struct batch *p, int deadline_ms, int *error)
{
	size_t len = end_of(p, p->count - 1), before = w->partial;
	uint32_t count = 0;

	size_t done =
		before + write_octets(w, s, p->data + before, len - before, deadline_ms, error);
	while (count < p->count && end_of(p, count) <= done)
		count++;
	size_t whole = count ? end_of(p, count - 1) : 0;
	w->partial = done - whole;
	if (*error && w->regular && w->partial && ftruncate(w->fd, (off_t)(w->size + whole)) == 0) {
		done = whole;
		w->partial = 0;
	}
	w->size += whole;
	if (done > before)
		metrics_add(&s->metrics->octets, done - before);
	return count;
}

int writer_write(struct writer *w, struct sink *s, const struct sink_block *b, uint32_t from,
	uint32_t to, int deadline_ms)
{
	uint32_t done = 0;
	int error = w->error;

	w->error = 0;
	while (error == 0 && from + done < to) {
		struct batch p = {.data = b->data + sink_doc_start(b, from + done),
			.count = to - from - done,
			.docs = b->docs + from + done,
			.start = sink_doc_start(b, from + done)};
		if (!sink_is_plain(s)) {
			error = encode(w, s, b, from + done, to, &p);
			if (error)
				break;
		}
		uint32_t n = write_batch(w, s, &p, deadline_ms, &error);
		done += n;
		if (n < p.count)
			break;
	}
	if (error && done) {
		w->error = error; /* first report what was written */
		return (int)done;
	}
	return error ? error : (int)done;
}

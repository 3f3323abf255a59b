/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions of sink.h that the kinds of sink call. */
#include "sink/thread_inner.h"

#include <errno.h>
#include <stdarg.h>

int sink_set_error(struct sink *s, int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->error_text, sizeof(s->error_text), format, args);
	va_end(args);
	return rc;
}

bool sink_is_stopped(const struct sink *s)
{
	return s->thread && __atomic_load_n(&s->thread->stopping, __ATOMIC_RELAXED);
}

uint32_t sink_records(const struct sink_block *b, uint32_t from, uint32_t to)
{
	uint32_t n = 0;

	for (uint32_t i = from; i < to; i++)
		n += b->docs[i].last;
	return n;
}

void sink_reject(struct sink *s, const struct sink_block *b, uint32_t i)
{
	(void)s;
	b->docs[i].rejected = 1;
}

const struct sink_block *sink_peek_ahead(struct sink *s, unsigned k)
{
	struct sink_thread *t = s->thread;

	if (t->delivering == &t->spool.block || k >= t->pending_count)
		return NULL;
	/* Blocks in flight stay in memory: some must remain that can go to the spool. */
	if (t->live && t->has_spool && k >= (t->pending_size - 1) / 2)
		return NULL;
	if (k + 1 > t->in_flight)
		t->in_flight = k + 1;
	struct sink_block *b = t->pending[(t->pending_at + k) % t->pending_size];
	sink_thread_number_block(t, b);
	return b;
}

int sink_encode(const struct sink *s, const struct sink_block *b, uint32_t i, struct text *out)
{
	struct encode_doc doc = {.tag = sink_doc_tag(s, b, i), .ts_ns = b->docs[i].ts_ns};
	char *start = out->at, *end = out->end;
	int rc = 0;

	doc.json = sink_doc_json(b, i, &doc.len);
	if (s->encoding->encode)
		rc = s->encoding->encode(out, &doc);
	else
		text_put(out, doc.json, doc.len + 1);
	if (rc == 0 && !out->full)
		return 0;
	*out = (struct text){.at = start, .end = end, .start = out->start};
	return rc < 0 ? rc : -ENOSPC;
}

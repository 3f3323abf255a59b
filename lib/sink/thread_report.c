/* SPDX-License-Identifier: BSD-3-Clause */
/* A sink's thread: what becomes of blocks that cannot be delivered, and what is said about it. */
#include "base/log.h"
#include "sink/thread_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#define LOSS_NS (INT64_C(60) * WHEN_NS_PER_S) /* between two messages about loss */

int sink_why(struct sink *s, int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->why, sizeof(s->why), format, args);
	va_end(args);
	return rc;
}

bool sink_is_stopped(const struct sink *s)
{
	return s->thread && __atomic_load_n(&s->thread->hurry, __ATOMIC_RELAXED);
}

void sink_reject(struct sink *s, const struct sink_block *b, uint32_t i)
{
	(void)s;
	b->docs[i].rejected = 1;
}

const struct sink_block *sink_ahead(struct sink *s, unsigned k)
{
	struct sink_thread *t = s->thread;

	if (t->at_hand == &t->spool.block || k >= t->pending_count)
		return NULL;
	/* What is sent ahead stays in memory: there must be something that can go to the spool. */
	if (t->live && t->has_spool && k >= (t->pending_size - 1) / 2)
		return NULL;
	if (k + 1 > t->pinned)
		t->pinned = k + 1;
	struct sink_block *b = t->pending[(t->pending_at + k) % t->pending_size];
	thread_number(t, b);
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

void thread_pop(struct sink_thread *t)
{
	sink_queue_release(t->pending[t->pending_at]);
	t->pending_at = (t->pending_at + 1) % t->pending_size;
	t->pending_count--;
	t->from = 0;
	t->pinned -= t->pinned > 0;
}

static void tell(bool *flag, bool value)
{
	if (*flag != value)
		__atomic_store_n(flag, value, __ATOMIC_RELAXED);
}

void thread_tell(struct sink_thread *t, bool hungry)
{
	for (unsigned i = 0; i < t->n_queues; i++)
		tell(&t->queues[i].hungry, hungry);
}

static void set_state(struct sink_thread *t, enum sink_state state)
{
	__atomic_store_n(&t->state, state, __ATOMIC_RELEASE);
}

/* Records that loggers and the thread have dropped so far. */
static uint64_t dropped(const struct sink_thread *t)
{
	uint64_t n = t->metrics.dropped_spool + t->metrics.dropped_damaged;

	for (unsigned i = 0; i < t->n_queues; i++)
		n += metrics_read(&t->queues[i].metrics.dropped_queue) +
		     metrics_read(&t->queues[i].metrics.dropped_spool);
	return n;
}

void thread_say_away(struct sink_thread *t, int64_t now)
{
	if (t->state != SINK_UP)
		return;
	set_state(t, SINK_AWAY);
	t->away_ns = now;
	t->away_dropped = dropped(t);
	t->away_spooled = t->metrics.spooled;
	metrics_add(&t->metrics.outages, 1);
	log_warn("sink %s is away: %s; records wait in memory%s", t->sink.name, t->sink.why,
		!t->live       ? ", and reading waits with them"
		: t->has_spool ? ", then in the spool"
			       : ", then are dropped");
}

void thread_say_back(struct sink_thread *t, int64_t now)
{
	if (t->state != SINK_AWAY)
		return;
	set_state(t, SINK_UP);
	log_warn("sink %s is back after %.1f s: %" PRIu64 " records went into the spool, %" PRIu64
		 " were dropped",
		t->sink.name, (double)(now - t->away_ns) / WHEN_NS_PER_S,
		t->metrics.spooled - t->away_spooled, dropped(t) - t->away_dropped);
}

void thread_say_loss(struct sink_thread *t, int64_t now)
{
	uint64_t all = dropped(t) + t->metrics.dropped_sink;

	if (now < t->loss_ns)
		return;
	bool first = t->loss_ns == 0;
	t->loss_ns = now + LOSS_NS;
	if (first || all == t->loss_said)
		return;
	log_warn("sink %s: %" PRIu64 " records were dropped in the last minute, %" PRIu64
		 " in all: %s%s%s",
		t->sink.name, all - t->loss_said, all,
		t->state == SINK_UP ? "its receiver is slower than the traffic"
				    : "it is still away: ",
		t->state == SINK_UP ? "" : t->sink.why,
		t->spool_said ? "; the spool takes no more" : "");
	t->loss_said = all;
}

void thread_fail(struct sink_thread *t, int error)
{
	if (t->state == SINK_FAILED)
		return;
	set_state(t, SINK_FAILED);
	for (unsigned i = 0; i < t->n_queues; i++)
		tell(&t->queues[i].ended, true);
	log_error("sink %s: %s; nothing more is written there", t->sink.name,
		t->sink.why[0] ? t->sink.why : strerror(-error));
}

/* Puts the oldest pending block but `skip` into the spool. 0 or -errno. */
static int put_into_spool(struct sink_thread *t, uint32_t skip)
{
	uint32_t i = (t->pending_at + skip) % t->pending_size;
	struct sink_block *b = t->pending[i];
	uint32_t from = skip ? 0 : t->from;
	int error = spool_put(&t->spool, b, from);

	if (error < 0) {
		if (!t->spool_said)
			log_warn("sink %s: the spool takes no more: %s", t->sink.name,
				error == -EDQUOT ? "spool_bytes are reached" : strerror(-error));
		t->spool_said = true;
		for (unsigned k = 0; k < t->n_queues; k++)
			tell(&t->queues[k].spool_full, true);
		return error;
	}
	if (t->spool_said)
		for (unsigned k = 0; k < t->n_queues; k++)
			tell(&t->queues[k].spool_full, false);
	t->spool_said = false;
	metrics_add(&t->metrics.spooled, sink_records(b, from, b->n_docs));
	/* Those before it move up by one, so that the ring has no hole. */
	for (; skip > 0; skip--) {
		uint32_t before = (i + t->pending_size - 1) % t->pending_size;
		t->pending[i] = t->pending[before];
		i = before;
	}
	t->pending[i] = b;
	if (t->pinned) {
		uint32_t keep = t->from;
		thread_pop(t);
		t->pinned++;
		t->from = keep;
	} else {
		thread_pop(t);
	}
	return 0;
}

/* Empties the memory: into the spool, or dropped and counted. */
static void put_all_aside(struct sink_thread *t)
{
	t->pinned = 0;
	while (t->pending_count) {
		const struct sink_block *b = t->pending[t->pending_at];
		uint32_t records = sink_records(b, t->from, b->n_docs);
		if (t->has_spool && put_into_spool(t, 0) == 0)
			continue;
		metrics_add(t->has_spool              ? &t->metrics.dropped_spool
			    : t->state == SINK_FAILED ? &t->metrics.dropped_sink
						      : &t->metrics.dropped_end,
			records);
		thread_pop(t);
	}
}

void thread_relieve(struct sink_thread *t, bool late)
{
	uint32_t blocks = 0;

	if (t->state == SINK_FAILED || late) {
		put_all_aside(t);
		return;
	}
	if (!t->live || !t->has_spool)
		return;
	for (unsigned i = 0; i < t->n_queues; i++)
		blocks += t->queues[i].count;
	if (t->pending_count <= blocks / 2)
		return;
	while (t->pending_count > blocks / 4 && t->pending_count > t->pinned)
		if (put_into_spool(t, t->pinned) < 0)
			break;
}

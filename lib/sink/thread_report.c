/* SPDX-License-Identifier: BSD-3-Clause */
/* The states of a sink: what the loggers see of them, and what is reported. */
#include "base/log.h"
#include "sink/thread_inner.h"

#include <inttypes.h>

#define LOSS_NS (INT64_C(60) * WHEN_NS_PER_S) /* between two reports of loss */

void sink_thread_release_oldest(struct sink_thread *t)
{
	sink_queue_release(t->pending[t->pending_at]);
	t->pending_at = (t->pending_at + 1) % t->pending_size;
	t->pending_count--;
	t->from = 0;
	t->in_flight -= t->in_flight > 0;
}

/* Writes only on change: loggers read the flag's cache line all the time. */
static void set_flag(bool *flag, bool value)
{
	if (*flag != value)
		__atomic_store_n(flag, value, __ATOMIC_RELAXED);
}

void sink_thread_set_idle(struct sink_thread *t, bool idle)
{
	for (unsigned i = 0; i < t->n_queues; i++)
		set_flag(&t->queues[i].idle, idle);
}

void sink_thread_set_spool_full(struct sink_thread *t, bool full)
{
	for (unsigned i = 0; i < t->n_queues; i++)
		set_flag(&t->queues[i].spool_full, full);
}

static void set_state(struct sink_thread *t, enum sink_state state)
{
	__atomic_store_n(&t->state, state, __ATOMIC_RELEASE);
}

/* Returns the records that the loggers and the thread have dropped because of the receiver. */
static uint64_t dropped(const struct sink_thread *t)
{
	uint64_t n = t->metrics.dropped_spool + t->metrics.dropped_damaged;

	for (unsigned i = 0; i < t->n_queues; i++)
		n += metrics_read(&t->queues[i].metrics.dropped_queue) +
		     metrics_read(&t->queues[i].metrics.dropped_spool);
	return n;
}

void sink_thread_report_away(struct sink_thread *t, int64_t now)
{
	if (t->state != SINK_UP)
		return;
	set_state(t, SINK_AWAY);
	t->away_ns = now;
	t->away_dropped = dropped(t);
	t->away_spooled = t->metrics.spooled;
	metrics_add(&t->metrics.outages, 1);
	log_warn("sink %s is away: %s; records are held in memory%s", t->sink.name,
		t->sink.error_text,
		!t->live       ? ", and reading waits until it is back"
		: t->has_spool ? ", then spooled"
			       : ", then dropped: set spool_dir to keep them");
}

void sink_thread_report_back(struct sink_thread *t, int64_t now)
{
	if (t->state != SINK_AWAY)
		return;
	set_state(t, SINK_UP);
	log_warn("sink %s is back after %.1f s: %" PRIu64 " records were spooled, %" PRIu64
		 " dropped",
		t->sink.name, (double)(now - t->away_ns) / WHEN_NS_PER_S,
		t->metrics.spooled - t->away_spooled, dropped(t) - t->away_dropped);
}

void sink_thread_report_loss(struct sink_thread *t, int64_t now)
{
	uint64_t all = dropped(t) + t->metrics.dropped_sink;

	if (now < t->loss_due_ns)
		return;
	bool first = t->loss_due_ns == 0;
	t->loss_due_ns = now + LOSS_NS;
	if (first || all == t->loss_reported)
		return;
	log_warn("sink %s: %" PRIu64 " records were dropped in the last minute, %" PRIu64
		 " since the start: %s%s%s",
		t->sink.name, all - t->loss_reported, all,
		t->state == SINK_UP ? "its receiver is slower than the traffic"
				    : "it is still away: ",
		t->state == SINK_UP ? "" : t->sink.error_text,
		t->spool_full_reported ? "; the spool is full or cannot be written" : "");
	t->loss_reported = all;
}

void sink_thread_fail(struct sink_thread *t, int error)
{
	if (t->state == SINK_FAILED)
		return;
	set_state(t, SINK_FAILED);
	for (unsigned i = 0; i < t->n_queues; i++)
		set_flag(&t->queues[i].failed, true);
	log_error("sink %s: %s; it has failed, and its records are dropped from now on",
		t->sink.name, t->sink.error_text[0] ? t->sink.error_text : strerror(-error));
}

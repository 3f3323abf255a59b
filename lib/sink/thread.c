/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop of a sink's thread. */
#include "sink/clock.h"
#include "sink/thread_inner.h"

#include <unistd.h>

#define DELIVER_MS 200 /* one call of deliver(), so that the queue is served in between */
#define DELIVER_SPOOL_MS 20 /* live with a spool: at 200 MB a second that is 4 MB of the queue */
#define IDLE_MS 1000
#define BACKOFF_MIN_MS 100 /* between two tries of a receiver that is away */
#define BACKOFF_MAX_MS 2000
#define FINISH_NS (20 * WHEN_NS_PER_MS) /* between two calls of ops->finish() */
#define SLOW_NS WHEN_NS_PER_MS /* before a receiver that is only slow is tried again */

/* Dequeues what the loggers have enqueued. */
static void dequeue_all(struct sink_thread *t)
{
	bool closed = true;

	for (unsigned i = 0; i < t->n_queues; i++) {
		struct sink_block *b;
		while ((b = sink_queue_dequeue(&t->queues[i]))) {
			t->pending[(t->pending_at + t->pending_count++) % t->pending_size] = b;
		}
		closed &= sink_queue_is_drained(&t->queues[i]);
	}
	if (closed)
		t->closed = true;
}

/* Returns the time after which pending records are spooled or dropped; INT64_MAX: none. */
static int64_t deadline(const struct sink_thread *t)
{
	int64_t from = t->closing_ns;

	if (from == 0 || (!t->live && t->state != SINK_AWAY))
		return INT64_MAX; /* reading files, the sink waits for a receiver that is up */
	if (!t->live && t->away_ns > from)
		from = t->away_ns;
	return from + (int64_t)t->sink.conf->drain_ms * WHEN_NS_PER_MS;
}

/* Counts documents `from` to `to` (not included) as written or refused, and releases a block that
 * is settled as a whole. */
static void settle(struct sink_thread *t, const struct sink_block *b, uint32_t from, uint32_t to)
{
	uint32_t rejected = 0;

	for (uint32_t i = from; i < to; i++)
		rejected += b->docs[i].last && b->docs[i].rejected;
	metrics_add(&t->metrics.written, sink_records(b, from, to) - rejected);
	metrics_add(&t->metrics.dropped_refused, rejected);
	if (b == &t->spool.block) {
		spool_advance(&t->spool, to);
		return;
	}
	t->from = to;
	if (to == b->n_docs)
		sink_thread_release_oldest(t);
}

/* The receiver is away: backs off, longer after each failure. */
static void back_off(struct sink_thread *t, const struct sink_block *b)
{
	const struct sink *s = &t->sink;

	/* What was sent counts as not sent; but blocks older than the spool must stay before it. */
	if (!s->held && (!t->has_spool || spool_is_empty(&t->spool)))
		t->in_flight = 0;
	else if (s->held && b != &t->spool.block && t->in_flight == 0)
		t->in_flight = 1;
	t->backoff_ms = t->backoff_ms == 0                   ? BACKOFF_MIN_MS
			: t->backoff_ms < BACKOFF_MAX_MS / 2 ? 2 * t->backoff_ms
							     : BACKOFF_MAX_MS;
	int64_t now = sink_clock_ns();
	t->retry_ns = now + (int64_t)t->backoff_ms * WHEN_NS_PER_MS;
	sink_thread_report_away(t, now);
}

/* Calls deliver() once for the oldest pending block. */
static void deliver(struct sink_thread *t, struct sink_block *b, uint32_t from, int64_t now)
{
	struct sink *s = &t->sink;
	int64_t left = deadline(t) - now;
	int64_t max =
		(int64_t)(t->live && t->has_spool ? DELIVER_SPOOL_MS : DELIVER_MS) * WHEN_NS_PER_MS;
	int ms = (int)((left < max ? left : max) / WHEN_NS_PER_MS);

	s->error_text[0] = '\0';
	sink_thread_number_block(t, b);
	t->delivering = b;
	int n = s->ops->deliver(s, b, from, ms > 0 ? ms : 1);
	t->delivering = NULL;
	if (n > 0) {
		settle(t, b, from, from + (uint32_t)n);
		t->backoff_ms = 0;
		sink_thread_report_back(t, sink_clock_ns());
	} else if (n < 0) {
		sink_thread_fail(t, n);
	} else if (s->error_text[0]) {
		back_off(t, b);
	} else {
		if (b != &t->spool.block && t->in_flight == 0)
			t->in_flight = 1;
		t->retry_ns = now + SLOW_NS;
	}
}

/* Returns the oldest pending block and its first document that is not settled; NULL: none. */
static struct sink_block *oldest_pending(struct sink_thread *t, uint32_t *from, int64_t now)
{
	/* Blocks in flight are delivered from memory first, whatever is in the spool. */
	if (t->has_spool && !spool_is_empty(&t->spool) && !(t->in_flight && t->pending_count)) {
		struct sink_block *b = sink_thread_read_spool(t, from, now);
		if (b)
			return b;
	}
	*from = t->from;
	return t->pending_count ? t->pending[t->pending_at] : NULL;
}

/* Sleeps until `until`, or until a block or an order arrives. */
static void wait_ready(struct sink_thread *t, int64_t until)
{
	struct timespec ts = {until / WHEN_NS_PER_S, until % WHEN_NS_PER_S};

	sem_clockwait(&t->ready, CLOCK_MONOTONIC, &ts);
	while (sem_trywait(&t->ready) == 0)
		;
}

static void run_idle(struct sink_thread *t, int64_t now)
{
	struct sink *s = &t->sink;

	if (now >= t->idle_ns && t->state != SINK_FAILED) {
		int error = s->ops->idle ? s->ops->idle(s, DELIVER_MS) : 0;
		if (error < 0)
			sink_thread_fail(t, error);
		t->idle_ns = now + (int64_t)IDLE_MS * WHEN_NS_PER_MS;
	}
	sink_thread_set_idle(t, true);
	/* A logger may have enqueued its last block before it could see the flag. */
	dequeue_all(t);
	if (t->pending_count == 0 && !t->closed)
		wait_ready(t, t->idle_ns);
	sink_thread_set_idle(t, false);
}

static void reopen_if_ordered(struct sink_thread *t)
{
	uint64_t reopen = __atomic_load_n(&t->reopen, __ATOMIC_ACQUIRE);

	if (reopen == t->reopened || t->state == SINK_FAILED)
		return;
	t->reopened = reopen;
	t->sink.error_text[0] = '\0';
	int error = t->sink.ops->reopen ? t->sink.ops->reopen(&t->sink) : 0;
	if (error < 0)
		sink_thread_fail(t, error);
}

/* True while ops->finish() is busy. */
static bool is_finishing(struct sink_thread *t, int64_t now)
{
	struct sink *s = &t->sink;

	if (!s->ops->finish || t->state == SINK_FAILED || sink_is_stopped(s))
		return false;
	s->error_text[0] = '\0';
	int rc = s->ops->finish(s);
	if (rc < 0)
		sink_thread_fail(t, rc);
	else if (rc > 0)
		wait_ready(t, now + FINISH_NS);
	return rc > 0;
}

/* Runs the loop once. False: all is done. */
static bool run_once(struct sink_thread *t)
{
	int64_t now = sink_clock_ns();
	uint32_t from;

	dequeue_all(t);
	reopen_if_ordered(t);
	if (t->live && t->state != SINK_FAILED)
		sink_thread_report_loss(t, now);
	if (t->closing_ns == 0 && (t->closed || __atomic_load_n(&t->stopping, __ATOMIC_RELAXED)))
		t->closing_ns = now;
	bool late = now >= deadline(t);
	if (t->spool_reopen_ns && now >= t->spool_reopen_ns && !late)
		sink_thread_open_spool(t, now);
	sink_thread_spill(t, late);
	struct sink_block *b =
		t->state == SINK_FAILED || late ? NULL : oldest_pending(t, &from, now);
	if (b && (t->state == SINK_UP || now >= t->retry_ns)) {
		if (t->state == SINK_UP && now < t->retry_ns)
			wait_ready(t, t->retry_ns);
		deliver(t, b, from, now);
		return true;
	}
	if (t->closed && t->pending_count == 0 && !b)
		return is_finishing(t, now);
	if (!b) {
		run_idle(t, now);
		return true;
	}
	int64_t until = t->retry_ns < deadline(t) ? t->retry_ns : deadline(t);
	wait_ready(t, until);
	return true;
}

void *sink_thread_main(void *arg)
{
	struct sink_thread *t = arg;
	uint64_t one = 1;

	while (run_once(t))
		;
	__atomic_store_n(&t->ended, true, __ATOMIC_RELEASE);
	if (t->wake_fd >= 0 && write(t->wake_fd, &one, sizeof(one)) < 0)
		return NULL; /* the control loop polls `ended` too, a little later */
	return NULL;
}

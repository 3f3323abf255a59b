/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/thread_inner.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define DELIVER_MS 200 /* one call of deliver(), so that the queue is looked after meanwhile */
#define DELIVER_SPOOL_MS 20 /* live with a spool: at 200 MB a second that is 4 MB of the queue */
#define IDLE_MS 1000
#define PAUSE_MIN_MS 100 /* between two tries of a receiver that is away */
#define PAUSE_MAX_MS 2000
#define END_NS (20 * WHEN_NS_PER_MS) /* between two looks at what a kind still has to do */
#define SLOW_NS WHEN_NS_PER_MS /* before a receiver that is only slow is asked again */

/* The one clock of this stage: everything below gets the time from the loop. */
static int64_t clock_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)WHEN_NS_PER_S + now.tv_nsec;
}

/* Takes what the loggers have passed on. */
static void pull(struct sink_thread *t)
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

/* The time after which nothing is waited for any more; INT64_MAX: no such time. */
static int64_t deadline(const struct sink_thread *t)
{
	int64_t from = t->closing_ns;

	if (from == 0 || (!t->live && t->state != SINK_AWAY))
		return INT64_MAX; /* reading files, a receiver that is there is waited for */
	if (!t->live && t->away_ns > from)
		from = t->away_ns;
	return from + (int64_t)t->sink.conf->drain_ms * WHEN_NS_PER_MS;
}

/* Documents up to number `to` of the block at hand are settled. */
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
		thread_pop(t);
}

/* Delivers once from the oldest block there is. */
static void step(struct sink_thread *t, struct sink_block *b, uint32_t from, int64_t now)
{
	struct sink *s = &t->sink;
	int64_t left = deadline(t) - now;
	int64_t most =
		(int64_t)(t->live && t->has_spool ? DELIVER_SPOOL_MS : DELIVER_MS) * WHEN_NS_PER_MS;
	int ms = (int)((left < most ? left : most) / WHEN_NS_PER_MS);

	s->why[0] = '\0';
	thread_number(t, b);
	t->at_hand = b;
	int n = s->ops->deliver(s, b, from, ms > 0 ? ms : 1);
	t->at_hand = NULL;
	if (n > 0) {
		settle(t, b, from, from + (uint32_t)n);
		t->pause_ms = 0;
		thread_say_back(t, clock_ns());
	} else if (n < 0) {
		thread_fail(t, n);
	} else if (s->why[0]) {
		/* What was sent is void; but what is older than the spool must stay before it. */
		if (!s->held && (!t->has_spool || spool_is_empty(&t->spool)))
			t->pinned = 0;
		else if (s->held && b != &t->spool.block && t->pinned == 0)
			t->pinned = 1;
		t->pause_ms = t->pause_ms == 0                 ? PAUSE_MIN_MS
			      : t->pause_ms < PAUSE_MAX_MS / 2 ? 2 * t->pause_ms
							       : PAUSE_MAX_MS;
		now = clock_ns();
		t->retry_ns = now + (int64_t)t->pause_ms * WHEN_NS_PER_MS;
		thread_say_away(t, now);
	} else {
		if (b != &t->spool.block && t->pinned == 0)
			t->pinned = 1;
		t->retry_ns = now + SLOW_NS;
	}
}

/* The oldest documents that wait, and the first that is not settled; NULL: none. */
static struct sink_block *oldest(struct sink_thread *t, uint32_t *from, int64_t now)
{
	/* What the kind may have sent already goes on from memory, whatever is in the spool. */
	if (t->has_spool && !spool_is_empty(&t->spool) && !(t->pinned && t->pending_count)) {
		struct sink_block *b = thread_spool_front(t, from, now);
		if (b)
			return b;
	}
	*from = t->from;
	return t->pending_count ? t->pending[t->pending_at] : NULL;
}

/* Sleeps until there is something to do. */
static void rest(struct sink_thread *t, int64_t until)
{
	struct timespec ts = {until / WHEN_NS_PER_S, until % WHEN_NS_PER_S};

	sem_clockwait(&t->ready, CLOCK_MONOTONIC, &ts);
	while (sem_trywait(&t->ready) == 0)
		;
}

static void idle(struct sink_thread *t, int64_t now)
{
	struct sink *s = &t->sink;

	if (now >= t->idle_ns && t->state != SINK_FAILED) {
		int error = s->ops->idle ? s->ops->idle(s, DELIVER_MS) : 0;
		if (error < 0)
			thread_fail(t, error);
		t->idle_ns = now + (int64_t)IDLE_MS * WHEN_NS_PER_MS;
	}
	thread_tell(t, true);
	/* A logger may have passed its last block on before it could see that. */
	pull(t);
	if (t->pending_count == 0 && !t->closed)
		rest(t, t->idle_ns);
	thread_tell(t, false);
}

static void orders(struct sink_thread *t)
{
	uint64_t reopen = __atomic_load_n(&t->reopen, __ATOMIC_ACQUIRE);

	if (reopen == t->reopened || t->state == SINK_FAILED)
		return;
	t->reopened = reopen;
	t->sink.why[0] = '\0';
	int error = t->sink.ops->reopen ? t->sink.ops->reopen(&t->sink) : 0;
	if (error < 0)
		thread_fail(t, error);
}

/* Is the kind still finishing its work? */
static bool is_ending(struct sink_thread *t, int64_t now)
{
	struct sink *s = &t->sink;

	if (!s->ops->end || t->state == SINK_FAILED || sink_is_stopped(s))
		return false;
	s->why[0] = '\0';
	int rc = s->ops->end(s);
	if (rc < 0)
		thread_fail(t, rc);
	else if (rc > 0)
		rest(t, now + END_NS);
	return rc > 0;
}

/* One turn of the loop. False: all is done. */
static bool turn(struct sink_thread *t)
{
	int64_t now = clock_ns();
	uint32_t from;

	pull(t);
	orders(t);
	if (t->live && t->state != SINK_FAILED)
		thread_say_loss(t, now);
	if (t->closing_ns == 0 && (t->closed || __atomic_load_n(&t->hurry, __ATOMIC_RELAXED)))
		t->closing_ns = now;
	bool late = now >= deadline(t);
	if (t->spool_again_ns && now >= t->spool_again_ns && !late)
		thread_spool_open(t, now);
	thread_relieve(t, late);
	struct sink_block *b = t->state == SINK_FAILED || late ? NULL : oldest(t, &from, now);
	if (b && (t->state == SINK_UP || now >= t->retry_ns)) {
		if (t->state == SINK_UP && now < t->retry_ns)
			rest(t, t->retry_ns);
		step(t, b, from, now);
		return true;
	}
	if (t->closed && t->pending_count == 0 && !b)
		return is_ending(t, now);
	if (!b) {
		idle(t, now);
		return true;
	}
	int64_t until = t->retry_ns < deadline(t) ? t->retry_ns : deadline(t);
	rest(t, until);
	return true;
}

void *sink_thread_main(void *arg)
{
	struct sink_thread *t = arg;
	uint64_t one = 1;

	while (turn(t))
		;
	__atomic_store_n(&t->ended, true, __ATOMIC_RELEASE);
	if (t->wake_fd >= 0 && write(t->wake_fd, &one, sizeof(one)) < 0)
		return NULL; /* the control loop looks by itself, too, a little later */
	return NULL;
}

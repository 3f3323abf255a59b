/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/logger.h"

#include "base/log.h"
#include "engine/thread.h"
#include "rx/idle.h"

#include <rte_pause.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOGGER_BURST 64
/* Idle turns after which an incomplete block is flushed: if the thread sleeps, and if it polls. */
#define LOGGER_IDLE_FLUSH 12
#define LOGGER_POLL_FLUSH 4096
#define LOGGER_LAST_TRIES 3000

int logger_init(
	struct logger *l, unsigned self, const struct logger_conf *conf, const struct sinks *sinks)
{
	memset(l, 0, sizeof(*l));
	l->self = self;
	l->conf = *conf;
	l->loss.ledger = conf->ledger;
	int error = fanout_init(&l->fanout, sinks, self, conf->sensor, conf->conf, &l->metrics.dns);
	l->reports_loss = conf->reports_loss && l->fanout.notices;
	return error;
}

void logger_free(struct logger *l)
{
	fanout_free(&l->fanout);
}

void logger_add(struct logger *l, struct queue *queue)
{
	l->queue[l->n_queues++] = queue;
}

/* Leaves out sections, the last ones first, while a worker's arena or a sink's queue fills. */
static void shed(struct logger *l, const struct queue *q, uint64_t released)
{
	unsigned fill = record_fill(&q->arena, released), queue = fanout_fill(&l->fanout);
	if (queue > fill)
		fill = queue;
	unsigned level = fill >= 192 ? 3 : fill >= 160 ? 2 : fill >= 128 ? 1 : 0;
	fanout_shed(&l->fanout, level);
}

/* Writes the beginning and end of loss into the output. `last`: the run is over. A line that does
 * not fit is written later; at the end it is retried for some seconds. */
static void report_loss(struct logger *l, bool last)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	char line[4096];
	while (l->reports_loss && loss_check(&l->loss, last)) {
		struct text t = text_of(line, sizeof(line));
		int64_t ts_ns = loss_write_line(&l->loss, l->conf.sensor, &t);
		unsigned tries = last ? LOGGER_LAST_TRIES : 1, took = 0;
		while (!t.full && tries-- && !took) {
			took = fanout_write_notice(&l->fanout, t.start, text_len(&t), ts_ns);
			if (!took && last)
				nanosleep(&nap, NULL);
		}
		if (!took) {
			loss_retry(&l->loss);
			return;
		}
		metrics_add(&l->metrics.dns.notices, 1);
		l->idle = 0; /* so that idle turns flush it */
	}
}

/* Writes the records that one worker has ready. Returns how many. */
static unsigned drain(struct logger *l, struct queue *q)
{
	void *records[LOGGER_BURST];
	unsigned n = queue_dequeue(q, records, LOGGER_BURST);
	for (unsigned i = 0; i < n; i++) {
		const struct record *r = records[i];
		if (i + 1 < n) {
			const char *next = records[i + 1];
			for (int line = 0; line < 6; line++)
				__builtin_prefetch(next + line * BITS_CACHE_LINE);
		}
		if (bits_unlikely(l->conf.sheds))
			shed(l, q, r->end);
		fanout_write(&l->fanout, r);
	}
	if (n) {
		queue_release(q, records[n - 1]);
		metrics_add(&l->metrics.sink.taken, n);
		fanout_count_taken(&l->fanout, n);
	}
	return n;
}

/* Ends a turn without work: flushes after some of them, and sleeps or pauses. */
static void idle_once(struct logger *l)
{
	if (l->idle >= (l->conf.rests ? LOGGER_IDLE_FLUSH : LOGGER_POLL_FLUSH))
		fanout_flush_idle(&l->fanout);
	if (l->conf.rests) {
		idle_turn(&l->idle);
		return;
	}
	l->idle += l->idle < LOGGER_POLL_FLUSH;
	rte_pause();
}

int logger_main(void *arg)
{
	struct logger *l = arg;
	const struct logger_conf *conf = &l->conf;
	const uint64_t one = 1;

	thread_name("logger", l->self);
	for (;;) {
		bool last = atomic_load_explicit(conf->workers_ended, memory_order_acquire) ==
			    conf->ledger->workers;
		unsigned work = 0;
		for (unsigned i = 0; i < l->n_queues; i++)
			work += drain(l, l->queue[i]);
		report_loss(l, false);
		if (work)
			l->idle = 0;
		else if (last)
			break;
		else
			idle_once(l);
	}
	report_loss(l, true);
	fanout_close(&l->fanout);
	atomic_fetch_add_explicit(conf->ended, 1, memory_order_release);
	if (write(conf->wake_fd, &one, sizeof(one)) < 0)
		return 0; /* the control loop notices it a little later */
	return 0;
}

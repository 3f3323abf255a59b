/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread of one sink: takes blocks from its queues, delivers them in order, and while the
 * receiver is away keeps them in memory, then on disk. Older documents stand in the spool, newer
 * ones in memory: what leaves memory goes to the receiver only when the spool is empty.
 */
#ifndef SINK_THREAD_H
#define SINK_THREAD_H

#include "sink/filter.h"
#include "sink/queue.h"
#include "sink/spool.h"

#include <pthread.h>

enum sink_state {
	SINK_UP,
	SINK_AWAY, /* the receiver takes nothing now */
	SINK_FAILED, /* it never will: all is dropped */
};

struct sink_thread {
	struct sink sink;
	struct metrics_sink metrics; /* written by the thread; also behind sink.metrics */
	struct filter filter;
	struct sink_queue *queues; /* one a logger that feeds it */
	unsigned n_queues;
	bool live;
	bool open; /* ops->open() has succeeded */
	bool started;
	pthread_t id;
	sem_t ready; /* posted with each block and each order */
	int wake_fd;
	/* the thread's own */
	struct sink_block **pending; /* taken from the queues, oldest first: a ring */
	uint32_t pending_at, pending_count, pending_size;
	uint32_t from; /* documents of the oldest pending block that are settled */
	uint32_t pinned; /* so many of the oldest pending blocks may have been sent already */
	uint64_t seq;
	struct spool spool;
	bool has_spool;
	bool spool_said; /* that it is full or broken */
	int64_t spool_again_ns; /* when a spool that could not be opened is tried again; 0: it is */
	int64_t spool_read_ns; /* not read before */
	int spool_error; /* -errno with which it could not be read; 0: it could */
	uint64_t spool_lost, spool_bad; /* what was said of its damage */
	const struct sink_block *at_hand; /* the one that deliver() has; NULL: none */
	int64_t retry_ns; /* not before */
	int64_t away_ns; /* since when it is away */
	int64_t closing_ns; /* since when nothing more can come; 0: not yet */
	int64_t idle_ns; /* when ops->idle() is due */
	uint32_t pause_ms;
	uint64_t reopened; /* orders that are done */
	uint64_t away_dropped, away_spooled; /* counters when it went away */
	int64_t loss_ns; /* when loss is looked at again */
	uint64_t loss_said; /* records dropped that were told of */
	bool closed; /* every queue is, and was emptied */
	/* written by the thread, read by others */
	uint32_t state; /* enum sink_state */
	bool ended;
	/* written by the control loop */
	uint64_t reopen;
	bool hurry; /* the run is being stopped */
} __attribute__((aligned(BITS_CACHE_LINE)));

/* The queue by which logger number `logger` feeds the sink; NULL: it does not (CONF_LOGGER). */
static inline struct sink_queue *sink_queue_of(const struct sink_thread *t, unsigned logger)
{
	unsigned only = t->sink.conf->of_logger;

	return only == 0 ? &t->queues[logger] : only == logger + 1 ? &t->queues[0] : NULL;
}

/* The thread's main function. */
void *sink_thread_main(void *arg);

#endif

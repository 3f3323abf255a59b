/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread of one sink: dequeues blocks from the loggers' queues and delivers them in order.
 * While the receiver is away it keeps them in memory, then spills them to the spool. The spool
 * holds older documents than memory: a block in memory is delivered only when the spool is empty.
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
	SINK_FAILED, /* it never will: everything is dropped */
};

struct sink_thread {
	struct sink sink;
	struct metrics_sink metrics; /* written by the thread; sink.metrics points to it */
	struct filter filter;
	struct sink_queue *queues; /* one for each logger that feeds the sink */
	unsigned n_queues;
	bool live;
	bool open; /* ops->open() has succeeded */
	bool started;
	pthread_t id;
	sem_t ready; /* posted with each block and each order */
	int wake_fd;
	/* the thread's own */
	struct sink_block **pending; /* dequeued, oldest first: a ring */
	uint32_t pending_at, pending_count, pending_size;
	uint32_t from; /* the first document of the oldest pending block that is not settled */
	uint32_t in_flight; /* that many of the oldest pending blocks may have been sent already */
	uint64_t seq;
	struct spool spool;
	bool has_spool;
	bool spool_full_reported; /* or that it cannot be written */
	int64_t spool_reopen_ns; /* when to retry a spool that could not be opened; 0: it is open */
	int64_t spool_retry_ns; /* when to read it again after an error */
	int spool_error; /* -errno with which it could not be read; 0: none */
	uint64_t reported_bad_records, reported_bad_segments;
	const struct sink_block *delivering; /* the block that deliver() has; NULL: none */
	int64_t retry_ns; /* when to deliver again */
	int64_t away_ns; /* when it went away */
	int64_t closing_ns; /* when the end of input was seen; 0: not yet */
	int64_t idle_ns; /* when ops->idle() is due */
	uint32_t backoff_ms;
	uint64_t reopened; /* orders to reopen that were carried out */
	uint64_t away_dropped, away_spooled; /* counters when it went away */
	int64_t loss_due_ns; /* when loss is reported next */
	uint64_t loss_reported; /* records dropped that were reported */
	bool closed; /* every queue is closed and drained */
	/* written by the thread, read by others */
	uint32_t state; /* enum sink_state */
	bool ended;
	/* written by the control loop */
	uint64_t reopen;
	bool stopping; /* a signal stops the run */
} __attribute__((aligned(BITS_CACHE_LINE)));

/* Returns the queue by which logger number `logger` feeds the sink; NULL: it does not
 * (CONF_LOGGER). */
static inline struct sink_queue *sink_queue_of(const struct sink_thread *t, unsigned logger)
{
	unsigned only = t->sink.conf->logger_number;

	return only == 0 ? &t->queues[logger] : only == logger + 1 ? &t->queues[0] : NULL;
}

/* Runs the thread. */
void *sink_thread_main(void *arg);

#endif

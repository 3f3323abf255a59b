/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread that turns records into documents and enqueues them for the sinks. */
#ifndef ENGINE_LOGGER_H
#define ENGINE_LOGGER_H

#include "engine/loss.h"
#include "engine/queue.h"
#include "sink/fanout.h"

/* What a logger is given; all is borrowed. */
struct logger_conf {
	const struct ledger *ledger;
	const char *sensor;
	const struct conf *conf; /* its keys `output` apply to all documents */
	bool reports_loss; /* in the output */
	bool sheds; /* overload is shed */
	bool rests; /* it sleeps when idle */
	const _Atomic unsigned *workers_ended; /* of ledger->workers */
	_Atomic unsigned *ended; /* loggers that have ended; each adds itself once */
	int wake_fd; /* eventfd, written when the thread ends */
};

struct logger {
	struct metrics_logger metrics;
	struct fanout fanout;
	struct loss loss;
	struct logger_conf conf;
	struct queue *queue[PLACE_WORKERS]; /* that it empties */
	unsigned n_queues;
	bool reports_loss; /* and a sink accepts lines of loss from this logger */
	unsigned idle; /* turns without work */
	unsigned self;
} __attribute__((aligned(BITS_CACHE_LINE)));

/* Initialises logger number `self`, without queues. The struct must not be moved. Returns 0 or
 * -ENOMEM; the caller calls logger_free() in both cases. */
int logger_init(
	struct logger *l, unsigned self, const struct logger_conf *conf, const struct sinks *sinks);
void logger_free(struct logger *l);

/* Adds a queue to those that it empties. Called before the threads start. */
void logger_add(struct logger *l, struct queue *queue);

/* The thread's main function; arg is a struct logger. Ends when all workers have ended and its
 * queues are empty. Returns 0. */
int logger_main(void *arg);

#endif

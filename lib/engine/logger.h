/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread that turns records into documents and gives them to the sinks. */
#ifndef ENGINE_LOGGER_H
#define ENGINE_LOGGER_H

#include "engine/loss.h"
#include "engine/queue.h"
#include "sink/fanout.h"

/* What a logger is given; all is borrowed. */
struct logger_conf {
	const struct ledger *ledger;
	const char *sensor;
	const struct conf *conf; /* what it says of `output` holds for all documents */
	bool tells; /* loss is told in the output */
	bool sheds; /* overload: shed */
	bool rests; /* it sleeps when idle */
	const _Atomic unsigned *workers_ended; /* of ledger->workers */
	_Atomic unsigned *ended; /* loggers that are done; each adds itself once */
	int wake_fd; /* eventfd, written when it is done */
};

struct logger {
	struct metrics_logger metrics;
	struct fanout fanout;
	struct loss loss;
	struct logger_conf conf;
	struct queue *queue[PLACE_WORKERS]; /* that it empties */
	unsigned n_queues;
	bool tells; /* some sink wants to know of loss from this logger */
	unsigned idle; /* turns without work */
	unsigned self;
} __attribute__((aligned(BITS_CACHE_LINE)));

/* Number `self`, without queues. The struct must not be moved. 0 or -ENOMEM; logger_free() in both
 * cases, but not for a struct that was never begun. */
int logger_init(
	struct logger *l, unsigned self, const struct logger_conf *conf, const struct sinks *sinks);
void logger_free(struct logger *l);

/* Before the threads start: it shall empty this queue, too. */
void logger_add(struct logger *l, struct queue *queue);

/* The thread's main function; arg is a struct logger. Ends when all workers have and all that its
 * queues have left is passed on. 0. */
int logger_main(void *arg);

#endif

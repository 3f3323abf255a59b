/* SPDX-License-Identifier: BSD-3-Clause */
/* The counters of a run, summed over its threads. They may be read at any time, slightly late. */
#ifndef ENGINE_LEDGER_H
#define ENGINE_LEDGER_H

#include "engine/place.h"
#include "input/input.h"
#include "sink/sinks.h"

/* All are borrowed. */
struct ledger {
	unsigned workers, loggers;
	const struct metrics_worker *worker[PLACE_WORKERS];
	const struct metrics_logger *logger[PLACE_LOGGERS];
	const struct sinks *sinks;
	const struct input *input;
};

/* Sums the counters of all workers. */
struct metrics_worker ledger_workers(const struct ledger *l);

/* Returns what the input counted. */
struct input_counts ledger_input(const struct ledger *l);

/* Return the records that all loggers processed, and those that a sink was offered: all, or those
 * of its own logger. */
uint64_t ledger_taken(const struct ledger *l);
uint64_t ledger_taken_by(const struct ledger *l, const struct conf_sink *sink);

/* Sums the counters of all loggers and all sinks. */
struct metrics_logger ledger_loggers(const struct ledger *l);

/* Returns the counters of one logger, with those of its queues to all sinks. */
struct metrics_logger ledger_logger(const struct ledger *l, unsigned self);

#endif

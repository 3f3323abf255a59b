/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a run counts: its threads' counters, summed; at any time, a little late. */
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

/* Of all workers. */
struct metrics_worker ledger_workers(const struct ledger *l);

/* What the input counted. */
struct input_counts ledger_input(const struct ledger *l);

/* Records that all loggers took, and those that this sink may get: of all, or of its own logger. */
uint64_t ledger_taken(const struct ledger *l);
uint64_t ledger_taken_for(const struct ledger *l, const struct conf_sink *sink);

/* Of all loggers, with those of all sinks together. */
struct metrics_logger ledger_loggers(const struct ledger *l);

/* Of one logger, with its side of all sinks together. */
struct metrics_logger ledger_logger(const struct ledger *l, unsigned self);

#endif

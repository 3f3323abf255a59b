/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters of a run, summed over its threads; at any time, a little late. */
#ifndef APP_TOTALS_H
#define APP_TOTALS_H

#include "app/run.h"

/* Of all workers. */
struct metrics_worker totals_worker(const struct run *run);

/* Of all ports. */
struct port_counts totals_ports(const struct run *run);

/* Records that all loggers took, and those that this sink may get: of all, or of its own logger. */
uint64_t totals_taken(const struct run *run);
uint64_t totals_taken_for(const struct run *run, const struct conf_sink *sink);

/* Of all loggers, with those of all sinks together. */
struct metrics_logger totals_logger(const struct run *run);

/* Of one logger, with its side of all sinks together. */
struct metrics_logger totals_logger_one(const struct run *run, unsigned self);

#endif

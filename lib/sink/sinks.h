/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All sinks of a run, as the program uses them: opened, fed by one fan-out for each logger
 * (fanout.h), watched, closed. Each sink has a thread of its own (thread.h).
 */
#ifndef SINK_SINKS_H
#define SINK_SINKS_H

#include "sink/thread.h"

#include <sched.h>

struct sinks {
	struct conf_sinks conf; /* from conf_sinks_all() and conf_sinks_per_logger() */
	struct sink_thread *thread;
	unsigned count;
	unsigned loggers;
	bool live;
};

struct sinks_options {
	const char *sensor; /* borrowed */
	unsigned loggers; /* number of fan-outs that will feed the sinks */
	bool live; /* drop what a full queue cannot take; false: wait, drop nothing */
	bool prefault; /* populate the queues' memory at the start */
	int wake_fd; /* an eventfd that is written when a sink's thread ends; -1: none */
};

/* Checks the rules of the kinds, filters included, and opens nothing. Returns 0; -EINVAL with the
 * error, which begins with the key's full path; -ENOMEM. */
int sinks_check(const struct conf *conf, struct conf_error *err);

/*
 * Opens all sinks and their spools; called before privileges are dropped. Returns 0, or -errno
 * after reporting the fault, with nothing left behind.
 */
int sinks_open(struct sinks *s, const struct conf *conf, const struct sinks_options *options);

/* Starts the threads, with all signals blocked, on any CPU of `cpus`. Returns 0, or -errno after
 * reporting it. */
int sinks_start(struct sinks *s, const cpu_set_t *cpus);

/* Orders every sink to reopen its output: USR1, for logrotate. */
void sinks_reopen(struct sinks *s);

/* Limits every wait for a receiver that is away to drain_ms: a signal stops the run. */
void sinks_begin_drain(struct sinks *s);

/* True if all threads have ended. They do once every fan-out is closed and every record delivered,
 * spooled or dropped. */
bool sinks_have_ended(const struct sinks *s);

/* True if every sink has failed for good, so that nothing can be written any more. */
bool sinks_have_failed(const struct sinks *s);

/*
 * Joins the threads and closes the sinks. Returns true if every record was delivered or spooled;
 * false after a fault was reported, or records were dropped because of one. May follow sinks_open()
 * directly.
 */
bool sinks_close(struct sinks *s);

/* Adds the counters of sink i, of its queues and its thread, to `sum`. */
void sinks_sum(const struct sinks *s, unsigned i, struct metrics_sink *sum);

/* Returns the records of a sink that were dropped, for all reasons. */
static inline uint64_t sinks_dropped(const struct metrics_sink *m)
{
	return m->dropped_queue + m->dropped_spool + m->dropped_damaged + m->dropped_sink +
	       m->dropped_end + m->dropped_refused + m->dropped_large;
}

/* Frees what sinks_close() has kept for the final report. */
void sinks_free(struct sinks *s);

#endif

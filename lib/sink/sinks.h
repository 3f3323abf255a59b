/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All sinks of a run, as the program sees them: opened, fed by one fanout a logger (fanout.h),
 * watched, closed. Each has a thread of its own (thread.h).
 */
#ifndef SINK_SINKS_H
#define SINK_SINKS_H

#include "sink/thread.h"

#include <sched.h>

struct sinks {
	struct conf_sinks conf; /* as conf_sinks_all() and conf_sinks_split() give them */
	struct sink_thread *thread;
	unsigned count;
	unsigned loggers;
	bool live;
};

struct sinks_options {
	const char *sensor; /* borrowed */
	unsigned loggers; /* how many fans will feed them */
	bool live; /* drop what a full queue cannot take; false: wait, lose nothing */
	bool touch; /* make the memory of queues present at the start */
	int wake_fd; /* an eventfd that is written when a sink's thread ends; -1: none */
};

/* The rules of the kinds, filters too, without opening anything. 0, -EINVAL with the error that
 * begins with the key's full path, -ENOMEM. */
int sinks_check(const struct conf *conf, struct conf_error *err);

/*
 * Opens all sinks and their spools. Called before privileges are given up. 0, or -errno after
 * saying what is wrong; nothing is left behind.
 */
int sinks_open(struct sinks *s, const struct conf *conf, const struct sinks_options *options);

/* Starts the threads, with all signals blocked and on any CPU that `cpus` allows. 0 or -errno,
 * said. */
int sinks_start(struct sinks *s, const cpu_set_t *cpus);

/* USR1: every sink reopens its output (logrotate). */
void sinks_reopen(struct sinks *s);

/* The run is being stopped: what waits for a receiver that is away waits for drain_ms only. */
void sinks_hurry(struct sinks *s);

/* Have all threads ended? They do once every fanout is closed and all is delivered, spooled or
 * counted. */
bool sinks_have_ended(const struct sinks *s);

/* Has every sink failed for good, so that nothing that is read can be written any more? */
bool sinks_have_failed(const struct sinks *s);

/*
 * Joins the threads, closes the sinks. True: every record arrived or is in a spool; false: a fault
 * was said, or records were lost by one. Right after a sinks_open() without sinks_start(), too.
 */
bool sinks_close(struct sinks *s);

/* The counters of sink i, of its loggers' side and its own. */
void sinks_sum(const struct sinks *s, unsigned i, struct metrics_sink *sum);

/* Records of a sink that were dropped, for all reasons. */
static inline uint64_t sinks_dropped(const struct metrics_sink *m)
{
	return m->dropped_queue + m->dropped_spool + m->dropped_damaged + m->dropped_sink +
	       m->dropped_end + m->dropped_refused + m->dropped_large;
}

/* Frees what sinks_close() has left for the report. */
void sinks_free(struct sinks *s);

#endif

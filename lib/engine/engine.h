/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One run: its parts, made and freed in one order (engine.c), and its threads. A part knows of the
 * others only what it is given; only the program and engine.c know this struct.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/ledger.h"
#include "engine/logger.h"
#include "engine/worker.h"

struct engine {
	const struct conf *conf; /* borrowed */
	struct input input;
	struct place place;
	bool rests; /* idle workers sleep */
	bool loggers_rest; /* idle loggers sleep */
	bool hugepages; /* EAL's memory is in hugepages; set by whoever starts EAL */
	struct packet_conf packets;
	struct hash_secret secret;
	struct bpf *bpf; /* NULL: no filter */
	struct steer_group group;
	struct worker *worker;
	struct logger *logger;
	unsigned workers, loggers; /* how many of them are set up */
	struct sinks sinks;
	struct ledger ledger; /* counters of the workers, loggers, sinks and the input */
	char sensor[256]; /* this appliance's name */
	int wake_fd; /* eventfd: a logger is done, or a sink is */
	int64_t started_ns, ended_ns; /* monotonic */
	_Atomic bool stop; /* set by the control loop: stop receiving */
	_Atomic unsigned workers_ended; /* workers that have flushed; each adds itself once */
	_Atomic unsigned loggers_ended; /* loggers that have ended; each adds itself once */
};

/* Chooses the input, the number of threads and their CPUs, without starting anything. Returns 0, or
 * -errno after a message; the caller calls engine_close_plan() in both cases. */
int engine_plan(struct engine *e, const struct conf *conf);

/* Frees what engine_plan() made. */
void engine_close_plan(struct engine *e);

/* Returns the octets of one worker's tables. */
size_t engine_table_bytes(const struct engine *e);

/*
 * Sets up a planned run, calls attend(), which must call engine_start() and engine_wait(), and
 * tears the run down. EAL must be started; its lcores from 1 on are the workers', those after them
 * the loggers'. Returns what attend() returned, or 1 after a message if it could not be called.
 */
int engine_run(struct engine *e, int (*attend)(struct engine *e, void *arg), void *arg);

/* Starts the threads. */
void engine_start(struct engine *e);

/* Returns true if all threads but the sinks' have ended. They do at the end of the input, or after
 * e->stop was set. */
bool engine_has_ended(const struct engine *e);

/* Waits for all threads and closes the sinks; counters remain. Returns false, after a message, if a
 * sink failed or lost records. */
bool engine_wait(struct engine *e);

/* Reads the monotonic clock. */
int64_t engine_now_ns(void);

#endif

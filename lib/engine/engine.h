/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One run: its parts, made and freed in one order (engine.c), and its threads. The parts know each
 * other only by what they are given; this struct is known to the program and to engine.c.
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
	bool hugepages; /* EAL has its memory from them; written by who starts it */
	struct packet_conf packets;
	struct hash_secret secret;
	struct bpf *bpf; /* NULL: all packets are looked at */
	struct steer_group group;
	struct worker *worker;
	struct logger *logger;
	unsigned workers, loggers; /* of these: as many as have been made */
	struct sinks sinks;
	struct ledger ledger; /* of these workers, loggers, sinks and this input */
	char sensor[256]; /* this appliance's name */
	int wake_fd; /* eventfd: a logger is done, or a sink is */
	int64_t started_ns, ended_ns; /* monotonic */
	_Atomic bool stop; /* written by the control loop: receive no more */
	_Atomic unsigned workers_ended; /* workers that have flushed; each adds itself once */
	_Atomic unsigned loggers_ended; /* loggers that are done; each adds itself once */
};

/* Decides where packets come from, how many threads there are and where, without starting anything.
 * 0, or -errno, said; engine_forget() in both cases. */
int engine_plan(struct engine *e, const struct conf *conf);

/* Frees what engine_plan() made. */
void engine_forget(struct engine *e);

/* Octets of the tables of one worker. */
size_t engine_table_bytes(const struct engine *e);

/*
 * With EAL started, whose lcores 1 and up are the workers', and those behind them the loggers':
 * sets up all of a planned run, calls attend(), which is to call engine_start() and engine_wait(),
 * and tears all down. Returns what attend() did; 1 where it was not called, and why was said.
 */
int engine_run(struct engine *e, int (*attend)(struct engine *e, void *arg), void *arg);

/* Starts the threads. */
void engine_start(struct engine *e);

/* Have all threads but the sinks' ended? They do when the input is at its end, or once e->stop is
 * set. */
bool engine_has_ended(const struct engine *e);

/* Waits for all threads, and closes the sinks. False: a sink failed, or records were lost by one;
 * that was said. Counters stay. */
bool engine_wait(struct engine *e);

/* The monotonic clock. */
int64_t engine_now_ns(void);

#endif

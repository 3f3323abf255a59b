/* SPDX-License-Identifier: BSD-3-Clause */
/* What the threads of one run share. */
#ifndef APP_RUN_H
#define APP_RUN_H

#include "app/live_rx.h"
#include "app/loss.h"
#include "app/steer.h"
#include "config/conf.h"
#include "pipeline/pipeline.h"
#include "rx/bpf.h"
#include "rx/feed.h"
#include "rx/handoff.h"
#include "rx/mbuf.h"
#include "rx/merge.h"
#include "rx/port.h"
#include "schema/schema.h"
#include "sink/fan.h"

#include <rte_ring.h>
#include <stdatomic.h>

struct live;
struct run;

struct worker {
	struct pipeline pipeline;
	struct metrics_worker metrics;
	struct record_arena arena;
	struct rte_ring *ring; /* records to its logger */
	struct run *run;
	void *table_memory, *arena_memory;
	size_t table_bytes, arena_bytes;
	struct mbuf_scratch scratch;
	struct steer steer; /* several workers only */
	uint64_t received; /* packets taken from the queue */
	struct live_rx live;
	struct merge merge; /* of queues that play captures */
	unsigned idle; /* turns without work */
	uint16_t self;
	bool has_queue;
} __attribute__((aligned(BITS_CACHE_LINE)));

_Static_assert(offsetof(struct worker, ring) / BITS_CACHE_LINE !=
			       offsetof(struct worker, received) / BITS_CACHE_LINE &&
		       offsetof(struct worker, ring) - offsetof(struct worker, arena) >=
			       sizeof(struct record_arena),
	"the logger reads ring while the worker writes received: not in one cache line");

/* Writes the records of the workers self, self + loggers, self + 2 loggers ... */
struct logger {
	struct metrics_logger metrics;
	struct fan fan;
	struct loss loss;
	bool sheds; /* overload: shed */
	struct run *run;
	unsigned idle;
	unsigned self;
} __attribute__((aligned(BITS_CACHE_LINE)));

struct run {
	const struct conf *conf;
	struct live *live; /* NULL: files are read */
	struct feed feed;
	struct port port; /* that the feeder's pipe comes through */
	struct handoff handoff;
	struct packet_conf packets;
	struct bpf *bpf; /* NULL: all packets are looked at */
	struct hash_secret secret;
	unsigned workers;
	unsigned queues; /* workers that receive: the first ones */
	struct worker *worker;
	unsigned loggers; /* at most one a worker */
	struct logger *logger;
	struct sinks sinks;
	cpu_set_t cpus; /* of the sinks' threads */
	int wake_fd; /* eventfd: a logger is done, or a sink is */
	char sensor[256]; /* this appliance's name */
	bool hugepages;
	bool direct; /* the one worker takes frames from the feeder, not from a port */
	bool rests; /* idle workers sleep */
	bool loggers_rest; /* idle loggers sleep */
	int64_t started_ns; /* monotonic */
	int64_t ended_ns;
	_Atomic bool stop; /* written by the control loop: receive no more */
	_Atomic bool input_gone; /* written by the control loop: all interfaces are gone */
	_Atomic unsigned rx_ended; /* live: workers that receive no more; each adds itself once */
	_Atomic unsigned rounds; /* of take_rest() in live_steer.c; each worker adds one a round */
	_Atomic unsigned workers_ended; /* workers that have flushed; each adds itself once */
	_Atomic unsigned loggers_ended; /* loggers that are done; each adds itself once */
};

/* A turn without work: spins a little, then sleeps, so that lcores may share a CPU. */
void run_idle(unsigned *idle);

/* The calling thread gets a name that tools show ("worker 0"), and timers that are as short as it
 * asks for. */
void run_thread(const char *what, unsigned number);

int64_t run_now_ns(void);

#endif

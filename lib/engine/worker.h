/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread that receives packets and processes those of the flows that it owns. */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include "engine/queue.h"
#include "engine/steer.h"
#include "rx/bpf.h"

/* What a worker is given. All pointers are borrowed. */
struct worker_conf {
	struct pipeline_conf pipeline; /* with its number */
	const struct packet_conf *packets;
	const struct bpf *bpf; /* NULL: no filter */
	struct input *input;
	struct steer_group *group;
	struct queue_conf queue;
	bool rests; /* it sleeps when idle */
	const _Atomic bool *stop; /* set by the control loop: stop receiving */
	_Atomic unsigned *ended; /* workers that have flushed; each adds itself once */
};

struct worker {
	struct pipeline pipeline;
	struct metrics_worker metrics;
	struct queue queue; /* to its logger */
	struct memory tables;
	struct steer steer;
	struct input_rx *rx;
	const struct bpf *bpf;
	const _Atomic bool *stop;
	_Atomic unsigned *ended;
	bool rests;
	bool behind; /* more is to expire at clock_ns */
	int64_t clock_ns; /* the input's clock at the latest housekeeping */
	unsigned turns; /* since then */
	uint16_t self;
	struct input_burst burst; /* the latest */
} __attribute__((aligned(BITS_CACHE_LINE)));

/* Initialises worker number conf->pipeline.self. The struct must not be moved. Returns 0 or -errno;
 * the caller calls worker_free() in both cases. */
int worker_init(struct worker *w, const struct worker_conf *conf);
void worker_free(struct worker *w);

/* The thread's main function; arg is a struct worker. Ends at the end of the input or after *stop
 * was set, when everything that was received is processed. Returns 0. */
int worker_main(void *arg);

#endif

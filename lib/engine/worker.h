/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread that receives, and makes records of what it owns. */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include "engine/queue.h"
#include "engine/steer.h"
#include "rx/bpf.h"

/* What a worker is given; all is borrowed. */
struct worker_conf {
	struct pipeline_conf pipeline; /* with its number */
	const struct packet_conf *packets;
	const struct bpf *bpf; /* NULL: all packets are looked at */
	struct input *input;
	struct steer_group *group;
	struct queue_conf queue;
	bool rests; /* it sleeps when idle */
	const _Atomic bool *stop; /* set by the control loop: receive no more */
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
	bool behind; /* not all is expired by clock_ns yet */
	int64_t clock_ns; /* the input's, when it was asked last */
	unsigned turns; /* since then */
	uint16_t self;
	struct input_burst burst; /* in hand */
} __attribute__((aligned(BITS_CACHE_LINE)));

/* Its number is conf->pipeline.self. The struct must not be moved. 0 or -errno; worker_free() in
 * both cases. */
int worker_init(struct worker *w, const struct worker_conf *conf);
void worker_free(struct worker *w);

/* The thread's main function; arg is a struct worker. Ends when all input is through, or, once
 * asked to stop, all that was received. 0. */
int worker_main(void *arg);

#endif

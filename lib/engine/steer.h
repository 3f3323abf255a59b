/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every packet to the worker that owns its flow. How is chosen once, when the run is set up:
 *
 *	alone     a single worker owns all
 *	at once   several, live: whoever receives a packet hands it on at once. Nobody waits for
 *	          anybody for long: where an owner's ring stays full, the packet is lost and counted
 *	in order  several, of an input whose packets have numbers: in the order of the capture,
 *	          whichever queue they came by and from however many pieces they were put together
 *
 * In order: each worker publishes, as marks, up to which number it has passed on what others may
 * want: what it received (mark 0), then the datagrams that it put together from fragments, level by
 * level. What all workers have passed is complete, and is processed in order. A worker that waits
 * for another one goes on taking what is handed to it, so nobody waits in a circle.
 */
#ifndef ENGINE_STEER_H
#define ENGINE_STEER_H

#include "input/input.h"
#include "rx/handoff.h"
#include "rx/order.h"

#define STEER_LEVELS PIPELINE_NESTED

struct steer;

struct steer_ops {
	/* Takes what others handed over, and processes what is this worker's and due. Returns how
	 * many packets. */
	unsigned (*take)(struct steer *s);
	/* Processes of a received burst what is this worker's, hands on the rest. The buffers are
	 * taken over, the frames stay. */
	void (*received)(struct steer *s, struct input_burst *b);
	/* Nothing more is received: takes and processes what is still on its way, of all workers.
	 */
	void (*finish)(struct steer *s);
};

/* What the workers of a run share. */
struct steer_group {
	unsigned workers;
	struct handoff handoff;
	struct steer *member[HANDOFF_WORKERS];
	_Atomic unsigned ended; /* at once: workers that receive no more; each adds itself once */
	_Atomic unsigned rounds; /* of its finish(); each worker adds one a round */
};

/* A worker's part. */
struct steer {
	const struct steer_ops *ops;
	struct steer_group *group;
	struct pipeline *pipeline;
	struct input_rx *rx;
	struct metrics_worker *metrics;
	uint16_t self;
	bool settled; /* nothing of the input is on its way: its time may be the machine's */
	struct rte_mempool *pool; /* buffers for datagrams that are put together here */
	struct order pieces[STEER_LEVELS]; /* fragments, by level */
	struct order wholes[STEER_LEVELS + 1];
	/* Written by this worker, read by all. */
	_Atomic uint64_t marks[STEER_LEVELS + 1] __attribute__((aligned(BITS_CACHE_LINE)));
};

/* Rings for `workers` workers. 0 or -errno. */
int steer_group_init(struct steer_group *g, unsigned workers);
void steer_group_free(struct steer_group *g);

/* What a worker has that steers: all are borrowed. */
struct steer_parts {
	struct pipeline *pipeline;
	struct input_rx *rx;
	struct metrics_worker *metrics;
	uint16_t self;
	bool ordered; /* packets of the input have numbers */
};

/* Joins worker parts->self to the group, before any worker runs. The struct must not be moved. 0 or
 * -errno; steer_free() in both cases. */
int steer_init(struct steer *s, struct steer_group *g, const struct steer_parts *parts);
void steer_free(struct steer *s);

/* For the ways of steering. */

extern const struct steer_ops steer_at_once, steer_in_order;

/* Hands n packets, at least one, to worker `to`, in order. How many were lost. */
typedef unsigned steer_give_fn(struct steer *s, unsigned to, struct rte_mbuf **packets, unsigned n);

/*
 * Of a burst whose owners are known, gives the packets of other workers to these, each one's in
 * order and at once, and counts them.
 */
void steer_give_others(struct steer *s, const struct input_burst *b, steer_give_fn *give);

#endif

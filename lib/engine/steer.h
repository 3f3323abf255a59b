/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hands every packet to the worker that owns its flow. How is chosen once, when the run is set up:
 *
 *	alone     a single worker owns all flows
 *	at once   several workers, live: a worker hands packets off when it receives them, and
 *	          drops and counts them if the owner's ring stays full
 *	in order  several workers, of an input whose packets have numbers: packets are processed in
 *	          the order of the capture, whichever queue they and their fragments came by
 *
 * In order: each worker publishes as marks up to which number it has handed off what others need:
 * the packets that it received (mark 0), then the datagrams that it reassembled, level by level.
 * What all workers have handed off is complete, and is processed in order. A worker that waits for
 * another one goes on dequeuing what is handed off to it, so that workers cannot deadlock.
 *
 * At once: only reassembled datagrams could overtake packets that another worker received before
 * their last fragment, and a segment that overtakes its connection's SYN is lost. Each one
 *therefore begins an epoch and is held until every worker has emptied its queues in that epoch or a
 *later one: mark 0 is the latest epoch in which the worker has.
 */
#ifndef ENGINE_STEER_H
#define ENGINE_STEER_H

#include "input/input.h"
#include "rx/handoff.h"
#include "rx/order.h"

#define STEER_LEVELS PIPELINE_NESTED
#define STEER_MBUFS 511 /* of one worker, for the datagrams and subframes that it makes */

struct steer;

struct steer_ops {
	/* Begins a turn: dequeues what others handed off, and processes what is due. Returns how
	 * many packets. */
	unsigned (*turn)(struct steer *s);
	/* Processes the packets of a received burst that this worker owns, and hands off the
	 * others. Takes ownership of the buffers, not of the frames. */
	void (*received)(struct steer *s, struct input_burst *b);
	/* Processes what is still in flight between workers, after all of them have stopped
	 * receiving. */
	void (*finish)(struct steer *s);
};

/* What the workers of a run share. */
struct steer_group {
	unsigned workers;
	struct handoff handoff;
	struct steer *member[HANDOFF_WORKERS];
	_Atomic unsigned ended; /* at once: workers that receive no more; each adds itself once */
	_Atomic unsigned rounds; /* of its finish(); each worker adds one a round */
	_Atomic uint64_t epoch; /* at once: datagrams reassembled; each worker adds its own */
};

#define STEER_HELD 64 /* datagrams that a worker holds at most */

/* At once: datagrams that were reassembled here and may not overtake other packets, a ring. */
struct steer_held {
	unsigned first, n;
	unsigned idle; /* turns in which none became due */
	struct steer_datagram {
		struct rte_mbuf *packet;
		uint64_t epoch; /* that it began */
		uint64_t ticks; /* counter when it was reassembled */
		uint16_t owner;
	} at[STEER_HELD];
};

/* A worker's part. */
struct steer {
	const struct steer_ops *ops;
	struct steer_group *group;
	struct pipeline *pipeline;
	struct input_rx *rx;
	struct metrics_worker *metrics;
	uint16_t self;
	bool settled; /* no packet of the input is in flight: the clock may be the machine's */
	bool emptied; /* the latest turn emptied all queues; written by the worker's loop */
	uint64_t epoch; /* at once: at the beginning of the latest turn */
	uint64_t published; /* marks[0] */
	struct rte_mempool *pool; /* buffers for datagrams that are reassembled here */
	struct steer_held held;
	struct order pieces[STEER_LEVELS]; /* in order: fragments, by level */
	struct order wholes[STEER_LEVELS + 1];
	/* Written by this worker, read by all. */
	_Atomic uint64_t marks[STEER_LEVELS + 1] __attribute__((aligned(BITS_CACHE_LINE)));
};

/* Makes the rings of `workers` workers. Returns 0 or -errno. */
int steer_group_init(struct steer_group *g, unsigned workers);
void steer_group_free(struct steer_group *g);

/* What steering uses of a worker. All pointers are borrowed. */
struct steer_parts {
	struct pipeline *pipeline;
	struct input_rx *rx;
	struct metrics_worker *metrics;
	uint16_t self;
	bool ordered; /* packets of the input have numbers */
};

/* Adds worker parts->self to the group, before any worker runs. The struct must not be moved.
 * Returns 0 or -errno; the caller calls steer_free() in both cases. */
int steer_init(struct steer *s, struct steer_group *g, const struct steer_parts *parts);
void steer_free(struct steer *s);

extern const struct steer_ops steer_at_once, steer_in_order;

/* Hands n packets, at least one, off to worker `to`, in order. Returns how many were dropped. */
typedef unsigned steer_hand_off_fn(
	struct steer *s, unsigned to, struct rte_mbuf **packets, unsigned n);

/*
 * Hands the packets of a burst that other workers own off to these, those of one owner together and
 * in order, and counts them.
 */
void steer_hand_off_others(
	struct steer *s, const struct input_burst *b, steer_hand_off_fn *hand_off);

#endif

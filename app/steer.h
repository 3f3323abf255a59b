/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several workers: every packet to the one that owns its flow, in the order of the capture,
 * whichever queue it came by and from however many pieces it was put together.
 *
 * Each worker tells, by marks, up to which number of the capture it has passed on what others may
 * want: what it received (mark 0), then the datagrams that it put together from pieces, level by
 * level. What all workers have passed is complete, and is taken in order. A worker that waits for
 * another one goes on receiving what is handed to it, so nobody waits in a circle.
 */
#ifndef APP_STEER_H
#define APP_STEER_H

#include "pipeline/pipeline.h"
#include "rx/order.h"

#include <rte_mbuf.h>
#include <stdatomic.h>

struct worker;

#define STEER_LEVELS PIPELINE_NESTED
#define STEER_END UINT64_MAX /* a mark: nothing more will come */

struct steer {
	struct order pieces[STEER_LEVELS]; /* fragments, by level */
	struct order wholes[STEER_LEVELS + 1];
	struct rte_mempool *pool; /* buffers for what is put together here */
	/* Written by this worker, read by all. */
	_Atomic uint64_t marks[STEER_LEVELS + 1] __attribute__((aligned(BITS_CACHE_LINE)));
};

/* 0 or -errno; steer_free() in both cases. */
int steer_init(struct worker *w);
void steer_free(struct worker *w);

/* The note about a packet, in front of its octets. */
static inline struct order_item *steer_item(const struct rte_mbuf *m)
{
	return m->buf_addr;
}

/* Passes on n (at most PIPELINE_BURST) received packets; frees those without DNS. Their numbers are
 * the feeder's, or, of devices' packets, stand in their notes already. */
void steer_received(struct worker *w, struct rte_mbuf **packets, unsigned n);

/* Nothing of a number up to this one will be received any more. */
void steer_mark(struct worker *w, uint64_t number);

/* Takes what others passed on, and processes what is complete. How many packets; 0 with *over set
 * once nothing can come any more. */
unsigned steer_turn(struct worker *w, bool *over);

#endif

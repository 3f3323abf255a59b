/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets on their way to the worker that owns their flow: one ring a worker, which all others fill
 * and it alone empties. Packets that one worker hands to another arrive in the same order.
 */
#ifndef RX_HANDOFF_H
#define RX_HANDOFF_H

#include <stdint.h>

struct rte_mbuf;
struct rte_ring;

#define HANDOFF_WORKERS 64
#define HANDOFF_SIZE 1024 /* packets in flight to one worker */

struct handoff {
	unsigned workers;
	struct rte_ring *rings[HANDOFF_WORKERS];
};

/* Rings for 1 to HANDOFF_WORKERS workers (none for a single one). 0 or -errno. */
int handoff_init(struct handoff *h, unsigned workers);
void handoff_free(struct handoff *h);

/* Hands over up to n packets in order. How many went; the others stay the caller's. */
unsigned handoff_give(struct handoff *h, unsigned to, struct rte_mbuf **packets, unsigned n);

/* Takes up to n packets that others handed over. */
unsigned handoff_take(struct handoff *h, unsigned self, struct rte_mbuf **packets, unsigned n);

#endif

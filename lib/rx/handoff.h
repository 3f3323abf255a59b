/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hands packets off to the worker that owns their flow: one ring for each worker, with many
 * producers and one consumer. Packets from one worker to another stay in order.
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

/* Creates rings for 1 to HANDOFF_WORKERS workers (none for a single one). Returns 0 or -errno. */
int handoff_init(struct handoff *h, unsigned workers);
void handoff_free(struct handoff *h);

/* Enqueues up to n packets, in order, for worker `to`. Returns how many; the caller still owns the
 * others. */
unsigned handoff_enqueue(struct handoff *h, unsigned to, struct rte_mbuf **packets, unsigned n);

/* Dequeues up to n packets that others handed off to worker `self`. Returns how many. */
unsigned handoff_dequeue(struct handoff *h, unsigned self, struct rte_mbuf **packets, unsigned n);

#endif

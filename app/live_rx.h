/* SPDX-License-Identifier: BSD-3-Clause */
/* The receiving side of a worker, live: its queues, and what time it is. */
#ifndef APP_LIVE_RX_H
#define APP_LIVE_RX_H

#include "app/live.h"
#include "app/live_idle.h"
#include "rx/frame.h"
#include "rx/rss_check.h"

struct worker;

struct live_queue {
	const struct port *of;
	uint16_t port; /* DPDK's number */
	uint16_t queue;
	uint8_t index; /* of the port among ours */
	uint8_t stamp; /* enum port_stamp */
	uint16_t link_type;
	struct clock nic;
	/* Several queues only: what it gives now came to it after this, by the counter. */
	uint64_t after;
	uint64_t mark; /* another such moment, once it has given `left` packets more */
	uint32_t left;
	bool shut; /* not to be polled: rx/port_gate.h */
	uint64_t taken; /* packets; written by the worker */
	bool checks; /* the NIC's hash, of the first packets */
	struct rss_check check;
};

#define LIVE_QUEUES (LIVE_PORTS * 2) /* of one worker */

struct live_rx {
	struct live_queue queues[LIVE_QUEUES];
	unsigned n_queues;
	const struct live_queue *from; /* of the burst in hand; NULL: handed over */
	struct clock cpu;
	struct clock_latest latest;
	int64_t now_ns; /* when the burst in hand was taken */
	uint32_t late_us; /* how long before that its packets may have been there */
	bool several; /* queues, of all workers, none of them captures */
	int64_t most_late_us;
	uint64_t tick; /* counter at the latest turn of housekeeping */
	uint64_t aligned; /* counter at the latest alignment */
	uint64_t hz;
	unsigned turns;
	bool plays; /* captures: until they end, their stamps are all that moves time */
	_Atomic int64_t set_ns; /* by how much the wall clock was set; written by the worker */
	struct live_idle idle;
	struct port_pass pass;
};

/* Which queues the worker polls. */
void live_rx_init(struct worker *w);

/* The worker's loop: receives until the run stops, then takes what is still on its way. */
void live_run(struct worker *w);

/* Receives a burst of queue i, which is then the one in hand. How many packets. */
unsigned live_poll(struct worker *w, unsigned i, struct rte_mbuf **packets);

/* The time of a packet of the queue in hand. It stays with the packet, in nanoseconds. */
int64_t live_keep_time(struct worker *w, struct rte_mbuf *m);

/* Gives a packet that was received (by the queue in hand) or handed over its times and link type.
 */
void live_stamp(struct worker *w, struct frame *frame, const struct rte_mbuf *m);

/* Are frames of the burst in hand alike but for their octets, where their buffers have no stamp
 * (*stamped is the flag)? Then *frame is such a one. */
bool live_like(struct worker *w, struct frame *frame, uint64_t *stamped);

/* Leaves on a buffer what its owner cannot know: when and where it came, and that it is a piece. */
void live_mark(const struct worker *w, struct rte_mbuf *m, const struct frame *frame);

static inline bool live_is_piece(const struct rte_mbuf *m)
{
	return m->hash.usr & 1;
}

/* Was it made by a worker, with a preamble, and handed over? Devices' packets have a port. */
bool live_is_made(const struct worker *w, const struct rte_mbuf *m);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several workers, live: every packet to the one that owns its flow, at once. Nobody waits for
 * anybody for long: where an owner's ring stays full, the packet is lost and counted. Reading
 * files, app/steer.h does the same in the order of the capture.
 */
#ifndef APP_LIVE_STEER_H
#define APP_LIVE_STEER_H

struct worker;
struct rte_mbuf;

/* Takes n (at most PIPELINE_BURST) packets that this worker received. */
void live_received(struct worker *w, struct rte_mbuf **packets, unsigned n);

/* Takes what others handed over. How many packets. */
unsigned live_take_over(struct worker *w);

/* All have stopped receiving: takes what is still on its way, until nothing is. */
void live_take_rest(struct worker *w);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices that play captures (net_pcap's rx_pcap): several queues are taken as one capture, in the
 * order of their stamps, by however many workers. How fast such a queue is read says nothing of
 * when its packets were sent, and nothing is lost while it waits: so here workers wait for each
 * other, as they do for files (app/steer.h), and the same lines come out each time.
 */
#ifndef APP_LIVE_ORDER_H
#define APP_LIVE_ORDER_H

struct live;
struct worker;

/* Counts the queues of all ports, and says whether they are captures, and several. -E2BIG, said,
 * where a worker would have too many. */
int live_order_plan(struct live *live);

/* A turn: receives, and processes what is complete. How many packets. */
unsigned live_order_turn(struct worker *w);

/* Receives no more: processes what is there, of all workers. */
void live_order_end(struct worker *w);

#endif

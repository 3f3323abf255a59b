/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Merges several captures, which are read at once, by their timestamps. The earliest packet is
 * known once each source has a packet to compare, or has ended.
 *
 * A packet's number is the clock of its source (struct clock_guard): broken timestamps neither
 * delay a source nor advance it, and if a capture goes back in time, its packets stay in place
 * among the others'. Numbers rise within a source even if timestamps are equal.
 */
#ifndef RX_MERGE_H
#define RX_MERGE_H

#include "rx/clock.h"
#include "rx/order.h"

#define MERGE_ENDED UINT64_MAX /* merge_passed(): all sources have ended */

struct merge {
	unsigned n; /* sources, at most ORDER_SOURCES */
	struct order received;
	uint64_t last[ORDER_SOURCES]; /* number of the latest packet of each */
	struct clock_guard clocks[ORDER_SOURCES]; /* of each */
	struct order_item *held[ORDER_SOURCES][CLOCK_CONFIRM]; /* packets that its clock holds */
	uint64_t ended; /* bit i: source i has ended */
};

/* Initialises a merge of n sources. jump_ns: of struct clock_guard. */
void merge_start(struct merge *m, unsigned n, int64_t jump_ns);

/* True if the merge needs more packets of source i. */
static inline bool merge_wants(const struct merge *m, unsigned i)
{
	return !((m->received.pending | m->ended) >> i & 1);
}

/* Enqueues a packet of source i, which must not have ended. Sets its number now, or when a later
 * packet settles its timestamp. The item must stay valid until it is dequeued. */
void merge_enqueue(
	struct merge *m, unsigned i, struct order_item *item, void *packet, int64_t ts_ns);

/* Ends source i. */
void merge_end(struct merge *m, unsigned i);

/*
 * Dequeues the next packet of all sources. NULL if there is none, or if a wanted source may have an
 * earlier one: its next number is only known to be above its last one.
 */
struct order_item *merge_dequeue(struct merge *m);

/* Returns the highest number below all that merge_dequeue() will still return. */
uint64_t merge_passed(const struct merge *m);

/* Returns how many timestamps of all sources the clocks ignored. */
uint64_t merge_odd(const struct merge *m);

#endif

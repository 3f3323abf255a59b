/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several captures that are read at once, merged by their timestamps. The earliest packet of all is
 * known once a packet of each source is there to compare, or the source has ended.
 *
 * A packet's number is the clock of its source (struct clock_guard): timestamps that are broken
 * neither delay a source nor hurry it, and where a capture goes back in time, its packets keep
 * their place among the others'. Numbers rise within a source even where timestamps are equal.
 */
#ifndef RX_MERGE_H
#define RX_MERGE_H

#include "rx/clock.h"
#include "rx/order.h"

#define MERGE_ENDED UINT64_MAX /* merge_passed(): nothing more will come */

struct merge {
	unsigned n; /* sources, at most ORDER_SOURCES */
	struct order received;
	uint64_t last[ORDER_SOURCES]; /* number of the latest packet of each */
	struct clock_guard clocks[ORDER_SOURCES]; /* of each */
	struct order_item *held[ORDER_SOURCES][CLOCK_CONFIRM]; /* packets that its clock holds */
	uint64_t ended; /* bit i: source i is at its end */
};

/* Starts a merge of n sources. jump_ns: of struct clock_guard. */
void merge_start(struct merge *m, unsigned n, int64_t jump_ns);

/* Does it take more packets of source i to go on? */
static inline bool merge_wants(const struct merge *m, unsigned i)
{
	return !((m->received.pending | m->ended) >> i & 1);
}

/* Inserts a packet of source i, which must not have ended; sets its number, at once or when a later
 * one tells its clock. The item must stay until the merge gives it. */
void merge_put(struct merge *m, unsigned i, struct order_item *item, void *packet, int64_t ts_ns);

/* Ends source i. */
void merge_end(struct merge *m, unsigned i);

/*
 * Removes the next packet of all. NULL where one of a wanted source may come before it, or where
 * there is none. Of such a source no more is known than that its next number is above its last one.
 */
struct order_item *merge_take(struct merge *m);

/* The highest number that is below all that merge_take() will still give. */
uint64_t merge_passed(const struct merge *m);

/* How many timestamps of all sources were not followed. */
uint64_t merge_odd(const struct merge *m);

#endif

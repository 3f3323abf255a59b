/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several captures that are read at once, taken as one: in the order of their stamps. Of each a
 * packet has to be there to compare before the earliest can be taken, or the capture is at its end.
 * Stamps make numbers, which rise within a source even where its stamps are equal or go back.
 */
#ifndef RX_MERGE_H
#define RX_MERGE_H

#include "rx/clock.h"
#include "rx/order.h"

#define MERGE_ENDED UINT64_MAX /* merge_passed(): nothing more will come */

/* After merge_start(), and with n set: nothing was received. */
struct merge {
	unsigned n; /* sources, at most ORDER_SOURCES */
	struct order received;
	uint64_t last[ORDER_SOURCES]; /* number of the latest packet of each */
	struct clock_guard clocks[ORDER_SOURCES]; /* of each: no broken stamp holds it up */
	uint64_t ended; /* bit i: source i is at its end */
};

/* jump_ns: of struct clock_guard, for each source; INT64_MAX: stamps are followed as they are, as
 * captures that are played as devices want it. */
void merge_start(struct merge *m, int64_t jump_ns);

/* Does it take more packets of source i to go on? */
static inline bool merge_wants(const struct merge *m, unsigned i)
{
	return !((m->received.waiting | m->ended) >> i & 1);
}

/* Source i gave this packet; its number is set here. */
void merge_put(struct merge *m, unsigned i, struct order_item *item, void *packet, int64_t ts_ns);

/* Source i is at its end. */
static inline void merge_end(struct merge *m, unsigned i)
{
	m->ended |= (uint64_t)1 << i;
}

/*
 * The next packet of all; NULL where one of a wanted source may come before it, or where there is
 * none. Of such a source no more is known than that its next number is above its last one.
 */
struct order_item *merge_take(struct merge *m);

/* The next packet whatever is wanted, or NULL. */
struct order_item *merge_take_rest(struct merge *m);

/* The highest number that is below all that merge_take() will still give. */
uint64_t merge_passed(const struct merge *m);

#endif

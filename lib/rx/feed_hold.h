/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frames that the feeder (rx/feed.h) holds back while the clock of their timestamps is not
 * known (struct clock_guard): a queue of copies.
 */
#ifndef RX_FEED_HOLD_H
#define RX_FEED_HOLD_H

#include "rx/capfile.h"
#include "rx/clock.h"

struct feed_hold {
	struct capfile_frame frame[CLOCK_CONFIRM];
	uint8_t *memory; /* CAPFILE_FRAME_MAX octets for each of them */
	unsigned first, n;
};

/* Allocates. 0 or -ENOMEM; feed_hold_free() may follow in any case. */
int feed_hold_init(struct feed_hold *h);
void feed_hold_free(struct feed_hold *h);

/* Enqueues a copy of a frame; there are less than CLOCK_CONFIRM in it. */
void feed_hold_put(struct feed_hold *h, const struct capfile_frame *frame);

/* Dequeues the oldest, of one at least. It stays valid until the next feed_hold_put(). */
const struct capfile_frame *feed_hold_take(struct feed_hold *h);

/* The latest that was enqueued, of one at least. */
const struct capfile_frame *feed_hold_last(const struct feed_hold *h);

#endif

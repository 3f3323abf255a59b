/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of copies of the frames that the feeder (rx/feed.h) holds until their timestamps are
 * settled (struct clock_guard).
 */
#ifndef RX_FEED_HOLD_H
#define RX_FEED_HOLD_H

#include "rx/capfile.h"
#include "rx/clock.h"

struct feed_hold {
	struct capfile_frame frame[CLOCK_CONFIRM];
	uint8_t *memory; /* CAPFILE_FRAME_MAX octets for each frame */
	unsigned first, n;
};

/* Allocates the queue. Returns 0 or -ENOMEM; feed_hold_free() may follow in any case. */
int feed_hold_init(struct feed_hold *h);
void feed_hold_free(struct feed_hold *h);

/* Enqueues a copy of a frame. The queue must hold less than CLOCK_CONFIRM. */
void feed_hold_enqueue(struct feed_hold *h, const struct capfile_frame *frame);

/* Dequeues the oldest frame, valid until the next feed_hold_enqueue(). The queue must not be empty.
 */
const struct capfile_frame *feed_hold_dequeue(struct feed_hold *h);

/* Returns the latest frame. The queue must not be empty. */
const struct capfile_frame *feed_hold_last(const struct feed_hold *h);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* From DPDK's packet buffers to frames. */
#ifndef RX_MBUF_H
#define RX_MBUF_H

#include "metrics/metrics.h"
#include "rx/frame.h"

#include <rte_mbuf.h>

/* Copies of frames that came in several buffers, one place for each packet of a burst. */
struct mbuf_scratch {
	uint8_t *room; /* places * place octets, touched only when used */
	uint32_t place; /* octets a frame may have */
	uint32_t places;
};

/* 0 or -ENOMEM. */
int mbuf_scratch_init(struct mbuf_scratch *s, uint32_t places);
void mbuf_scratch_free(struct mbuf_scratch *s);

/*
 * The frame in a buffer that the feeder filled: its preamble (rx/feed_pipe.h) tells time, length
 * and link type. A frame in several buffers is copied to place `i`. The frame borrows from the mbuf
 * or from the scratch place. false: it is larger than any frame, or no preamble.
 */
bool mbuf_frame_fed(struct frame *frame, struct rte_mbuf *m, struct mbuf_scratch *s, unsigned i,
	struct metrics_rx *metrics);

/* The place in the capture of what the feeder put into a buffer. */
uint64_t mbuf_number(const struct rte_mbuf *m);

/*
 * The reverse: a buffer chain from `pool` that holds a frame as the feeder would have put it down,
 * for a frame that was made here. NULL: the pool has too few buffers left.
 */
struct rte_mbuf *mbuf_of_frame(struct rte_mempool *pool, const struct frame *frame);

#endif

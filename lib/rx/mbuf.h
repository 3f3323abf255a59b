/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes frames of DPDK's packet buffers. */
#ifndef RX_MBUF_H
#define RX_MBUF_H

#include "metrics/metrics.h"
#include "rx/frame.h"
#include "rx/order.h"

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

/* Buffers for frames that arrive in several mbufs: one slot for each packet of a burst. */
struct mbuf_scratch {
	uint8_t *buffer; /* n * slot_bytes octets, touched only when used */
	uint32_t slot_bytes; /* the largest frame */
	uint32_t n; /* slots */
};

/* Allocates n slots. Returns 0 or -ENOMEM. */
int mbuf_scratch_init(struct mbuf_scratch *s, uint32_t n);
void mbuf_scratch_free(struct mbuf_scratch *s);

/*
 * Makes the frame of a buffer that the feeder filled: its preamble (rx/feed_pipe.h) holds time,
 * length and link type. A frame in several buffers is copied to slot `i`. The frame borrows from
 * the mbuf or the slot. Returns false if it is larger than any frame, or has no preamble.
 */
bool mbuf_frame_fed(struct frame *frame, struct rte_mbuf *m, struct mbuf_scratch *s, unsigned i,
	struct metrics_rx *metrics);

/* Returns the number of the frame in a buffer that the feeder filled. */
uint64_t mbuf_number(const struct rte_mbuf *m);

/* Returns the order item of a packet that is processed in order: it is in the buffer's headroom. */
static inline struct order_item *mbuf_item(const struct rte_mbuf *m)
{
	_Static_assert(sizeof(struct order_item) <= RTE_PKTMBUF_HEADROOM, "the headroom holds it");
	return m->buf_addr;
}

/* Where DPDK's drivers write timestamps, and workers write them for each other, in ns. */
struct mbuf_timestamp {
	int offset;
	uint64_t flag; /* of ol_flags: the driver wrote one */
};

/* Reserves the field and the flag. Returns 0 or -errno. */
int mbuf_timestamp_register(struct mbuf_timestamp *timestamp);

static inline uint64_t mbuf_timestamp_get(
	const struct rte_mbuf *m, const struct mbuf_timestamp *timestamp)
{
	return *RTE_MBUF_DYNFIELD(m, timestamp->offset, const uint64_t *);
}

static inline void mbuf_timestamp_set(
	struct rte_mbuf *m, const struct mbuf_timestamp *timestamp, int64_t ts_ns)
{
	*RTE_MBUF_DYNFIELD(m, timestamp->offset, int64_t *) = ts_ns;
}

/* True if the packet is in one buffer, unchanged, without any of these flags. */
static inline bool mbuf_is_plain(const struct rte_mbuf *m, uint64_t flags)
{
	return m->nb_segs == 1 && !(m->ol_flags & (flags | RTE_MBUF_F_RX_VLAN_STRIPPED));
}

/* True if the NIC has verified the transport checksum, or reports it unfinished but the octets
 * correct. Software checks those that it found wrong: they may be UDP-Lite, or left for another NIC
 * to finish. */
static inline bool mbuf_is_verified(const struct rte_mbuf *m)
{
	uint64_t verdict = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	return verdict == RTE_MBUF_F_RX_L4_CKSUM_GOOD || verdict == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

/*
 * Makes the frame of a buffer that a device filled. *m may become another buffer, because a VLAN
 * tag that the device stripped is inserted again. The caller sets ts_ns, clock_ns, link_type and
 * owner. Returns false if it is larger than any frame.
 */
bool mbuf_frame_live(struct frame *frame, struct rte_mbuf **m, struct mbuf_scratch *s, unsigned i,
	struct metrics_rx *metrics);

/*
 * Makes a buffer chain from `pool` of a frame that was made here, with a preamble as the feeder
 * writes it. Returns NULL if the pool has too few buffers.
 */
struct rte_mbuf *mbuf_of_frame(struct rte_mempool *pool, const struct frame *frame);

#endif

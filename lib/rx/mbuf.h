/* SPDX-License-Identifier: BSD-3-Clause */
/* From DPDK's packet buffers to frames. */
#ifndef RX_MBUF_H
#define RX_MBUF_H

#include "metrics/metrics.h"
#include "rx/frame.h"
#include "rx/order.h"

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

/* Buffers for frames that arrive in several mbufs: one place for each packet of a burst. */
struct mbuf_scratch {
	uint8_t *buffer; /* places * place octets, touched only when used */
	uint32_t place; /* octets a frame may have */
	uint32_t places;
};

/* Allocates. 0 or -ENOMEM. */
int mbuf_scratch_init(struct mbuf_scratch *s, uint32_t places);
void mbuf_scratch_free(struct mbuf_scratch *s);

/*
 * The frame in a buffer that the feeder filled: its preamble (rx/feed_pipe.h) tells time, length
 * and link type. A frame in several buffers is copied to place `i`. The frame borrows from the mbuf
 * or from the scratch place. false: it is larger than any frame, or no preamble.
 */
bool mbuf_frame_fed(struct frame *frame, struct rte_mbuf *m, struct mbuf_scratch *s, unsigned i,
	struct metrics_rx *metrics);

/* Returns the number of a frame that the feeder put into a buffer. */
uint64_t mbuf_number(const struct rte_mbuf *m);

/* The note about a packet that is processed in order, in the headroom in front of its octets. */
static inline struct order_item *mbuf_item(const struct rte_mbuf *m)
{
	_Static_assert(sizeof(struct order_item) <= RTE_PKTMBUF_HEADROOM, "it is that large");
	return m->buf_addr;
}

/* The field of an mbuf in which DPDK's drivers store timestamps, and workers too, for each other,
 * in ns. */
struct mbuf_timestamp {
	int offset;
	uint64_t flag; /* of ol_flags: the field is set */
};

/* Registers the field. 0 or -errno. */
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

/* Is it one buffer as it came, without any of these flags? */
static inline bool mbuf_is_plain(const struct rte_mbuf *m, uint64_t flags)
{
	return m->nb_segs == 1 && !(m->ol_flags & (flags | RTE_MBUF_F_RX_VLAN_STRIPPED));
}

/* True if the NIC has verified the transport checksum, or knows it unfinished but the octets good.
 * What it found wrong is for software to confirm: it may be UDP-Lite, or left to another NIC. */
static inline bool mbuf_is_verified(const struct rte_mbuf *m)
{
	uint64_t verdict = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	return verdict == RTE_MBUF_F_RX_L4_CKSUM_GOOD || verdict == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

/*
 * The frame in a buffer that a device filled. *m may become another buffer: a VLAN tag that the
 * device took out is put back. ts_ns, clock_ns, link_type and owner are the caller's to set. false:
 * it is larger than any frame.
 */
bool mbuf_frame_live(struct frame *frame, struct rte_mbuf **m, struct mbuf_scratch *s, unsigned i,
	struct metrics_rx *metrics);

/*
 * The reverse: a buffer chain from `pool` that holds a frame as the feeder would have put it down,
 * for a frame that was made here. NULL: the pool has too few buffers left.
 */
struct rte_mbuf *mbuf_of_frame(struct rte_mempool *pool, const struct frame *frame);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/mbuf.h"

#include "rx/feed_pipe.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <stdlib.h>

int mbuf_scratch_init(struct mbuf_scratch *s, uint32_t n)
{
	s->n = n;
	s->slot_bytes = FEED_CAPTURE_MAX;
	s->buffer = calloc(n, s->slot_bytes);
	return s->buffer ? 0 : -ENOMEM;
}

void mbuf_scratch_free(struct mbuf_scratch *s)
{
	free(s->buffer);
	s->buffer = NULL;
}

/* Returns the octets of a packet, contiguous, copied to slot i if necessary; NULL if it is larger
 * than any frame. */
static const uint8_t *contiguous(struct rte_mbuf *m, struct mbuf_scratch *s, unsigned i,
	uint32_t len, struct metrics_rx *metrics)
{
	if (bits_unlikely(len > s->slot_bytes))
		return NULL;
	if (bits_likely(m->nb_segs == 1))
		return rte_pktmbuf_mtod(m, const uint8_t *);
	metrics_add(&metrics->chained, 1);
	return rte_pktmbuf_read(m, 0, len, s->buffer + (size_t)i * s->slot_bytes);
}

int mbuf_timestamp_register(struct mbuf_timestamp *timestamp)
{
	return rte_mbuf_dyn_rx_timestamp_register(&timestamp->offset, &timestamp->flag) ? -rte_errno
											: 0;
}

bool mbuf_frame_live(struct frame *frame, struct rte_mbuf **m, struct mbuf_scratch *s, unsigned i,
	struct metrics_rx *metrics)
{
	if (bits_unlikely((*m)->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		rte_vlan_insert(m); /* fails for a packet too short to have a tag */
	frame->len = rte_pktmbuf_pkt_len(*m);
	frame->wire_len = frame->len;
	frame->time = FRAME_TIME_CAPTURE;
	frame->verified = mbuf_is_verified(*m);
	frame->data = contiguous(*m, s, i, frame->len, metrics);
	return frame->data != NULL;
}

bool mbuf_frame_fed(struct frame *frame, struct rte_mbuf *m, struct mbuf_scratch *s, unsigned i,
	struct metrics_rx *metrics)
{
	struct feed_preamble head;
	uint32_t len = rte_pktmbuf_pkt_len(m);

	if (bits_unlikely(rte_pktmbuf_data_len(m) < sizeof(head)))
		return false;
	const uint8_t *data = contiguous(m, s, i, len, metrics);
	if (bits_unlikely(!data))
		return false;
	memcpy(&head, data, sizeof(head));
	feed_frame(frame, &head, data + sizeof(head), len - (uint32_t)sizeof(head));
	return true;
}

uint64_t mbuf_number(const struct rte_mbuf *m)
{
	uint64_t number = 0;
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	if (rte_pktmbuf_data_len(m) >= sizeof(struct feed_preamble))
		memcpy(&number, data + offsetof(struct feed_preamble, number), sizeof(number));
	return number;
}

/* Appends n octets to a chain, in more buffers once the last one is full. */
static bool append(struct rte_mempool *pool, struct rte_mbuf *m, const void *from, uint32_t n)
{
	const uint8_t *p = from;
	while (n) {
		struct rte_mbuf *last = rte_pktmbuf_lastseg(m);
		uint32_t part = rte_pktmbuf_tailroom(last);
		if (part == 0) {
			struct rte_mbuf *more = rte_pktmbuf_alloc(pool);
			if (!more || rte_pktmbuf_chain(m, more) < 0) {
				rte_pktmbuf_free(more);
				return false;
			}
			continue;
		}
		if (part > n)
			part = n;
		memcpy(rte_pktmbuf_append(m, (uint16_t)part), p, part);
		p += part;
		n -= part;
	}
	return true;
}

struct rte_mbuf *mbuf_of_frame(struct rte_mempool *pool, const struct frame *frame)
{
	struct feed_preamble head = {
		.ts_ns = frame->ts_ns,
		.clock_ns = frame->clock_ns,
		.wire_len = frame->wire_len,
		.link_type = frame->link_type,
	};
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	if (m && append(pool, m, &head, sizeof(head)) && append(pool, m, frame->data, frame->len))
		return m;
	rte_pktmbuf_free(m);
	return NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The first steps of a packet, inline for pipeline.c and steer.c: walk its headers, find its owner.
 */
#ifndef PIPELINE_PIPELINE_INNER_H
#define PIPELINE_PIPELINE_INNER_H

#include "dns/plausible.h"
#include "pipeline/pipeline.h"

/*
 * What expires after every EXPIRE_EVERY frames, of each kind: more than these can add, so that no
 * table fills up.
 */
#define EXPIRE_EVERY PIPELINE_BURST
#define EXPIRE_MAX (2 * EXPIRE_EVERY)

/* Calls packet_walk() and, if no port tells, decides whether a datagram is DNS. */
static inline enum packet_verdict pipeline_walk(
	const struct pipeline *p, const struct frame *frame, struct pkt *pkt)
{
	enum packet_verdict verdict = packet_walk(p->packets, frame, pkt);
	if (bits_likely(verdict != PACKET_perhaps_dns))
		return verdict;
	return dns_plausible(pkt->payload, pkt->len, pkt->wire_len) ? PACKET_dns
								    : PACKET_other_port;
}

static inline bool pipeline_has_owner(enum packet_verdict verdict)
{
	return verdict == PACKET_dns || verdict == PACKET_tcp_dns || verdict == PACKET_fragment ||
	       verdict == PACKET_encrypted || verdict == PACKET_perhaps_tcp_dns;
}

/*
 * Returns the worker that owns the flow of a packet. Ports do not count, so that the fragments of a
 * flow and its unfragmented packets have one owner.
 */
uint16_t pipeline_owner_of(const struct pipeline *p, const struct pkt *pkt);

/* Has a packet to be reassembled or split before what is in it has an owner? */
static inline bool pipeline_is_piece(enum packet_verdict verdict)
{
	return verdict == PACKET_fragment || verdict == PACKET_aggregate;
}

/* Counts the verdict of a reassembled datagram or an A-MSDU subframe. */
void pipeline_count_inner(struct metrics_reasm *m, uint16_t link_type, enum packet_verdict verdict);

/* Counts the EtherType or link type of a packet that nothing here decodes. */
static inline void pipeline_count_undecoded(
	struct pipeline *p, const struct pkt *pkt, enum packet_verdict verdict)
{
	if (verdict == PACKET_other_ethertype)
		heavy_add(&p->metrics->ethertypes, pkt->undecoded, 1);
	else if (verdict == PACKET_other_link_type)
		heavy_add(&p->metrics->link_types, pkt->undecoded, 1);
}

/* Counts the verdict of a packet. */
static inline void pipeline_count_packet(
	struct pipeline *p, const struct pkt *pkt, enum packet_verdict verdict)
{
	packet_count(&p->metrics->packet, verdict);
	metrics_add(&p->metrics->rx.ipv6, pkt->addrs.family == ADDR_IPV6);
}

/* Walks a received frame into the next free packet of the burst and sets its owner. Counts the
 * verdict if it has none. */
static inline enum packet_verdict pipeline_walk_and_steer(struct pipeline *p, struct frame *frame)
{
	struct pkt *pkt = &p->pkts[p->count];
	enum packet_verdict verdict = pipeline_walk(p, frame, pkt);

	frame->piece = pipeline_is_piece(verdict);
	if (pipeline_has_owner(verdict)) {
		frame->owner = pipeline_owner_of(p, pkt);
	} else if (verdict == PACKET_aggregate) {
		frame->owner = p->self;
	} else {
		frame->owner = PIPELINE_NO_OWNER;
		pipeline_count_undecoded(p, pkt, verdict);
		pipeline_count_packet(p, pkt, verdict);
	}
	return verdict;
}

#endif

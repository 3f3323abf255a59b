/* SPDX-License-Identifier: BSD-3-Clause */
/* What several workers need beside pipeline.c: which of them owns a packet, its fragments and
 * its A-MSDU subframes. */
#include "pipeline/pipeline_inner.h"

uint16_t pipeline_owner_of(const struct pipeline *p, const struct pkt *pkt)
{
	/* Each service of the local link has one owner: a reply may come from any address. */
	if (bits_unlikely(dns_port_is_local(pkt->sport)) && pkt->proto == PACKET_UDP)
		return pkt->sport % p->workers;
	if (bits_unlikely(dns_port_is_local(pkt->dport)) && pkt->proto == PACKET_UDP)
		return pkt->dport % p->workers;
	if (p->rss)
		return rss_owner(p->rss, pkt->addrs.octets[ADDR_SRC], pkt->addrs.octets[ADDR_DST]);
	return (uint16_t)((uint64_t)packet_pair_hash(&p->secret, pkt) * p->workers >> 32);
}

void pipeline_count_inner(struct metrics_reasm *m, uint16_t link_type, enum packet_verdict verdict)
{
	const bool datagram = link_type == FRAME_LINK_DATAGRAM;

	switch (verdict) {
	case PACKET_dns: metrics_add(datagram ? &m->frag_dns : &m->amsdu_dns, 1); break;
	case PACKET_tcp_dns: metrics_add(datagram ? &m->frag_tcp_dns : &m->amsdu_tcp_dns, 1); break;
	case PACKET_encrypted:
		metrics_add(datagram ? &m->frag_encrypted : &m->amsdu_encrypted, 1);
		break;
	case PACKET_fragment: metrics_add(datagram ? &m->frag_other : &m->amsdu_fragment, 1); break;
	default: metrics_add(datagram ? &m->frag_other : &m->amsdu_other, 1); break;
	}
}

void pipeline_steer(struct pipeline *p, struct frame *frames, unsigned n)
{
	p->count = 0;
	for (unsigned i = 0; i < n; i++)
		pipeline_walk_and_steer(p, &frames[i]);
}

void pipeline_piece_begin(
	struct pipeline *p, struct pipeline_piece *piece, const struct frame *frame)
{
	piece->verdict = packet_walk(p->packets, frame, &piece->pkt);
	if (!pipeline_is_piece(piece->verdict))
		return;
	if (frame->clock_ns > p->fragments_ns)
		p->fragments_ns = frame->clock_ns;
	if (!frame_is_inner(frame->link_type)) /* others were counted when they were made */
		pipeline_count_packet(p, &piece->pkt, piece->verdict);
}

/* Makes the next frame of a piece: the datagram that a fragment completes, or a subframe. */
static bool make_next(
	struct pipeline *p, struct pipeline_piece *piece, unsigned level, struct frame *inner)
{
	if (piece->verdict == PACKET_aggregate) {
		if (!packet_subframe(&piece->pkt, p->subframe[level], inner))
			return false;
		metrics_add(&p->metrics->reasm.amsdu_subframes, 1);
		return true;
	}
	if (piece->verdict != PACKET_fragment)
		return false;
	piece->verdict = PACKET_other_protocol; /* a fragment completes one datagram at most */
	if (!ip_frag_process(&p->frag, &piece->pkt, inner))
		return false;
	inner->late_us = piece->pkt.late_us;
	return true;
}

bool pipeline_piece_next(
	struct pipeline *p, struct pipeline_piece *piece, unsigned level, struct frame *inner)
{
	while (make_next(p, piece, level, inner)) {
		struct pkt pkt;
		enum packet_verdict verdict = pipeline_walk(p, inner, &pkt);
		inner->piece = pipeline_is_piece(verdict);
		if (inner->piece || !pipeline_has_owner(verdict))
			pipeline_count_inner(&p->metrics->reasm, inner->link_type, verdict);
		if (!inner->piece && !pipeline_has_owner(verdict))
			continue;
		inner->owner = verdict == PACKET_aggregate ? p->self : pipeline_owner_of(p, &pkt);
		return true;
	}
	return false;
}

void pipeline_release(struct pipeline *p)
{
	ip_frag_recycle(&p->frag);
	ip_frag_expire(&p->frag, p->fragments_ns, EXPIRE_MAX);
}

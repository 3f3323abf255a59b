/* SPDX-License-Identifier: BSD-3-Clause */
/* What several workers need beside pipeline.c: which of them owns a packet, and its fragments. */
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

void pipeline_count_datagram(struct metrics_reasm *m, enum packet_verdict verdict)
{
	if (verdict == PACKET_dns)
		metrics_add(&m->frag_dns, 1);
	else if (verdict == PACKET_tcp_dns)
		metrics_add(&m->frag_tcp_dns, 1);
	else if (verdict == PACKET_encrypted)
		metrics_add(&m->frag_encrypted, 1);
	else
		metrics_add(&m->frag_other, 1);
}

void pipeline_steer(struct pipeline *p, struct frame *frames, unsigned n)
{
	p->count = 0;
	for (unsigned i = 0; i < n; i++)
		pipeline_walk_and_steer(p, &frames[i]);
}

bool pipeline_reassemble(struct pipeline *p, const struct frame *frame, struct frame *whole)
{
	struct pkt pkt;

	if (packet_walk(p->packets, frame, &pkt) != PACKET_fragment)
		return false;
	if (frame->clock_ns > p->fragments_ns)
		p->fragments_ns = frame->clock_ns;
	if (frame->link_type != FRAME_LINK_DATAGRAM) /* counted when it was reassembled */
		pipeline_count_packet(p, &pkt, PACKET_fragment);
	if (!ip_frag_take(&p->frag, &pkt, whole))
		return false;
	whole->late_us = pkt.late_us;
	enum packet_verdict verdict = pipeline_walk(p, whole, &pkt);
	whole->piece = verdict == PACKET_fragment;
	if (whole->piece || !pipeline_has_owner(verdict))
		pipeline_count_datagram(&p->metrics->reasm, verdict);
	whole->owner = pipeline_has_owner(verdict) ? pipeline_owner_of(p, &pkt) : PIPELINE_NO_OWNER;
	return pipeline_has_owner(verdict);
}

void pipeline_release(struct pipeline *p)
{
	ip_frag_recycle(&p->frag);
	ip_frag_expire(&p->frag, p->fragments_ns, EXPIRE_MAX);
}

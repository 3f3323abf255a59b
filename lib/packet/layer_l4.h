/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP (RFC 768) and TCP (RFC 9293). Checksums are not looked at: offload leaves them wrong in most
 * captures of a host's own packets; packet/checksum.h judges them where data contradict.
 */
#ifndef PACKET_LAYER_L4_H
#define PACKET_LAYER_L4_H

#include "packet/layer_ip.h"

static inline bool layer_on_dns_port(const struct walk *w)
{
	return packet_port_is(w->conf, w->pkt->sport) || packet_port_is(w->conf, w->pkt->dport);
}

static inline bool layer_on_encrypted_port(const struct walk *w)
{
	const struct pkt *pkt = w->pkt;
	return packet_encrypted_end(w->conf, &pkt->dst, pkt->dport, pkt->v6) ||
	       packet_encrypted_end(w->conf, &pkt->src, pkt->sport, pkt->v6);
}

/* Behind a UDP header one of whose ports can mean encrypted DNS. */
static inline enum layer layer_udp_encrypted(struct walk *w)
{
	uint32_t length = bits_be16(w->at - 4);
	if (!layer_on_encrypted_port(w))
		return layer_stop(w, PACKET_other_port);
	if (length == 0)
		length = w->announced;
	if (length < 8)
		return layer_stop(w, PACKET_bad_udp);
	w->pkt->proto = PACKET_UDP;
	layer_payload(w, length - 8);
	return layer_stop(w, PACKET_encrypted);
}

/*
 * A tunnel is known by its destination port. Teredo and L2TP also answer from their port to one
 * that the other side chose (RFC 4380 section 5.2, RFC 2661 section 8.1).
 */
static inline enum layer layer_udp_tunnel(struct walk *w, uint32_t length)
{
	uint8_t kind = w->conf->tunnel_of[w->pkt->dport];
	if (!kind) {
		kind = w->conf->tunnel_of[w->pkt->sport];
		if (kind != PACKET_TUNNEL_teredo && kind != PACKET_TUNNEL_l2tp &&
			kind < PACKET_PORT_encrypted)
			return layer_stop(w, PACKET_other_port);
	}
	if (kind >= PACKET_PORT_encrypted)
		return LAYER_udp_encrypted;
	if (length == 0)
		length = w->announced;
	if (length < 8)
		return layer_stop(w, PACKET_other_port);
	layer_bound(w, length - 8);
	switch (kind) {
#define PACKET_TUNNEL(name, layer, port, port2)                                                    \
	case PACKET_TUNNEL_##name:                                                                 \
		return LAYER_##layer;
#include "packet/ports.def"
#undef PACKET_TUNNEL
	default: return layer_stop(w, PACKET_other_port);
	}
}

static inline enum layer layer_udp(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_take(w, 8);
	if (!p)
		return layer_short(w, PACKET_bad_udp);
	uint32_t length = bits_be16(p + 4);
	pkt->sport = bits_be16(p);
	pkt->dport = bits_be16(p + 2);
	if (!layer_on_dns_port(w))
		return layer_udp_tunnel(w, length);
	if (length == 0) /* jumbogram (RFC 2675) or offload: as long as the IP payload */
		length = w->announced;
	if (length < 8)
		return layer_stop(w, PACKET_bad_udp);
	pkt->proto = PACKET_UDP;
	layer_payload(w, length - 8);
	/* Nothing shorter than a header (RFC 1035 section 4.1.1) is a message. */
	if (bits_likely(pkt->wire_len >= 12 && pkt->len))
		return layer_stop(w, PACKET_dns);
	if (w->cut || pkt->len < pkt->wire_len)
		return layer_short(w, PACKET_bad_udp);
	return layer_stop(w, pkt->wire_len ? PACKET_runt : PACKET_empty);
}

/* Behind the 20 octets that every TCP header has. */
static inline enum layer layer_tcp_segment(struct walk *w, enum packet_verdict verdict)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = w->at - 20;
	uint32_t header = (p[12] >> 4) * 4u;
	if (header < 20 || header > w->announced)
		return layer_stop(w, PACKET_bad_tcp);
	if (!layer_take(w, header - 20))
		return layer_short(w, PACKET_bad_tcp);
	pkt->proto = PACKET_TCP;
	pkt->seq = bits_be32(p + 4);
	pkt->ack = bits_be32(p + 8);
	pkt->tcp_flags = p[13];
	pkt->tcp_header = (uint8_t)header;
	layer_payload(w, w->announced - header);
	return layer_stop(w, verdict);
}

static inline enum layer layer_tcp(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_take(w, 20);
	if (!p)
		return layer_short(w, PACKET_bad_tcp);
	pkt->sport = bits_be16(p);
	pkt->dport = bits_be16(p + 2);
	if (layer_on_dns_port(w))
		return layer_tcp_segment(w, PACKET_tcp_dns);
	return bits_unlikely(w->conf->sightings) ? LAYER_tcp_encrypted : layer_stop(w, PACKET_tcp);
}

/* Where connections of encrypted DNS are looked for. */
static inline enum layer layer_tcp_encrypted(struct walk *w)
{
	if (!layer_on_encrypted_port(w))
		return layer_stop(w, PACKET_tcp);
	return layer_tcp_segment(w, PACKET_encrypted);
}

#endif

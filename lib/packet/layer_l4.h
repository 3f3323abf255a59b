/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP (RFC 768) and TCP (RFC 9293). Checksums are not looked at: offload leaves them wrong in most
 * captures of a host's own packets; packet/checksum.h judges them where data contradict.
 */
#ifndef PACKET_LAYER_L4_H
#define PACKET_LAYER_L4_H

#include "packet/layer_ip.h"

#define DNS_HEADER 12u /* RFC 1035 section 4.1.1: no message is shorter */

static inline bool layer_on_dns_port(const struct walk *w)
{
	return packet_port_is(w->conf, w->pkt->sport) || packet_port_is(w->conf, w->pkt->dport);
}

static inline bool layer_on_encrypted_port(const struct walk *w)
{
	const struct pkt *pkt = w->pkt;
	return packet_encrypted_end(w->conf, &pkt->addrs, ADDR_DST, pkt->dport) ||
	       packet_encrypted_end(w->conf, &pkt->addrs, ADDR_SRC, pkt->sport);
}

/*
 * Sets the payload of a datagram whose header, before w->at, says `length`. Returns false if that
 * is less than a header or more than the IP payload (RFC 768). 0 means a jumbogram (RFC 2675
 * section 4) or segmentation offload: the datagram is as long as the IP payload, unless that is
 * longer than any datagram.
 */
static inline bool layer_udp_length(struct walk *w, uint32_t length)
{
	/* `announced` is UDP_HEADER at least: one comparison for both ends. */
	if (bits_unlikely(length - UDP_HEADER > w->announced - UDP_HEADER)) {
		if (length != 0 || w->announced > IP_LARGEST)
			return false;
		length = w->announced;
	}
	layer_payload(w, length - UDP_HEADER);
	return true;
}

/* Ends the walk of a datagram on a port that can mean encrypted DNS. */
static inline enum layer layer_udp_encrypted(struct walk *w)
{
	if (!layer_on_encrypted_port(w))
		return layer_stop(w, PACKET_other_port);
	w->pkt->proto = PACKET_UDP;
	if (!layer_udp_length(w, bits_be16(w->at - UDP_HEADER + UDP_LENGTH)))
		return layer_stop(w, PACKET_bad_udp);
	return layer_stop(w, PACKET_encrypted);
}

#define UDP_ANSWER (8 + IPV4_HEADER) /* octets that layer_udp_answer() needs */

/*
 * Is a datagram from a tunnel's port, to a port that is none, of that tunnel? Teredo and L2TP reply
 * so (RFC 4380 section 5.2, RFC 2661 section 8.1), and their layers check. Others do so in some
 * networks; as a client may use any port, their header must leave no doubt.
 */
static __attribute__((noinline)) bool layer_udp_answer(
	const uint8_t *p, size_t left, size_t missing, uint8_t kind)
{
	if (kind == PACKET_TUNNEL_teredo || kind == PACKET_TUNNEL_l2tp)
		return true;
	uint16_t type;
	if (left < UDP_ANSWER)
		return false;
	switch (kind) {
	case PACKET_TUNNEL_gtp: /* a G-PDU as long as the datagram */
		return (p[0] & (GTP_VERSION_PT | 0x08)) == GTP_V1_USER &&
		       p[GTP_TYPE] == GTP_G_PDU &&
		       bits_be16(p + GTP_LENGTH) == left + missing - GTP_HEADER;
	case PACKET_TUNNEL_geneve: /* version 0, reserved bits zero, of a type that leads to IP */
		type = bits_be16(p + GENEVE_TYPE);
		return !(p[0] & GENEVE_VERSION) && !(p[1] & GENEVE_RESERVED_BITS) &&
		       p[GENEVE_RESERVED] == 0 &&
		       (type == ETHER_BRIDGED || type == ETHER_IPV4 || type == ETHER_IPV6);
	case PACKET_TUNNEL_vxlan: /* the I bit and nothing else */
		return bits_be32(p) == (uint32_t)VXLAN_I << 24 && p[VXLAN_RESERVED] == 0 &&
		       looks_ethernet(p + VXLAN_HEADER, left - VXLAN_HEADER);
	case PACKET_TUNNEL_lisp: return !(p[0] & 0x03) && looks_ip(p + 8, left - 8, missing > 0);
	case PACKET_TUNNEL_gue:
		return bits_be16(p + 2) == 0 && looks_ip(p + 4, left - 4, missing > 0);
	case PACKET_TUNNEL_capwap: return p[0] == 0 && (p[1] >> 3) >= 2;
	default: return false;
	}
}

/* A datagram on ports without a meaning. */
static inline enum layer layer_udp_nothing(struct walk *w)
{
	return bits_unlikely(w->conf->anywhere) ? LAYER_udp_anywhere
						: layer_stop(w, PACKET_other_port);
}

/* A datagram where DNS may be on any port. */
static inline enum layer layer_udp_anywhere(struct walk *w)
{
	w->pkt->proto = PACKET_UDP;
	if (!layer_udp_length(w, bits_be16(w->at - UDP_HEADER + UDP_LENGTH)))
		return layer_stop(w, PACKET_bad_udp);
	return layer_stop(w, PACKET_perhaps_dns);
}

/* Enters the tunnel of the destination port, or of the source port (layer_udp_answer()). */
static inline enum layer layer_udp_tunnel(struct walk *w)
{
	uint32_t length = bits_be16(w->at - UDP_HEADER + UDP_LENGTH);
	uint8_t kind = w->conf->tunnel_of[w->pkt->dport];
	const bool answer = !kind;
	if (answer)
		kind = w->conf->tunnel_of[w->pkt->sport];
	if (kind >= PACKET_PORT_encrypted)
		return LAYER_udp_encrypted;
	if (length == 0)
		length = w->announced;
	if (length < UDP_HEADER || length > w->announced)
		return layer_stop(w, PACKET_bad_udp);
	layer_bound(w, length - UDP_HEADER);
	if (bits_unlikely(answer) &&
		!layer_udp_answer(w->at, layer_left(w), w->cut ? w->missing : 0, kind))
		return layer_left(w) < UDP_ANSWER ? layer_short(w, PACKET_other_port)
						  : layer_udp_nothing(w);
	switch (kind) {
#define PACKET_TUNNEL(name, layer, port, port2)                                                    \
	case PACKET_TUNNEL_##name:                                                                 \
		return LAYER_##layer;
#include "packet/ports.def"
#undef PACKET_TUNNEL
	default: return layer_stop(w, PACKET_other_port);
	}
}

/* A datagram on no DNS port. */
static inline enum layer layer_udp_other(struct walk *w)
{
	const uint8_t *kinds = w->conf->tunnel_of;
	if (bits_likely(!(kinds[w->pkt->dport] | kinds[w->pkt->sport])))
		return layer_udp_nothing(w);
	return layer_udp_tunnel(w);
}

/* A datagram on a DNS port, of `length` by its header. */
static inline enum layer layer_udp_payload(struct walk *w, uint32_t length)
{
	struct pkt *pkt = w->pkt;
	pkt->proto = PACKET_UDP;
	if (bits_unlikely(!layer_udp_length(w, length)))
		return layer_stop(w, PACKET_bad_udp);
	if (bits_likely(pkt->wire_len >= DNS_HEADER && pkt->len))
		return layer_stop(w, PACKET_dns);
	if (w->cut || pkt->len < pkt->wire_len)
		return layer_short(w, PACKET_bad_udp);
	return layer_stop(w, pkt->wire_len ? PACKET_runt : PACKET_empty);
}

static inline enum layer layer_udp(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_take(w, UDP_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_udp);
	uint32_t length = bits_be16(p + UDP_LENGTH);
	pkt->sport = bits_be16(p + UDP_SPORT);
	pkt->dport = bits_be16(p + UDP_DPORT);
	if (!layer_on_dns_port(w))
		return layer_udp_other(w);
	return layer_udp_payload(w, length);
}

/*
 * UDP-Lite (RFC 3828 section 3.1): the length field says how many octets the checksum covers, 0
 * all; the datagram is as long as the IP payload.
 */
static inline enum layer layer_udplite(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_take(w, UDP_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_udp);
	pkt->sport = bits_be16(p + UDP_SPORT);
	pkt->dport = bits_be16(p + UDP_DPORT);
	uint32_t covered = bits_be16(p + UDP_LENGTH);
	if (covered && (covered < UDP_HEADER || covered > w->announced))
		return layer_stop(w, PACKET_bad_udp);
	if (!layer_on_dns_port(w))
		return layer_stop(w, PACKET_other_port);
	return layer_udp_payload(w, 0);
}

/* Ends the walk of a segment, behind the part of its header that is always there. */
static inline enum layer layer_tcp_segment(struct walk *w, enum packet_verdict verdict)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = w->at - TCP_HEADER;
	uint32_t header = (p[TCP_DATA_OFFSET] >> 4) * 4u;
	if (header < TCP_HEADER || header > w->announced)
		return layer_stop(w, PACKET_bad_tcp);
	if (!layer_take(w, header - TCP_HEADER))
		return layer_short(w, PACKET_bad_tcp);
	pkt->proto = PACKET_TCP;
	pkt->seq = bits_be32(p + TCP_SEQ);
	pkt->ack = bits_be32(p + TCP_ACK_NUMBER);
	pkt->tcp_flags = p[TCP_FLAGS];
	pkt->tcp_header = (uint8_t)header;
	layer_payload(w, w->announced - header);
	return layer_stop(w, verdict);
}

static inline enum layer layer_tcp(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_take(w, TCP_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_tcp);
	pkt->sport = bits_be16(p + TCP_SPORT);
	pkt->dport = bits_be16(p + TCP_DPORT);
	if (layer_on_dns_port(w))
		return layer_tcp_segment(w, PACKET_tcp_dns);
	return bits_unlikely(w->conf->sightings || w->conf->anywhere) ? LAYER_tcp_encrypted
								      : layer_stop(w, PACKET_tcp);
}

/* A segment where its port can mean encrypted DNS, or DNS may be on any port. */
static inline enum layer layer_tcp_encrypted(struct walk *w)
{
	if (w->conf->sightings && layer_on_encrypted_port(w))
		return layer_tcp_segment(w, PACKET_encrypted);
	if (w->conf->anywhere)
		return layer_tcp_segment(w, PACKET_perhaps_tcp_dns);
	return layer_stop(w, PACKET_tcp);
}

#endif

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
	return packet_encrypted_end(w->conf, &pkt->addrs, ADDR_DST, pkt->dport) ||
	       packet_encrypted_end(w->conf, &pkt->addrs, ADDR_SRC, pkt->sport);
}

/*
 * The payload of a datagram whose header, behind us, says `length`. Less than a header, or more
 * than the IP payload (RFC 768), cannot be. 0 is a jumbogram (RFC 2675 section 4) or offload: as
 * long as the IP payload, which without a length of its own may be more than a message can have.
 */
static inline bool layer_udp_length(struct walk *w, uint32_t length)
{
	/* The header was there, so that `announced` is no less: one comparison for both ends. */
	if (bits_unlikely(length - UDP_HEADER > w->announced - UDP_HEADER)) {
		if (length != 0 || w->announced > IP_LARGEST)
			return false;
		length = w->announced;
	}
	layer_payload(w, length - UDP_HEADER);
	return true;
}

/* Behind a UDP header one of whose ports can mean encrypted DNS. */
static inline enum layer layer_udp_encrypted(struct walk *w)
{
	if (!layer_on_encrypted_port(w))
		return layer_stop(w, PACKET_other_port);
	w->pkt->proto = PACKET_UDP;
	if (!layer_udp_length(w, bits_be16(w->at - 4)))
		return layer_stop(w, PACKET_bad_udp);
	return layer_stop(w, PACKET_encrypted);
}

#define UDP_ANSWER (8 + IPV4_HEADER) /* octets that it takes to tell */

/*
 * From a tunnel's port to one that is none: is it the tunnel? Teredo and L2TP answer so (RFC 4380
 * section 5.2, RFC 2661 section 8.1), and their layers look for themselves. Of the others there are
 * networks that do, but a client's port may be any: the header must be beyond doubt.
 */
static __attribute__((noinline)) bool layer_udp_answer(
	const uint8_t *p, size_t left, size_t missing, uint8_t kind)
{
	if (kind == PACKET_TUNNEL_teredo || kind == PACKET_TUNNEL_l2tp)
		return true;
	if (left < UDP_ANSWER)
		return false;
	switch (kind) {
	case PACKET_TUNNEL_gtp: /* a G-PDU as long as the datagram */
		return (p[0] & 0xf8) == 0x30 && p[1] == 255 &&
		       bits_be16(p + 2) == left + missing - 8;
	case PACKET_TUNNEL_geneve: /* version 0, reserved bits zero, of a type that leads to IP */
		return !(p[0] & 0xc0) && !(p[1] & 0x3f) && p[7] == 0 &&
		       (bits_be16(p + 2) == ETHER_BRIDGED || bits_be16(p + 2) == ETHER_IPV4 ||
			       bits_be16(p + 2) == ETHER_IPV6);
	case PACKET_TUNNEL_vxlan: /* the I bit and nothing else */
		return bits_be32(p) == 0x08000000 && p[7] == 0 && looks_ethernet(p + 8, left - 8);
	case PACKET_TUNNEL_lisp: return !(p[0] & 0x03) && looks_ip(p + 8, left - 8, missing > 0);
	case PACKET_TUNNEL_gue:
		return bits_be16(p + 2) == 0 && looks_ip(p + 4, left - 4, missing > 0);
	case PACKET_TUNNEL_capwap: return p[0] == 0 && (p[1] >> 3) >= 2;
	default: return false;
	}
}

/* A datagram whose ports mean nothing. */
static inline enum layer layer_udp_nothing(struct walk *w)
{
	return bits_unlikely(w->conf->anywhere) ? LAYER_udp_anywhere
						: layer_stop(w, PACKET_other_port);
}

/* Where messages are looked for on all ports. */
static inline enum layer layer_udp_anywhere(struct walk *w)
{
	w->pkt->proto = PACKET_UDP;
	if (!layer_udp_length(w, bits_be16(w->at - 4)))
		return layer_stop(w, PACKET_bad_udp);
	return layer_stop(w, PACKET_perhaps_dns);
}

/* A tunnel is known by its destination port, or by its source's where it answers so. */
static inline enum layer layer_udp_tunnel(struct walk *w)
{
	uint32_t length = bits_be16(w->at - 4);
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

/* On no DNS port: do the ports mean something else? */
static inline enum layer layer_udp_other(struct walk *w)
{
	const uint8_t *kinds = w->conf->tunnel_of;
	if (bits_likely(!(kinds[w->pkt->dport] | kinds[w->pkt->sport])))
		return layer_udp_nothing(w);
	return layer_udp_tunnel(w);
}

/* A datagram on a DNS port whose header says `length`. */
static inline enum layer layer_udp_payload(struct walk *w, uint32_t length)
{
	struct pkt *pkt = w->pkt;
	pkt->proto = PACKET_UDP;
	if (bits_unlikely(!layer_udp_length(w, length)))
		return layer_stop(w, PACKET_bad_udp);
	/* Nothing shorter than a header (RFC 1035 section 4.1.1) is a message. */
	if (bits_likely(pkt->wire_len >= 12 && pkt->len))
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
	uint32_t length = bits_be16(p + 4);
	pkt->sport = bits_be16(p);
	pkt->dport = bits_be16(p + 2);
	if (!layer_on_dns_port(w))
		return layer_udp_other(w);
	return layer_udp_payload(w, length);
}

/*
 * UDP-Lite (RFC 3828): what is UDP's length says how much the checksum covers, 0 all of it, and the
 * datagram is as long as the IP payload.
 */
static inline enum layer layer_udplite(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_take(w, UDP_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_udp);
	pkt->sport = bits_be16(p);
	pkt->dport = bits_be16(p + 2);
	uint32_t covered = bits_be16(p + 4);
	if (covered && (covered < UDP_HEADER || covered > w->announced)) /* section 3.1 */
		return layer_stop(w, PACKET_bad_udp);
	if (!layer_on_dns_port(w))
		return layer_stop(w, PACKET_other_port);
	return layer_udp_payload(w, 0);
}

/* Behind the 20 octets that every TCP header has. */
static inline enum layer layer_tcp_segment(struct walk *w, enum packet_verdict verdict)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = w->at - TCP_HEADER;
	uint32_t header = (p[12] >> 4) * 4u;
	if (header < TCP_HEADER || header > w->announced)
		return layer_stop(w, PACKET_bad_tcp);
	if (!layer_take(w, header - TCP_HEADER))
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
	const uint8_t *p = layer_take(w, TCP_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_tcp);
	pkt->sport = bits_be16(p);
	pkt->dport = bits_be16(p + 2);
	if (layer_on_dns_port(w))
		return layer_tcp_segment(w, PACKET_tcp_dns);
	return bits_unlikely(w->conf->sightings || w->conf->anywhere) ? LAYER_tcp_encrypted
								      : layer_stop(w, PACKET_tcp);
}

/* Where connections of encrypted DNS are looked for, or those of DNS on all ports. */
static inline enum layer layer_tcp_encrypted(struct walk *w)
{
	if (w->conf->sightings && layer_on_encrypted_port(w))
		return layer_tcp_segment(w, PACKET_encrypted);
	if (w->conf->anywhere)
		return layer_tcp_segment(w, PACKET_perhaps_tcp_dns);
	return layer_stop(w, PACKET_tcp);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 with options (RFC 791), IPv6 with extension headers (RFC 8200, RFC 7045), fragments of both,
 * and IP in IP (RFC 2003, RFC 2473, RFC 4213).
 */
#ifndef PACKET_LAYER_IP_H
#define PACKET_LAYER_IP_H

#include "packet/layer.h"

/* Bare IP: the version nibble says which. */
static inline enum layer layer_ip(struct walk *w)
{
	if (w->at == w->end)
		return layer_short(w, PACKET_bad_ip);
	switch (*w->at >> 4) {
	case 4: return LAYER_ipv4;
	case 6: return LAYER_ipv6;
	default: return layer_stop(w, PACKET_bad_ip);
	}
}

/* The IP header announces so many octets behind it. */
static inline void layer_ip_bound(struct walk *w, uint32_t payload)
{
	w->announced = payload;
	layer_bound(w, payload);
}

/* No length of its own: all that is there, and what the capture cut off. */
static inline void layer_ip_unbounded(struct walk *w)
{
	w->announced = (uint32_t)layer_left(w) + (w->cut ? w->missing : 0);
}

/* What the transport's or fragment's payload is, `wire_len` octets long by the headers. */
static inline void layer_payload(struct walk *w, uint32_t wire_len)
{
	struct pkt *pkt = w->pkt;
	pkt->payload = w->at;
	pkt->wire_len = wire_len;
	pkt->len = (uint32_t)layer_left(w);
	pkt->cut = 0;
	if (pkt->len >= wire_len)
		pkt->len = wire_len;
	else
		pkt->cut = w->cut;
}

/* RFC 791 section 3.1, RFC 8200 section 4.5: 13 bits of offset in units of 8 octets. */
static inline enum layer layer_fragment(
	struct walk *w, uint32_t id, uint16_t offset_octets, bool more, uint8_t proto)
{
	struct pkt *pkt = w->pkt;
	pkt->frag_id = id;
	pkt->frag_offset = offset_octets;
	pkt->frag_more = more;
	pkt->frag_proto = proto;
	pkt->enclosed = 1;
	pkt->proto = proto;
	pkt->sport = 0;
	pkt->dport = 0;
	layer_payload(w, w->announced);
	return layer_stop(w, PACKET_fragment);
}

static inline enum layer layer_ip_protocol(struct walk *w)
{
	if (bits_likely(w->next == IP_UDP))
		return LAYER_udp;
	bool v6 = w->pkt->addrs.family == ADDR_IPV6;
	switch (w->next) {
	case IP_TCP: return LAYER_tcp;
	case IP_HOP_BY_HOP:
	case IP_ROUTING:
	case IP_DESTINATION:
	case IP_MOBILITY:
	case IP_HIP:
	case IP_SHIM6: return v6 ? LAYER_ipv6_extension : layer_stop(w, PACKET_other_ip_protocol);
	case IP_FRAGMENT: return v6 ? LAYER_ipv6_fragment : layer_stop(w, PACKET_other_ip_protocol);
	case IP_UDPLITE: return LAYER_udplite;
	case IP_ICMP:
	case IP_ICMPV6: return layer_stop(w, PACKET_icmp);
	case IP_IPV4:
	case IP_IPV6: return LAYER_ip_in_ip;
	case IP_GRE: return LAYER_gre;
	case IP_SCTP: return layer_stop(w, PACKET_sctp);
	default: return LAYER_ip_protocol_rest;
	}
}

/* Stores an IPv4 address at `to` by one store: what copies it soon would wait for several. */
static inline void layer_addr_v4(uint8_t *to, const uint8_t *four)
{
	typedef uint64_t words __attribute__((vector_size(16)));
	uint32_t v;
	memcpy(&v, four, sizeof(v));
	words w = {0, (uint64_t)v << 32 | 0xffff0000u};
	memcpy(to, &w, sizeof(w));
}

static inline enum layer layer_ipv4(struct walk *w)
{
	const uint8_t *p = layer_take(w, IPV4_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	uint32_t header = (p[0] & 15u) * 4, total = bits_be16(p + 2);
	if (p[0] >> 4 != 4 || header < IPV4_HEADER)
		return LAYER_not_ipv4;
	if (!layer_take(w, header - IPV4_HEADER))
		return layer_short(w, PACKET_bad_ip);
	/* Segmentation offload leaves the total length 0: the datagram is what was captured. */
	if (bits_unlikely(total == 0))
		layer_ip_unbounded(w);
	else if (total < header)
		return layer_stop(w, PACKET_bad_ip);
	else
		layer_ip_bound(w, total - header);
	layer_addr_v4(w->pkt->addrs.octets[ADDR_SRC], p + 12);
	layer_addr_v4(w->pkt->addrs.octets[ADDR_DST], p + 16);
	w->pkt->addrs.family = ADDR_IPV4;
	w->ip = true;
	uint16_t piece = bits_be16(p + 6) & 0x3fff;
	if (bits_unlikely(piece))
		return layer_fragment(
			w, bits_be16(p + 4), (uint16_t)(piece << 3), piece & 0x2000, p[9]);
	w->next = p[9];
	return layer_ip_protocol(w);
}

static inline enum layer layer_ipv6(struct walk *w)
{
	const uint8_t *p = layer_take(w, IPV6_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	if (p[0] >> 4 != 6)
		return LAYER_not_ipv6;
	uint32_t payload = bits_be16(p + 4);
	/* 0 is a jumbogram (RFC 2675) or offload: what was captured. */
	if (bits_unlikely(payload == 0))
		layer_ip_unbounded(w);
	else
		layer_ip_bound(w, payload);
	memcpy(w->pkt->addrs.octets, p + 8, sizeof(w->pkt->addrs.octets));
	w->pkt->addrs.family = ADDR_IPV6;
	w->ip = true;
	w->next = p[6];
	return layer_ip_protocol(w);
}

/*
 * The n octets behind us are a header of another version than what stood before them said: the
 * version decides, for a link or a tunnel that can tell only one of them wrong often does.
 */
static inline enum layer layer_other_version(
	struct walk *w, size_t n, unsigned version, enum layer layer)
{
	if (w->at[-(ptrdiff_t)n] >> 4 != version)
		return layer_stop(w, PACKET_bad_ip);
	w->at -= n;
	return layer;
}

static inline enum layer layer_not_ipv4(struct walk *w)
{
	return layer_other_version(w, IPV4_HEADER, 6, LAYER_ipv6);
}

static inline enum layer layer_not_ipv6(struct walk *w)
{
	return layer_other_version(w, IPV6_HEADER, 4, LAYER_ipv4);
}

/* An extension header of length (second octet + extra) * unit octets, at least 8. */
static inline enum layer layer_extension(struct walk *w, unsigned unit, unsigned extra)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p || !layer_take(w, (p[1] + extra) * unit - 8))
		return layer_short(w, PACKET_bad_ip);
	w->announced -= (p[1] + extra) * unit;
	w->next = p[0];
	return layer_ip_protocol(w);
}

static inline enum layer layer_ipv6_extension(struct walk *w)
{
	return layer_extension(w, 8, 1);
}

/* AH (RFC 4302) leaves everything in the clear. */
static inline enum layer layer_ah(struct walk *w)
{
	return layer_extension(w, 4, 2);
}

static inline enum layer layer_ipv6_fragment(struct walk *w)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	uint16_t piece = bits_be16(p + 2);
	w->announced -= 8;
	if (piece & 0xfff9) /* else an atomic fragment (RFC 6946), which is whole */
		return layer_fragment(w, bits_be32(p + 4), piece & 0xfff8, piece & 1, p[0]);
	w->next = p[0];
	return layer_ip_protocol(w);
}

static inline enum layer layer_ip_in_ip(struct walk *w)
{
	layer_tunnel(w, TUNNEL_ipip);
	return w->next == IP_IPV4 ? LAYER_ipv4 : LAYER_ipv6;
}

/* EtherIP (RFC 3378: version 3 and 12 bits of zero), or Ethernet at once (143, RFC 8986). */
static inline enum layer layer_etherip(struct walk *w)
{
	if (w->next == IP_ETHERIP) {
		const uint8_t *p = layer_take(w, 2);
		if (!p)
			return layer_short(w, PACKET_bad_tunnel);
		if (p[0] >> 4 != 3)
			return layer_stop(w, PACKET_bad_tunnel);
	}
	layer_tunnel(w, TUNNEL_etherip);
	return LAYER_ethernet;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 with options (RFC 791), IPv6 with extension headers (RFC 8200, RFC 7045), fragments of both,
 * and IP in IP (RFC 2003, RFC 2473, RFC 4213).
 */
#ifndef PACKET_LAYER_IP_H
#define PACKET_LAYER_IP_H

#include "packet/layer.h"

/* Bare IP of the version that its first four bits say. */
static inline enum layer layer_ip(struct walk *w)
{
	if (w->at == w->end)
		return layer_short(w, PACKET_bad_ip);
	switch (*w->at >> IP_VERSION_SHIFT) {
	case 4: return LAYER_ipv4;
	case 6: return LAYER_ipv6;
	default: return layer_stop(w, PACKET_bad_ip);
	}
}

/* Ends the view where the IP header says that its payload ends. */
static inline void layer_ip_bound(struct walk *w, uint32_t payload)
{
	w->announced = payload;
	layer_bound(w, payload);
}

/* Takes as payload all that was captured, and what the capture cut off: the header has no length.
 */
static inline void layer_ip_unbounded(struct walk *w)
{
	w->announced = (uint32_t)layer_left(w) + (w->cut ? w->missing : 0);
}

/* Sets the payload of a transport or fragment, `wire_len` octets long by the headers. */
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
	uint32_t header = (p[0] & IPV4_IHL) * 4u, total = bits_be16(p + IPV4_TOTAL_LENGTH);
	if (p[0] >> IP_VERSION_SHIFT != 4 || header < IPV4_HEADER)
		return LAYER_not_ipv4;
	if (!layer_take(w, header - IPV4_HEADER))
		return layer_short(w, PACKET_bad_ip);
	/* Segmentation offload leaves the total length 0. */
	if (bits_unlikely(total == 0))
		layer_ip_unbounded(w);
	else if (total < header)
		return layer_stop(w, PACKET_bad_ip);
	else
		layer_ip_bound(w, total - header);
	layer_addr_v4(w->pkt->addrs.octets[ADDR_SRC], p + IPV4_SRC);
	layer_addr_v4(w->pkt->addrs.octets[ADDR_DST], p + IPV4_DST);
	w->pkt->addrs.family = ADDR_IPV4;
	w->ip = true;
	uint16_t piece = bits_be16(p + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK;
	if (bits_unlikely(piece))
		return layer_fragment(w, bits_be16(p + IPV4_ID), (uint16_t)(piece << 3),
			piece & IPV4_MORE_FRAGMENTS, p[IPV4_PROTOCOL]);
	w->next = p[IPV4_PROTOCOL];
	return layer_ip_protocol(w);
}

static inline enum layer layer_ipv6(struct walk *w)
{
	const uint8_t *p = layer_take(w, IPV6_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	if (p[0] >> IP_VERSION_SHIFT != 6)
		return LAYER_not_ipv6;
	uint32_t payload = bits_be16(p + IPV6_PAYLOAD_LENGTH);
	/* 0: a jumbogram (RFC 2675 section 3) or segmentation offload. */
	if (bits_unlikely(payload == 0))
		layer_ip_unbounded(w);
	else
		layer_ip_bound(w, payload);
	memcpy(w->pkt->addrs.octets, p + IPV6_SRC, sizeof(w->pkt->addrs.octets));
	w->pkt->addrs.family = ADDR_IPV6;
	w->ip = true;
	w->next = p[IPV6_NEXT_HEADER];
	return layer_ip_protocol(w);
}

/*
 * Decodes the n octets before w->at by their version, where the header before them announced the
 * other one: links and tunnels that know only one of them often do.
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

/* Skips an extension header of (length field + extra) * unit octets, at least 8 (RFC 8200 section
 * 4, RFC 4302 section 2.2). */
static inline enum layer layer_extension(struct walk *w, unsigned unit, unsigned extra)
{
	const uint8_t *p = layer_take(w, IPV6_EXTENSION);
	if (!p || !layer_take(w, (p[IPV6_EXTENSION_LENGTH] + extra) * unit - IPV6_EXTENSION))
		return layer_short(w, PACKET_bad_ip);
	w->announced -= (p[IPV6_EXTENSION_LENGTH] + extra) * unit;
	w->next = p[IPV6_EXTENSION_NEXT];
	return layer_ip_protocol(w);
}

static inline enum layer layer_ipv6_extension(struct walk *w)
{
	return layer_extension(w, 8, 1);
}

/* AH encrypts nothing (RFC 4302). */
static inline enum layer layer_ah(struct walk *w)
{
	return layer_extension(w, 4, 2);
}

static inline enum layer layer_ipv6_fragment(struct walk *w)
{
	const uint8_t *p = layer_take(w, IPV6_EXTENSION);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	uint16_t piece = bits_be16(p + IPV6_FRAGMENT_OFFSET);
	w->announced -= IPV6_EXTENSION;
	if (piece & (IPV6_FRAGMENT_OFFSET_MASK |
			    IPV6_MORE_FRAGMENTS)) /* else atomic (RFC 6946): whole */
		return layer_fragment(w, bits_be32(p + IPV6_FRAGMENT_ID),
			piece & IPV6_FRAGMENT_OFFSET_MASK, piece & IPV6_MORE_FRAGMENTS,
			p[IPV6_EXTENSION_NEXT]);
	w->next = p[IPV6_EXTENSION_NEXT];
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

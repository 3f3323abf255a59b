/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layers of most packets, from the outside in: Ethernet II, VLAN tags, IPv4, IPv6 with its
 * extension headers, fragments, IP in IP, UDP, TCP, and the tunnels VXLAN and GRE. A layer that is
 * none of these is in layer_NAME.h and has a row in layers.def.
 */
#ifndef PACKET_WALK_COMMON_H
#define PACKET_WALK_COMMON_H

#include "packet/layer.h"
#include "packet/layer_gre.h"
#include "packet/layer_udp_reply.h"

#define DNS_HEADER 12u /* RFC 1035 section 4.1.1: no message is shorter */

/* Ethernet II, with VLAN tags in any number (IEEE 802.1Q, 802.1ad, older 0x9100 and 0x9200). */

static inline bool layer_is_vlan(uint16_t type)
{
	return type == ETHER_VLAN || type == ETHER_SERVICE_VLAN || type == ETHER_OLD_VLAN ||
	       type == ETHER_OLD_VLAN_2;
}

static inline void layer_add_vlan(struct walk *w, uint16_t id)
{
	if (w->pkt->vlans < PACKET_VLANS)
		w->pkt->vlan[w->pkt->vlans++] = id & VLAN_ID;
}

static inline enum layer layer_vlan(struct walk *w)
{
	const uint8_t *p = layer_read(w, VLAN_TAG);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	layer_add_vlan(w, bits_be16(p));
	w->next = bits_be16(p + VLAN_TYPE);
	return LAYER_ethertype;
}

/* Continues by the EtherType in w->next. */
static inline enum layer layer_ethertype(struct walk *w)
{
	if (bits_likely(w->next == ETHER_IPV4))
		return LAYER_ipv4;
	switch (w->next) {
	case ETHER_IPV6: return LAYER_ipv6;
	case ETHER_VLAN:
	case ETHER_SERVICE_VLAN:
	case ETHER_OLD_VLAN:
	case ETHER_OLD_VLAN_2: return layer_vlan(w);
	case ETHER_ARP:
	case ETHER_RARP: return layer_stop(w, PACKET_arp);
	default: return LAYER_ethertype_rest;
	}
}

/* Counts VLAN tags in a row as one layer. */
static inline enum layer layer_vlans(struct walk *w)
{
	enum layer layer = LAYER_ethertype;
	while (layer == LAYER_ethertype && layer_is_vlan(w->next))
		layer = layer_vlan(w);
	return layer == LAYER_ethertype ? layer_ethertype(w) : layer;
}

static inline enum layer layer_ethernet(struct walk *w)
{
	const uint8_t *p = layer_read(w, ETHER_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->mac = p;
	w->next = bits_be16(p + ETHER_TYPE);
	enum layer layer = layer_ethertype(w);
	if (layer == LAYER_ethertype_rest && w->next < ETHER_TYPE_MIN) {
		w->at = p;
		return LAYER_ieee802_3;
	}
	return layer;
}

/* IPv4, IPv6 with its extension headers, fragments of both, IP in IP. */

/* Ends the walk at a fragment (RFC 791 section 3.1, RFC 8200 section 4.5). */
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
	layer_set_payload(w, w->announced);
	return layer_stop(w, PACKET_fragment);
}

/* Continues by the IP protocol, or next header, in w->next. */
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

/* RFC 791 section 3.1. */
static inline enum layer layer_ipv4(struct walk *w)
{
	const uint8_t *p = layer_read(w, IPV4_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	uint32_t header = (p[0] & IPV4_IHL) * 4u, total = bits_be16(p + IPV4_TOTAL_LENGTH);
	if (p[0] >> IP_VERSION_SHIFT != 4 || header < IPV4_HEADER)
		return LAYER_not_ipv4;
	if (!layer_read(w, header - IPV4_HEADER))
		return layer_short(w, PACKET_bad_ip);
	/* Segmentation offload leaves the total length 0. */
	if (bits_unlikely(total == 0))
		layer_ip_unlimited(w);
	else if (total < header)
		return layer_stop(w, PACKET_bad_ip);
	else
		layer_ip_limit(w, total - header);
	layer_set_ipv4(w->pkt->addrs.octets[ADDR_SRC], p + IPV4_SRC);
	layer_set_ipv4(w->pkt->addrs.octets[ADDR_DST], p + IPV4_DST);
	w->pkt->addrs.family = ADDR_IPV4;
	w->ip = true;
	uint16_t fragment = bits_be16(p + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK;
	if (bits_unlikely(fragment))
		return layer_fragment(w, bits_be16(p + IPV4_ID), (uint16_t)(fragment << 3),
			fragment & IPV4_MORE_FRAGMENTS, p[IPV4_PROTOCOL]);
	w->next = p[IPV4_PROTOCOL];
	return layer_ip_protocol(w);
}

/* RFC 8200 section 3. */
static inline enum layer layer_ipv6(struct walk *w)
{
	const uint8_t *p = layer_read(w, IPV6_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	if (p[0] >> IP_VERSION_SHIFT != 6)
		return LAYER_not_ipv6;
	uint32_t payload = bits_be16(p + IPV6_PAYLOAD_LENGTH);
	/* 0: a jumbogram (RFC 2675 section 3) or segmentation offload. */
	if (bits_unlikely(payload == 0))
		layer_ip_unlimited(w);
	else
		layer_ip_limit(w, payload);
	memcpy(w->pkt->addrs.octets, p + IPV6_SRC, sizeof(w->pkt->addrs.octets));
	w->pkt->addrs.family = ADDR_IPV6;
	w->ip = true;
	w->next = p[IPV6_NEXT_HEADER];
	return layer_ip_protocol(w);
}

/* Skips an extension header of (length field + extra) * unit octets, which are 8 or more. */
static inline enum layer layer_extension(struct walk *w, unsigned unit, unsigned extra)
{
	const uint8_t *p = layer_read(w, IPV6_EXTENSION);
	if (!p || !layer_read(w, (p[IPV6_EXTENSION_LENGTH] + extra) * unit - IPV6_EXTENSION))
		return layer_short(w, PACKET_bad_ip);
	w->announced -= (p[IPV6_EXTENSION_LENGTH] + extra) * unit;
	w->next = p[IPV6_EXTENSION_NEXT];
	return layer_ip_protocol(w);
}

/* Skips an extension header whose length is in units of 8 octets (RFC 6564 section 4). */
static inline enum layer layer_ipv6_extension(struct walk *w)
{
	return layer_extension(w, 8, 1);
}

/* RFC 8200 section 4.5; a fragment that is a whole datagram is atomic (RFC 6946). */
static inline enum layer layer_ipv6_fragment(struct walk *w)
{
	const uint8_t *p = layer_read(w, IPV6_EXTENSION);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	uint16_t fragment = bits_be16(p + IPV6_FRAGMENT_OFFSET);
	w->announced -= IPV6_EXTENSION;
	if (fragment & (IPV6_FRAGMENT_OFFSET_MASK | IPV6_MORE_FRAGMENTS))
		return layer_fragment(w, bits_be32(p + IPV6_FRAGMENT_ID),
			fragment & IPV6_FRAGMENT_OFFSET_MASK, fragment & IPV6_MORE_FRAGMENTS,
			p[IPV6_EXTENSION_NEXT]);
	w->next = p[IPV6_EXTENSION_NEXT];
	return layer_ip_protocol(w);
}

/* RFC 2003, RFC 2473, RFC 4213 section 3. */
static inline enum layer layer_ip_in_ip(struct walk *w)
{
	layer_set_tunnel(w, TUNNEL_ipip);
	return w->next == IP_IPV4 ? LAYER_ipv4 : LAYER_ipv6;
}

/* UDP (RFC 768), TCP (RFC 9293). The walk verifies no checksum: see packet/checksum.h. */

static inline bool layer_has_dns_port(const struct walk *w)
{
	return packet_port_is(w->conf, w->pkt->sport) || packet_port_is(w->conf, w->pkt->dport);
}

/*
 * Sets the payload of a datagram whose header says `length`. Returns false if that is less than a
 * header or more than the IP payload (RFC 768). 0 means a jumbogram (RFC 2675 section 4) or
 * segmentation offload: the datagram is as long as the IP payload, if a datagram can be that long.
 */
static inline bool layer_udp_set_payload(struct walk *w, uint32_t length)
{
	/* `announced` is not less than UDP_HEADER, so one comparison checks both limits. */
	if (bits_unlikely(length - UDP_HEADER > w->announced - UDP_HEADER)) {
		if (length != 0 || w->announced > IP_MAX)
			return false;
		length = w->announced;
	}
	layer_set_payload(w, length - UDP_HEADER);
	return true;
}

/* Ends the walk of a datagram on a DNS port, whose header says `length`. */
static inline enum layer layer_udp_payload(struct walk *w, uint32_t length)
{
	struct pkt *pkt = w->pkt;
	pkt->proto = PACKET_UDP;
	if (bits_unlikely(!layer_udp_set_payload(w, length)))
		return layer_stop(w, PACKET_bad_udp);
	if (bits_likely(pkt->wire_len >= DNS_HEADER && pkt->len))
		return layer_stop(w, PACKET_dns);
	if (w->cut || pkt->len < pkt->wire_len)
		return layer_short(w, PACKET_bad_udp);
	return layer_stop(w, pkt->wire_len ? PACKET_runt : PACKET_empty);
}

/* Handles a datagram on ports of which the configuration says nothing. */
static inline enum layer layer_udp_unknown_port(struct walk *w)
{
	return bits_unlikely(w->conf->anywhere) ? LAYER_udp_anywhere
						: layer_stop(w, PACKET_other_port);
}

/* Continues with the tunnel of the destination port, or of the source port (layer_udp_is_reply()).
 */
static inline enum layer layer_udp_tunnel(struct walk *w)
{
	uint32_t length = bits_be16(w->at - UDP_HEADER + UDP_LENGTH);
	uint8_t kind = w->conf->tunnel_of[w->pkt->dport];
	const bool reply = !kind;
	if (reply)
		kind = w->conf->tunnel_of[w->pkt->sport];
	if (kind >= PACKET_PORT_encrypted)
		return LAYER_udp_encrypted;
	if (length == 0)
		length = w->announced;
	if (length < UDP_HEADER || length > w->announced)
		return layer_stop(w, PACKET_bad_udp);
	layer_limit(w, length - UDP_HEADER);
	if (bits_unlikely(reply) &&
		!layer_udp_is_reply(w->at, layer_remaining(w), w->cut ? w->missing : 0, kind))
		return layer_remaining(w) < UDP_REPLY_OCTETS ? layer_short(w, PACKET_other_port)
							     : layer_udp_unknown_port(w);
	switch (kind) {
#define PACKET_TUNNEL(name, layer, port, port2)                                                    \
	case PACKET_TUNNEL_##name:                                                                 \
		return LAYER_##layer;
#include "packet/ports.def"
#undef PACKET_TUNNEL
	default: return layer_stop(w, PACKET_other_port);
	}
}

/* Handles a datagram on ports other than those of DNS. */
static inline enum layer layer_udp_other(struct walk *w)
{
	const uint8_t *kinds = w->conf->tunnel_of;
	if (bits_likely(!(kinds[w->pkt->dport] | kinds[w->pkt->sport])))
		return layer_udp_unknown_port(w);
	return layer_udp_tunnel(w);
}

/* RFC 768. */
static inline enum layer layer_udp(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_read(w, UDP_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_udp);
	uint32_t length = bits_be16(p + UDP_LENGTH);
	pkt->sport = bits_be16(p + UDP_SPORT);
	pkt->dport = bits_be16(p + UDP_DPORT);
	if (!layer_has_dns_port(w))
		return layer_udp_other(w);
	return layer_udp_payload(w, length);
}

/* Ends the walk of a segment; w->at is at the options (RFC 9293 section 3.1). */
static inline enum layer layer_tcp_segment(struct walk *w, enum packet_verdict verdict)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = w->at - TCP_HEADER;
	uint32_t header = (p[TCP_DATA_OFFSET] >> 4) * 4u;
	if (header < TCP_HEADER || header > w->announced)
		return layer_stop(w, PACKET_bad_tcp);
	if (!layer_read(w, header - TCP_HEADER))
		return layer_short(w, PACKET_bad_tcp);
	pkt->proto = PACKET_TCP;
	pkt->seq = bits_be32(p + TCP_SEQ);
	pkt->ack = bits_be32(p + TCP_ACK_NUMBER);
	pkt->tcp_flags = p[TCP_FLAGS];
	pkt->tcp_header = (uint8_t)header;
	layer_set_payload(w, w->announced - header);
	return layer_stop(w, verdict);
}

static inline enum layer layer_tcp(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_read(w, TCP_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_tcp);
	pkt->sport = bits_be16(p + TCP_SPORT);
	pkt->dport = bits_be16(p + TCP_DPORT);
	if (layer_has_dns_port(w))
		return layer_tcp_segment(w, PACKET_tcp_dns);
	return bits_unlikely(w->conf->sightings || w->conf->anywhere) ? LAYER_tcp_encrypted
								      : layer_stop(w, PACKET_tcp);
}

/* Tunnels: VXLAN and GRE. */

/* RFC 7348 section 5: the I bit must be set. */
static inline enum layer layer_vxlan(struct walk *w)
{
	const uint8_t *p = layer_read(w, VXLAN_HEADER);
	if (!p || layer_remaining(w) < ETHER_HEADER)
		return layer_short(w, PACKET_other_port);
	if (!(p[0] & VXLAN_I))
		return layer_stop(w, PACKET_other_port);
	layer_set_tunnel_id(w, TUNNEL_vxlan, bits_be32(p + VXLAN_VNI) >> 8);
	return LAYER_ethernet;
}

/* RFC 2784 section 2, RFC 2890 section 2. */
static inline enum layer layer_gre(struct walk *w)
{
	const uint8_t *p = layer_read(w, GRE_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	uint16_t flags = bits_be16(p), protocol = bits_be16(p + GRE_PROTOCOL);
	if ((flags & GRE_VERSION) == GRE_VERSION_PPTP)
		return layer_gre_pptp(w, flags, protocol);
	if (flags & GRE_VERSION)
		return layer_stop(w, PACKET_bad_tunnel);
	if (!layer_read(w, flags & (GRE_CHECKSUM | GRE_ROUTING) ? GRE_OPTION : 0))
		return layer_short(w, PACKET_bad_tunnel);
	layer_set_tunnel(w, TUNNEL_gre);
	if (flags & GRE_KEY) {
		p = layer_read(w, GRE_OPTION);
		if (!p)
			return layer_short(w, PACKET_bad_tunnel);
		uint32_t key = bits_be32(p);
		/* NVGRE is Ethernet with a key and no other option (RFC 7637 section 3.2). A
		 * smaller key than its first id is that of a bridge over GRE. */
		bool nvgre = protocol == ETHER_BRIDGED &&
			     !(flags & (GRE_CHECKSUM | GRE_SEQUENCE)) && key >> 8 >= NVGRE_VSID_MIN;
		layer_set_tunnel_id(w, TUNNEL_gre, nvgre ? key >> 8 : key);
	}
	if (!layer_read(w, flags & GRE_SEQUENCE ? GRE_OPTION : 0))
		return layer_short(w, PACKET_bad_tunnel);
	if (flags & GRE_ROUTING && !layer_gre_routes(w))
		return layer_short(w, PACKET_bad_tunnel);
	return layer_gre_payload(w, flags, protocol);
}

#endif

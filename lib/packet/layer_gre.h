/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What layer_gre() of walk_common.h leads to besides IP and Ethernet: source routes (RFC 1701),
 * enhanced GRE of PPTP (RFC 2637), ERSPAN (draft-foschiano-erspan), WCCP, GRE in UDP (RFC 8086).
 */
#ifndef PACKET_LAYER_GRE_H
#define PACKET_LAYER_GRE_H

#include "packet/layer.h"

/* RFC 2784 section 2, RFC 2890 section 2, RFC 1701. */
enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080,
	GRE_VERSION = 0x0007,
	GRE_VERSION_PPTP = 1,
	GRE_ROUTES = 16, /* source route entries that are followed */
	GRE_KEEPALIVE = 0x0000, /* protocols: Cisco's */
	GRE_ERSPAN_III = 0x22eb,
	GRE_WCCP = 0x883e,
	WCCP_REDIRECT = 4, /* octets of WCCP 2 */
	GRE_HEADER = 4,
	GRE_PROTOCOL = 2,
	GRE_OPTION = 4, /* octets of checksum and offset, of key, of sequence number */
	GRE_ROUTE = 4, /* address family, offset, length of a source route entry */
	GRE_ROUTE_LENGTH = 3,
	NVGRE_VSID_MIN = 0x1000, /* the first virtual subnet id (RFC 7637 section 3.2) */
	/* enhanced GRE (RFC 2637 section 4.1): the key is payload length and call id */
	PPTP_CALL_ID = 2,
	/* ERSPAN (draft-foschiano-erspan-03 section 4) */
	ERSPAN_HEADER = 8,
	ERSPAN_II = 1, /* versions */
	ERSPAN_III = 2,
	ERSPAN_SESSION = 2,
	ERSPAN_SESSION_MASK = 0x03ff,
	ERSPAN_TRUNCATED = 0x0400, /* T: the mirror truncated the frame */
	ERSPAN_III_REST = 4, /* octets behind ERSPAN_HEADER */
	ERSPAN_III_FLAGS = 2, /* P, frame type, hardware id, direction, granularity, O */
	ERSPAN_III_O = 0x01, /* of the second octet: a subheader of the platform follows */
	ERSPAN_III_PLATFORM = 8,
	ERSPAN_III_TYPE_SHIFT = 2, /* of the first octet */
	ERSPAN_III_TYPE = 0x1f,
	ERSPAN_ETHERNET = 0,
	ERSPAN_IP = 2,
};

/* ERSPAN of types I (without a header), II and III. */
static inline enum layer layer_erspan(struct walk *w, bool sequence)
{
	if (!sequence) {
		layer_set_tunnel(w, TUNNEL_erspan);
		return LAYER_ethernet;
	}
	const uint8_t *p = layer_read(w, ERSPAN_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	uint16_t session = bits_be16(p + ERSPAN_SESSION);
	layer_set_tunnel_id(w, TUNNEL_erspan, session & ERSPAN_SESSION_MASK);
	if (session & ERSPAN_TRUNCATED)
		w->cut = true;
	if (p[0] >> 4 == ERSPAN_II)
		return LAYER_ethernet;
	if (p[0] >> 4 != ERSPAN_III)
		return layer_stop(w, PACKET_bad_tunnel);
	p = layer_read(w, ERSPAN_III_REST);
	if (!p || !layer_read(w, p[ERSPAN_III_FLAGS + 1] & ERSPAN_III_O ? ERSPAN_III_PLATFORM : 0))
		return layer_short(w, PACKET_bad_tunnel);
	switch (p[ERSPAN_III_FLAGS] >> ERSPAN_III_TYPE_SHIFT & ERSPAN_III_TYPE) {
	case ERSPAN_ETHERNET: return LAYER_ethernet;
	case ERSPAN_IP: return LAYER_ip;
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

/* WCCP 2 has a header before the redirected packet, WCCP 1 none. */
static inline enum layer layer_wccp(struct walk *w)
{
	if (layer_remaining(w) && *w->at >> IP_VERSION_SHIFT != 4 && !layer_read(w, WCCP_REDIRECT))
		return layer_short(w, PACKET_bad_tunnel);
	return LAYER_ipv4;
}

/* Skips source route entries, of which the last one is empty (RFC 1701). */
static inline bool layer_gre_routes(struct walk *w)
{
	for (int i = 0; i < GRE_ROUTES; i++) {
		const uint8_t *p = layer_read(w, GRE_ROUTE);
		if (!p || !layer_read(w, p[GRE_ROUTE_LENGTH]))
			return false;
		if (bits_be16(p) == 0 && p[GRE_ROUTE_LENGTH] == 0)
			return true;
	}
	return false;
}

/* Enhanced GRE (RFC 2637 section 4.1), without payload if it only acknowledges. */
static inline enum layer layer_gre_pptp(struct walk *w, uint16_t flags, uint16_t protocol)
{
	if (protocol != ETHER_PPP || !(flags & GRE_KEY))
		return layer_stop(w, PACKET_bad_tunnel);
	const uint8_t *p = layer_read(w, GRE_OPTION);
	size_t more = (flags & GRE_SEQUENCE ? GRE_OPTION : 0) + (flags & GRE_ACK ? GRE_OPTION : 0);
	if (!p || !layer_read(w, more))
		return layer_short(w, PACKET_bad_tunnel);
	if (!(flags & GRE_SEQUENCE) || bits_be16(p) == 0)
		return layer_stop(w, PACKET_tunnel_control);
	layer_limit(w, bits_be16(p));
	layer_set_tunnel_id(w, TUNNEL_gre, bits_be16(p + PPTP_CALL_ID));
	return LAYER_ppp;
}

static inline enum layer layer_gre_payload(struct walk *w, uint16_t flags, uint16_t protocol)
{
	switch (protocol) {
	case ETHER_ERSPAN:
	case GRE_ERSPAN_III: return layer_erspan(w, flags & GRE_SEQUENCE);
	case GRE_WCCP: return layer_wccp(w);
	case GRE_KEEPALIVE: return layer_stop(w, PACKET_tunnel_control);
	default:
		w->next = protocol;
		return protocol < ETHER_TYPE_MIN ? layer_stop(w, PACKET_other_ethertype)
						 : LAYER_ethertype;
	}
}

/* A capture on a GRE interface keeps only the protocol of the header, in w->next. */
static inline enum layer layer_gre_protocol(struct walk *w)
{
	return layer_gre_payload(w, 0, w->next);
}

/* GRE in UDP (RFC 8086 section 3): version 0, and the reserved bits are zero. */
static inline enum layer layer_gre_udp(struct walk *w)
{
	if (layer_remaining(w) < GRE_HEADER)
		return layer_short(w, PACKET_other_port);
	if (bits_be16(w->at) & ~(GRE_CHECKSUM | GRE_KEY | GRE_SEQUENCE))
		return layer_stop(w, PACKET_other_port);
	return LAYER_gre;
}

#endif

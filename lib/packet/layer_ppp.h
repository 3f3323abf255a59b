/* SPDX-License-Identifier: BSD-3-Clause */
/* PPPoE sessions (RFC 2516), PPP in HDLC-like framing or without it (RFC 1661, 1662), Cisco HDLC.
 */
#ifndef PACKET_LAYER_PPP_H
#define PACKET_LAYER_PPP_H

#include "packet/layer.h"

enum {
	PPP_ADDRESS = 0xff, /* "all stations" (RFC 1662 section 3.1) */
	PPP_CONTROL = 0x03, /* unnumbered information */
	PPP_LAST_OCTET = 0x01, /* of a protocol number: no octet follows (RFC 1661 section 2) */
	/* IANA "PPP DLL Protocol Numbers" */
	PPP_IPV4 = 0x0021,
	PPP_BRIDGED = 0x0031,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MPLS_MULTICAST = 0x0283,
	PPP_BRIDGED_ETHERNET = 1, /* MAC type (RFC 3518 section 4.2) */
	PPP_BRIDGED_LAN_ID = 0x40, /* I: a LAN identification follows */
	/* RFC 2516 section 4 */
	PPPOE_HEADER = 6,
	PPPOE_VERSION_TYPE = 0x11,
	PPPOE_CODE = 1,
	PPPOE_SESSION_DATA = 0x00,
	PPPOE_SESSION = 2,
	PPPOE_LENGTH = 4,
	/* Cisco HDLC: address (unicast or broadcast), control, EtherType */
	CHDLC_HEADER = 4,
	CHDLC_ADDRESS = 0x0f,
	CHDLC_BROADCAST = 0x80,
	CHDLC_TYPE = 2,
};

/* RFC 3518 section 4.2: flags, MAC type, an optional LAN id, then the bridged frame. */
static inline enum layer layer_ppp_bridged(struct walk *w)
{
	const uint8_t *p = layer_read(w, 2);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	if (p[1] != PPP_BRIDGED_ETHERNET)
		return layer_stop(w, PACKET_ppp);
	return layer_read(w, p[0] & PPP_BRIDGED_LAN_ID ? 4 : 0) ? LAYER_ethernet
								: layer_short(w, PACKET_bad_tunnel);
}

/* Address and control, and the first octet of the protocol, may be compressed away (RFC 1661
 * sections 6.5 and 6.6). */
static inline enum layer layer_ppp(struct walk *w)
{
	if (layer_remaining(w) && w->at[0] == PPP_ADDRESS && !layer_read(w, 2))
		return layer_short(w, PACKET_bad_tunnel);
	const uint8_t *p = layer_read(w, 1);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	uint16_t protocol = *p;
	if (!(protocol & PPP_LAST_OCTET)) {
		if (!layer_read(w, 1))
			return layer_short(w, PACKET_bad_tunnel);
		protocol = bits_be16(p);
	}
	switch (protocol) {
	case PPP_IPV4: return LAYER_ipv4;
	case PPP_IPV6: return LAYER_ipv6;
	case PPP_BRIDGED: return layer_ppp_bridged(w);
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST: return LAYER_mpls;
	default: return layer_stop(w, PACKET_ppp);
	}
}

static inline enum layer layer_pppoe(struct walk *w)
{
	const uint8_t *p = layer_read(w, PPPOE_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	if (p[0] != PPPOE_VERSION_TYPE)
		return layer_stop(w, PACKET_bad_tunnel);
	if (p[PPPOE_CODE] != PPPOE_SESSION_DATA)
		return layer_stop(w, PACKET_tunnel_control);
	layer_limit(w, bits_be16(p + PPPOE_LENGTH));
	layer_set_tunnel_id(w, TUNNEL_pppoe, bits_be16(p + PPPOE_SESSION));
	return LAYER_ppp;
}

/* Cisco HDLC, or else PPP. */
static inline enum layer layer_hdlc(struct walk *w)
{
	if (!layer_remaining(w))
		return layer_short(w, PACKET_bad_frame);
	if ((*w->at & ~CHDLC_BROADCAST) != CHDLC_ADDRESS)
		return LAYER_ppp;
	const uint8_t *p = layer_read(w, CHDLC_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p + CHDLC_TYPE);
	/* RARP's number is that of keep-alives here (SLARP). */
	return w->next < ETHER_TYPE_MIN || w->next == ETHER_RARP
		       ? layer_stop(w, PACKET_other_ethertype)
		       : LAYER_ethertype;
}

/* The capture wrote the direction before PPP, or over its address octet. */
static inline enum layer layer_ppp_direction(struct walk *w)
{
	if (!layer_read(w, 1))
		return layer_short(w, PACKET_bad_frame);
	if (layer_remaining(w) && *w->at == PPP_CONTROL)
		w->at++;
	return LAYER_ppp;
}

#endif

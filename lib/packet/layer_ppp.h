/* SPDX-License-Identifier: BSD-3-Clause */
/* PPPoE sessions (RFC 2516), PPP in HDLC-like framing or without it (RFC 1661, 1662), Cisco HDLC.
 */
#ifndef PACKET_LAYER_PPP_H
#define PACKET_LAYER_PPP_H

#include "packet/layer.h"

/* RFC 3518 section 4.2: flags, MAC type, perhaps a LAN id, then the bridged frame. */
static inline enum layer layer_ppp_bridged(struct walk *w)
{
	const uint8_t *p = layer_take(w, 2);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	if (p[1] != 1)
		return layer_stop(w, PACKET_ppp);
	return layer_take(w, p[0] & 0x40 ? 4 : 0) ? LAYER_ethernet
						  : layer_short(w, PACKET_bad_tunnel);
}

/* The address and control octets and the first octet of the protocol may have been left out. */
static inline enum layer layer_ppp(struct walk *w)
{
	if (layer_left(w) && w->at[0] == 0xff && !layer_take(w, 2))
		return layer_short(w, PACKET_bad_tunnel);
	const uint8_t *p = layer_take(w, 1);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	uint16_t protocol = *p;
	if (!(protocol & 1)) {
		if (!layer_take(w, 1))
			return layer_short(w, PACKET_bad_tunnel);
		protocol = bits_be16(p);
	}
	switch (protocol) {
	case 0x0021: return LAYER_ipv4;
	case 0x0057: return LAYER_ipv6;
	case 0x0031: return layer_ppp_bridged(w);
	case 0x0281:
	case 0x0283: return LAYER_mpls;
	default: return layer_stop(w, PACKET_ppp);
	}
}

static inline enum layer layer_pppoe(struct walk *w)
{
	const uint8_t *p = layer_take(w, 6);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	if (p[0] != 0x11)
		return layer_stop(w, PACKET_bad_tunnel);
	if (p[1] != 0)
		return layer_stop(w, PACKET_tunnel_control);
	layer_bound(w, bits_be16(p + 4));
	layer_tunnel_id(w, TUNNEL_pppoe, bits_be16(p + 2));
	return LAYER_ppp;
}

/* Cisco HDLC: unicast or broadcast, 0, EtherType; everything else is PPP. */
static inline enum layer layer_hdlc(struct walk *w)
{
	if (!layer_left(w))
		return layer_short(w, PACKET_bad_frame);
	if ((*w->at & 0x7f) != 0x0f)
		return LAYER_ppp;
	const uint8_t *p = layer_take(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p + 2);
	/* 0x8035 is no RARP here but keep-alives */
	return w->next < ETHER_LENGTHS || w->next == ETHER_RARP
		       ? layer_stop(w, PACKET_other_ethertype)
		       : LAYER_ethertype;
}

/* The capture put the direction in front of PPP, or in the place of its first octet. */
static inline enum layer layer_ppp_direction(struct walk *w)
{
	if (!layer_take(w, 1))
		return layer_short(w, PACKET_bad_frame);
	if (layer_left(w) && *w->at == 0x03)
		w->at++;
	return LAYER_ppp;
}

#endif

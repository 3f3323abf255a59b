/* SPDX-License-Identifier: BSD-3-Clause */
/* L2TPv3 over IP and UDP (RFC 3931), L2TPv2 (RFC 2661), TZSP. */
#ifndef PACKET_LAYER_L2TP_H
#define PACKET_LAYER_L2TP_H

#include "packet/layer.h"

/*
 * Behind the session stand a cookie of 0, 4 or 8 octets and perhaps 4 octets of sublayer, as the
 * two sides have agreed: found by where a frame that leads to IP begins.
 */
static inline enum layer layer_l2tp_session(
	struct walk *w, uint32_t session, enum packet_verdict odd)
{
	for (size_t skip = 0; skip <= 12; skip += 4) {
		if (!layer_looks_ethernet(w, skip))
			continue;
		w->at += skip;
		layer_tunnel_id(w, TUNNEL_l2tp, session);
		return LAYER_ethernet;
	}
	return layer_short(w, odd);
}

/* RFC 3931 section 4.1.1: session 0 is the control channel. */
static inline enum layer layer_l2tp_ip(struct walk *w)
{
	const uint8_t *p = layer_take(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	uint32_t session = bits_be32(p);
	if (session == 0)
		return layer_stop(w, PACKET_tunnel_control);
	return layer_l2tp_session(w, session, PACKET_other_ip_protocol);
}

/* RFC 2661 section 3.1: which fields follow the flags is said by the flags. */
static inline enum layer layer_l2tp_v2(struct walk *w, uint16_t flags)
{
	const uint8_t *p;
	if (flags & 0x4000) { /* length of all, from the flags on */
		p = layer_take(w, 2);
		if (!p)
			return layer_short(w, PACKET_other_port);
		if (bits_be16(p) < 8)
			return layer_stop(w, PACKET_other_port);
		layer_bound(w, bits_be16(p) - 4u);
	}
	const uint8_t *ids = layer_take(w, 4);
	if (!ids || !layer_take(w, flags & 0x0800 ? 4 : 0))
		return layer_short(w, PACKET_other_port);
	if (flags & 0x0200) { /* offset to the payload */
		p = layer_take(w, 2);
		if (!p || !layer_take(w, bits_be16(p)))
			return layer_short(w, PACKET_other_port);
	}
	layer_tunnel_id(w, TUNNEL_l2tp, bits_be16(ids + 2));
	return LAYER_ppp;
}

static inline enum layer layer_l2tp_udp(struct walk *w)
{
	const uint8_t *p = layer_take(w, 2);
	if (!p)
		return layer_short(w, PACKET_other_port);
	uint16_t flags = bits_be16(p), version = flags & 15;
	if ((version != 2 && version != 3) || flags & 0x34f0) /* reserved in both versions */
		return layer_stop(w, PACKET_other_port);
	if (flags & 0x8000)
		return layer_stop(w, PACKET_tunnel_control);
	if (version == 2)
		return layer_l2tp_v2(w, flags);
	p = layer_take(w, 6);
	if (!p)
		return layer_short(w, PACKET_other_port);
	return layer_l2tp_session(w, bits_be32(p + 2), PACKET_other_port);
}

/* TZSP: version, type, what is inside, tags up to the end tag. */
static inline enum layer layer_tzsp(struct walk *w)
{
	const uint8_t *p = layer_take(w, 4);
	if (!p)
		return layer_short(w, PACKET_other_port);
	if (p[0] != 1 || p[1] > 5)
		return layer_stop(w, PACKET_other_port);
	if (p[1] > 1) /* neither received nor to be sent */
		return layer_stop(w, PACKET_tunnel_control);
	for (;;) {
		const uint8_t *tag = layer_take(w, 1);
		if (!tag)
			return layer_short(w, PACKET_other_port);
		if (*tag == 1)
			break;
		if (*tag == 0)
			continue;
		tag = layer_take(w, 1);
		if (!tag || !layer_take(w, *tag))
			return layer_short(w, PACKET_other_port);
	}
	layer_tunnel(w, TUNNEL_tzsp);
	switch (bits_be16(p + 2)) {
	case 1: w->next = FRAME_LINK_ETHERNET; break;
	case 18: w->next = FRAME_LINK_IEEE802_11; break;
	case 119: w->next = FRAME_LINK_PRISM; break;
	case 127: w->next = FRAME_LINK_AVS; break;
	default: return layer_stop(w, PACKET_other_link_type);
	}
	return LAYER_link;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* L2TPv3 over IP and UDP (RFC 3931), L2TPv2 (RFC 2661), TZSP. */
#ifndef PACKET_LAYER_L2TP_H
#define PACKET_LAYER_L2TP_H

#include "packet/layer.h"

/* Flags and version (RFC 2661 section 3.1, RFC 3931 section 4.1.2.1). */
enum {
	L2TP_CONTROL = 0x8000, /* T */
	L2TP_LENGTH = 0x4000, /* L */
	L2TP_SEQUENCE = 0x0800, /* S */
	L2TP_OFFSET = 0x0200, /* O */
	L2TP_RESERVED = 0x34f0, /* in both versions */
	L2TP_VERSION = 0x000f,
};

/* TZSP: version, type, what is encapsulated, then tags. */
enum {
	TZSP_VERSION = 1,
	TZSP_TYPES = 5,
	TZSP_TO_BE_SENT = 1, /* and 0, received: both carry a packet */
	TZSP_PADDING = 0, /* tags */
	TZSP_END = 1,
	TZSP_ETHERNET = 1, /* encapsulations */
	TZSP_WLAN = 18,
	TZSP_PRISM = 119,
	TZSP_AVS = 127,
};

/*
 * A cookie of 0, 4 or 8 octets and an optional sublayer of 4 follow the session, as the peers have
 * agreed (RFC 3931 section 4.1): a frame that leads to IP is looked for behind them.
 */
static inline enum layer layer_l2tp_session(
	struct walk *w, uint32_t session, enum packet_verdict odd)
{
	for (size_t skip = 0; skip <= 12; skip += 4) {
		if (!layer_is_ethernet(w, skip))
			continue;
		w->at += skip;
		layer_set_tunnel_id(w, TUNNEL_l2tp, session);
		return LAYER_ethernet;
	}
	return layer_short(w, odd);
}

/* RFC 3931 section 4.1.1: session 0 is the control channel. */
static inline enum layer layer_l2tp_ip(struct walk *w)
{
	const uint8_t *p = layer_read(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	uint32_t session = bits_be32(p);
	if (session == 0)
		return layer_stop(w, PACKET_tunnel_control);
	return layer_l2tp_session(w, session, PACKET_other_ip_protocol);
}

/* RFC 2661 section 3.1: the flags tell which fields follow. */
static inline enum layer layer_l2tp_v2(struct walk *w, uint16_t flags)
{
	const uint8_t *p;
	if (flags & L2TP_LENGTH) { /* of all, from the flags on */
		p = layer_read(w, 2);
		if (!p)
			return layer_short(w, PACKET_other_port);
		if (bits_be16(p) < 8)
			return layer_stop(w, PACKET_other_port);
		layer_limit(w, bits_be16(p) - 4u);
	}
	const uint8_t *ids = layer_read(w, 4);
	if (!ids || !layer_read(w, flags & L2TP_SEQUENCE ? 4 : 0))
		return layer_short(w, PACKET_other_port);
	if (flags & L2TP_OFFSET) { /* to the payload */
		p = layer_read(w, 2);
		if (!p || !layer_read(w, bits_be16(p)))
			return layer_short(w, PACKET_other_port);
	}
	layer_set_tunnel_id(w, TUNNEL_l2tp, bits_be16(ids + 2));
	return LAYER_ppp;
}

static inline enum layer layer_l2tp_udp(struct walk *w)
{
	const uint8_t *p = layer_read(w, 2);
	if (!p)
		return layer_short(w, PACKET_other_port);
	uint16_t flags = bits_be16(p), version = flags & L2TP_VERSION;
	if ((version != 2 && version != 3) || flags & L2TP_RESERVED)
		return layer_stop(w, PACKET_other_port);
	if (flags & L2TP_CONTROL)
		return layer_stop(w, PACKET_tunnel_control);
	if (version == 2)
		return layer_l2tp_v2(w, flags);
	p = layer_read(w, 6);
	if (!p)
		return layer_short(w, PACKET_other_port);
	return layer_l2tp_session(w, bits_be32(p + 2), PACKET_other_port);
}

static inline enum layer layer_tzsp(struct walk *w)
{
	const uint8_t *p = layer_read(w, 4);
	if (!p)
		return layer_short(w, PACKET_other_port);
	if (p[0] != TZSP_VERSION || p[1] > TZSP_TYPES)
		return layer_stop(w, PACKET_other_port);
	if (p[1] > TZSP_TO_BE_SENT)
		return layer_stop(w, PACKET_tunnel_control);
	for (;;) {
		const uint8_t *tag = layer_read(w, 1);
		if (!tag)
			return layer_short(w, PACKET_other_port);
		if (*tag == TZSP_END)
			break;
		if (*tag == TZSP_PADDING)
			continue;
		tag = layer_read(w, 1);
		if (!tag || !layer_read(w, *tag))
			return layer_short(w, PACKET_other_port);
	}
	layer_set_tunnel(w, TUNNEL_tzsp);
	switch (bits_be16(p + 2)) {
	case TZSP_ETHERNET: w->next = FRAME_LINK_ETHERNET; break;
	case TZSP_WLAN: w->next = FRAME_LINK_IEEE802_11; break;
	case TZSP_PRISM: w->next = FRAME_LINK_PRISM; break;
	case TZSP_AVS: w->next = FRAME_LINK_AVS; break;
	default: return layer_stop(w, PACKET_other_link_type);
	}
	return LAYER_link;
}

#endif

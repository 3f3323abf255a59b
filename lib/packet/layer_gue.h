/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Generic UDP encapsulation (draft-ietf-intarea-gue) and foo over UDP, which is the payload of an
 * IP protocol without a header (Linux fou).
 */
#ifndef PACKET_LAYER_GUE_H
#define PACKET_LAYER_GUE_H

#include "packet/layer.h"

enum { GUE_VARIANT = 0xc0, GUE_CONTROL = 0x20, GUE_WORDS = 0x1f };

/* Variant 1 (section 4): the two bits are those that begin an IP header. */
static inline enum layer layer_gue(struct walk *w)
{
	if (layer_left(w) && (*w->at & GUE_VARIANT) == 0x40) {
		if (!layer_looks_ip(w, 0))
			return layer_short(w, PACKET_other_port);
		layer_tunnel(w, TUNNEL_gue);
		return LAYER_ip;
	}
	const uint8_t *p = layer_take(w, 4);
	if (!p)
		return layer_short(w, PACKET_other_port);
	if (p[0] & GUE_VARIANT)
		return layer_stop(w, PACKET_other_port);
	if (p[0] & GUE_CONTROL)
		return layer_stop(w, PACKET_tunnel_control);
	if (!layer_take(w, (p[0] & GUE_WORDS) * 4u))
		return layer_short(w, PACKET_other_port);
	layer_tunnel(w, TUNNEL_gue);
	w->next = p[1];
	if (w->next == IP_IPV4 || w->next == IP_IPV6)
		return LAYER_ip;
	layer_ip_unbounded(w);
	return LAYER_ip_protocol;
}

/* No field names the protocol: IP by its version, else GRE of version 0 that leads to IP. */
static inline enum layer layer_fou(struct walk *w)
{
	if (layer_looks_ip(w, 0)) {
		layer_tunnel(w, TUNNEL_fou);
		return LAYER_ip;
	}
	return LAYER_gre_udp;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Generic UDP encapsulation (draft-ietf-intarea-gue) and foo over UDP, which is the payload of an
 * IP protocol without a header (Linux fou).
 */
#ifndef PACKET_LAYER_GUE_H
#define PACKET_LAYER_GUE_H

#include "packet/layer.h"

/* Variant 1 (section 4) has no header: its two bits are the first ones of an IP version. */
static inline enum layer layer_gue(struct walk *w)
{
	if (layer_remaining(w) && (*w->at & GUE_VARIANT) == GUE_VARIANT_1) {
		if (!layer_is_ip(w, 0))
			return layer_short(w, PACKET_other_port);
		layer_set_tunnel(w, TUNNEL_gue);
		return LAYER_ip;
	}
	const uint8_t *p = layer_read(w, GUE_HEADER);
	if (!p)
		return layer_short(w, PACKET_other_port);
	if (p[0] & GUE_VARIANT)
		return layer_stop(w, PACKET_other_port);
	if (p[0] & GUE_CONTROL)
		return layer_stop(w, PACKET_tunnel_control);
	if (!layer_read(w, (p[0] & GUE_WORDS) * 4u))
		return layer_short(w, PACKET_other_port);
	layer_set_tunnel(w, TUNNEL_gue);
	w->next = p[GUE_PROTOCOL];
	if (w->next == IP_IPV4 || w->next == IP_IPV6)
		return LAYER_ip;
	layer_ip_unlimited(w);
	return LAYER_ip_protocol;
}

/* No field names the protocol: IP by its version, else GRE of version 0 that leads to IP. */
static inline enum layer layer_fou(struct walk *w)
{
	if (layer_is_ip(w, 0)) {
		layer_set_tunnel(w, TUNNEL_fou);
		return LAYER_ip;
	}
	return LAYER_gre_udp;
}

#endif

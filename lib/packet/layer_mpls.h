/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MPLS label stacks (RFC 3032) with IP, or an Ethernet pseudowire with or without a control word
 * (RFC 4448, RFC 4385). No field tells which: the first four bits and the next headers decide.
 */
#ifndef PACKET_LAYER_MPLS_H
#define PACKET_LAYER_MPLS_H

#include "packet/layer.h"

#define MPLS_LABELS 16 /* labels that are followed */

/* RFC 3032 section 2.1, RFC 4385. */
enum {
	MPLS_ENTRY = 4,
	MPLS_BOTTOM = 0x01, /* S, of octet 2 */
	MPLS_LABEL_SHIFT = 12,
	MPLS_CONTROL_WORD = 4,
};

/* Finds what follows the label stack, or ends the walk with `odd`. */
static inline enum layer layer_mpls_payload(struct walk *w, enum packet_verdict odd)
{
	if (layer_remaining(w) < IPV4_HEADER)
		return layer_short(w, odd);
	bool ethernet = layer_is_ethernet(w, 0);
	switch (*w->at >> IP_VERSION_SHIFT) {
	case 4: return ethernet && !layer_is_ip(w, 0) ? LAYER_ethernet : LAYER_ipv4;
	case 6: return ethernet && !layer_is_ip(w, 0) ? LAYER_ethernet : LAYER_ipv6;
	case 0:
		/*
		 * A tagged frame looks like a frame without tag behind a control word. The control
		 * word begins with two octets of zero, unless the frame is shorter than 64 octets.
		 */
		if (ethernet && (!layer_is_ethernet(w, MPLS_CONTROL_WORD) || bits_be16(w->at) != 0))
			return LAYER_ethernet;
		w->at += MPLS_CONTROL_WORD;
		return layer_is_ip(w, 0) && !layer_is_ethernet(w, 0) ? LAYER_ip : LAYER_ethernet;
	case 1: /* an associated channel (RFC 4385 section 5) */
		return ethernet ? LAYER_ethernet : layer_stop(w, PACKET_tunnel_control);
	default: return ethernet ? LAYER_ethernet : layer_short(w, odd);
	}
}

static inline enum layer layer_mpls_stack(struct walk *w, enum packet_verdict odd)
{
	for (int i = 0; i < MPLS_LABELS; i++) {
		const uint8_t *p = layer_read(w, MPLS_ENTRY);
		if (!p)
			return layer_short(w, odd);
		if (p[2] & MPLS_BOTTOM) {
			uint32_t label = bits_be32(p) >> MPLS_LABEL_SHIFT;
			enum layer layer = layer_mpls_payload(w, odd);
			if (layer != LAYER_end)
				layer_set_tunnel_id(w, TUNNEL_mpls, label);
			return layer;
		}
	}
	return layer_stop(w, PACKET_too_deep);
}

static inline enum layer layer_mpls(struct walk *w)
{
	return layer_mpls_stack(w, PACKET_bad_tunnel);
}

/* RFC 7510. */
static inline enum layer layer_mpls_udp(struct walk *w)
{
	return layer_mpls_stack(w, PACKET_other_port);
}

#endif

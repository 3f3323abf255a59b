/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MPLS label stacks (RFC 3032) with IP, or an Ethernet pseudowire with or without a control word
 * (RFC 4448, RFC 4385). Nothing says which: the first nibble does, and how the rest looks.
 */
#ifndef PACKET_LAYER_MPLS_H
#define PACKET_LAYER_MPLS_H

#include "packet/layer.h"

#define MPLS_LABELS 16 /* that are followed */

/* What stands behind the bottom of the stack; `odd` if nothing that is known. */
static inline enum layer layer_mpls_payload(struct walk *w, enum packet_verdict odd)
{
	if (layer_left(w) < 20) /* too little to tell */
		return layer_short(w, odd);
	bool ethernet = layer_looks_ethernet(w, 0);
	switch (*w->at >> 4) {
	case 4: return ethernet && !layer_looks_ip(w, 0) ? LAYER_ethernet : LAYER_ipv4;
	case 6: return ethernet && !layer_looks_ip(w, 0) ? LAYER_ethernet : LAYER_ipv6;
	case 0:
		/*
		 * A tagged frame looks like a frame without tag behind a control word. The control
		 * word begins with two octets of zero, unless the frame is shorter than 64 octets.
		 */
		if (ethernet && (!layer_looks_ethernet(w, 4) || bits_be16(w->at) != 0))
			return LAYER_ethernet;
		w->at += 4;
		return layer_looks_ip(w, 0) && !layer_looks_ethernet(w, 0) ? LAYER_ip
									   : LAYER_ethernet;
	case 1: /* RFC 4385 section 5: an associated channel */
		return ethernet ? LAYER_ethernet : layer_stop(w, PACKET_tunnel_control);
	default: return ethernet ? LAYER_ethernet : layer_short(w, odd);
	}
}

static inline enum layer layer_mpls_stack(struct walk *w, enum packet_verdict odd)
{
	for (int i = 0; i < MPLS_LABELS; i++) {
		const uint8_t *p = layer_take(w, 4);
		if (!p)
			return layer_short(w, odd);
		if (p[2] & 1) { /* bottom of the stack */
			uint32_t label = bits_be32(p) >> 12;
			enum layer layer = layer_mpls_payload(w, odd);
			if (layer != LAYER_end)
				layer_tunnel_id(w, TUNNEL_mpls, label);
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

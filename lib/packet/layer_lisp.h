/* SPDX-License-Identifier: BSD-3-Clause */
/* LISP data packets (RFC 9300 section 5), with LISP-GPE (RFC 9305). */
#ifndef PACKET_LAYER_LISP_H
#define PACKET_LAYER_LISP_H

#include "packet/layer_vxlan.h"

enum {
	LISP_INSTANCE = 0x08, /* I bit: an instance id stands in the second word */
	LISP_NEXT = 0x04, /* P bit: the fourth octet says what follows (RFC 9305 section 3) */
	LISP_RESERVED = 0x03, /* R bit and KK: reserved, or the payload is encrypted (RFC 8061) */
};

static inline enum layer layer_lisp(struct walk *w)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p || !layer_left(w))
		return layer_short(w, PACKET_other_port);
	if (p[0] & LISP_RESERVED)
		return layer_stop(w, PACKET_other_port);
	if (!(p[0] & LISP_NEXT) && !layer_looks_ip(w, 0))
		return layer_short(w, PACKET_other_port);
	if (p[0] & LISP_INSTANCE)
		layer_tunnel_id(w, TUNNEL_lisp, bits_be32(p + 4) >> 8);
	else
		layer_tunnel(w, TUNNEL_lisp);
	return p[0] & LISP_NEXT ? layer_nvo3_next(w, p[3]) : LAYER_ip;
}

#endif

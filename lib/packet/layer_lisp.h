/* SPDX-License-Identifier: BSD-3-Clause */
/* LISP data packets (RFC 9300 section 5), with LISP-GPE (RFC 9305). */
#ifndef PACKET_LAYER_LISP_H
#define PACKET_LAYER_LISP_H

#include "packet/layer_nvo3.h"

enum {
	LISP_HEADER = 8,
	LISP_ID = 4, /* the instance, 24 bits */
	LISP_NEXT_PROTOCOL = 3,
	LISP_INSTANCE = 0x08, /* I: the second word has an instance id */
	LISP_NEXT = 0x04, /* P: the next protocol field is valid (RFC 9305 section 3) */
	LISP_RESERVED = 0x03, /* R, and KK: the payload is encrypted (RFC 8061) */
};

static inline enum layer layer_lisp(struct walk *w)
{
	const uint8_t *p = layer_take(w, LISP_HEADER);
	if (!p || !layer_left(w))
		return layer_short(w, PACKET_other_port);
	if (p[0] & LISP_RESERVED)
		return layer_stop(w, PACKET_other_port);
	if (!(p[0] & LISP_NEXT) && !layer_looks_ip(w, 0))
		return layer_short(w, PACKET_other_port);
	if (p[0] & LISP_INSTANCE)
		layer_tunnel_id(w, TUNNEL_lisp, bits_be32(p + LISP_ID) >> 8);
	else
		layer_tunnel(w, TUNNEL_lisp);
	return p[0] & LISP_NEXT ? layer_nvo3_next(w, p[LISP_NEXT_PROTOCOL]) : LAYER_ip;
}

#endif

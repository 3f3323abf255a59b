/* SPDX-License-Identifier: BSD-3-Clause */
/* LISP data packets (RFC 9300), also of LISP-GPE (RFC 9305). */
#ifndef PACKET_LAYER_LISP_H
#define PACKET_LAYER_LISP_H

#include "packet/layer_nvo3.h"

/* Without LISP_P no field names the payload, which is IP (RFC 9300 section 5). */
static inline enum layer layer_lisp(struct walk *w)
{
	const uint8_t *p = layer_read(w, LISP_HEADER);
	if (!p || !layer_remaining(w))
		return layer_short(w, PACKET_other_port);
	if (p[0] & LISP_RESERVED)
		return layer_stop(w, PACKET_other_port);
	if (!(p[0] & LISP_P) && !layer_is_ip(w, 0))
		return layer_short(w, PACKET_other_port);
	if (p[0] & LISP_I)
		layer_set_tunnel_id(w, TUNNEL_lisp, bits_be32(p + LISP_INSTANCE) >> 8);
	else
		layer_set_tunnel(w, TUNNEL_lisp);
	return p[0] & LISP_P ? layer_nvo3_next(w, p[LISP_NEXT]) : LAYER_ip;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Link types without Ethernet: BSD null and loop, Linux cooked v1 and v2 (tcpdump.org/linktypes).
 */
#ifndef PACKET_LAYER_SLL_H
#define PACKET_LAYER_SLL_H

#include "packet/layer.h"

/* Address family in the byte order of the machine that captured (null) or big endian (loop). */
static inline enum layer layer_null(struct walk *w)
{
	const uint8_t *p = layer_take(w, 4);
	if (!p)
		return layer_stop(w, PACKET_cut);
	uint32_t family = bits_be32(p);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2: return LAYER_ipv4;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */ return LAYER_ipv6;
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

static inline enum layer layer_sll(struct walk *w)
{
	const uint8_t *p = layer_take(w, 16);
	if (!p)
		return layer_stop(w, PACKET_cut);
	w->next = bits_be16(p + 14);
	return LAYER_ethertype;
}

static inline enum layer layer_sll2(struct walk *w)
{
	const uint8_t *p = layer_take(w, 20);
	if (!p)
		return layer_stop(w, PACKET_cut);
	w->next = bits_be16(p);
	return LAYER_ethertype;
}

#endif

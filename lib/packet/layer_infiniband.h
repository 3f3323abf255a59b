/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IP over InfiniBand (RFC 4391 section 6: EtherType, 2 octets reserved), alone or in datagrams of
 * InfiniBand (Architecture Specification 1.7 chapters 7 to 9: LRH, GRH, BTH, DETH).
 */
#ifndef PACKET_LAYER_INFINIBAND_H
#define PACKET_LAYER_INFINIBAND_H

#include "packet/layer.h"

enum {
	IB_LRH = 8,
	IB_GRH = 40,
	IB_BTH = 12,
	IB_DETH = 8,
	IB_NEXT = 0x03, /* LNH in octet 1 of LRH */
	IB_NEXT_LOCAL = 2, /* BTH */
	IB_NEXT_GLOBAL = 3, /* GRH, BTH */
	IB_UD_SEND_ONLY = 0x64, /* opcode of BTH: datagrams carry IP in messages of one packet */
};

/* Behind the GRH, which a capture on an IPoIB interface may have left zero. */
static inline enum layer layer_ipoib(struct walk *w)
{
	const uint8_t *p = layer_read(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p);
	return w->next < ETHER_TYPE_MIN ? layer_stop(w, PACKET_other_ethertype) : LAYER_ethertype;
}

static inline enum layer layer_infiniband(struct walk *w)
{
	const uint8_t *p = layer_read(w, IB_LRH);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	unsigned next = p[1] & IB_NEXT;
	if (next < IB_NEXT_LOCAL)
		return layer_stop(w, PACKET_other_ethertype); /* raw packets */
	if (next == IB_NEXT_GLOBAL && !layer_read(w, IB_GRH))
		return layer_short(w, PACKET_bad_frame);
	p = layer_read(w, IB_BTH);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[0] != IB_UD_SEND_ONLY)
		return layer_stop(w, PACKET_other_ethertype);
	return layer_read(w, IB_DETH) ? LAYER_ipoib : layer_short(w, PACKET_bad_frame);
}

#endif

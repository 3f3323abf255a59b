/* SPDX-License-Identifier: BSD-3-Clause */
/* Link types without Ethernet: BSD null and loop, Linux cooked v1 and v2 (tcpdump.org/linktypes).
 */
#ifndef PACKET_LAYER_SLL_H
#define PACKET_LAYER_SLL_H

#include "packet/layer.h"

/*
 * Address family in the byte order of the machine that captured (null) or big endian (loop). Some
 * put an EtherType in the last two octets, where a family has zeros or a small number.
 */
static inline enum layer layer_null(struct walk *w)
{
	const uint8_t *p = layer_take(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	uint32_t family = bits_be32(p);
	w->next = (uint16_t)family;
	if (w->next >= ETHER_LENGTHS)
		return LAYER_ethertype;
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

/* Continues by the protocol of a cooked header, whose meaning the hardware type decides. */
static inline enum layer layer_cooked(struct walk *w, uint16_t hardware, uint16_t protocol)
{
	w->next = protocol;
	switch (hardware) {
	case 770: return LAYER_frelay;
	case 778: return LAYER_gre_inside;
	case 803: return LAYER_radiotap;
	case 824: return layer_stop(w, PACKET_other_ethertype); /* netlink */
	default: break;
	}
	if (protocol >= ETHER_LENGTHS)
		return LAYER_ethertype;
	switch (protocol) {
	case 3: return LAYER_ethernet;
	case 4: return LAYER_llc;
	case 7: return LAYER_ppp;
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

static inline enum layer layer_sll(struct walk *w)
{
	const uint8_t *p = layer_take(w, 16);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (bits_be16(p + 4) == MAC_OCTETS)
		layer_macs(w, p + 6, NULL);
	return layer_cooked(w, bits_be16(p + 2), bits_be16(p + 14));
}

static inline enum layer layer_sll2(struct walk *w)
{
	const uint8_t *p = layer_take(w, 20);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[11] == MAC_OCTETS)
		layer_macs(w, p + 12, NULL);
	return layer_cooked(w, bits_be16(p + 8), bits_be16(p));
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Link types without Ethernet: BSD null and loop, Linux cooked v1 and v2 (tcpdump.org/linktypes).
 */
#ifndef PACKET_LAYER_SLL_H
#define PACKET_LAYER_SLL_H

#include "packet/layer.h"

/* Address families of the systems that write BSD null and loop headers. */
enum {
	NULL_HEADER = 4,
	NULL_IPV4 = 2,
	NULL_IPV6_LINUX = 10,
	NULL_IPV6_NETBSD = 24, /* and OpenBSD */
	NULL_IPV6_FREEBSD = 28,
	NULL_IPV6_MACOS = 30,
};

/* LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2: octets and offsets, ARPHRD_* of the hardware type,
 * and ETH_P_* where the protocol is no EtherType. */
enum {
	SLL_HEADER = 16,
	SLL_HARDWARE = 2,
	SLL_ADDRESS_LENGTH = 4,
	SLL_ADDRESS = 6,
	SLL_PROTOCOL = 14,
	SLL2_HEADER = 20,
	SLL2_PROTOCOL = 0,
	SLL2_HARDWARE = 8,
	SLL2_ADDRESS_LENGTH = 11,
	SLL2_ADDRESS = 12,
	SLL_ARPHRD_FRAD = 770,
	SLL_ARPHRD_IPGRE = 778,
	SLL_ARPHRD_RADIOTAP = 803,
	SLL_ARPHRD_NETLINK = 824,
	SLL_ETH_P_ALL = 3,
	SLL_ETH_P_802_2 = 4,
	SLL_ETH_P_WAN_PPP = 7,
};

/*
 * The header is an address family in the byte order of the capturing machine (null) or in big
 * endian (loop). Some programs write an EtherType into the last two octets, where a family has
 * zeros or a small number.
 */
static inline enum layer layer_null(struct walk *w)
{
	const uint8_t *p = layer_read(w, NULL_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	uint32_t family = bits_be32(p);
	w->next = (uint16_t)family;
	if (w->next >= ETHER_TYPE_MIN)
		return LAYER_ethertype;
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case NULL_IPV4: return LAYER_ipv4;
	case NULL_IPV6_LINUX:
	case NULL_IPV6_NETBSD:
	case NULL_IPV6_FREEBSD:
	case NULL_IPV6_MACOS: return LAYER_ipv6;
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

/* Continues by the protocol of a cooked header, whose meaning depends on the hardware type. */
static inline enum layer layer_cooked(struct walk *w, uint16_t hardware, uint16_t protocol)
{
	w->next = protocol;
	switch (hardware) {
	case SLL_ARPHRD_FRAD: return LAYER_frelay;
	case SLL_ARPHRD_IPGRE: return LAYER_gre_inside;
	case SLL_ARPHRD_RADIOTAP: return LAYER_radiotap;
	case SLL_ARPHRD_NETLINK: return layer_stop(w, PACKET_other_ethertype);
	default: break;
	}
	if (protocol >= ETHER_TYPE_MIN)
		return LAYER_ethertype;
	switch (protocol) {
	case SLL_ETH_P_ALL: return LAYER_ethernet;
	case SLL_ETH_P_802_2: return LAYER_llc;
	case SLL_ETH_P_WAN_PPP: return LAYER_ppp;
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

static inline enum layer layer_sll(struct walk *w)
{
	const uint8_t *p = layer_read(w, SLL_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (bits_be16(p + SLL_ADDRESS_LENGTH) == MAC_OCTETS)
		layer_set_macs(w, p + SLL_ADDRESS, NULL);
	return layer_cooked(w, bits_be16(p + SLL_HARDWARE), bits_be16(p + SLL_PROTOCOL));
}

static inline enum layer layer_sll2(struct walk *w)
{
	const uint8_t *p = layer_read(w, SLL2_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[SLL2_ADDRESS_LENGTH] == MAC_OCTETS)
		layer_set_macs(w, p + SLL2_ADDRESS, NULL);
	return layer_cooked(w, bits_be16(p + SLL2_HARDWARE), bits_be16(p + SLL2_PROTOCOL));
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet II, 802.1Q tags in any number (802.1Q, 802.1ad, the older 0x9100 and 0x9200). */
#ifndef PACKET_LAYER_ETH_H
#define PACKET_LAYER_ETH_H

#include "packet/layer.h"

static inline enum layer layer_ethernet(struct walk *w)
{
	const uint8_t *p = layer_take(w, 14);
	if (!p)
		return layer_stop(w, PACKET_cut);
	w->next = bits_be16(p + 12);
	return LAYER_ethertype;
}

static inline enum layer layer_vlan(struct walk *w)
{
	const uint8_t *p = layer_take(w, 4);
	if (!p)
		return layer_stop(w, PACKET_cut);
	if (w->pkt->vlans < PACKET_VLANS)
		w->pkt->vlan[w->pkt->vlans++] = bits_be16(p) & 0x0fff;
	w->next = bits_be16(p + 2);
	return LAYER_ethertype;
}

static inline enum layer layer_ethertype(struct walk *w)
{
	switch (w->next) {
	case 0x0800: return LAYER_ipv4;
	case 0x86dd: return LAYER_ipv6;
	case 0x8100:
	case 0x88a8:
	case 0x9100:
	case 0x9200: return layer_vlan(w);
	case 0x0806:
	case 0x8035: return layer_stop(w, PACKET_arp);
	case 0x8847:
	case 0x8848: return layer_stop(w, PACKET_tunnel_mpls);
	case 0x8863:
	case 0x8864: return layer_stop(w, PACKET_tunnel_pppoe);
	default: return layer_stop(w, w->next < 0x600 ? PACKET_llc : PACKET_other_ethertype);
	}
}

#endif

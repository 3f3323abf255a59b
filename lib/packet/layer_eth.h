/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet II and the tags between its addresses and its payload: 802.1Q in any number (802.1Q,
 * 802.1ad, the older 0x9100 and 0x9200), 802.1BR, VN-Tag, 802.1ah, MACsec, HSR, Cisco MetaData,
 * FabricPath, TRILL, switch tags of Linux DSA.
 */
#ifndef PACKET_LAYER_ETH_H
#define PACKET_LAYER_ETH_H

#include "packet/layer.h"

static inline enum layer layer_vlan(struct walk *w)
{
	const uint8_t *p = layer_take(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (w->pkt->vlans < PACKET_VLANS)
		w->pkt->vlan[w->pkt->vlans++] = bits_be16(p) & 0x0fff;
	w->next = bits_be16(p + 2);
	return LAYER_ethertype;
}

/* What w->next says. */
static inline enum layer layer_ethertype(struct walk *w)
{
	if (bits_likely(w->next == 0x0800))
		return LAYER_ipv4;
	switch (w->next) {
	case 0x86dd: return LAYER_ipv6;
	case 0x8100:
	case 0x88a8:
	case 0x9100:
	case 0x9200: return layer_vlan(w);
	case 0x0806:
	case 0x8035: return layer_stop(w, PACKET_arp);
	default: return LAYER_ethertype_rest;
	}
}

static inline enum layer layer_ethernet(struct walk *w)
{
	const uint8_t *p = layer_take(w, 14);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p + 12);
	enum layer layer = layer_ethertype(w);
	if (layer == LAYER_ethertype_rest && w->next < 0x600) {
		w->at = p;
		return LAYER_ieee802_3;
	}
	return layer;
}

/* A tag of n octets that ends in the next EtherType. */
static inline enum layer layer_tag(struct walk *w, size_t n)
{
	const uint8_t *p = layer_take(w, n);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p + n - 2);
	return LAYER_ethertype;
}

/* A tag of n octets with another Ethernet frame behind it. */
static inline enum layer layer_around(struct walk *w, size_t n)
{
	return layer_take(w, n) ? LAYER_ethernet : layer_short(w, PACKET_bad_frame);
}

/* Cisco MetaData: version 1, one option of 4 octets, EtherType. */
static inline enum layer layer_metadata(struct walk *w)
{
	if (layer_left(w) && *w->at != 1)
		return layer_stop(w, PACKET_other_ethertype);
	return layer_tag(w, 8);
}

/* IEEE 802.1AE section 9: readable if neither E (encrypted) nor C (changed text) is set. */
static inline enum layer layer_macsec(struct walk *w)
{
	const uint8_t *p = layer_take(w, 6);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[0] & 0x0c)
		return layer_stop(w, PACKET_macsec);
	return layer_tag(w, p[0] & 0x20 ? 8 + 2 : 2); /* the SCI, if SC says that it is there */
}

/* RFC 6325 section 3: options in units of 4 octets, then Ethernet. */
static inline enum layer layer_trill(struct walk *w)
{
	const uint8_t *p = layer_take(w, 6);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	return layer_around(w, ((bits_be16(p) >> 6) & 31u) * 4);
}

static inline enum layer layer_ethertype_rest(struct walk *w)
{
	switch (w->next) {
	case 0x6558: return LAYER_ethernet;
	case 0x8847:
	case 0x8848: return LAYER_mpls;
	case 0x8863: return layer_stop(w, PACKET_tunnel_control); /* PPPoE discovery */
	case 0x8864: return LAYER_pppoe;
	case 0x880b: return LAYER_ppp;
	case 0x8870: return LAYER_llc; /* a jumbo frame with LLC */
	case 0x88e5: return layer_macsec(w);
	case 0x88e7: return layer_around(w, 4); /* 802.1ah I-TAG */
	case 0x892f: return layer_tag(w, 6); /* HSR: path, size, sequence (IEC 62439-3) */
	case 0x893f: return layer_tag(w, 8); /* 802.1BR E-TAG */
	case 0x8926: return layer_tag(w, 6); /* VN-Tag */
	case 0x8909: return layer_metadata(w);
	case 0x8903: return layer_around(w, 2); /* FabricPath: tree and TTL */
	case 0x22f3: return layer_trill(w);
	case 0x894f: return LAYER_nsh;
	default: break;
	}
	if (w->next >= 0x600)
		return layer_stop(w, PACKET_other_ethertype);
	layer_bound(w, w->next); /* the length of an IEEE 802.3 frame, behind a tag */
	return LAYER_llc;
}

/* Between the addresses and the EtherType stand n octets of a switch (Linux DSA). */
static inline enum layer layer_switch_tag(struct walk *w, size_t n)
{
	return layer_tag(w, 12 + n + 2);
}

static inline enum layer layer_dsa(struct walk *w)
{
	return layer_switch_tag(w, 4);
}

static inline enum layer layer_edsa(struct walk *w)
{
	return layer_switch_tag(w, 8);
}

/* IEEE 802.3br: preamble, then a start octet: of a whole frame, or of one that may go on later. */
static inline enum layer layer_mpacket(struct walk *w)
{
	const uint8_t *p;
	for (int i = 0; i < 8; i++) {
		p = layer_take(w, 1);
		if (!p)
			return layer_short(w, PACKET_bad_frame);
		switch (*p) {
		case 0x55: break;
		case 0xd5:
		case 0xe6:
		case 0x4c:
		case 0x7f:
		case 0xb3: return LAYER_ethernet;
		default: return layer_stop(w, PACKET_other_ethertype);
		}
	}
	return layer_stop(w, PACKET_bad_frame);
}

/*
 * IEEE 802.3 frames have a length for a type. Cisco's ISL looks like one and encloses a whole
 * frame: 26 octets, first the address 01:00:0c:00:00 or 03:00:0c:00:00, the VLAN id in octets 20
 * and 21.
 */
static inline enum layer layer_ieee802_3(struct walk *w)
{
	const uint8_t *p = layer_take(w, 14);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if ((p[0] & 0xfd) == 1 && bits_be32(p + 1) == 0x000c0000) {
		if (!layer_take(w, 12))
			return layer_short(w, PACKET_bad_frame);
		if (w->pkt->vlans < PACKET_VLANS)
			w->pkt->vlan[w->pkt->vlans++] = (bits_be16(p + 20) >> 1) & 0x0fff;
		return LAYER_ethernet;
	}
	layer_bound(w, bits_be16(p + 12));
	return LAYER_llc;
}

#endif

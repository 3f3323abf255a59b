/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rare tags between the addresses and the payload of an Ethernet frame, and rare forms of the frame
 * itself: IEEE 802.1BR, VN-Tag, 802.1ah, MACsec, HSR, Cisco MetaData, FabricPath, TRILL, switch
 * tags of Linux DSA, IEEE 802.3br, IEEE 802.3 with a length, Cisco ISL.
 */
#ifndef PACKET_LAYER_TAG_H
#define PACKET_LAYER_TAG_H

#include "packet/walk_common.h"

/* Skips a tag of n octets that ends with the next EtherType. */
static inline enum layer layer_tag(struct walk *w, size_t n)
{
	const uint8_t *p = layer_take(w, n);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p + n - 2);
	return LAYER_ethertype;
}

/* Skips a tag of n octets that another Ethernet frame follows. */
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

/* IEEE 802.1AE clause 9: the text is clear if neither E (encryption) nor C (changed text) is set.
 */
static inline enum layer layer_macsec(struct walk *w)
{
	const uint8_t *p = layer_take(w, 6);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[0] & 0x0c)
		return layer_stop(w, PACKET_macsec);
	return layer_tag(w, p[0] & 0x20 ? 8 + 2 : 2); /* SC: an SCI follows */
}

/* RFC 6325 section 3: options in units of 4 octets, then Ethernet. */
static inline enum layer layer_trill(struct walk *w)
{
	const uint8_t *p = layer_take(w, 6);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	return layer_around(w, ((bits_be16(p) >> 6) & 31u) * 4);
}

/* A tag that only passes on, or an EtherType that ends the walk. */
static inline enum layer layer_ethertype_tag(struct walk *w)
{
	switch (w->next) {
	case ETHER_PPPOE_DISCOVERY: return layer_stop(w, PACKET_tunnel_control);
	case ETHER_MACSEC: return layer_macsec(w);
	case ETHER_ITAG: return layer_around(w, 4);
	case ETHER_HSR: return layer_tag(w, 6); /* path, size, sequence */
	case ETHER_ETAG: return layer_tag(w, 8);
	case ETHER_VNTAG: return layer_tag(w, 6);
	case ETHER_METADATA: return layer_metadata(w);
	case ETHER_FABRICPATH: return layer_around(w, 2); /* tree and TTL */
	case ETHER_TRILL: return layer_trill(w);
	default: break;
	}
	if (w->next >= ETHER_LENGTHS)
		return layer_stop(w, PACKET_other_ethertype);
	layer_bound(w, w->next); /* the length of an IEEE 802.3 frame, behind a tag */
	return LAYER_llc;
}

/* Skips n octets that a switch wrote between addresses and EtherType (Linux DSA). */
static inline enum layer layer_switch_tag(struct walk *w, size_t n)
{
	if (layer_left(w) >= ETHER_TYPE)
		w->mac = w->at;
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

/* IEEE 802.3br: preamble, then the start octet of an express or a preemptable frame. */
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
	const uint8_t *p = layer_take(w, ETHER_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if ((p[0] & 0xfd) == 1 && bits_be32(p + 1) == 0x000c0000) {
		if (!layer_take(w, 12))
			return layer_short(w, PACKET_bad_frame);
		layer_vlan_id(w, bits_be16(p + 20) >> 1);
		return LAYER_ethernet;
	}
	layer_bound(w, bits_be16(p + ETHER_TYPE));
	return LAYER_llc;
}

#endif

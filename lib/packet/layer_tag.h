/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rare tags between the addresses and the payload of an Ethernet frame, and rare forms of the frame
 * itself: IEEE 802.1BR, VN-Tag, 802.1ah, MACsec, HSR, Cisco MetaData, FabricPath, TRILL, switch
 * tags of Linux DSA, IEEE 802.3br, IEEE 802.3 with a length, Cisco ISL.
 */
#ifndef PACKET_LAYER_TAG_H
#define PACKET_LAYER_TAG_H

#include "packet/walk_common.h"

/* Octets of tags behind their EtherType, without the next EtherType, and what their bits mean. */
enum {
	ITAG = 4, /* IEEE 802.1Q-2018 clause 9.7 */
	HSR_TAG = 4, /* path, size, sequence number (IEC 62439-3) */
	ETAG = 6, /* IEEE 802.1BR-2012 clause 7 */
	VNTAG = 4,
	FABRICPATH_TAG = 2, /* forwarding tag and TTL */
	METADATA_TAG = 6, /* version, length, one option of 4 octets */
	METADATA_VERSION = 1,
	DSA_TAG = 4, /* Marvell's switch tag, and with an EtherType of its own */
	EDSA_TAG = 8,
	MACSEC_TAG = 6, /* TCI and AN, short length, packet number (IEEE 802.1AE-2018 clause 9.3) */
	MACSEC_SCI = 8,
	MACSEC_TCI_SC = 0x20, /* an SCI follows (clause 9.5) */
	MACSEC_TCI_E = 0x08, /* encrypted */
	MACSEC_TCI_C = 0x04, /* the text is changed */
	TRILL_HEADER = 6, /* RFC 6325 section 3 */
	TRILL_OPTIONS_SHIFT = 6, /* of the first 16 bits: words of 4 octets of options */
	TRILL_OPTIONS = 0x1f,
};

/* Octets between frames (IEEE 802.3br-2016 clause 99.3): preamble, and where a frame starts. */
enum {
	MPACKET_PREAMBLE = 8, /* octets at most, with the start */
	MPACKET_FILL = 0x55,
	MPACKET_EXPRESS = 0xd5, /* SMD-E */
	MPACKET_START_0 = 0xe6, /* SMD-S0 to SMD-S3: preemptable */
	MPACKET_START_1 = 0x4c,
	MPACKET_START_2 = 0x7f,
	MPACKET_START_3 = 0xb3,
};

/* Cisco ISL: a destination of 01:00:0c:00:00 or 03:00:0c:00:00, and a whole frame behind it. */
enum {
	ISL_HEADER = 26,
	ISL_ADDRESS = 0x01, /* first octet, without the bit that differs */
	ISL_ADDRESS_MASK = 0xfd,
	ISL_ADDRESS_REST = 0x000c0000, /* the next four octets */
	ISL_VLAN = 20, /* 15 bits, then a bit for BPDUs */
};

/* Skips a tag of n octets, and the next EtherType behind it. */
static inline enum layer layer_tag(struct walk *w, size_t n)
{
	const uint8_t *p = layer_read(w, n + ETHERTYPE_OCTETS);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p + n);
	return LAYER_ethertype;
}

/* Skips a tag of n octets that another Ethernet frame follows. */
static inline enum layer layer_outer_tag(struct walk *w, size_t n)
{
	return layer_read(w, n) ? LAYER_ethernet : layer_short(w, PACKET_bad_frame);
}

/* Skips Cisco MetaData. */
static inline enum layer layer_metadata(struct walk *w)
{
	if (layer_remaining(w) && *w->at != METADATA_VERSION)
		return layer_stop(w, PACKET_other_ethertype);
	return layer_tag(w, METADATA_TAG);
}

/* IEEE 802.1AE-2018 clause 9.5: the text is clear if neither E nor C is set. */
static inline enum layer layer_macsec(struct walk *w)
{
	const uint8_t *p = layer_read(w, MACSEC_TAG);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[0] & (MACSEC_TCI_E | MACSEC_TCI_C))
		return layer_stop(w, PACKET_macsec);
	return layer_tag(w, p[0] & MACSEC_TCI_SC ? MACSEC_SCI : 0);
}

/* RFC 6325 section 3: an Ethernet frame follows the options. */
static inline enum layer layer_trill(struct walk *w)
{
	const uint8_t *p = layer_read(w, TRILL_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	return layer_outer_tag(w, (bits_be16(p) >> TRILL_OPTIONS_SHIFT & TRILL_OPTIONS) * 4u);
}

/* Skips a tag that tells nothing, or ends the walk at an EtherType that leads no further. */
static inline enum layer layer_ethertype_tag(struct walk *w)
{
	switch (w->next) {
	case ETHER_PPPOE_DISCOVERY: return layer_stop(w, PACKET_tunnel_control);
	case ETHER_MACSEC: return layer_macsec(w);
	case ETHER_ITAG: return layer_outer_tag(w, ITAG);
	case ETHER_HSR: return layer_tag(w, HSR_TAG);
	case ETHER_ETAG: return layer_tag(w, ETAG);
	case ETHER_VNTAG: return layer_tag(w, VNTAG);
	case ETHER_METADATA: return layer_metadata(w);
	case ETHER_FABRICPATH: return layer_outer_tag(w, FABRICPATH_TAG);
	case ETHER_TRILL: return layer_trill(w);
	default: break;
	}
	if (w->next >= ETHER_TYPE_MIN)
		return layer_stop(w, PACKET_other_ethertype);
	layer_limit(w, w->next); /* the length of an IEEE 802.3 frame, behind a tag */
	return LAYER_llc;
}

/* Skips n octets that a switch wrote between addresses and EtherType (Linux DSA). */
static inline enum layer layer_switch_tag(struct walk *w, size_t n)
{
	if (layer_remaining(w) >= ETHER_TYPE)
		w->mac = w->at;
	return layer_tag(w, ETHER_TYPE + n);
}

static inline enum layer layer_dsa(struct walk *w)
{
	return layer_switch_tag(w, DSA_TAG);
}

static inline enum layer layer_edsa(struct walk *w)
{
	return layer_switch_tag(w, EDSA_TAG);
}

/* IEEE 802.3br-2016 clause 99.3: continuations of preempted frames (SMD-C) are not decoded. */
static inline enum layer layer_mpacket(struct walk *w)
{
	const uint8_t *p;
	for (int i = 0; i < MPACKET_PREAMBLE; i++) {
		p = layer_read(w, 1);
		if (!p)
			return layer_short(w, PACKET_bad_frame);
		switch (*p) {
		case MPACKET_FILL: break;
		case MPACKET_EXPRESS:
		case MPACKET_START_0:
		case MPACKET_START_1:
		case MPACKET_START_2:
		case MPACKET_START_3: return LAYER_ethernet;
		default: return layer_stop(w, PACKET_other_ethertype);
		}
	}
	return layer_stop(w, PACKET_bad_frame);
}

/* An IEEE 802.3 frame has a length in place of an EtherType, and so has Cisco ISL. */
static inline enum layer layer_ieee802_3(struct walk *w)
{
	const uint8_t *p = layer_read(w, ETHER_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if ((p[0] & ISL_ADDRESS_MASK) == ISL_ADDRESS && bits_be32(p + 1) == ISL_ADDRESS_REST) {
		if (!layer_read(w, ISL_HEADER - ETHER_HEADER))
			return layer_short(w, PACKET_bad_frame);
		layer_add_vlan(w, bits_be16(p + ISL_VLAN) >> 1);
		return LAYER_ethernet;
	}
	layer_limit(w, bits_be16(p + ETHER_TYPE));
	return LAYER_llc;
}

#endif

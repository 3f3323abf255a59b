/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IEEE 802.11 data frames, and the headers that captures write before them: radiotap, Prism, AVS,
 * PPI.
 */
#ifndef PACKET_LAYER_WLAN_H
#define PACKET_LAYER_WLAN_H

#include "packet/layer.h"

/* w->next, in the place of a link type */
#define WLAN_PADDED 0xffff /* padding stands between header and payload (radiotap) */
#define WLAN_SWAPPED 0xfffe /* the octets of frame control stand in the other order (CAPWAP) */

/* IEEE 802.11-2020 clause 9.2.4 and 9.3. */
enum {
	WLAN_CONTROL_HEADER = 10, /* of an acknowledgement, the shortest frame */
	WLAN_HEADER = 24,
	WLAN_ADDRESS = 6,
	WLAN_ADDRESS_1 = 4, /* offsets */
	WLAN_ADDRESS_2 = 10,
	WLAN_ADDRESS_3 = 16,
	WLAN_SEQUENCE_CONTROL = 22,
	WLAN_FRAGMENT_NUMBER = 0x0f, /* of its first octet */
	WLAN_ADDRESS_4 = 24, /* of a frame to and from a distribution system */
	WLAN_QOS_CONTROL = 2, /* octets */
	WLAN_HT_CONTROL = 4,
	WLAN_TO = 0x01, /* of octet 1 */
	WLAN_FROM = 0x02,
	WLAN_TYPE = 0x0f, /* of octet 0: version and type */
	WLAN_DATA = 0x08,
	WLAN_QOS = 0x80, /* subtype */
	WLAN_NO_DATA = 0x40, /* subtype */
	WLAN_DISTRIBUTION = 0x03, /* of octet 1: to and from, both of a frame with four addresses */
	WLAN_MORE_FRAGMENTS = 0x04,
	WLAN_PROTECTED = 0x40,
	WLAN_ORDER = 0x80,
	WLAN_AGGREGATE = 0x80, /* of QoS control: an A-MSDU */
};

/* Headers of captures: radiotap (radiotap.org), Prism and AVS, PPI (tcpdump.org/linktypes). */
enum {
	RADIOTAP_HEADER = 8, /* with one word of what is present */
	RADIOTAP_LENGTH = 2,
	RADIOTAP_PRESENT = 4,
	RADIOTAP_PRESENT_TSFT = 0x01,
	RADIOTAP_PRESENT_FLAGS = 0x02,
	RADIOTAP_PRESENT_MORE = 0x80, /* of the last octet of a word: another word follows */
	RADIOTAP_PRESENT_WORD = 4,
	RADIOTAP_TSFT = 8, /* octets, and their alignment */
	RADIOTAP_FLAG_PADDED = 0x20,
	PRISM_HEADER = 8, /* message code or AVS's magic, length */
	PRISM_LENGTH = 4,
	AVS_MAGIC = 0x802110, /* 24 bits, then the version; AVS is big endian */
	PPI_HEADER = 8,
	PPI_LENGTH = 2,
	PPI_LINK_TYPE = 4,
};

static inline bool layer_wlan_is_data(uint8_t octet)
{
	return (octet & WLAN_TYPE) == WLAN_DATA;
}

/* Reads a length in the byte order of the capturing machine: little endian, unless too large. */
static inline uint32_t layer_host32(const uint8_t *p)
{
	uint32_t v = bits_be32(p), swapped = __builtin_bswap32(v);
	return swapped <= 0xffff ? swapped : v;
}

static inline uint16_t layer_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

/* IEEE 802.11-2020 table 9-30: which address is the source's and the destination's. */
static inline void layer_wlan_macs(struct walk *w, const uint8_t *p, uint8_t flags)
{
	static const uint8_t dst[] = {
		WLAN_ADDRESS_1, WLAN_ADDRESS_3, WLAN_ADDRESS_1, WLAN_ADDRESS_3};
	static const uint8_t src[] = {
		WLAN_ADDRESS_2, WLAN_ADDRESS_2, WLAN_ADDRESS_3, WLAN_ADDRESS_4};
	unsigned way = flags & (WLAN_TO | WLAN_FROM);

	layer_set_macs(w, p + src[way], p + dst[way]);
}

/* Ends the walk at an A-MSDU, whose subframes are walked one by one (packet_subframe()). */
static inline enum layer layer_amsdu(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	size_t left = layer_remaining(w);
	if (left < ETHER_HEADER)
		return layer_short(w, PACKET_bad_frame);
	pkt->payload = w->at;
	pkt->len = (uint32_t)(left < PACKET_AMSDU ? left : PACKET_AMSDU);
	pkt->wire_len = pkt->len + (w->cut ? w->missing : 0);
	pkt->frag_proto = 0;
	pkt->enclosed = w->ip;
	return layer_stop(w, PACKET_aggregate);
}

/* IEEE 802.11-2020 section 9.2.4 and 9.3.2. */
static inline enum layer layer_wlan(struct walk *w)
{
	const bool padded = w->next == WLAN_PADDED, swapped = w->next == WLAN_SWAPPED;
	bool aggregate = false;
	/* Control and management frames, of which control frames are short. */
	if (layer_remaining(w) >= WLAN_CONTROL_HEADER && !layer_wlan_is_data(w->at[swapped]))
		return layer_stop(w, PACKET_wlan);
	const uint8_t *p = layer_read(w, WLAN_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	const uint8_t type = p[swapped], flags = p[!swapped];
	if (type & WLAN_NO_DATA)
		return layer_stop(w, PACKET_wlan);
	/* A fragment of an MSDU: more follow, or the fragment number is not 0. */
	if (flags & WLAN_MORE_FRAGMENTS || p[WLAN_SEQUENCE_CONTROL] & WLAN_FRAGMENT_NUMBER)
		return layer_stop(w, PACKET_wlan);
	size_t header = WLAN_HEADER;
	if ((flags & WLAN_DISTRIBUTION) == WLAN_DISTRIBUTION)
		header += WLAN_ADDRESS;
	if (type & WLAN_QOS) {
		size_t control = header;
		header += WLAN_QOS_CONTROL + (flags & WLAN_ORDER ? WLAN_HT_CONTROL : 0);
		if (!layer_read(w, header - WLAN_HEADER))
			return layer_short(w, PACKET_bad_frame);
		aggregate = p[control] & WLAN_AGGREGATE;
	} else if (!layer_read(w, header - WLAN_HEADER)) {
		return layer_short(w, PACKET_bad_frame);
	}
	if (flags & WLAN_PROTECTED)
		return layer_stop(w, PACKET_wlan_encrypted);
	layer_wlan_macs(w, p, flags);
	if (padded && !layer_read(w, (4 - header % 4) % 4))
		return layer_short(w, PACKET_bad_frame);
	return aggregate ? layer_amsdu(w) : LAYER_llc;
}

/* radiotap.org: of the fields, only the flags matter here, and only the time (TSFT) comes before
 * them.
 */
static inline enum layer layer_radiotap(struct walk *w)
{
	const uint8_t *p = w->at;
	if (layer_remaining(w) < RADIOTAP_HEADER)
		return layer_short(w, PACKET_bad_frame);
	size_t length = layer_le16(p + RADIOTAP_LENGTH), field = RADIOTAP_HEADER;
	if (p[0] != 0 || length < RADIOTAP_HEADER) /* version 0 */
		return layer_stop(w, PACKET_bad_frame);
	if (!layer_read(w, length))
		return layer_short(w, PACKET_bad_frame);
	uint8_t present = p[RADIOTAP_PRESENT];
	while (field <= length && p[field - 1] & RADIOTAP_PRESENT_MORE)
		field += RADIOTAP_PRESENT_WORD;
	if (present & RADIOTAP_PRESENT_TSFT)
		field = (field + RADIOTAP_TSFT - 1) / RADIOTAP_TSFT * RADIOTAP_TSFT + RADIOTAP_TSFT;
	bool padded = present & RADIOTAP_PRESENT_FLAGS && field < length &&
		      p[field] & RADIOTAP_FLAG_PADDED;
	w->next = padded ? WLAN_PADDED : FRAME_LINK_IEEE802_11;
	return LAYER_wlan;
}

/* Prism and AVS both have a length; some captures of link type Prism hold AVS. */
static inline enum layer layer_prism(struct walk *w)
{
	const uint8_t *p = layer_read(w, PRISM_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	const uint8_t *at = p + PRISM_LENGTH;
	uint32_t length = bits_be32(p) >> 8 == AVS_MAGIC ? bits_be32(at) : layer_host32(at);
	if (length < PRISM_HEADER)
		return layer_stop(w, PACKET_bad_frame);
	if (!layer_read(w, length - PRISM_HEADER))
		return layer_short(w, PACKET_bad_frame);
	w->next = FRAME_LINK_IEEE802_11;
	return LAYER_wlan;
}

/* Continues by the link type in a PPI header. */
static inline enum layer layer_ppi(struct walk *w)
{
	const uint8_t *p = layer_read(w, PPI_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	size_t length = layer_le16(p + PPI_LENGTH);
	if (p[0] != 0 || length < PPI_HEADER) /* version 0 */
		return layer_stop(w, PACKET_bad_frame);
	if (!layer_read(w, length - PPI_HEADER))
		return layer_short(w, PACKET_bad_frame);
	w->next = layer_le16(p + PPI_LINK_TYPE);
	return LAYER_link;
}

#endif

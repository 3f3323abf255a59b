/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IEEE 802.11 data frames, and the headers that captures put before them: radiotap, Prism, AVS,
 * PPI.
 */
#ifndef PACKET_LAYER_WLAN_H
#define PACKET_LAYER_WLAN_H

#include "packet/layer.h"

#define WLAN_PADDED 0xffff /* w->next: padding stands between header and payload (radiotap) */

/* A length by the machine that captured: little endian, unless it is too large to be that. */
static inline uint32_t layer_host32(const uint8_t *p)
{
	uint32_t v = bits_be32(p), swapped = __builtin_bswap32(v);
	return swapped <= 0xffff ? swapped : v;
}

static inline uint16_t layer_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

/* IEEE 802.11-2020 section 9.2.4 and 9.3.2. Of an aggregate the first frame is decoded. */
static inline enum layer layer_wlan(struct walk *w)
{
	bool padded = w->next == WLAN_PADDED, aggregate = false;
	const uint8_t *p = layer_take(w, 24);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if ((p[0] & 0x0f) != 0x08 || p[0] & 0x40) /* data frames, if they carry data */
		return layer_stop(w, PACKET_wlan);
	/* A piece of a frame: more to come, or not the first. */
	if (p[1] & 0x04 || p[22] & 0x0f)
		return layer_stop(w, PACKET_wlan);
	size_t header = 24;
	if ((p[1] & 0x03) == 0x03)
		header += 6; /* fourth address */
	if (p[0] & 0x80) {
		if (!layer_take(w, header - 24 + 2))
			return layer_short(w, PACKET_bad_frame);
		aggregate = p[header] & 0x80;
		header += 2;
		if (p[1] & 0x80)
			header += 4; /* HT control */
		if (!layer_take(w, p[1] & 0x80 ? 4 : 0))
			return layer_short(w, PACKET_bad_frame);
	} else if (!layer_take(w, header - 24)) {
		return layer_short(w, PACKET_bad_frame);
	}
	if (p[1] & 0x40)
		return layer_stop(w, PACKET_wlan_encrypted);
	if (padded && !layer_take(w, (4 - header % 4) % 4))
		return layer_short(w, PACKET_bad_frame);
	if (aggregate) {
		p = layer_take(w, 14);
		if (!p)
			return layer_short(w, PACKET_bad_frame);
		layer_bound(w, bits_be16(p + 12));
	}
	return LAYER_llc;
}

/* radiotap.org: of the fields only the flags matter, and only the time may stand before them. */
static inline enum layer layer_radiotap(struct walk *w)
{
	const uint8_t *p = w->at;
	if (layer_left(w) < 8)
		return layer_short(w, PACKET_bad_frame);
	size_t length = layer_le16(p + 2), field = 8;
	if (p[0] != 0 || length < 8)
		return layer_stop(w, PACKET_bad_frame);
	if (!layer_take(w, length))
		return layer_short(w, PACKET_bad_frame);
	uint8_t present = p[4];
	while (field <= length && p[field - 1] & 0x80) /* further words of what is present */
		field += 4;
	if (present & 0x01)
		field = (field + 7) / 8 * 8 + 8;
	bool padded = present & 0x02 && field < length && p[field] & 0x20;
	w->next = padded ? WLAN_PADDED : FRAME_LINK_IEEE802_11;
	return LAYER_wlan;
}

/* AVS says its length, and so does Prism, unless it is AVS after all. */
static inline enum layer layer_prism(struct walk *w)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	uint32_t length = bits_be32(p) >> 8 == 0x802110 ? bits_be32(p + 4) : layer_host32(p + 4);
	if (length < 8)
		return layer_stop(w, PACKET_bad_frame);
	if (!layer_take(w, length - 8))
		return layer_short(w, PACKET_bad_frame);
	w->next = FRAME_LINK_IEEE802_11;
	return LAYER_wlan;
}

/* PPI: version, flags, length, link type of what follows. */
static inline enum layer layer_ppi(struct walk *w)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	size_t length = layer_le16(p + 2);
	if (p[0] != 0 || length < 8)
		return layer_stop(w, PACKET_bad_frame);
	if (!layer_take(w, length - 8))
		return layer_short(w, PACKET_bad_frame);
	w->next = layer_le16(p + 4);
	return LAYER_link;
}

#endif

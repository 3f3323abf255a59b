/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tags of switches and tap aggregators that hold when they saw the frame: Cisco Nexus TTAG (48 bits
 * of nanoseconds), Arista DANZ and 7130 (subtype 1: a stamp, whose form the version names).
 */
#ifndef PACKET_LAYER_STAMP_H
#define PACKET_LAYER_STAMP_H

#include "packet/layer_eth.h"

enum {
	ARISTA_STAMP = 1, /* subtype */
	ARISTA_64 = 0x0010, /* version: 32 bits of seconds, 32 of nanoseconds, by TAI */
	ARISTA_64_UTC = 0x0110,
	ARISTA_48 = 0x0020, /* 16 bits of seconds, 32 of nanoseconds */
	ARISTA_48_UTC = 0x0120,
};

static inline enum layer layer_ttag(struct walk *w)
{
	return layer_tag(w, 6 + 2);
}

/* Subtype, version, then 6 or 8 octets of time, EtherType. */
static inline enum layer layer_arista(struct walk *w)
{
	const uint8_t *p = layer_take(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (bits_be16(p) != ARISTA_STAMP)
		return layer_stop(w, PACKET_other_ethertype);
	switch (bits_be16(p + 2)) {
	case ARISTA_64:
	case ARISTA_64_UTC: return layer_tag(w, 8 + 2);
	case ARISTA_48:
	case ARISTA_48_UTC: return layer_tag(w, 6 + 2);
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

#endif

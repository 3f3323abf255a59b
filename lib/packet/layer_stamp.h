/* SPDX-License-Identifier: BSD-3-Clause */
/* Skips the time tags of tap aggregators, of which rx/tap_time.h reads the time. */
#ifndef PACKET_LAYER_STAMP_H
#define PACKET_LAYER_STAMP_H

#include "packet/layer_tag.h"
#include "rx/tap_time.h"

/* Cisco Nexus: 48 bits of nanoseconds, EtherType. */
static inline enum layer layer_ttag(struct walk *w)
{
	return layer_tag(w, TAP_TTAG_TIME);
}

/* Arista: subtype, version, then 6 or 8 octets of time, EtherType. */
static inline enum layer layer_arista(struct walk *w)
{
	const uint8_t *p = layer_read(w, TAP_ARISTA_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (bits_be16(p) != TAP_ARISTA_TIME)
		return layer_stop(w, PACKET_other_ethertype);
	switch (bits_be16(p + TAP_ARISTA_VERSION)) {
	case TAP_ARISTA_64_TAI:
	case TAP_ARISTA_64_UTC: return layer_tag(w, 8);
	case TAP_ARISTA_48_TAI:
	case TAP_ARISTA_48_UTC: return layer_tag(w, 6);
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* ATM as SunATM's driver shows it: direction and type, VPI, VCI, then the payload of AAL5. */
#ifndef PACKET_LAYER_ATM_H
#define PACKET_LAYER_ATM_H

#include "packet/layer.h"

enum { SUNATM_TYPE = 0x0f, SUNATM_LANE = 1, SUNATM_LLC = 2 };

static inline enum layer layer_sunatm(struct walk *w)
{
	const uint8_t *p = layer_read(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	switch (p[0] & SUNATM_TYPE) {
	case SUNATM_LLC: return LAYER_llc;
	case SUNATM_LANE: /* the LAN emulation client, then the frame */
		return layer_read(w, 2) ? LAYER_ethernet : layer_short(w, PACKET_bad_frame);
	default: return layer_stop(w, PACKET_llc);
	}
}

#endif

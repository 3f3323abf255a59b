/* SPDX-License-Identifier: BSD-3-Clause */
/* The redundancy tag of frame replication and elimination (IEEE 802.1CB-2017 clause 7.8). */
#ifndef PACKET_LAYER_RTAG_H
#define PACKET_LAYER_RTAG_H

#include "packet/layer_tag.h"

enum {
	ETHER_RTAG = 0xf1c1,
	RTAG_OCTETS = 4, /* reserved, sequence number */
};

static inline enum layer layer_rtag(struct walk *w)
{
	return layer_tag(w, RTAG_OCTETS);
}

#endif

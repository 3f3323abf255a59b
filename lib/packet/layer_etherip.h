/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet over IP: EtherIP (RFC 3378) and protocol 143 (RFC 8986). */
#ifndef PACKET_LAYER_ETHERIP_H
#define PACKET_LAYER_ETHERIP_H

#include "packet/layer.h"

enum { ETHERIP_HEADER = 2, ETHERIP_VERSION_SHIFT = 4, ETHERIP_VERSION = 3 };

/* Protocol 143 has no header (RFC 8986 section 4.9), EtherIP has version 3 (RFC 3378 section 3). */
static inline enum layer layer_etherip(struct walk *w)
{
	if (w->next == IP_ETHERIP) {
		const uint8_t *p = layer_read(w, ETHERIP_HEADER);
		if (!p)
			return layer_short(w, PACKET_bad_tunnel);
		if (p[0] >> ETHERIP_VERSION_SHIFT != ETHERIP_VERSION)
			return layer_stop(w, PACKET_bad_tunnel);
	}
	layer_set_tunnel(w, TUNNEL_etherip);
	return LAYER_ethernet;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet over IP: EtherIP (RFC 3378) and protocol 143 (RFC 8986). */
#ifndef PACKET_LAYER_ETHERIP_H
#define PACKET_LAYER_ETHERIP_H

#include "packet/layer.h"

/* EtherIP (RFC 3378: version 3 and 12 bits of zero), or Ethernet at once (143, RFC 8986). */
static inline enum layer layer_etherip(struct walk *w)
{
	if (w->next == IP_ETHERIP) {
		const uint8_t *p = layer_read(w, 2);
		if (!p)
			return layer_short(w, PACKET_bad_tunnel);
		if (p[0] >> 4 != 3)
			return layer_stop(w, PACKET_bad_tunnel);
	}
	layer_set_tunnel(w, TUNNEL_etherip);
	return LAYER_ethernet;
}

#endif

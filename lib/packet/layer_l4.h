/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP (RFC 768). Checksums are not looked at: offload leaves them wrong in most captures. */
#ifndef PACKET_LAYER_L4_H
#define PACKET_LAYER_L4_H

#include "packet/layer.h"

static inline enum layer layer_udp(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_take(w, 8);
	if (!p)
		return layer_short(w, PACKET_bad_udp);
	uint32_t length = bits_be16(p + 4);
	pkt->sport = bits_be16(p);
	pkt->dport = bits_be16(p + 2);
	if (!packet_port_is(w->conf, pkt->sport) && !packet_port_is(w->conf, pkt->dport))
		return layer_stop(w, PACKET_other_port);
	if (length == 0) /* jumbogram (RFC 2675) or offload: as long as the IP payload */
		length = w->announced;
	if (length < 8)
		return layer_stop(w, PACKET_bad_udp);
	pkt->proto = PACKET_UDP;
	pkt->wire_len = length - 8;
	pkt->payload = w->at;
	pkt->len = (uint32_t)(w->end - w->at);
	pkt->cut = 0;
	if (pkt->len >= pkt->wire_len)
		pkt->len = pkt->wire_len;
	else
		pkt->cut = w->cut;
	return layer_stop(w, pkt->wire_len ? PACKET_dns : PACKET_empty);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP-Lite. */
#ifndef PACKET_LAYER_UDPLITE_H
#define PACKET_LAYER_UDPLITE_H

#include "packet/walk_common.h"

/*
 * RFC 3828 section 3.1: the length field says how many octets the checksum covers, 0 means all. The
 * datagram is as long as the IP payload.
 */
static inline enum layer layer_udplite(struct walk *w)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_read(w, UDP_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_udp);
	pkt->sport = bits_be16(p + UDP_SPORT);
	pkt->dport = bits_be16(p + UDP_DPORT);
	uint32_t covered = bits_be16(p + UDP_LENGTH);
	if (covered && (covered < UDP_HEADER || covered > w->announced))
		return layer_stop(w, PACKET_bad_udp);
	if (!layer_has_dns_port(w))
		return layer_stop(w, PACKET_other_port);
	return layer_udp_payload(w, 0);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams and segments whose port can mean encrypted DNS, and DNS on any port. */
#ifndef PACKET_LAYER_PORT_H
#define PACKET_LAYER_PORT_H

#include "packet/walk_common.h"

static inline bool layer_has_encrypted_port(const struct walk *w)
{
	const struct pkt *pkt = w->pkt;
	return packet_encrypted_end(w->conf, &pkt->addrs, ADDR_DST, pkt->dport) ||
	       packet_encrypted_end(w->conf, &pkt->addrs, ADDR_SRC, pkt->sport);
}

/* Ends the walk of a datagram with `verdict` if its length is valid. */
static inline enum layer layer_udp_datagram(struct walk *w, enum packet_verdict verdict)
{
	w->pkt->proto = PACKET_UDP;
	bool valid = layer_udp_set_payload(w, bits_be16(w->at - UDP_HEADER + UDP_LENGTH));
	return layer_stop(w, valid ? verdict : PACKET_bad_udp);
}

/* Ends the walk of a datagram on a port that can mean encrypted DNS. */
static inline enum layer layer_udp_encrypted(struct walk *w)
{
	return layer_has_encrypted_port(w) ? layer_udp_datagram(w, PACKET_encrypted)
					   : layer_stop(w, PACKET_other_port);
}

/* Ends the walk of a datagram if DNS may be on any port. */
static inline enum layer layer_udp_anywhere(struct walk *w)
{
	return layer_udp_datagram(w, PACKET_perhaps_dns);
}

/* Ends the walk of a segment if its port can mean encrypted DNS, or DNS may be on any port. */
static inline enum layer layer_tcp_encrypted(struct walk *w)
{
	if (w->conf->sightings && layer_has_encrypted_port(w))
		return layer_tcp_segment(w, PACKET_encrypted);
	if (w->conf->anywhere)
		return layer_tcp_segment(w, PACKET_perhaps_tcp_dns);
	return layer_stop(w, PACKET_tcp);
}

#endif

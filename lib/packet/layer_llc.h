/* SPDX-License-Identifier: BSD-3-Clause */
/* IEEE 802.2 LLC with SNAP (RFC 1042), and the NLPID of frame relay and ATM (RFC 2427, RFC 2684).
 */
#ifndef PACKET_LAYER_LLC_H
#define PACKET_LAYER_LLC_H

#include "packet/layer.h"

/* OUI and protocol id. */
static inline enum layer layer_snap(struct walk *w)
{
	const uint8_t *p = layer_take(w, 5);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	uint16_t protocol = bits_be16(p + 3);
	switch (bits_be32(p) >> 8) {
	case 0x000000:
	case 0x0000f8: /* 802.1H */
		if (protocol < ETHER_LENGTHS)
			return layer_stop(w, PACKET_llc);
		w->next = protocol;
		return LAYER_ethertype;
	case 0x0080c2: /* bridged: 1 with, 7 without the frame check sequence */
		if (protocol == 1 || protocol == 7)
			return LAYER_ethernet;
		return layer_stop(w, PACKET_llc);
	default: return layer_stop(w, PACKET_llc);
	}
}

static inline enum layer layer_nlpid(struct walk *w)
{
	const uint8_t *p = layer_take(w, 1);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (*p == 0 && !(p = layer_take(w, 1))) /* a pad octet stands before SNAP */
		return layer_short(w, PACKET_bad_frame);
	switch (*p) {
	case 0x80: return layer_snap(w);
	case 0x8e: return LAYER_ipv6;
	case 0xcc: return LAYER_ipv4;
	case 0xcf: return LAYER_ppp;
	default: return layer_stop(w, PACKET_llc);
	}
}

/* Unnumbered information only: nothing else carries IP. */
static inline enum layer layer_llc(struct walk *w)
{
	const uint8_t *p = layer_take(w, 3);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[2] != 0x03)
		return layer_stop(w, PACKET_llc);
	switch (bits_be16(p)) {
	case 0xaaaa: return layer_snap(w);
	case 0x0606: return LAYER_ip;
	case 0xfefe: return layer_nlpid(w);
	default: return layer_stop(w, PACKET_llc);
	}
}

/*
 * Frame relay: an address of 2 to 4 octets, then control and NLPID (RFC 2427), or an EtherType at
 * once (Cisco).
 */
static inline enum layer layer_frelay(struct walk *w)
{
	const uint8_t *p;
	for (int i = 0;; i++) {
		p = layer_take(w, 1);
		if (!p)
			return layer_short(w, PACKET_bad_frame);
		if (*p & 1)
			break;
		if (i == 3)
			return layer_stop(w, PACKET_bad_frame);
	}
	if (!layer_left(w))
		return layer_short(w, PACKET_bad_frame);
	if (*w->at == 0x03) {
		w->at++;
		return layer_nlpid(w);
	}
	p = layer_take(w, 2);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p);
	return w->next < ETHER_LENGTHS ? layer_stop(w, PACKET_llc) : LAYER_ethertype;
}

/* FDDI (13 octets) and token ring (14, and the route if the source address says so). */
static inline enum layer layer_fddi(struct walk *w)
{
	const uint8_t *p = layer_take(w, 13);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	return (p[0] & 0x70) == 0x50 ? LAYER_llc : layer_stop(w, PACKET_llc);
}

static inline enum layer layer_token_ring(struct walk *w)
{
	const uint8_t *p = layer_take(w, 14);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if ((p[1] & 0xc0) != 0x40)
		return layer_stop(w, PACKET_llc);
	if (p[8] & 0x80) {
		if (!layer_left(w) || !layer_take(w, *w->at & 0x1f))
			return layer_short(w, PACKET_bad_frame);
	}
	return LAYER_llc;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CAPWAP's data channel (RFC 5415 section 4): frames between access point and controller, as 802.3
 * or in the radio's native form (RFC 5416 section 2: IEEE 802.11).
 */
#ifndef PACKET_LAYER_CAPWAP_H
#define PACKET_LAYER_CAPWAP_H

#include "packet/layer_wlan.h"

enum {
	CAPWAP_NATIVE = 0x01, /* T, of octet 2 */
	CAPWAP_DTLS = 0x01, /* the preamble: version 0, type 1: encrypted */
	CAPWAP_FRAGMENT = 0x80, /* F, of octet 3 */
	CAPWAP_KEEP_ALIVE = 0x08, /* K */
};

/* Cisco's access points send the two octets of frame control in the other order. */
static inline enum layer layer_capwap_wlan(struct walk *w)
{
	const uint8_t *p = w->at;
	w->next = FRAME_LINK_IEEE802_11;
	if (layer_left(w) >= 2 && !wlan_is_data(p[0]) && wlan_is_data(p[1]))
		w->next = WLAN_SWAPPED;
	return LAYER_wlan;
}

/* Senders set the T bit, which tells the two forms apart, wrongly: the octets decide. */
static inline enum layer layer_capwap(struct walk *w)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p)
		return layer_short(w, PACKET_other_port);
	size_t header = (p[1] >> 3) * 4u;
	if (p[0] == CAPWAP_DTLS)
		return layer_stop(w, PACKET_esp);
	if (p[0] != 0 || header < 8)
		return layer_stop(w, PACKET_other_port);
	if (p[3] & CAPWAP_KEEP_ALIVE)
		return layer_stop(w, PACKET_tunnel_control);
	if (p[3] & CAPWAP_FRAGMENT)
		return layer_stop(w, PACKET_wlan);
	if (!layer_take(w, header - 8))
		return layer_short(w, PACKET_other_port);
	layer_tunnel(w, TUNNEL_capwap);
	if (layer_looks_ethernet(w, 0))
		return LAYER_ethernet;
	if (!(p[2] & CAPWAP_NATIVE) && layer_left(w) <= ETHER_HEADER)
		return layer_short(w, PACKET_other_port);
	return layer_capwap_wlan(w);
}

#endif

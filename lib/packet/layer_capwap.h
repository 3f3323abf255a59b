/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CAPWAP's data channel (RFC 5415 section 4): frames between an access point and its controller, as
 * IEEE 802.3 or in the radio's native form, IEEE 802.11 (RFC 5416 section 2).
 */
#ifndef PACKET_LAYER_CAPWAP_H
#define PACKET_LAYER_CAPWAP_H

#include "packet/layer_wlan.h"

/* Cisco's access points send the two octets of frame control in the other order. */
static inline enum layer layer_capwap_wlan(struct walk *w)
{
	const uint8_t *p = w->at;
	w->next = FRAME_LINK_IEEE802_11;
	if (layer_remaining(w) >= 2 && !layer_wlan_is_data(p[0]) && layer_wlan_is_data(p[1]))
		w->next = WLAN_SWAPPED;
	return LAYER_wlan;
}

/* Some senders set the T bit wrongly, so the octets of the frame decide which form it has. */
static inline enum layer layer_capwap(struct walk *w)
{
	const uint8_t *p = layer_read(w, CAPWAP_HEADER);
	if (!p)
		return layer_short(w, PACKET_other_port);
	size_t header = (p[CAPWAP_HLEN] >> CAPWAP_HLEN_SHIFT) * 4u;
	if (p[0] == CAPWAP_PREAMBLE_DTLS)
		return layer_stop(w, PACKET_esp);
	if (p[0] != CAPWAP_PREAMBLE_CLEAR || header < CAPWAP_HEADER)
		return layer_stop(w, PACKET_other_port);
	if (p[CAPWAP_FLAGS] & CAPWAP_K)
		return layer_stop(w, PACKET_tunnel_control);
	if (p[CAPWAP_FLAGS] & CAPWAP_F)
		return layer_stop(w, PACKET_wlan);
	if (!layer_read(w, header - CAPWAP_HEADER))
		return layer_short(w, PACKET_other_port);
	layer_set_tunnel(w, TUNNEL_capwap);
	if (layer_is_ethernet(w, 0))
		return LAYER_ethernet;
	if (!(p[CAPWAP_TYPE] & CAPWAP_T) && layer_remaining(w) <= ETHER_HEADER)
		return layer_short(w, PACKET_other_port);
	return layer_capwap_wlan(w);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VXLAN (RFC 7348), VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe), GENEVE (RFC 8926), NSH (RFC 8300). Over
 * UDP, so that what does not look like one of them is something else on its port.
 */
#ifndef PACKET_LAYER_VXLAN_H
#define PACKET_LAYER_VXLAN_H

#include "packet/layer.h"

/* Next protocol of VXLAN-GPE and NSH. */
static inline enum layer layer_nvo3_next(struct walk *w, uint8_t protocol)
{
	switch (protocol) {
	case 1: return LAYER_ipv4;
	case 2: return LAYER_ipv6;
	case 3: return LAYER_ethernet;
	case 4: return LAYER_nsh;
	case 5: return LAYER_mpls;
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

/* RFC 7348 section 5: the I bit says that the network id is valid. */
static inline enum layer layer_vxlan(struct walk *w)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p || layer_left(w) < 14)
		return layer_short(w, PACKET_other_port);
	if (!(p[0] & 0x08))
		return layer_stop(w, PACKET_other_port);
	layer_tunnel_id(w, TUNNEL_vxlan, bits_be32(p + 4) >> 8);
	return LAYER_ethernet;
}

static inline enum layer layer_vxlan_gpe(struct walk *w)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p)
		return layer_short(w, PACKET_other_port);
	if (p[0] & 0xf0 || !(p[0] & 0x0c)) /* version 0; a network or a protocol */
		return layer_stop(w, PACKET_other_port);
	if (p[0] & 0x01)
		return layer_stop(w, PACKET_tunnel_control);
	layer_tunnel(w, TUNNEL_vxlan);
	if (p[0] & 0x08)
		layer_tunnel_id(w, TUNNEL_vxlan, bits_be32(p + 4) >> 8);
	return p[0] & 0x04 ? layer_nvo3_next(w, p[3]) : LAYER_ethernet;
}

static inline enum layer layer_geneve(struct walk *w)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p)
		return layer_short(w, PACKET_other_port);
	if (p[0] >> 6 != 0 || p[7] != 0)
		return layer_stop(w, PACKET_other_port);
	if (!layer_take(w, (p[0] & 63u) * 4))
		return layer_short(w, PACKET_other_port);
	if (p[1] & 0x80)
		return layer_stop(w, PACKET_tunnel_control);
	w->next = bits_be16(p + 2);
	if (w->next < ETHER_LENGTHS)
		return layer_stop(w, PACKET_other_port);
	layer_tunnel_id(w, TUNNEL_geneve, bits_be32(p + 4) >> 8);
	return LAYER_ethertype;
}

/* A service header within one of the above or over Ethernet: length in units of 4 octets. */
static inline enum layer layer_nsh(struct walk *w)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	uint32_t length = (p[1] & 63u) * 4;
	if (p[0] >> 6 != 0 || length < 8)
		return layer_stop(w, PACKET_bad_tunnel);
	if (!layer_take(w, length - 8))
		return layer_short(w, PACKET_bad_tunnel);
	return layer_nvo3_next(w, p[3]);
}

#endif

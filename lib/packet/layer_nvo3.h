/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe), GENEVE (RFC 8926), NSH (RFC 8300). A datagram on one of
 * their ports without a valid header is of another protocol (other_port).
 */
#ifndef PACKET_LAYER_NVO3_H
#define PACKET_LAYER_NVO3_H

#include "packet/layer.h"

/* Next protocols (RFC 8300 section 2.2; VXLAN-GPE numbers them alike), and the header of NSH. */
enum {
	NVO3_IPV4 = 1,
	NVO3_IPV6 = 2,
	NVO3_ETHERNET = 3,
	NVO3_NSH = 4,
	NVO3_MPLS = 5,
	NSH_HEADER = 8, /* base and service path headers */
	NSH_LENGTH = 0x3f, /* of octet 1: words of 4 octets */
	NSH_NEXT = 3,
};

static inline enum layer layer_nvo3_next(struct walk *w, uint8_t protocol)
{
	switch (protocol) {
	case NVO3_IPV4: return LAYER_ipv4;
	case NVO3_IPV6: return LAYER_ipv6;
	case NVO3_ETHERNET: return LAYER_ethernet;
	case NVO3_NSH: return LAYER_nsh;
	case NVO3_MPLS: return LAYER_mpls;
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

static inline enum layer layer_vxlan_gpe(struct walk *w)
{
	const uint8_t *p = layer_read(w, VXLAN_HEADER);
	if (!p)
		return layer_short(w, PACKET_other_port);
	if (p[0] & VXLAN_VERSION || !(p[0] & (VXLAN_I | VXLAN_P)))
		return layer_stop(w, PACKET_other_port);
	if (p[0] & VXLAN_O)
		return layer_stop(w, PACKET_tunnel_control);
	layer_set_tunnel(w, TUNNEL_vxlan);
	if (p[0] & VXLAN_I)
		layer_set_tunnel_id(w, TUNNEL_vxlan, bits_be32(p + VXLAN_VNI) >> 8);
	return p[0] & VXLAN_P ? layer_nvo3_next(w, p[VXLAN_NEXT]) : LAYER_ethernet;
}

static inline enum layer layer_geneve(struct walk *w)
{
	const uint8_t *p = layer_read(w, GENEVE_HEADER);
	if (!p)
		return layer_short(w, PACKET_other_port);
	if (p[0] & GENEVE_VERSION || p[GENEVE_RESERVED] != 0)
		return layer_stop(w, PACKET_other_port);
	if (!layer_read(w, (p[0] & GENEVE_OPTIONS) * 4u))
		return layer_short(w, PACKET_other_port);
	if (p[1] & GENEVE_O)
		return layer_stop(w, PACKET_tunnel_control);
	w->next = bits_be16(p + GENEVE_TYPE);
	if (w->next < ETHER_TYPE_MIN)
		return layer_stop(w, PACKET_other_port);
	layer_set_tunnel_id(w, TUNNEL_geneve, bits_be32(p + GENEVE_VNI) >> 8);
	return LAYER_ethertype;
}

/* A network service header, in one of the above or over Ethernet (RFC 8300 section 2). */
static inline enum layer layer_nsh(struct walk *w)
{
	const uint8_t *p = layer_read(w, NSH_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_tunnel);
	uint32_t length = (p[1] & NSH_LENGTH) * 4u;
	if (p[0] >> 6 != 0 || length < NSH_HEADER) /* version 0 */
		return layer_stop(w, PACKET_bad_tunnel);
	if (!layer_read(w, length - NSH_HEADER))
		return layer_short(w, PACKET_bad_tunnel);
	return layer_nvo3_next(w, p[NSH_NEXT]);
}

#endif

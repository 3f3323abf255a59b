/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies of tunnels over UDP, from the tunnel's port to one that is none. */
#ifndef PACKET_LAYER_UDP_ANSWER_H
#define PACKET_LAYER_UDP_ANSWER_H

#include "packet/layer.h"

#define UDP_ANSWER (8 + IPV4_HEADER) /* octets that layer_udp_answer() needs */

/*
 * Is a datagram from a tunnel's port, to a port that is none, of that tunnel? Teredo and L2TP reply
 * so (RFC 4380 section 5.2, RFC 2661 section 8.1), and their layers check. Others do so in some
 * networks; as a client may use any port, their header must leave no doubt.
 */
static __attribute__((noinline)) bool layer_udp_answer(
	const uint8_t *p, size_t left, size_t missing, uint8_t kind)
{
	if (kind == PACKET_TUNNEL_teredo || kind == PACKET_TUNNEL_l2tp)
		return true;
	uint16_t type;
	if (left < UDP_ANSWER)
		return false;
	switch (kind) {
	case PACKET_TUNNEL_gtp: /* a G-PDU as long as the datagram */
		return (p[0] & (GTP_VERSION_PT | 0x08)) == GTP_V1_USER &&
		       p[GTP_TYPE] == GTP_G_PDU &&
		       bits_be16(p + GTP_LENGTH) == left + missing - GTP_HEADER;
	case PACKET_TUNNEL_geneve: /* version 0, reserved bits zero, of a type that leads to IP */
		type = bits_be16(p + GENEVE_TYPE);
		return !(p[0] & GENEVE_VERSION) && !(p[1] & GENEVE_RESERVED_BITS) &&
		       p[GENEVE_RESERVED] == 0 &&
		       (type == ETHER_BRIDGED || type == ETHER_IPV4 || type == ETHER_IPV6);
	case PACKET_TUNNEL_vxlan: /* the I bit and nothing else */
		return bits_be32(p) == (uint32_t)VXLAN_I << 24 && p[VXLAN_RESERVED] == 0 &&
		       looks_ethernet(p + VXLAN_HEADER, left - VXLAN_HEADER);
	case PACKET_TUNNEL_lisp: return !(p[0] & 0x03) && looks_ip(p + 8, left - 8, missing > 0);
	case PACKET_TUNNEL_gue:
		return bits_be16(p + 2) == 0 && looks_ip(p + 4, left - 4, missing > 0);
	case PACKET_TUNNEL_capwap: return p[0] == 0 && (p[1] >> 3) >= 2;
	default: return false;
	}
}

#endif

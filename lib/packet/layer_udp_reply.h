/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies of tunnels over UDP, from the tunnel's port to one that is none. */
#ifndef PACKET_LAYER_UDP_REPLY_H
#define PACKET_LAYER_UDP_REPLY_H

#include "packet/layer.h"

/* Octets that layer_udp_is_reply() reads: the longest header of a tunnel, and IPv4. */
#define UDP_REPLY_OCTETS (8 + IPV4_HEADER)

/*
 * Returns true if a datagram from a tunnel's port, to a port that is none, belongs to that tunnel.
 * Teredo and L2TP reply so (RFC 4380 section 5.2, RFC 2661 section 8.1), and their layers check the
 * header. Others do so in some networks; as a client may use any port, their header must leave no
 * doubt.
 */
static __attribute__((noinline)) bool layer_udp_is_reply(
	const uint8_t *p, size_t left, size_t missing, uint8_t kind)
{
	if (kind == PACKET_TUNNEL_teredo || kind == PACKET_TUNNEL_l2tp)
		return true;
	uint16_t type;
	if (left < UDP_REPLY_OCTETS)
		return false;
	switch (kind) {
	case PACKET_TUNNEL_gtp: /* a G-PDU as long as the datagram */
		return (p[0] & (GTP_VERSION_PT | GTP_RESERVED)) == GTP_V1_USER &&
		       p[GTP_TYPE] == GTP_G_PDU &&
		       bits_be16(p + GTP_LENGTH) == left + missing - GTP_HEADER;
	case PACKET_TUNNEL_geneve: /* version 0, reserved bits zero, of a type that leads to IP */
		type = bits_be16(p + GENEVE_TYPE);
		return !(p[0] & GENEVE_VERSION) && !(p[1] & GENEVE_RESERVED_BITS) &&
		       p[GENEVE_RESERVED] == 0 &&
		       (type == ETHER_BRIDGED || type == ETHER_IPV4 || type == ETHER_IPV6);
	case PACKET_TUNNEL_vxlan: /* the I bit and nothing else */
		return bits_be32(p) == (uint32_t)VXLAN_I << 24 && p[VXLAN_RESERVED] == 0 &&
		       packet_is_ethernet(p + VXLAN_HEADER, left - VXLAN_HEADER);
	case PACKET_TUNNEL_lisp:
		return !(p[0] & LISP_RESERVED) &&
		       packet_is_ip(p + LISP_HEADER, left - LISP_HEADER, missing > 0);
	case PACKET_TUNNEL_gue:
		return bits_be16(p + GUE_FLAGS) == 0 &&
		       packet_is_ip(p + GUE_HEADER, left - GUE_HEADER, missing > 0);
	case PACKET_TUNNEL_capwap:
		return p[0] == CAPWAP_PREAMBLE_CLEAR &&
		       (p[CAPWAP_HLEN] >> CAPWAP_HLEN_SHIFT) * 4u >= CAPWAP_HEADER;
	default: return false;
	}
}

#endif

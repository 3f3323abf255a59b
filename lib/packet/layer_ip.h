/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 with options (RFC 791), IPv6 with extension headers (RFC 8200, RFC 7045). */
#ifndef PACKET_LAYER_IP_H
#define PACKET_LAYER_IP_H

#include "packet/layer.h"

/* Bare IP: the version nibble says which. */
static inline enum layer layer_ip(struct walk *w)
{
	if (w->at == w->end)
		return layer_stop(w, PACKET_cut);
	switch (*w->at >> 4) {
	case 4: return LAYER_ipv4;
	case 6: return LAYER_ipv6;
	default: return layer_stop(w, PACKET_bad_ip);
	}
}

/* Ends the walk's view where the IP datagram ends: what follows is padding. */
static inline void layer_ip_bound(struct walk *w, uint32_t payload)
{
	w->announced = payload;
	if ((size_t)(w->end - w->at) >= payload) {
		w->end = w->at + payload;
		w->cut = false;
	}
}

static inline enum layer layer_ipv4(struct walk *w)
{
	const uint8_t *p = layer_take(w, 20);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	uint32_t header = (p[0] & 15u) * 4, total = bits_be16(p + 2);
	if (p[0] >> 4 != 4 || header < 20)
		return layer_stop(w, PACKET_bad_ip);
	if (!layer_take(w, header - 20))
		return layer_short(w, PACKET_bad_ip);
	/* Segmentation offload leaves the total length 0: the datagram is what was captured. */
	if (total == 0)
		total = header + (uint32_t)(w->end - w->at);
	if (total < header)
		return layer_stop(w, PACKET_bad_ip);
	layer_ip_bound(w, total - header);
	w->pkt->src = addr_of_v4(p + 12);
	w->pkt->dst = addr_of_v4(p + 16);
	w->pkt->v6 = 0;
	if (bits_be16(p + 6) & 0x3fff)
		return layer_stop(w, PACKET_fragment);
	w->next = p[9];
	return LAYER_ip_protocol;
}

static inline enum layer layer_ipv6(struct walk *w)
{
	const uint8_t *p = layer_take(w, 40);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	if (p[0] >> 4 != 6)
		return layer_stop(w, PACKET_bad_ip);
	uint32_t payload = bits_be16(p + 4);
	/* 0 is a jumbogram (RFC 2675) or offload: what was captured. */
	layer_ip_bound(w, payload ? payload : (uint32_t)(w->end - w->at));
	w->pkt->src = addr_of_v6(p + 8);
	w->pkt->dst = addr_of_v6(p + 24);
	w->pkt->v6 = 1;
	w->next = p[6];
	return LAYER_ip_protocol;
}

/* An extension header of length (second octet + 1) * unit octets, at least 8. */
static inline enum layer layer_extension(struct walk *w, unsigned unit, unsigned extra)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p || !layer_take(w, (p[1] + extra) * unit - 8))
		return layer_short(w, PACKET_bad_ip);
	w->announced -= (p[1] + extra) * unit;
	w->next = p[0];
	return LAYER_ip_protocol;
}

static inline enum layer layer_ipv6_fragment(struct walk *w)
{
	const uint8_t *p = layer_take(w, 8);
	if (!p)
		return layer_short(w, PACKET_bad_ip);
	if (bits_be16(p + 2) & 0xfff9) /* an atomic fragment (RFC 6946) is whole */
		return layer_stop(w, PACKET_fragment);
	w->announced -= 8;
	w->next = p[0];
	return LAYER_ip_protocol;
}

static inline enum layer layer_ip_protocol(struct walk *w)
{
	switch (w->next) {
	case 17: return LAYER_udp;
	case 6: return layer_stop(w, PACKET_tcp);
	case 0: /* hop-by-hop options */
	case 43: /* routing */
	case 60: /* destination options */
	case 135: /* mobility */
	case 139: /* HIP */
	case 140: /* Shim6 */
		return w->pkt->v6 ? layer_extension(w, 8, 1)
				  : layer_stop(w, PACKET_other_ip_protocol);
	case 44:
		return w->pkt->v6 ? layer_ipv6_fragment(w)
				  : layer_stop(w, PACKET_other_ip_protocol);
	case 51: return layer_extension(w, 4, 2); /* AH (RFC 4302): in the clear */
	case 50: return layer_stop(w, PACKET_esp);
	case 1:
	case 58: return layer_stop(w, PACKET_icmp);
	case 47: return layer_stop(w, PACKET_tunnel_gre);
	case 4:
	case 41: return layer_stop(w, PACKET_tunnel_ip);
	case 137: return layer_stop(w, PACKET_tunnel_mpls);
	case 132: return layer_stop(w, PACKET_sctp);
	default: return layer_stop(w, PACKET_other_ip_protocol);
	}
}

#endif

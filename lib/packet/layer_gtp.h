/* SPDX-License-Identifier: BSD-3-Clause */
/* GTP-U version 1 (3GPP TS 29.281 section 5) and Teredo (RFC 4380). */
#ifndef PACKET_LAYER_GTP_H
#define PACKET_LAYER_GTP_H

#include "packet/layer.h"

#define GTP_EXTENSIONS 16 /* headers that are followed */

enum {
	TEREDO_AUTHENTICATION = 0x0001, /* RFC 4380 section 5.1.1 */
	TEREDO_ORIGIN = 0x0000,
	TEREDO_ORIGIN_OCTETS = 8,
};

/* Skips extension headers (TS 29.281 section 5.2.1): the first octet has the length in units of 4
 * octets, the last one the type of the next. */
static inline bool layer_gtp_extensions(struct walk *w, uint8_t next)
{
	for (int i = 0; next && i < GTP_EXTENSIONS; i++) {
		if (!layer_remaining(w) || *w->at == 0)
			return false;
		size_t length = *w->at * 4u;
		const uint8_t *p = layer_read(w, length);
		if (!p)
			return false;
		next = p[length - 1];
	}
	return next == 0;
}

static inline enum layer layer_gtp(struct walk *w)
{
	const uint8_t *p = layer_read(w, GTP_HEADER);
	if (!p)
		return layer_short(w, PACKET_other_port);
	if ((p[0] & GTP_VERSION_PT) != GTP_V1_USER)
		return layer_stop(w, PACKET_other_port);
	if (p[GTP_TYPE] != GTP_G_PDU)
		return layer_stop(w, PACKET_tunnel_control);
	layer_limit(w, bits_be16(p + GTP_LENGTH));
	if (p[0] & GTP_OPTIONAL) {
		const uint8_t *more = layer_read(w, 4);
		if (!more || (p[0] & GTP_EXTENSION && !layer_gtp_extensions(w, more[3])))
			return layer_short(w, PACKET_other_port);
	}
	if (layer_remaining(w) < IPV4_HEADER)
		return layer_short(w, PACKET_other_port);
	uint8_t version = *w->at >> IP_VERSION_SHIFT;
	bool ethernet = layer_is_ethernet(w, 0) && !layer_is_ip(w, 0);
	if (!ethernet && version != 4 && version != 6)
		return layer_stop(w, PACKET_other_port);
	layer_set_tunnel_id(w, TUNNEL_gtp, bits_be32(p + GTP_TEID));
	return ethernet ? LAYER_ethernet : LAYER_ip;
}

/* RFC 4380 section 5.1.1: optional authentication and origin indication, then an IPv6 packet. */
static inline enum layer layer_teredo(struct walk *w)
{
	if (layer_remaining(w) >= 4 && bits_be16(w->at) == TEREDO_AUTHENTICATION) {
		const uint8_t *p = layer_read(w, 4);
		if (!layer_read(w, p[2] + p[3] + 9u)) /* client id, value, nonce, confirmation */
			return layer_short(w, PACKET_other_port);
	}
	if (layer_remaining(w) >= 8 && bits_be16(w->at) == TEREDO_ORIGIN)
		w->at += TEREDO_ORIGIN_OCTETS;
	if (layer_remaining(w) < IPV6_HEADER)
		return layer_short(w, PACKET_other_port);
	if (*w->at >> IP_VERSION_SHIFT != 6 || !layer_is_ip(w, 0))
		return layer_stop(w, PACKET_other_port);
	layer_set_tunnel(w, TUNNEL_teredo);
	return LAYER_ipv6;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures of Junos: magic, flags, optional extensions, then the frame of the interface or, if a
 * flag says so, only its payload behind a protocol number.
 */
#ifndef PACKET_LAYER_JUNIPER_H
#define PACKET_LAYER_JUNIPER_H

#include "packet/layer_wlan.h"

enum {
	JUNIPER_MAGIC = 0x4d4743,
	JUNIPER_NO_LINK = 0x02, /* flags, octet 3 */
	JUNIPER_EXTENSIONS = 0x80,
	JUNIPER_COOKIE_MAX = 8, /* octets before the frame of an adaptive services PIC */
};

/* Protocol numbers, of which those behind one label are several. */
enum {
	JUNIPER_IPV4 = 2,
	JUNIPER_MPLS_IPV4 = 3,
	JUNIPER_IPV4_MPLS = 4,
	JUNIPER_MPLS = 5,
	JUNIPER_IPV6 = 6,
	JUNIPER_MPLS_IPV6 = 7,
	JUNIPER_IPV6_MPLS = 8,
	JUNIPER_PROTO_PPP = 200,
	JUNIPER_PROTO_LLC = 202,
	JUNIPER_PROTO_SNAP = 203,
	JUNIPER_PROTO_ETHER = 204,
	JUNIPER_PROTO_FRELAY = 207,
	JUNIPER_PROTO_HDLC = 208,
};

static inline enum layer layer_juniper_protocol(struct walk *w)
{
	const uint8_t *p = layer_read(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	switch (layer_host32(p)) {
	case JUNIPER_IPV4:
	case JUNIPER_MPLS_IPV4:
	case JUNIPER_IPV6:
	case JUNIPER_MPLS_IPV6: return LAYER_ip;
	case JUNIPER_MPLS:
	case JUNIPER_IPV4_MPLS:
	case JUNIPER_IPV6_MPLS: return LAYER_mpls;
	case JUNIPER_PROTO_PPP: return LAYER_ppp;
	case JUNIPER_PROTO_LLC:
	case JUNIPER_PROTO_SNAP: return LAYER_llc;
	case JUNIPER_PROTO_ETHER: return LAYER_ethernet;
	case JUNIPER_PROTO_FRELAY: return LAYER_frelay;
	case JUNIPER_PROTO_HDLC: return LAYER_hdlc;
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

/* The header, then `link`, the frame of the interface. */
static inline enum layer layer_juniper_header(struct walk *w, enum layer link)
{
	const uint8_t *p = layer_read(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (bits_be32(p) >> 8 != JUNIPER_MAGIC)
		return layer_stop(w, PACKET_bad_frame);
	if (p[3] & JUNIPER_EXTENSIONS) {
		const uint8_t *length = layer_read(w, 2);
		if (!length || !layer_read(w, bits_be16(length)))
			return layer_short(w, PACKET_bad_frame);
	}
	return p[3] & JUNIPER_NO_LINK ? layer_juniper_protocol(w) : link;
}

static inline enum layer layer_juniper(struct walk *w)
{
	return layer_juniper_header(w, LAYER_ethernet);
}

static inline enum layer layer_juniper_ppp(struct walk *w)
{
	return layer_juniper_header(w, LAYER_ppp);
}

static inline enum layer layer_juniper_frelay(struct walk *w)
{
	return layer_juniper_header(w, LAYER_frelay);
}

static inline enum layer layer_juniper_hdlc(struct walk *w)
{
	return layer_juniper_header(w, LAYER_hdlc);
}

/*
 * Interfaces that put a cookie of 0 to 8 octets before what they carry, by card and release: found
 * by where LLC, Ethernet or IP begins.
 */
static inline enum layer layer_juniper_any(struct walk *w)
{
	enum layer layer = layer_juniper_header(w, LAYER_link);
	if (layer != LAYER_link)
		return layer;
	for (size_t skip = 0; skip <= JUNIPER_COOKIE_MAX && layer_remaining(w) >= skip + 4;
		skip++) {
		const uint8_t *p = w->at + skip;
		if (bits_be32(p) >> 8 == 0xaaaa03)
			layer = LAYER_llc;
		else if (layer_is_ip(w, skip))
			layer = LAYER_ip;
		else if (bits_be16(p) == 0xff03)
			layer = LAYER_ppp;
		else if (layer_is_ethernet(w, skip))
			layer = LAYER_ethernet;
		else
			continue;
		w->at = p;
		return layer;
	}
	return layer_short(w, PACKET_other_ethertype);
}

#endif

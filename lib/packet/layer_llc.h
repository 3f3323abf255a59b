/* SPDX-License-Identifier: BSD-3-Clause */
/* IEEE 802.2 LLC with SNAP (RFC 1042), and the NLPID of frame relay and ATM (RFC 2427, RFC 2684).
 */
#ifndef PACKET_LAYER_LLC_H
#define PACKET_LAYER_LLC_H

#include "packet/layer.h"

enum {
	LLC_UI = 0x03, /* unnumbered information (IEEE 802.2 clause 5.4) */
	LLC_SNAP = 0xaaaa, /* DSAP and SSAP (RFC 1042) */
	LLC_IP = 0x0606,
	LLC_ISO = 0xfefe, /* NLPID follows */
	SNAP_HEADER = 5, /* OUI, protocol */
	SNAP_PROTOCOL = 3,
	OUI_ENCAPSULATED = 0x000000, /* the protocol is an EtherType (RFC 1042) */
	OUI_BRIDGE_TUNNEL = 0x0000f8, /* likewise (IEEE 802.1H) */
	OUI_BRIDGED = 0x0080c2, /* IEEE 802.1 (RFC 2427 section 4.2) */
	BRIDGED_ETHERNET_FCS = 1,
	BRIDGED_ETHERNET = 7,
	/* ISO/IEC TR 9577, RFC 2427 section 3 */
	NLPID_PADDING = 0x00,
	NLPID_SNAP = 0x80,
	NLPID_IPV6 = 0x8e,
	NLPID_IPV4 = 0xcc,
	NLPID_PPP = 0xcf,
	FRELAY_LAST = 0x01, /* EA: the last octet of the address (Q.922) */
	FRELAY_ADDRESS = 4, /* octets at most */
	FDDI_HEADER = 13,
	FDDI_CLASS = 0x70, /* class and format of the frame control, with the address length */
	FDDI_LLC = 0x50,
	TOKEN_RING_HEADER = 14,
	TOKEN_RING_TYPE = 0xc0, /* of the frame control */
	TOKEN_RING_LLC = 0x40,
	TOKEN_RING_SRC = 8,
	TOKEN_RING_ROUTED = 0x80, /* of the source address: routing information follows */
	TOKEN_RING_ROUTE_LENGTH = 0x1f,
};

/* SNAP (IEEE 802 clause 9): OUI and protocol. */
static inline enum layer layer_snap(struct walk *w)
{
	const uint8_t *p = layer_read(w, SNAP_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	uint16_t protocol = bits_be16(p + SNAP_PROTOCOL);
	switch (bits_be32(p) >> 8) {
	case OUI_ENCAPSULATED:
	case OUI_BRIDGE_TUNNEL:
		if (protocol < ETHER_TYPE_MIN)
			return layer_stop(w, PACKET_llc);
		w->next = protocol;
		return LAYER_ethertype;
	case OUI_BRIDGED:
		if (protocol == BRIDGED_ETHERNET || protocol == BRIDGED_ETHERNET_FCS)
			return LAYER_ethernet;
		return layer_stop(w, PACKET_llc);
	default: return layer_stop(w, PACKET_llc);
	}
}

static inline enum layer layer_nlpid(struct walk *w)
{
	const uint8_t *p = layer_read(w, 1);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (*p == NLPID_PADDING && !(p = layer_read(w, 1)))
		return layer_short(w, PACKET_bad_frame);
	switch (*p) {
	case NLPID_SNAP: return layer_snap(w);
	case NLPID_IPV6: return LAYER_ipv6;
	case NLPID_IPV4: return LAYER_ipv4;
	case NLPID_PPP: return LAYER_ppp;
	default: return layer_stop(w, PACKET_llc);
	}
}

/* Only unnumbered information carries IP. */
static inline enum layer layer_llc(struct walk *w)
{
	const uint8_t *p = layer_read(w, 3);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[2] != LLC_UI)
		return layer_stop(w, PACKET_llc);
	switch (bits_be16(p)) {
	case LLC_SNAP: return layer_snap(w);
	case LLC_IP: return LAYER_ip;
	case LLC_ISO: return layer_nlpid(w);
	default: return layer_stop(w, PACKET_llc);
	}
}

/* Frame relay: an address of 2 to 4 octets, then control and NLPID (RFC 2427), or Cisco's
 * EtherType.
 */
static inline enum layer layer_frelay(struct walk *w)
{
	const uint8_t *p;
	for (int i = 0;; i++) {
		p = layer_read(w, 1);
		if (!p)
			return layer_short(w, PACKET_bad_frame);
		if (*p & FRELAY_LAST)
			break;
		if (i == FRELAY_ADDRESS - 1)
			return layer_stop(w, PACKET_bad_frame);
	}
	if (!layer_remaining(w))
		return layer_short(w, PACKET_bad_frame);
	if (*w->at == LLC_UI) {
		w->at++;
		return layer_nlpid(w);
	}
	p = layer_read(w, 2);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p);
	return w->next < ETHER_TYPE_MIN ? layer_stop(w, PACKET_llc) : LAYER_ethertype;
}

/* FDDI (ANSI X3.139) and token ring (IEEE 802.5). */
static inline enum layer layer_fddi(struct walk *w)
{
	const uint8_t *p = layer_read(w, FDDI_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	return (p[0] & FDDI_CLASS) == FDDI_LLC ? LAYER_llc : layer_stop(w, PACKET_llc);
}

static inline enum layer layer_token_ring(struct walk *w)
{
	const uint8_t *p = layer_read(w, TOKEN_RING_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if ((p[1] & TOKEN_RING_TYPE) != TOKEN_RING_LLC)
		return layer_stop(w, PACKET_llc);
	if (p[TOKEN_RING_SRC] & TOKEN_RING_ROUTED) {
		if (!layer_remaining(w) || !layer_read(w, *w->at & TOKEN_RING_ROUTE_LENGTH))
			return layer_short(w, PACKET_bad_frame);
	}
	return LAYER_llc;
}

#endif

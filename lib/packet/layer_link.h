/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first layer of a frame, by its link type (links.def), and link types with a short header of
 * their own before IP or Ethernet.
 */
#ifndef PACKET_LAYER_LINK_H
#define PACKET_LAYER_LINK_H

#include "packet/layer_wlan.h"

static inline enum layer layer_link(struct walk *w)
{
	size_t skip;
	enum layer layer;
	switch (w->next) {
#define LINK(name, octets, to)                                                                     \
	case FRAME_LINK_##name:                                                                    \
		skip = octets;                                                                     \
		layer = LAYER_##to;                                                                \
		break;
#include "packet/links.def"
#undef LINK
	default: return layer_stop(w, PACKET_other_link_type);
	}
	return layer_take(w, skip) ? layer : layer_short(w, PACKET_bad_frame);
}

/* Reads the headers that packet_datagram_of() wrote in front of what was inside. False: malformed,
 * and the walk has ended. */
static inline bool layer_outer(struct walk *w, struct packet_datagram *d)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_take(w, sizeof(*d));
	if (!p) {
		layer_short(w, PACKET_bad_frame);
		return false;
	}
	memcpy(d, p, sizeof(*d));
	/* A capture file can claim to be of this link type. */
	if (d->vlans > PACKET_VLANS || d->addrs.family >= ADDR_FAMILIES || d->macs.known > 3 ||
		d->tunnel.type >= TUNNEL_TYPES) {
		layer_stop(w, PACKET_other_link_type);
		return false;
	}
	pkt->addrs = d->addrs;
	pkt->macs = d->macs;
	pkt->tunnel = d->tunnel;
	pkt->vlans = d->vlans;
	memcpy(pkt->vlan, d->vlan, sizeof(pkt->vlan));
	return true;
}

/* A reassembled datagram, from its IP payload on. */
static inline enum layer layer_datagram(struct walk *w)
{
	struct packet_datagram d;
	if (!layer_outer(w, &d))
		return LAYER_end;
	w->ip = true;
	/* How long it was is not known where only a part of it is there. */
	w->announced = w->cut ? IP_LARGEST : (uint32_t)layer_left(w);
	w->next = d.proto;
	return LAYER_ip_protocol;
}

/* An A-MSDU subframe: two addresses, length, LLC (IEEE 802.11-2020 section 9.3.2.2.2). */
static inline enum layer layer_subframe(struct walk *w)
{
	struct packet_datagram d;
	if (!layer_outer(w, &d))
		return LAYER_end;
	const uint8_t *p = layer_take(w, ETHER_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->mac = p;
	w->ip = d.enclosed;
	return LAYER_llc;
}

/* Netlink attributes, in the byte order of the capturing machine, of which one is the packet. */
static inline enum layer layer_nflog(struct walk *w)
{
	const uint8_t *p = layer_take(w, 4);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[1] != 0)
		return layer_stop(w, PACKET_other_link_type);
	for (;;) {
		p = layer_take(w, 4);
		if (!p)
			return layer_short(w, PACKET_bad_frame);
		size_t length = layer_le16(p);
		unsigned type = layer_le16(p + 2);
		if (type > 0xff) {
			length = bits_be16(p);
			type = bits_be16(p + 2);
		}
		if (length < 4)
			return layer_stop(w, PACKET_bad_frame);
		if (type == 9) { /* NFULA_PAYLOAD */
			layer_bound(w, length - 4);
			return LAYER_ip;
		}
		if (!layer_take(w, (length - 4 + 3) / 4 * 4))
			return layer_short(w, PACKET_bad_frame);
	}
}

/*
 * ARCNET: type, then for all but the old types (RFC 1051) a flag that numbers the pieces of a
 * split packet and a sequence (RFC 1201), of which BSD leaves the exception form as it is.
 */
static inline enum layer layer_arcnet_type(struct walk *w, bool bsd)
{
	const uint8_t *p = layer_take(w, 1);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (*p == 240)
		return LAYER_ipv4;
	if (*p == 241)
		return layer_stop(w, PACKET_arp);
	const uint8_t *flag = layer_take(w, 3);
	if (!flag)
		return layer_short(w, PACKET_bad_frame);
	if (bsd && *flag == 0xff) {
		flag = layer_take(w, 3);
		if (!flag)
			return layer_short(w, PACKET_bad_frame);
	}
	if (*flag != 0)
		return layer_stop(w, PACKET_other_ethertype);
	switch (*p) {
	case 212: return LAYER_ipv4;
	case 196: return LAYER_ipv6;
	case 213:
	case 214: return layer_stop(w, PACKET_arp);
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

static inline enum layer layer_arcnet_bsd(struct walk *w)
{
	return layer_take(w, 2) ? layer_arcnet_type(w, true) : layer_short(w, PACKET_bad_frame);
}

static inline enum layer layer_arcnet_linux(struct walk *w)
{
	return layer_take(w, 4) ? layer_arcnet_type(w, false) : layer_short(w, PACKET_bad_frame);
}

/* Length of the header, the link type of what follows at octet 8. */
static inline enum layer layer_pktap(struct walk *w)
{
	if (layer_left(w) < 12)
		return layer_short(w, PACKET_bad_frame);
	const uint8_t *p = w->at;
	uint32_t length = layer_host32(p), link = layer_host32(p + 8);
	if (length < 12 || link > 0xffff)
		return layer_stop(w, PACKET_bad_frame);
	if (!layer_take(w, length))
		return layer_short(w, PACKET_bad_frame);
	w->next = (uint16_t)link;
	return LAYER_link;
}

/* The first octet has the length, without padding to a multiple of 4. */
static inline enum layer layer_pflog(struct walk *w)
{
	if (!layer_left(w) || !layer_take(w, (*w->at + 3u) / 4 * 4))
		return layer_short(w, PACKET_bad_frame);
	return LAYER_ip;
}

/* Packet data units only; an extended header stands before the check sequence of the header. */
static inline enum layer layer_docsis(struct walk *w)
{
	const uint8_t *p = layer_take(w, 6);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[0] >> 6)
		return layer_stop(w, PACKET_other_ethertype);
	return layer_take(w, p[0] & 1 ? p[1] : 0) ? LAYER_ethernet
						  : layer_short(w, PACKET_bad_frame);
}

/* The EtherType stands at octet 6 of 44. */
static inline enum layer layer_symantec(struct walk *w)
{
	const uint8_t *p = layer_take(w, 44);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p + 6);
	return w->next < ETHER_LENGTHS ? layer_stop(w, PACKET_other_ethertype) : LAYER_ethertype;
}

/* IP over IEEE 1394: two addresses of 8 octets, EtherType. */
static inline enum layer layer_ieee1394(struct walk *w)
{
	const uint8_t *p = layer_take(w, 18);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p + 16);
	return w->next < ETHER_LENGTHS ? layer_stop(w, PACKET_other_ethertype) : LAYER_ethertype;
}

#endif

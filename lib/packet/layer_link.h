/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first layer of a frame, by its link type (links.def), and link types with a short header of
 * their own before IP or Ethernet.
 */
#ifndef PACKET_LAYER_LINK_H
#define PACKET_LAYER_LINK_H

#include "packet/layer_wlan.h"

/* Headers of captures (tcpdump.org/linktypes): octets, offsets, values. */
enum {
	NFLOG_HEADER = 4, /* family, version, resource */
	NFLOG_VERSION = 1, /* offset; version 0 */
	NFLOG_ATTRIBUTE = 4, /* length with this header, type; padded to 4 octets */
	NFLOG_TYPE = 2,
	NFLOG_TYPE_MAX = 0xff, /* of either byte order: larger ones are of the other */
	NFLOG_PAYLOAD = 9, /* NFULA_PAYLOAD */
	PKTAP_HEADER = 12, /* up to the link type of the frame */
	PKTAP_LINK_TYPE = 8,
	SYMANTEC_HEADER = 44,
	SYMANTEC_ETHERTYPE = 6,
	IEEE1394_HEADER = 18, /* two addresses of 8 octets, EtherType */
	IEEE1394_ETHERTYPE = 16,
	DOCSIS_HEADER = 6, /* frame control, parameter, length, check sequence */
	DOCSIS_FC_TYPE_SHIFT = 6, /* 0: a packet data unit */
	DOCSIS_EXTENDED = 0x01, /* of the frame control: an extended header follows */
	DOCSIS_PARAMETER = 1, /* offset; the octets of the extended header */
};

/* ARCNET (RFC 1051, RFC 1201). */
enum {
	ARCNET_BSD_HEADER = 2, /* source, destination */
	ARCNET_LINUX_HEADER = 4, /* and an offset */
	ARCNET_OLD_IPV4 = 240, /* types of RFC 1051, after which nothing comes before the packet */
	ARCNET_OLD_ARP = 241,
	ARCNET_IPV4 = 212,
	ARCNET_ARP = 213,
	ARCNET_RARP = 214,
	ARCNET_IPV6 = 196,
	ARCNET_SPLIT = 3, /* octets of split flag and sequence number */
	ARCNET_EXCEPTION = 0xff, /* split flag of an exception packet */
};

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
	return layer_read(w, skip) ? layer : layer_short(w, PACKET_bad_frame);
}

/* Reads the headers that packet_datagram_of() wrote in front of a payload. Returns false, and ends
 * the walk, if they are malformed. */
static inline bool layer_read_outer(struct walk *w, struct packet_datagram *d)
{
	struct pkt *pkt = w->pkt;
	const uint8_t *p = layer_read(w, sizeof(*d));
	if (!p) {
		layer_short(w, PACKET_bad_frame);
		return false;
	}
	memcpy(d, p, sizeof(*d));
	/* A capture file can claim to be of this link type. */
	if (d->vlans > PACKET_VLANS || d->addrs.family >= ADDR_FAMILIES ||
		d->macs.known > MAC_BOTH || d->tunnel.type >= TUNNEL_TYPES) {
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
	if (!layer_read_outer(w, &d))
		return LAYER_end;
	w->ip = true;
	/* The length of a datagram is unknown if it was not captured whole. */
	w->announced = w->cut ? IP_MAX : (uint32_t)layer_remaining(w);
	w->next = d.proto;
	return LAYER_ip_protocol;
}

/* An A-MSDU subframe: two addresses, length, LLC (IEEE 802.11-2020 clause 9.3.2.2.2). */
static inline enum layer layer_subframe(struct walk *w)
{
	struct packet_datagram d;
	if (!layer_read_outer(w, &d))
		return LAYER_end;
	const uint8_t *p = layer_read(w, ETHER_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->mac = p;
	w->ip = d.enclosed;
	return LAYER_llc;
}

/* Skips netlink attributes, in the byte order of the capturing machine, up to the packet. */
static inline enum layer layer_nflog(struct walk *w)
{
	const uint8_t *p = layer_read(w, NFLOG_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[NFLOG_VERSION] != 0)
		return layer_stop(w, PACKET_other_link_type);
	for (;;) {
		p = layer_read(w, NFLOG_ATTRIBUTE);
		if (!p)
			return layer_short(w, PACKET_bad_frame);
		size_t length = layer_le16(p);
		unsigned type = layer_le16(p + NFLOG_TYPE);
		if (type > NFLOG_TYPE_MAX) {
			length = bits_be16(p);
			type = bits_be16(p + NFLOG_TYPE);
		}
		if (length < NFLOG_ATTRIBUTE)
			return layer_stop(w, PACKET_bad_frame);
		if (type == NFLOG_PAYLOAD) {
			layer_limit(w, length - NFLOG_ATTRIBUTE);
			return LAYER_ip;
		}
		if (!layer_read(w, (length - NFLOG_ATTRIBUTE + 3) / 4 * 4))
			return layer_short(w, PACKET_bad_frame);
	}
}

/*
 * Behind the type, RFC 1201 has a split flag, which numbers the fragments of a packet, and a
 * sequence number. BSD leaves the longer header of an exception packet as it is. Fragments are not
 * decoded.
 */
static inline enum layer layer_arcnet_type(struct walk *w, bool bsd)
{
	const uint8_t *p = layer_read(w, 1);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (*p == ARCNET_OLD_IPV4)
		return LAYER_ipv4;
	if (*p == ARCNET_OLD_ARP)
		return layer_stop(w, PACKET_arp);
	const uint8_t *flag = layer_read(w, ARCNET_SPLIT);
	if (!flag)
		return layer_short(w, PACKET_bad_frame);
	if (bsd && *flag == ARCNET_EXCEPTION) {
		flag = layer_read(w, ARCNET_SPLIT);
		if (!flag)
			return layer_short(w, PACKET_bad_frame);
	}
	if (*flag != 0)
		return layer_stop(w, PACKET_other_ethertype);
	switch (*p) {
	case ARCNET_IPV4: return LAYER_ipv4;
	case ARCNET_IPV6: return LAYER_ipv6;
	case ARCNET_ARP:
	case ARCNET_RARP: return layer_stop(w, PACKET_arp);
	default: return layer_stop(w, PACKET_other_ethertype);
	}
}

static inline enum layer layer_arcnet_bsd(struct walk *w)
{
	return layer_read(w, ARCNET_BSD_HEADER) ? layer_arcnet_type(w, true)
						: layer_short(w, PACKET_bad_frame);
}

static inline enum layer layer_arcnet_linux(struct walk *w)
{
	return layer_read(w, ARCNET_LINUX_HEADER) ? layer_arcnet_type(w, false)
						  : layer_short(w, PACKET_bad_frame);
}

/* Continues by the link type in the header, whose first word is its length. */
static inline enum layer layer_pktap(struct walk *w)
{
	if (layer_remaining(w) < PKTAP_HEADER)
		return layer_short(w, PACKET_bad_frame);
	const uint8_t *p = w->at;
	uint32_t length = layer_host32(p), link = layer_host32(p + PKTAP_LINK_TYPE);
	if (length < PKTAP_HEADER || link > UINT16_MAX)
		return layer_stop(w, PACKET_bad_frame);
	if (!layer_read(w, length))
		return layer_short(w, PACKET_bad_frame);
	w->next = (uint16_t)link;
	return LAYER_link;
}

/* The first octet is the length of the header, which is padded to a multiple of 4. */
static inline enum layer layer_pflog(struct walk *w)
{
	if (!layer_remaining(w) || !layer_read(w, (*w->at + 3u) / 4 * 4))
		return layer_short(w, PACKET_bad_frame);
	return LAYER_ip;
}

/* Only packet data units hold Ethernet. An extended header is in front of the check sequence. */
static inline enum layer layer_docsis(struct walk *w)
{
	const uint8_t *p = layer_read(w, DOCSIS_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	if (p[0] >> DOCSIS_FC_TYPE_SHIFT)
		return layer_stop(w, PACKET_other_ethertype);
	return layer_read(w, p[0] & DOCSIS_EXTENDED ? p[DOCSIS_PARAMETER] : 0)
		       ? LAYER_ethernet
		       : layer_short(w, PACKET_bad_frame);
}

static inline enum layer layer_symantec(struct walk *w)
{
	const uint8_t *p = layer_read(w, SYMANTEC_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p + SYMANTEC_ETHERTYPE);
	return w->next < ETHER_TYPE_MIN ? layer_stop(w, PACKET_other_ethertype) : LAYER_ethertype;
}

/* IP over IEEE 1394 (RFC 2734), as LINKTYPE_APPLE_IP_OVER_IEEE1394 has it. */
static inline enum layer layer_ieee1394(struct walk *w)
{
	const uint8_t *p = layer_read(w, IEEE1394_HEADER);
	if (!p)
		return layer_short(w, PACKET_bad_frame);
	w->next = bits_be16(p + IEEE1394_ETHERTYPE);
	return w->next < ETHER_TYPE_MIN ? layer_stop(w, PACKET_other_ethertype) : LAYER_ethertype;
}

#endif

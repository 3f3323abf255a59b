/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Helpers of the functions in layers.def. A function of a layer parses its header at w->at, moves
 * w->at behind it, and returns the next layer or ends the walk by layer_stop().
 */
#ifndef PACKET_LAYER_H
#define PACKET_LAYER_H

#include "packet/packet.h"
#include "packet/wire.h"

enum layer {
#define LAYER(name, function) LAYER_##name,
#include "packet/layers.def"
	LAYER_end,
};

struct walk {
	const uint8_t *at; /* next header */
	const uint8_t *end; /* end of the captured octets, or where an outer header says that its
			       payload ends */
	const uint8_t
		*mac; /* addresses of the innermost Ethernet header; NULL: pkt->macs has them */
	bool cut; /* the capture holds less than was on the wire */
	bool ip; /* pkt has the addresses of an IP header */
	uint16_t next; /* EtherType, IP protocol or link type of the next header */
	uint32_t announced; /* octets of IP payload from `at` on, as the IP header says */
	uint32_t missing; /* octets of the frame that were not captured; valid if `cut` */
	enum packet_verdict verdict;
	const struct packet_conf *conf;
	struct pkt *pkt;
};

/* Ends the walk with a verdict. */
static inline enum layer layer_stop(struct walk *w, enum packet_verdict verdict)
{
	w->verdict = verdict;
	return LAYER_end;
}

/* Sets the MAC addresses from a header other than Ethernet's. NULL: the header has no such address.
 */
static inline void layer_set_macs(struct walk *w, const uint8_t *src, const uint8_t *dst)
{
	if (!(w->conf->wanted & PACKET_WANT_MACS))
		return;
	w->mac = NULL;
	w->pkt->macs.known = 0;
	if (src)
		mac_set(&w->pkt->macs, ADDR_SRC, src);
	if (dst)
		mac_set(&w->pkt->macs, ADDR_DST, dst);
}

/* Returns the octets from w->at to the end. */
static inline size_t layer_remaining(const struct walk *w)
{
	return (size_t)(w->end - w->at);
}

/* Returns n octets at w->at and moves w->at behind them, or returns NULL if fewer remain. */
static inline const uint8_t *layer_read(struct walk *w, size_t n)
{
	if (bits_unlikely(layer_remaining(w) < n))
		return NULL;
	const uint8_t *p = w->at;
	w->at += n;
	return p;
}

/* Ends the walk at a header that is longer than the octets that remain: with PACKET_cut if the
 * capture truncated the packet, else with `bad`. */
static inline enum layer layer_short(struct walk *w, enum packet_verdict bad)
{
	return layer_stop(w, w->cut ? PACKET_cut : bad);
}

/* Limits the walk to n octets from w->at, as a header says: whatever follows is padding. */
static inline void layer_limit(struct walk *w, size_t n)
{
	if (layer_remaining(w) >= n) {
		w->end = w->at + n;
		w->cut = false;
	}
}

/* Limits the walk to the payload length that the IP header says. */
static inline void layer_ip_limit(struct walk *w, uint32_t payload)
{
	w->announced = payload;
	layer_limit(w, payload);
}

/* Sets the payload length to the rest of the frame, because the IP header has no length. */
static inline void layer_ip_unlimited(struct walk *w)
{
	w->announced = (uint32_t)layer_remaining(w) + (w->cut ? w->missing : 0);
}

/* Sets the payload of a transport or fragment; the headers say that it has wire_len octets. */
static inline void layer_set_payload(struct walk *w, uint32_t wire_len)
{
	struct pkt *pkt = w->pkt;
	pkt->payload = w->at;
	pkt->wire_len = wire_len;
	pkt->len = (uint32_t)layer_remaining(w);
	pkt->cut = 0;
	if (pkt->len >= wire_len)
		pkt->len = wire_len;
	else
		pkt->cut = w->cut;
}

/* Writes an IPv4 address as one of struct addr to `to`, by one store: a copy soon after would wait
 * for several to complete. */
static inline void layer_set_ipv4(uint8_t *to, const uint8_t *four)
{
	typedef uint64_t words __attribute__((vector_size(16)));
	uint32_t v;
	memcpy(&v, four, sizeof(v));
	words w = {0, (uint64_t)v << 32 | 0xffff0000u};
	memcpy(to, &w, sizeof(w));
}

/* Sets the tunnel, whose ends are the addresses of the outer IP packet, if any. */
static inline void layer_set_tunnel(struct walk *w, enum tunnel_type type)
{
	struct pkt *pkt = w->pkt;
	pkt->tunnel = (struct tunnel){.type = (uint8_t)type};
	if (w->ip) {
		pkt->tunnel.addrs = pkt->addrs;
		pkt->tunnel.has_ends = 1;
	}
}

static inline void layer_set_tunnel_id(struct walk *w, enum tunnel_type type, uint32_t id)
{
	layer_set_tunnel(w, type);
	w->pkt->tunnel.id = id;
	w->pkt->tunnel.has_id = 1;
}

/* Returns true if the octets at p look like an IP packet, by version and length: for tunnels
 * without a protocol field. */
static inline bool packet_is_ip(const uint8_t *p, size_t left, bool cut)
{
	size_t length;
	if (left < IPV4_HEADER)
		return false;
	if (p[0] >> IP_VERSION_SHIFT == 4 && (p[0] & IPV4_IHL) * 4u >= IPV4_HEADER)
		length = bits_be16(p + IPV4_TOTAL_LENGTH);
	else if (p[0] >> IP_VERSION_SHIFT == 6)
		length = IPV6_HEADER + bits_be16(p + IPV6_PAYLOAD_LENGTH);
	else
		return false;
	return cut || length <= left;
}

static inline bool layer_is_ip(const struct walk *w, size_t skip)
{
	size_t left = layer_remaining(w);
	return left >= skip && packet_is_ip(w->at + skip, left - skip, w->cut);
}

/* Returns true if the octets at p look like an Ethernet frame whose EtherType leads to IP or ARP.
 */
static inline bool packet_is_ethernet(const uint8_t *p, size_t left)
{
	if (left < ETHER_HEADER + 1)
		return false;
	switch (bits_be16(p + ETHER_TYPE)) {
	case ETHER_IPV4: return p[ETHER_HEADER] >> IP_VERSION_SHIFT == 4;
	case ETHER_IPV6: return p[ETHER_HEADER] >> IP_VERSION_SHIFT == 6;
	case ETHER_ARP:
	case ETHER_VLAN:
	case ETHER_SERVICE_VLAN:
	case ETHER_OLD_VLAN:
	case ETHER_OLD_VLAN_2:
	case ETHER_MPLS:
	case ETHER_MPLS_MULTICAST:
	case ETHER_PPPOE: return true;
	default: return false;
	}
}

static inline bool layer_is_ethernet(const struct walk *w, size_t skip)
{
	size_t left = layer_remaining(w);
	return left >= skip && packet_is_ethernet(w->at + skip, left - skip);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Helpers of the functions in layers.def. A layer function parses its header at w->at, moves w->at
 * behind it, and returns the next layer or ends the walk by layer_stop().
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
	const uint8_t *end; /* end of what is at hand: of the capture, or of an enclosing length */
	const uint8_t *mac; /* the Ethernet addresses that count; NULL: those in pkt->macs do */
	bool cut; /* the capture holds less than was on the wire */
	bool ip; /* an IP header has been passed: pkt has its addresses */
	uint16_t next; /* EtherType, IP protocol or link type of the next header */
	uint32_t announced; /* octets of IP payload by the IP header, from `at` on */
	uint32_t missing; /* octets that the capture cut off the frame; only of use where `cut` */
	enum packet_verdict verdict;
	const struct packet_conf *conf;
	struct pkt *pkt;
};

static inline enum layer layer_stop(struct walk *w, enum packet_verdict verdict)
{
	w->verdict = verdict;
	return LAYER_end;
}

/* Notes the source and destination addresses of a header other than Ethernet's; NULL: it has not
 * this one. */
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

static inline size_t layer_remaining(const struct walk *w)
{
	return (size_t)(w->end - w->at);
}

/* Consumes n octets at w->at. Returns NULL if fewer are left. */
static inline const uint8_t *layer_read(struct walk *w, size_t n)
{
	if (bits_unlikely(layer_remaining(w) < n))
		return NULL;
	const uint8_t *p = w->at;
	w->at += n;
	return p;
}

/* Ends the walk at a header that is longer than what is left: `cut` if the capture truncated the
 * packet, else `bad`. */
static inline enum layer layer_short(struct walk *w, enum packet_verdict bad)
{
	return layer_stop(w, w->cut ? PACKET_cut : bad);
}

/* Limits the walk to n octets from here, as a header says; padding follows. */
static inline void layer_limit(struct walk *w, size_t n)
{
	if (layer_remaining(w) >= n) {
		w->end = w->at + n;
		w->cut = false;
	}
}

/* Ends the view where the IP header says that its payload ends. */
static inline void layer_ip_limit(struct walk *w, uint32_t payload)
{
	w->announced = payload;
	layer_limit(w, payload);
}

/* Takes as payload all that was captured, and what the capture cut off: the header has no length.
 */
static inline void layer_ip_unlimited(struct walk *w)
{
	w->announced = (uint32_t)layer_remaining(w) + (w->cut ? w->missing : 0);
}

/* Sets the payload of a transport or fragment, `wire_len` octets long by the headers. */
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

/* Stores an IPv4 address at `to` by one store: what copies it soon would wait for several. */
static inline void layer_set_ipv4(uint8_t *to, const uint8_t *four)
{
	typedef uint64_t words __attribute__((vector_size(16)));
	uint32_t v;
	memcpy(&v, four, sizeof(v));
	words w = {0, (uint64_t)v << 32 | 0xffff0000u};
	memcpy(to, &w, sizeof(w));
}

/* Notes a tunnel, whose ends are those of the outer IP packet, if any. */
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

/* Is an IP packet at p? For tunnels without a protocol field: its version, and a length that fits.
 */
static inline bool packet_is_ip(const uint8_t *p, size_t left, bool cut)
{
	size_t length;
	if (left < IPV4_HEADER)
		return false;
	if (p[0] >> 4 == 4 && (p[0] & 15) >= 5)
		length = bits_be16(p + 2);
	else if (p[0] >> 4 == 6)
		length = IPV6_HEADER + bits_be16(p + 4);
	else
		return false;
	return cut || length <= left;
}

static inline bool layer_is_ip(const struct walk *w, size_t skip)
{
	size_t left = layer_remaining(w);
	return left >= skip && packet_is_ip(w->at + skip, left - skip, w->cut);
}

/* Is an Ethernet frame at p, with one of the EtherTypes that lead to IP? */
static inline bool packet_is_ethernet(const uint8_t *p, size_t left)
{
	if (left < ETHER_HEADER + 1)
		return false;
	switch (bits_be16(p + ETHER_TYPE)) {
	case ETHER_IPV4: return p[ETHER_HEADER] >> 4 == 4;
	case ETHER_IPV6: return p[ETHER_HEADER] >> 4 == 6;
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

/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/packet.h"

#include "packet/layer_atm.h"
#include "packet/layer_capwap.h"
#include "packet/layer_erf.h"
#include "packet/layer_esp.h"
#include "packet/layer_eth.h"
#include "packet/layer_gre.h"
#include "packet/layer_gtp.h"
#include "packet/layer_gue.h"
#include "packet/layer_infiniband.h"
#include "packet/layer_ip.h"
#include "packet/layer_juniper.h"
#include "packet/layer_l2tp.h"
#include "packet/layer_l4.h"
#include "packet/layer_link.h"
#include "packet/layer_lisp.h"
#include "packet/layer_llc.h"
#include "packet/layer_mpls.h"
#include "packet/layer_ppp.h"
#include "packet/layer_sll.h"
#include "packet/layer_stamp.h"
#include "packet/layer_vxlan.h"
#include "packet/layer_wlan.h"

void packet_port_add(struct packet_conf *conf, uint16_t port)
{
	conf->ports[port >> 6] |= (uint64_t)1 << (port & 63);
}

void packet_tunnel_ports(
	struct packet_conf *conf, enum packet_tunnel kind, const uint16_t *ports, unsigned n)
{
	for (size_t i = 0; i < BITS_COUNT(conf->tunnel_of); i++)
		if (conf->tunnel_of[i] == kind)
			conf->tunnel_of[i] = PACKET_TUNNEL_none;
	for (unsigned i = 0; i < n; i++)
		conf->tunnel_of[ports[i]] = (uint8_t)kind;
}

void packet_encrypted_ports(struct packet_conf *conf, const uint16_t *ports, unsigned n)
{
	packet_tunnel_ports(conf, PACKET_PORT_encrypted, ports, n);
	conf->sightings = n > 0 || conf->resolvers > 0;
}

void packet_resolver_add(struct packet_conf *conf, const struct prefix *prefix)
{
	if (conf->resolvers == PACKET_RESOLVERS)
		return;
	conf->resolver[conf->resolvers++] = *prefix;
	conf->sightings = true;
	if (conf->tunnel_of[PACKET_HTTPS] == PACKET_TUNNEL_none)
		conf->tunnel_of[PACKET_HTTPS] = PACKET_PORT_resolver;
}

bool packet_encrypted_end(
	const struct packet_conf *conf, const struct addr *addr, uint16_t port, bool v6)
{
	uint8_t kind = conf->tunnel_of[port];
	if (kind != PACKET_PORT_resolver)
		return kind == PACKET_PORT_encrypted;
	for (unsigned i = 0; i < conf->resolvers; i++)
		if (prefix_has(&conf->resolver[i], addr, v6))
			return true;
	return false;
}

void packet_conf_init(struct packet_conf *conf)
{
	static const struct {
		enum packet_tunnel kind;
		uint16_t ports[2];
	} defaults[] = {
#define PACKET_TUNNEL(name, layer, port, port2) {PACKET_TUNNEL_##name, {port, port2}},
#include "packet/ports.def"
#undef PACKET_TUNNEL
	};

	memset(conf, 0, sizeof(*conf));
	conf->max_depth = PACKET_DEPTH;
	for (size_t i = 0; i < BITS_COUNT(defaults); i++)
		packet_tunnel_ports(conf, defaults[i].kind, defaults[i].ports,
			(defaults[i].ports[0] != 0) + (defaults[i].ports[1] != 0));
}

uint64_t packet_realm(const struct pkt *pkt)
{
	uint64_t realm = (uint64_t)pkt->tunnel.type << 32;
	switch ((enum tunnel_type)pkt->tunnel.type) {
	case TUNNEL_gre:
	case TUNNEL_vxlan:
	case TUNNEL_geneve:
	case TUNNEL_lisp:
	case TUNNEL_pppoe: realm |= pkt->tunnel.id; break;
	default: break; /* GTP, L2TP, MPLS: each end chooses its own */
	}
	for (int i = 0; i < pkt->vlans && i < 2; i++)
		realm |= (uint64_t)pkt->vlan[i] << (52 - 12 * i);
	return realm;
}

void packet_datagram_of(struct packet_datagram *to, const struct pkt *fragment)
{
	*to = (struct packet_datagram){
		.src = fragment->src,
		.dst = fragment->dst,
		.tunnel = fragment->tunnel,
		.vlans = fragment->vlans,
		.v6 = fragment->v6,
		.proto = fragment->frag_proto,
	};
	memcpy(to->vlan, fragment->vlan, fragment->vlans * sizeof(to->vlan[0]));
}

/* The walk from `layer` on, with a copy of its state: packet_walk() keeps its own in registers. */
static __attribute__((noinline)) enum packet_verdict walk_on(struct walk w, enum layer layer)
{
	for (unsigned left = w.conf->max_depth; left > 0; left--) {
		switch (layer) {
#define LAYER(name, function)                                                                      \
	case LAYER_##name:                                                                         \
		layer = function(&w);                                                              \
		break;
#include "packet/layers.def"
#undef LAYER
		case LAYER_end: return w.verdict;
		}
	}
	return layer == LAYER_end ? w.verdict : PACKET_too_deep;
}

static inline __attribute__((always_inline)) enum packet_verdict walk_layers(
	const struct packet_conf *conf, const struct frame *frame, struct pkt *pkt)
{
	struct walk w = {
		.at = frame->data,
		.end = frame->data + frame->len,
		.cut = frame->len < frame->wire_len,
		.missing = frame->wire_len - frame->len,
		.next = frame->link_type,
		.conf = conf,
		.pkt = pkt,
	};

	pkt->v6 = 0;
	pkt->vlans = 0;
	pkt->realm = 0;
	pkt->tunnel = (struct tunnel){0};
	if (bits_unlikely(!w.at)) /* and from here on the compiler knows that no header is NULL */
		return PACKET_bad_frame;
	pkt->ts_ns = frame->ts_ns;
	pkt->clock_ns = frame->clock_ns;
	pkt->late_us = frame->late_us;
	/* The layers of a plain packet, in a row; walk_on() finds whatever else there is. */
	enum layer layer = LAYER_link;
	if (bits_likely(frame->link_type == FRAME_LINK_ETHERNET))
		layer = layer_ethernet(&w);
	if (layer == LAYER_ethertype)
		layer = layer_ethertype(&w);
	if (bits_likely(layer == LAYER_ipv4))
		layer = layer_ipv4(&w);
	else if (layer == LAYER_ipv6)
		layer = layer_ipv6(&w);
	if (bits_likely(layer == LAYER_udp))
		layer = layer_udp(&w);
	else if (layer == LAYER_tcp)
		layer = layer_tcp(&w);
	if (bits_likely(layer == LAYER_end))
		return w.verdict;
	/* field by field: `w` as a whole would have to be in memory all the way */
	return walk_on((struct walk){.at = w.at,
			       .end = w.end,
			       .cut = w.cut,
			       .ip = w.ip,
			       .next = w.next,
			       .announced = w.announced,
			       .missing = w.missing,
			       .conf = conf,
			       .pkt = pkt},
		layer);
}

enum packet_verdict packet_walk(
	const struct packet_conf *conf, const struct frame *frame, struct pkt *pkt)
{
	enum packet_verdict verdict = walk_layers(conf, frame, pkt);
	if (bits_unlikely(conf->realms))
		pkt->realm = packet_realm(pkt);
	return verdict;
}

static bool src_above_dst(const struct pkt *pkt)
{
	unsigned __int128 src, dst;

	memcpy(&src, &pkt->src, sizeof(src));
	memcpy(&dst, &pkt->dst, sizeof(dst));
	return src > dst;
}

/* The sum of both addresses, in an order that is the same for both directions: turned round where
 * `turn` says so, without a jump, as which direction comes next cannot be predicted. */
static inline hash_sum pair_sum(const struct hash_secret *secret, const struct pkt *pkt, bool turn)
{
	uint64_t a[2], b[2], all = 0 - (uint64_t)turn;

	memcpy(a, &pkt->src, sizeof(a));
	memcpy(b, &pkt->dst, sizeof(b));
	uint64_t x = (a[0] ^ b[0]) & all, y = (a[1] ^ b[1]) & all;
	return hash_pair(secret, 0, a[0] ^ x, a[1] ^ y) + hash_pair(secret, 1, b[0] ^ x, b[1] ^ y);
}

uint32_t packet_flow_hash(const struct hash_secret *secret, const struct pkt *pkt)
{
	uint32_t ports = pkt->sport | (uint32_t)pkt->dport << 16;
	bool turn = pkt->sport > pkt->dport;

	if (bits_unlikely(pkt->sport == pkt->dport))
		turn = src_above_dst(pkt);
	ports = turn ? ports >> 16 | ports << 16 : ports;
	uint64_t rest = ports | (uint64_t)pkt->v6 << 32 | (uint64_t)pkt->proto << 40;
	return hash_of_sum(
		secret, pair_sum(secret, pkt, turn) + hash_pair(secret, 2, rest, pkt->realm));
}

uint32_t packet_pair_hash(const struct hash_secret *secret, const struct pkt *pkt)
{
	return hash_of_sum(secret, pair_sum(secret, pkt, src_above_dst(pkt)));
}

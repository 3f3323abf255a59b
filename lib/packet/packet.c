/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/packet.h"

#include "packet/wire.h"

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

bool packet_encrypted_end(const struct packet_conf *conf, const struct addr_pair *addrs,
	enum addr_end end, uint16_t port)
{
	uint8_t kind = conf->tunnel_of[port];
	if (kind != PACKET_PORT_resolver)
		return kind == PACKET_PORT_encrypted;
	struct addr addr = addr_pair_get(addrs, end);
	for (unsigned i = 0; i < conf->resolvers; i++)
		if (prefix_has(&conf->resolver[i], &addr))
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

void packet_datagram_of(struct packet_datagram *to, const struct pkt *pkt)
{
	*to = (struct packet_datagram){
		.addrs = pkt->addrs,
		.proto = pkt->frag_proto,
		.vlans = pkt->vlans & 0x7f,
		.enclosed = pkt->enclosed & 1,
		.macs = pkt->macs,
		.tunnel = pkt->tunnel,
	};
	memcpy(to->vlan, pkt->vlan, pkt->vlans * sizeof(to->vlan[0]));
}

bool packet_subframe(struct pkt *aggregate, uint8_t *buffer, struct frame *frame)
{
	const uint32_t header = ETHER_HEADER; /* two addresses, length */

	if (aggregate->len < header)
		return false;
	const uint32_t length = bits_be16(aggregate->payload + ETHER_TYPE);
	const uint32_t len = header + length < aggregate->len ? header + length : aggregate->len;
	const uint32_t wire_len =
		header + length < aggregate->wire_len ? header + length : aggregate->wire_len;

	packet_datagram_of((struct packet_datagram *)buffer, aggregate);
	memcpy(buffer + sizeof(struct packet_datagram), aggregate->payload, len);
	*frame = (struct frame){.data = buffer,
		.len = (uint32_t)sizeof(struct packet_datagram) + len,
		.wire_len = (uint32_t)sizeof(struct packet_datagram) + wire_len,
		.ts_ns = aggregate->ts_ns,
		.clock_ns = aggregate->clock_ns,
		.late_us = aggregate->late_us,
		.link_type = FRAME_LINK_SUBFRAME};
	/* All subframes but the last are padded to a multiple of 4 octets. */
	const uint32_t size = (header + length + 3) & ~3u;
	const uint32_t skip = size < aggregate->len ? size : aggregate->len;
	aggregate->payload += skip;
	aggregate->len -= skip;
	aggregate->wire_len -= skip;
	return true;
}

static bool src_above_dst(const struct pkt *pkt)
{
	unsigned __int128 src, dst;

	memcpy(&src, pkt->addrs.octets[ADDR_SRC], sizeof(src));
	memcpy(&dst, pkt->addrs.octets[ADDR_DST], sizeof(dst));
	return src > dst;
}

/* Returns the sum of both addresses, exchanged if `swap` is set. It has no branch, because the
 * direction of the next packet cannot be predicted. */
static inline hash_sum pair_sum(const struct hash_secret *secret, const struct pkt *pkt, bool swap)
{
	uint64_t a[2], b[2], all = 0 - (uint64_t)swap;

	memcpy(a, pkt->addrs.octets[ADDR_SRC], sizeof(a));
	memcpy(b, pkt->addrs.octets[ADDR_DST], sizeof(b));
	uint64_t x = (a[0] ^ b[0]) & all, y = (a[1] ^ b[1]) & all;
	return hash_pair(secret, 0, a[0] ^ x, a[1] ^ y) + hash_pair(secret, 1, b[0] ^ x, b[1] ^ y);
}

uint32_t packet_flow_hash(const struct hash_secret *secret, const struct pkt *pkt)
{
	uint32_t ports = pkt->sport | (uint32_t)pkt->dport << 16;
	bool swap = pkt->sport > pkt->dport;

	if (bits_unlikely(pkt->sport == pkt->dport))
		swap = src_above_dst(pkt);
	ports = swap ? ports >> 16 | ports << 16 : ports;
	uint64_t rest = ports | (uint64_t)pkt->addrs.family << 32 | (uint64_t)pkt->proto << 40;
	return hash_of_sum(
		secret, pair_sum(secret, pkt, swap) + hash_pair(secret, 2, rest, pkt->realm));
}

uint32_t packet_pair_hash(const struct hash_secret *secret, const struct pkt *pkt)
{
	return hash_of_sum(secret, pair_sum(secret, pkt, src_above_dst(pkt)));
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the walk of frames: the first octet chooses the link type, the second is the number of
 * octets that the capture truncated, the rest is the frame. The walk ends, gives the same result
 * twice, and its payload lies within the frame.
 */
#include "packet/packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool ok)
{
	if (!ok)
		abort();
}

/* Checks the payload that a walk found. */
static void check_payload(const struct frame *frame, const struct pkt *pkt)
{
	demand(pkt->payload >= frame->data);
	demand(pkt->payload + pkt->len <= frame->data + frame->len);
	demand(pkt->len <= pkt->wire_len);
	demand(pkt->vlans <= PACKET_VLANS);
	for (int i = 0; i < pkt->vlans; i++)
		demand(pkt->vlan[i] <= 0xfff || frame_is_inner(frame->link_type));
	demand(pkt->addrs.family < ADDR_FAMILIES);
	/* a mirror (ERSPAN) can truncate the frame, too */
	demand(!pkt->cut || frame->len < frame->wire_len || pkt->tunnel.type != TUNNEL_none);
}

/* True if the ports of the packet are those of its verdict. */
static bool is_wanted(
	const struct packet_conf *conf, const struct pkt *pkt, enum packet_verdict verdict)
{
	bool dns = packet_port_is(conf, pkt->sport) || packet_port_is(conf, pkt->dport);
	if (verdict != PACKET_encrypted)
		return dns;
	return !dns && (packet_encrypted_end(conf, &pkt->addrs, ADDR_SRC, pkt->sport) ||
			       packet_encrypted_end(conf, &pkt->addrs, ADDR_DST, pkt->dport));
}

/* Walks a fragment's payload as a datagram from the reassembler, whose headers keep what the walk
 * of the fragment found. */
static void check_datagram(
	const struct packet_conf *conf, const struct frame *of, const struct pkt *fragment)
{
	size_t n = sizeof(struct packet_datagram) + fragment->len;
	uint8_t *p = malloc(n);
	struct packet_datagram head;
	struct pkt pkt;

	packet_datagram_of(&head, fragment);
	memcpy(p, &head, sizeof(head));
	memcpy(p + sizeof(head), fragment->payload, fragment->len);
	struct frame frame = {.data = p,
		.len = (uint32_t)n,
		.wire_len = (uint32_t)n,
		.ts_ns = of->ts_ns,
		.clock_ns = of->clock_ns,
		.link_type = FRAME_LINK_DATAGRAM};
	enum packet_verdict verdict = packet_walk(conf, &frame, &pkt);
	if (verdict == PACKET_dns || verdict == PACKET_tcp_dns || verdict == PACKET_encrypted) {
		check_payload(&frame, &pkt);
		demand(!pkt.cut || pkt.tunnel.type != TUNNEL_none);
		demand(pkt.vlans >= fragment->vlans);
		demand(is_wanted(conf, &pkt, verdict));
	}
	free(p);
}

/* The subframes of an A-MSDU: as many as its octets allow, each within the buffer, each walked. */
static void check_subframes(const struct packet_conf *conf, const struct pkt *of)
{
	uint8_t *buffer = malloc(PACKET_SUBFRAME_BYTES);
	struct pkt aggregate = *of, pkt;
	struct frame part;
	unsigned n = 0;

	demand(aggregate.len <= PACKET_AMSDU);
	while (packet_subframe(&aggregate, buffer, &part)) {
		demand(++n <= PACKET_AMSDU / 14);
		demand(part.data == buffer && part.len <= PACKET_SUBFRAME_BYTES);
		demand(part.len <= part.wire_len);
		enum packet_verdict verdict = packet_walk(conf, &part, &pkt);
		if (verdict == PACKET_dns || verdict == PACKET_tcp_dns ||
			verdict == PACKET_encrypted) {
			check_payload(&part, &pkt);
			demand(is_wanted(conf, &pkt, verdict));
			demand(pkt.vlans >= of->vlans);
		}
	}
	free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t links[] = {
#define LINK(name, skip, layer) FRAME_LINK_##name,
#include "packet/links.def"
#undef LINK
		147};
	static struct packet_conf conf;
	struct hash_secret secret = hash_fixed(1);
	static bool ready;
	struct prefix resolvers;
	struct pkt pkt, again;

	if (!ready) {
		packet_conf_init(&conf);
		packet_port_add(&conf, 53);
		packet_port_add(&conf, 5353);
		packet_encrypted_ports(&conf, (const uint16_t[]){853}, 1);
		demand(!prefix_parse(&resolvers, "192.0.2.0/24"));
		packet_resolver_add(&conf, &resolvers);
		ready = true;
	}
	if (size < 2)
		return 0;
	struct frame frame = {.data = data + 2,
		.len = (uint32_t)size - 2,
		.wire_len = (uint32_t)size - 2 + data[1],
		.ts_ns = 1,
		.clock_ns = 2,
		.link_type = links[data[0] % BITS_COUNT(links)]};
	memset(&pkt, 0x55, sizeof(pkt));
	memset(&again, 0xaa, sizeof(again));
	enum packet_verdict verdict = packet_walk(&conf, &frame, &pkt);
	demand(verdict < sizeof(struct metrics_packet) / sizeof(uint64_t));
	demand(packet_walk(&conf, &frame, &again) == verdict);
	if (verdict != PACKET_dns && verdict != PACKET_tcp_dns && verdict != PACKET_fragment &&
		verdict != PACKET_encrypted && verdict != PACKET_aggregate)
		return 0;
	if (verdict == PACKET_aggregate) {
		check_subframes(&conf, &pkt);
		return 0;
	}
	check_payload(&frame, &pkt);
	demand(pkt.payload == again.payload && pkt.len == again.len);
	demand(memcmp(&pkt.tunnel, &again.tunnel, sizeof(pkt.tunnel)) == 0);
	demand(addr_pair_equal(&pkt.addrs, &again.addrs));
	if (verdict == PACKET_fragment) {
		check_datagram(&conf, &frame, &pkt);
		return 0;
	}
	demand(verdict == PACKET_encrypted ? pkt.proto == PACKET_UDP || pkt.proto == PACKET_TCP
					   : (pkt.proto == PACKET_UDP) == (verdict == PACKET_dns));
	demand(verdict != PACKET_dns || (pkt.wire_len > 0 && pkt.len > 0));
	demand(is_wanted(&conf, &pkt, verdict));
	demand(packet_flow_hash(&secret, &pkt) == packet_flow_hash(&secret, &again));
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP segments, fragments, and reassembled datagrams. */
#include "packet/layers.h"

void test_packet_layers_ip(void);

static void tcp(void)
{
	static const struct layers_case cases[] = {
		{"TCP", 1, "eth:0800 ip4:6 tcp:53 0013 msg", "tcp_dns"},
		{"TCP over IPv6 without payload", 1, "eth:86dd ip6:6 tcp:53", "tcp_dns"},
		{"TCP on other ports", 1, "eth:0800 ip4:6 tcp:80 msg", "tcp"},
		{"data offset 4", 1,
			"eth:0800 ip4:6 10e10035 00000007 00000009 40180100 00000000 00000000",
			"bad_tcp"},
		{"data offset past the end", 1,
			"eth:0800 ip4:6 10e10035 00000007 00000009 60180100 00000000", "bad_tcp"},
		{"too short for TCP", 1, "eth:0800 ip4:6 10e10035 00000007", "bad_tcp"},
	};
	layers_check(cases, BITS_COUNT(cases));
}

static void tcp_fields(void)
{
	static struct layers m;
	struct pkt pkt;
	size_t n = layers_made(&m, "eth:0800 ip4:6 10e10035 01020304 0a0b0c0d 80110100 00000000 "
				   "0101080a 00000001 00000002 0013 msg");
	CU_ASSERT_EQUAL(layers_walk(layers_conf(), &m, 1, n, n, &pkt), PACKET_tcp_dns);
	CU_ASSERT(pkt.seq == 0x01020304 && pkt.ack == 0x0a0b0c0d && pkt.tcp_flags == 0x11);
	CU_ASSERT(pkt.len == 21 && pkt.wire_len == 21 && !pkt.cut && pkt.proto == PACKET_TCP);
	CU_ASSERT(pkt.sport == 4321 && pkt.dport == 53);
	CU_ASSERT_EQUAL(layers_walk(layers_conf(), &m, 1, n - 5, n, &pkt), PACKET_tcp_dns);
	CU_ASSERT(pkt.len == 16 && pkt.wire_len == 21 && pkt.cut);
	CU_ASSERT_EQUAL(layers_walk(layers_conf(), &m, 1, n - 21, n, &pkt), PACKET_tcp_dns);
	CU_ASSERT(pkt.len == 0 && pkt.wire_len == 21 && pkt.cut);
	CU_ASSERT_EQUAL(layers_walk(layers_conf(), &m, 1, n - 22, n, &pkt), PACKET_cut);
	/* padding of Ethernet is no payload */
	n = layers_made(&m, "eth:0800 ip4:6 tcp:53");
	memmove(m.octets, m.octets + m.start, n);
	m.start = 0;
	memset(m.octets + n, 0xdd, 6);
	CU_ASSERT_EQUAL(layers_walk(layers_conf(), &m, 1, n + 6, n + 6, &pkt), PACKET_tcp_dns);
	CU_ASSERT(pkt.len == 0 && pkt.wire_len == 0 && pkt.seq == 7 && pkt.ack == 9);
}

#define ENDS4 "c0000201 c0000235"
#define ENDS6 "20010db8000000000000000000000001 20010db8000000000000000000000053"

static void fragments(void)
{
	static const struct {
		const char *words;
		unsigned id, offset, more, proto, len, v6, tunnel;
	} cases[] = {
		{"eth:0800 4500002c abcd2000 40110000 " ENDS4 " 10e10035 00230000 msg", 0xabcd, 0,
			1, 17, 24, 0, TUNNEL_none},
		{"eth:0800 4500002c abcd3fff 40060000 " ENDS4 " 10e10035 00230000 msg", 0xabcd,
			65528, 1, 6, 24, 0, TUNNEL_none},
		{"eth:0800 4500002c 00010003 402f0000 " ENDS4 " 10e10035 00230000 msg", 1, 24, 0,
			47, 24, 0, TUNNEL_none},
		{"eth:86dd 60000000 00202c40 " ENDS6 " 11000001 deadbeef 10e10035 00230000 msg",
			0xdeadbeef, 0, 1, 17, 24, 1, TUNNEL_none},
		{"eth:86dd 60000000 00280040 " ENDS6
		 " 2c00010400000000 3cffffff 00000007 10e10035 00230000 msg",
			7, 65528, 1, 60, 24, 1, TUNNEL_none},
		{"eth:8100 00090800 out4:47 00000800 4500002c 12342000 40110000 " ENDS4
		 " 10e10035 00230000 msg",
			0x1234, 0, 1, 17, 24, 0, TUNNEL_gre},
	};
	static struct layers m;
	for (size_t i = 0; i < BITS_COUNT(cases); i++) {
		struct pkt pkt;
		size_t n = layers_made(&m, cases[i].words);
		CU_ASSERT_EQUAL(layers_walk(layers_conf(), &m, 1, n, n, &pkt), PACKET_fragment);
		CU_ASSERT(pkt.frag_id == cases[i].id && pkt.frag_offset == cases[i].offset);
		CU_ASSERT(pkt.frag_more == cases[i].more && pkt.frag_proto == cases[i].proto);
		CU_ASSERT(pkt.len == cases[i].len && pkt.wire_len == cases[i].len && !pkt.cut);
		CU_ASSERT(pkt.addrs.family == cases[i].v6 && pkt.tunnel.type == cases[i].tunnel);
		CU_ASSERT(pkt.sport == 0 && pkt.dport == 0);
		CU_ASSERT_EQUAL(
			layers_walk(layers_conf(), &m, 1, n - 12, n, &pkt), PACKET_fragment);
		CU_ASSERT(pkt.len == cases[i].len - 9 && pkt.wire_len == cases[i].len && pkt.cut);
		for (size_t len = 0; len < n; len++)
			layers_walk(layers_conf(), &m, 1, len, n, &pkt);
	}
}

/* A reassembled datagram has the outer headers that packet_datagram_of() copied. */
static void datagrams(void)
{
	static struct layers m;
	struct packet_datagram d;
	struct pkt first, pkt;
	size_t n = layers_made(&m,
		"eth:8100 00090800 out4:47 20000800 00000063 4500002c 12342000 40110000 " ENDS4
		" 10e10035 00230000 msg");
	CU_ASSERT_EQUAL_FATAL(layers_walk(layers_conf(), &m, 1, n, n, &first), PACKET_fragment);
	packet_datagram_of(&d, &first);
	layers_made(&m, "udp:53 msg");
	m.start -= sizeof(d);
	memcpy(m.octets + m.start, &d, sizeof(d));
	n = sizeof(m.octets) - m.start;
	CU_ASSERT_EQUAL(
		layers_walk(layers_conf(), &m, FRAME_LINK_DATAGRAM, n, n, &pkt), PACKET_dns);
	CU_ASSERT(pkt.len == LAYERS_MESSAGE && pkt.dport == 53);
	CU_ASSERT(pkt.addrs.family == ADDR_IPV4 && addr_pair_equal(&pkt.addrs, &first.addrs));
	CU_ASSERT(memcmp(&pkt.tunnel, &first.tunnel, sizeof(pkt.tunnel)) == 0);
	CU_ASSERT(pkt.tunnel.type == TUNNEL_gre && pkt.tunnel.id == 99 && pkt.tunnel.has_ends);
	CU_ASSERT(pkt.vlans == 1 && pkt.vlan[0] == 9);
	for (size_t len = 0; len < n; len++)
		CU_ASSERT_NOT_EQUAL(
			layers_walk(layers_conf(), &m, FRAME_LINK_DATAGRAM, len, len, &pkt),
			len < n - LAYERS_MESSAGE ? PACKET_dns : PACKET_other_port);
	/* a capture file that claims the link type */
	m.octets[m.start + offsetof(struct packet_datagram, proto) + 1] =
		PACKET_VLANS + 1; /* vlans */
	CU_ASSERT_EQUAL(layers_walk(layers_conf(), &m, FRAME_LINK_DATAGRAM, n, n, &pkt),
		PACKET_other_link_type);
}

/* A payload of which no octet was captured is cut, or its lengths are wrong. */
static void no_payload(void)
{
	static struct layers m;
	struct pkt pkt;
	size_t n = layers_made(&m, "eth:0800 " D4);
	CU_ASSERT_EQUAL(layers_walk(layers_conf(), &m, 1, n - 19, n, &pkt), PACKET_cut);
	CU_ASSERT_EQUAL(layers_walk(layers_conf(), &m, 1, n - 19, n - 19, &pkt), PACKET_bad_udp);
	CU_ASSERT_EQUAL(layers_walk(layers_conf(), &m, 1, n - 18, n, &pkt), PACKET_dns);
	CU_ASSERT(pkt.len == 1 && pkt.cut);
}

void test_packet_layers_ip(void)
{
	CU_pSuite s = CU_add_suite("packet/layers_ip", NULL, NULL);
	CU_add_test(s, "TCP", tcp);
	CU_add_test(s, "fields of TCP", tcp_fields);
	CU_add_test(s, "fragments", fragments);
	CU_add_test(s, "datagrams", datagrams);
	CU_add_test(s, "no payload", no_payload);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Which packets belong to encrypted DNS. */
#include "packet/packet.h"

#include "packet/layers.h"

void test_packet_encrypted(void);

static struct packet_conf conf;

static void begin(void)
{
	packet_conf_init(&conf);
	packet_port_add(&conf, 53);
}

static void resolver(const char *text)
{
	struct prefix prefix;
	CU_ASSERT_PTR_NULL_FATAL(prefix_parse(&prefix, text));
	packet_resolver_add(&conf, &prefix);
}

/* Returns the verdict of an IP packet from 192.0.2.1 or 2001:db8::1 to ...53. */
static const char *walk(
	const char *ip, const char *l4, unsigned sport, unsigned dport, struct pkt *pkt)
{
	static struct layers m;
	char words[256];
	bool udp = strcmp(l4, "udp") == 0;
	if (udp)
		snprintf(words, sizeof(words), "%s:17 %04x %04x len:6 0000 aabbccdd", ip, sport,
			dport);
	else
		snprintf(words, sizeof(words),
			"%s:6 %04x %04x 00000001 00000002 60 12 0100 0000 0000 01010101 aabbccdd",
			ip, sport, dport);
	size_t n = layers_made(&m, words);
	return layers_name(layers_walk(&conf, &m, FRAME_LINK_RAW, n, n, pkt));
}

static void expect(const char *ip, unsigned sport, unsigned dport, const char *udp, const char *tcp)
{
	struct pkt pkt;
	CU_ASSERT_STRING_EQUAL(walk(ip, "udp", sport, dport, &pkt), udp);
	CU_ASSERT_STRING_EQUAL(walk(ip, "tcp", sport, dport, &pkt), tcp);
}

static void off(void)
{
	begin();
	expect("ip4", 4321, 853, "other_port", "tcp");
	expect("ip4", 853, 4321, "other_port", "tcp");
	packet_encrypted_ports(&conf, NULL, 0);
	expect("ip4", 4321, 853, "other_port", "tcp");
	CU_ASSERT_FALSE(conf.sightings);
}

static void ports(void)
{
	static const uint16_t some[] = {853, 8853};
	begin();
	packet_encrypted_ports(&conf, some, 2);
	expect("ip4", 4321, 853, "encrypted", "encrypted");
	expect("ip4", 853, 4321, "encrypted", "encrypted");
	expect("ip6", 4321, 8853, "encrypted", "encrypted");
	expect("ip6", 8853, 853, "encrypted", "encrypted");
	expect("ip4", 4321, 852, "other_port", "tcp");
	expect("ip4", 4321, 443, "other_port", "tcp");
	expect("ip4", 443, 4321, "other_port", "tcp");
	/* a DNS port has precedence, and so has a tunnel's as destination */
	expect("ip4", 853, 53, "runt", "tcp_dns");
	expect("ip4", 53, 853, "runt", "tcp_dns");
	expect("ip4", 853, 4789, "other_port", "encrypted"); /* not VXLAN's flags */
	expect("ip4", 4789, 853, "encrypted", "encrypted");
	packet_encrypted_ports(&conf, some + 1, 1); /* replaces those before */
	expect("ip4", 4321, 853, "other_port", "tcp");
	expect("ip4", 4321, 8853, "encrypted", "encrypted");
}

static void resolvers(void)
{
	begin();
	resolver("192.0.2.52/31");
	resolver("2001:db8::53");
	expect("ip4", 4321, 443, "encrypted", "encrypted");
	expect("ip6", 4321, 443, "encrypted", "encrypted");
	expect("ip4", 443, 4321, "other_port", "tcp"); /* 192.0.2.1 is no resolver */
	expect("ip4", 443, 443, "encrypted", "encrypted");
	expect("ip4", 4321, 853, "other_port", "tcp");
	begin();
	resolver("192.0.2.1");
	expect("ip4", 4321, 443, "other_port", "tcp");
	expect("ip4", 443, 4321, "encrypted", "encrypted");
	expect("ip4", 443, 443, "encrypted", "encrypted");
	expect("ip6", 443, 4321, "other_port", "tcp");
	/* port 443 of any address */
	packet_encrypted_ports(&conf, (const uint16_t[]){443}, 1);
	expect("ip6", 443, 4321, "encrypted", "encrypted");
}

/* Resolvers in any order, and no more than fit. */
static void order(void)
{
	begin();
	packet_encrypted_ports(&conf, (const uint16_t[]){443, 853}, 2);
	resolver("198.51.100.1");
	expect("ip4", 4321, 443, "encrypted", "encrypted");
	begin();
	for (int i = 0; i < PACKET_RESOLVERS; i++)
		resolver("198.51.100.1");
	resolver("192.0.2.53");
	CU_ASSERT_EQUAL(conf.resolvers, PACKET_RESOLVERS);
	expect("ip4", 4321, 443, "other_port", "tcp");
}

static void filled(void)
{
	struct pkt pkt;
	begin();
	packet_encrypted_ports(&conf, (const uint16_t[]){853}, 1);
	walk("ip4", "tcp", 4321, 853, &pkt);
	CU_ASSERT(pkt.proto == PACKET_TCP && pkt.len == 4 && pkt.wire_len == 4 && !pkt.cut);
	CU_ASSERT(pkt.seq == 1 && pkt.ack == 2 && pkt.tcp_flags == 0x12);
	CU_ASSERT(pkt.sport == 4321 && pkt.dport == 853 && pkt.addrs.family == ADDR_IPV4);
	walk("ip6", "udp", 4321, 853, &pkt);
	CU_ASSERT(pkt.proto == PACKET_UDP && pkt.len == 4 && pkt.wire_len == 4);
	CU_ASSERT_EQUAL(pkt.addrs.family, ADDR_IPV6);
}

/* Headers that contradict themselves, or that the capture cut. */
static void broken(void)
{
	static struct layers m;
	struct pkt pkt;
	begin();
	packet_encrypted_ports(&conf, (const uint16_t[]){853}, 1);
	size_t n = layers_made(&m, "ip4:17 1111 0355 0007 0000 aabbccdd");
	CU_ASSERT_STRING_EQUAL(
		layers_name(layers_walk(&conf, &m, FRAME_LINK_RAW, n, n, &pkt)), "bad_udp");
	n = layers_made(&m, "ip4:6 1111 0355 00000001 00000002 40 12 0100 0000 0000");
	CU_ASSERT_STRING_EQUAL(
		layers_name(layers_walk(&conf, &m, FRAME_LINK_RAW, n, n, &pkt)), "bad_tcp");
	n = layers_made(&m, "ip4:17 1111 0355 000c 0000 aabbccdd");
	for (size_t len = 0; len <= n; len++) {
		const char *name =
			layers_name(layers_walk(&conf, &m, FRAME_LINK_RAW, len, n, &pkt));
		CU_ASSERT_STRING_EQUAL(name, len < 28 ? "cut" : "encrypted");
		if (len >= 28)
			CU_ASSERT(pkt.len == len - 28 && pkt.wire_len == 4 && pkt.cut == (len < n));
	}
}

void test_packet_encrypted(void)
{
	CU_pSuite s = CU_add_suite("packet/encrypted", NULL, NULL);
	CU_add_test(s, "off", off);
	CU_add_test(s, "ports", ports);
	CU_add_test(s, "resolvers", resolvers);
	CU_add_test(s, "order", order);
	CU_add_test(s, "filled", filled);
	CU_add_test(s, "broken", broken);
}

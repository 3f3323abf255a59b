/* SPDX-License-Identifier: BSD-3-Clause */
/* NICs that hash as they were told, or otherwise: packets with the hash that they leave on them. */
#include "rx/rss_check.h"

#include <CUnit/CUnit.h>
#include <arpa/inet.h>
#include <rte_byteorder.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_thash.h>
#include <stdlib.h>

void test_rx_rss_check(void);

#define ADDRESSES (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6)
#define PORTS (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_TCP)

static struct packet {
	struct rte_mbuf m;
	uint8_t data[128];
	uint32_t words[11]; /* addresses, then ports, as the NIC hashes them */
	unsigned addresses; /* words of them */
	bool ports;
} packet;

static struct rss rss;
static struct rss_check seen;

static void put(const void *octets, size_t n)
{
	memcpy(packet.data + packet.m.data_len, octets, n);
	packet.m.data_len += (uint16_t)n;
	packet.m.pkt_len = packet.m.data_len;
}

static void put_random(size_t n)
{
	while (n--)
		put(&(uint8_t){(uint8_t)rand()}, 1);
}

static void words(unsigned at, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t word;
		memcpy(&word, packet.data + at + 4 * i, 4);
		packet.words[packet.addresses + i] = ntohl(word);
	}
}

/* A frame of random ends. tag: with a VLAN tag. fragment: of one, but the first. */
static void make(bool v6, uint8_t proto, bool tag, bool fragment)
{
	static const uint8_t vlan[] = {0x81, 0, 0, 7}, type4[] = {8, 0}, type6[] = {0x86, 0xdd};
	memset(&packet, 0, sizeof(packet));
	packet.m.buf_addr = packet.data;
	packet.m.buf_len = sizeof(packet.data);
	packet.m.nb_segs = 1;
	put_random(12);
	if (tag)
		put(vlan, 4);
	put(v6 ? type6 : type4, 2);
	unsigned ip = packet.m.data_len;
	if (v6) {
		uint8_t header[8] = {0x60, 0, 0, 0, 0, 32, fragment ? 44 : proto, 64};
		put(header, 8);
		put_random(32);
		words(ip + 8, 8);
		packet.addresses = 8;
		if (fragment)
			put((uint8_t[]){proto, 0, 0, 8, 1, 2, 3, 4}, 8);
	} else {
		uint8_t header[12] = {0x45, 0, 0, 44, 1, 2, 0, fragment ? 8 : 0, 64, proto, 0, 0};
		put(header, 12);
		put_random(8);
		words(ip + 12, 2);
		packet.addresses = 2;
	}
	packet.ports = !fragment && (proto == 17 || proto == 6);
	unsigned l4 = packet.m.data_len;
	put_random(24);
	packet.data[l4 + 12] = 0x50; /* TCP: five words of header */
	words(l4, 1);
}

/* The NIC's own arithmetic: Toeplitz, over addresses and perhaps ports. */
static uint32_t nic_hash(bool ports)
{
	uint8_t key[52];
	rss_key(key, sizeof(key));
	return rte_softrss(packet.words, packet.addresses + (ports && packet.ports), key);
}

/* The NIC reports `hash`, and delivers the packet in the queue of that hash. */
static bool receive(uint64_t rss_hf, uint32_t hash, int queue)
{
	struct rte_mbuf *m = &packet.m;
	packet.m.ol_flags = RTE_MBUF_F_RX_RSS_HASH;
	packet.m.hash.rss = hash;
	uint16_t by = queue >= 0 ? (uint16_t)queue : rss_reta(&rss, hash & rss.mask);
	return rss_check_burst(&seen, &rss, rss_hf, by, &m, 1);
}

static void begin(void)
{
	memset(&seen, 0, sizeof(seen));
	rss_init(&rss, 128, 4);
	srand(1);
}

static void make_any(unsigned i)
{
	static const uint8_t protos[] = {17, 6, 1, 17};
	make(i & 1, protos[i / 2 % 4], i & 8, i & 16);
}

static enum rss_verdict judge(void)
{
	struct rss_check sum = {.packets = 0}, none = {.packets = 0};
	rss_check_add(&sum, &none);
	rss_check_add(&sum, &seen);
	return rss_check_verdict(&sum);
}

static void test_agrees(void)
{
	begin();
	for (unsigned i = 0; i < RSS_CHECK_PACKETS; i++) {
		CU_ASSERT_EQUAL(judge(), RSS_TOO_FEW);
		make_any(i);
		CU_ASSERT_EQUAL(receive(ADDRESSES, nic_hash(false), -1), i + 1 < RSS_CHECK_PACKETS);
	}
	CU_ASSERT_EQUAL(judge(), RSS_AGREES);
	CU_ASSERT_EQUAL(seen.hashed, RSS_CHECK_PACKETS);
	CU_ASSERT_EQUAL(seen.differ, 0);
	CU_ASSERT_EQUAL(seen.astray, 0);
	receive(ADDRESSES, 0, 0); /* it has seen enough */
	CU_ASSERT_EQUAL(seen.packets, RSS_CHECK_PACKETS);
}

/* Ports where it was told to: of UDP over IPv4 and TCP over IPv6 here, of fragments never. */
static void test_ports(void)
{
	begin();
	for (unsigned i = 0; i < 4096; i++) {
		static const uint8_t protos[] = {17, 6, 1, 17};
		make_any(i);
		receive(ADDRESSES | PORTS, nic_hash(protos[i / 2 % 4] == (i & 1 ? 6 : 17)), -1);
	}
	CU_ASSERT_EQUAL(judge(), RSS_AGREES);
	CU_ASSERT_EQUAL(seen.differ, 0);
	CU_ASSERT_EQUAL(seen.astray, 0);
}

/* Ports where it was not, as some NICs do of UDP. */
static void test_ports_too(void)
{
	begin();
	for (unsigned i = 0; i < RSS_CHECK_PACKETS; i++) {
		make(i & 1, 17, false, false);
		receive(ADDRESSES, nic_hash(true), -1);
	}
	CU_ASSERT_EQUAL(judge(), RSS_DIFFERS);
	CU_ASSERT_TRUE(seen.differ > RSS_CHECK_PACKETS * 9 / 10);
	CU_ASSERT_EQUAL(seen.other, seen.differ);
	CU_ASSERT_NOT_EQUAL(seen.sample, 0);
	CU_ASSERT_NOT_EQUAL((uint32_t)(seen.sample >> 32), (uint32_t)seen.sample);
}

/* Another key. */
static void test_differs(void)
{
	begin();
	for (unsigned i = 0; i < RSS_CHECK_PACKETS; i++) {
		make_any(i);
		receive(ADDRESSES, (uint32_t)rand(), 0);
	}
	CU_ASSERT_EQUAL(judge(), RSS_DIFFERS);
	CU_ASSERT_TRUE(seen.other < 10);
}

/* The right hash, and a table that leads elsewhere; or no hash at all. */
static void test_astray(void)
{
	begin();
	for (unsigned i = 0; i < RSS_CHECK_PACKETS; i++) {
		make_any(i);
		receive(ADDRESSES, nic_hash(false), 2);
	}
	CU_ASSERT_EQUAL(judge(), RSS_ASTRAY);
	CU_ASSERT_EQUAL(seen.differ, 0);
	begin();
	for (unsigned i = 0; i < RSS_CHECK_PACKETS; i++) {
		struct rte_mbuf *m = &packet.m;
		make_any(i);
		rss_check_burst(
			&seen, &rss, ADDRESSES, rss_reta(&rss, nic_hash(false) & rss.mask), &m, 1);
	}
	CU_ASSERT_EQUAL(judge(), RSS_AGREES);
	CU_ASSERT_EQUAL(seen.hashed, 0);
}

/* A fifth in tunnels that the NIC looks into. */
static void test_some(void)
{
	begin();
	for (unsigned i = 0; i < RSS_CHECK_PACKETS; i++) {
		make_any(i);
		receive(ADDRESSES, nic_hash(false) ^ (i % 5 == 0), -1);
	}
	CU_ASSERT_EQUAL(judge(), RSS_AGREES);
	CU_ASSERT_EQUAL(seen.differ, (RSS_CHECK_PACKETS + 4) / 5);
}

/* Packets that are not IP, or truncated, are not checked. */
static void test_not_ip(void)
{
	begin();
	for (unsigned i = 0; i < 64; i++) {
		make_any(i);
		struct packet whole = packet;
		unsigned needed = 14u + (i & 8 ? 4 : 0) + (i & 1 ? 40 : 20);
		for (uint16_t cut = 0; cut < whole.m.data_len; cut++) {
			packet = whole;
			packet.m.data_len = cut;
			packet.m.pkt_len = cut;
			uint64_t before = seen.packets;
			receive(ADDRESSES, nic_hash(false), -1);
			CU_ASSERT_EQUAL(seen.packets - before, cut >= needed);
		}
		packet = whole;
		packet.data[i & 8 ? 16 : 12] = 0x77;
		uint64_t before = seen.packets;
		receive(ADDRESSES, 0, 0);
		CU_ASSERT_EQUAL(seen.packets, before);
	}
	CU_ASSERT_EQUAL(seen.differ, 0);
}

void test_rx_rss_check(void)
{
	CU_pSuite s = CU_add_suite("rx/rss_check", NULL, NULL);

	CU_add_test(s, "the NIC agrees", test_agrees);
	CU_add_test(s, "ports where told", test_ports);
	CU_add_test(s, "ports where not told", test_ports_too);
	CU_add_test(s, "another key", test_differs);
	CU_add_test(s, "another queue", test_astray);
	CU_add_test(s, "some differ", test_some);
	CU_add_test(s, "no IP, truncated", test_not_ip);
}

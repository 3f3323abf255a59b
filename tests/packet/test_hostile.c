/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and ports chosen to make flows collide in a bucket, or pairs at a worker. */
#include "packet/packet.h"

#include "support/hostile.h"

#include <CUnit/CUnit.h>

void test_packet_hostile(void);

/* Words 0 to 3 are the addresses, the low bits of 4 and 5 the ports. Both directions are one key.
 */
static struct pkt pkt_of(uint64_t w[HOSTILE_WORDS])
{
	struct pkt pkt = {.proto = PACKET_TCP, .addrs.family = ADDR_IPV6};
	memcpy(pkt.addrs.octets[ADDR_SRC], &w[0], 16);
	memcpy(pkt.addrs.octets[ADDR_DST], &w[2], 16);
	pkt.sport = (uint16_t)w[4];
	pkt.dport = (uint16_t)w[5];
	w[4] = pkt.sport;
	w[5] = pkt.dport;
	if (memcmp(&w[0], &w[2], 16) > 0) { /* the same flow, the other direction */
		memcpy(&w[0], pkt.addrs.octets[ADDR_DST], 16);
		memcpy(&w[2], pkt.addrs.octets[ADDR_SRC], 16);
		w[4] = pkt.dport;
		w[5] = pkt.sport;
	}
	return pkt;
}

static uint32_t flow_of(const struct hash_secret *s, uint64_t w[HOSTILE_WORDS])
{
	struct pkt pkt = pkt_of(w);
	return packet_flow_hash(s, &pkt);
}

static uint32_t pair_of(const struct hash_secret *s, uint64_t w[HOSTILE_WORDS])
{
	struct pkt pkt = pkt_of(w);
	w[4] = w[5] = 0;
	return packet_pair_hash(s, &pkt);
}

static uint32_t owner_bits_of(const struct hash_secret *s, uint64_t w[HOSTILE_WORDS])
{
	return pair_of(s, w) >> 20;
}

static void flows(void)
{
	CU_ASSERT(hostile_worst(flow_of) <= HOSTILE_MAX);
}

static void pairs(void)
{
	CU_ASSERT(hostile_worst(pair_of) <= HOSTILE_MAX);
	CU_ASSERT(hostile_worst(owner_bits_of) <= HOSTILE_MAX);
}

/* Flows whose ports are exchanged, in part or as a whole, are different flows. */
static void ports_of_ends(void)
{
	struct hash_secret s = hash_fixed(1);
	struct pkt pkt = {
		.proto = PACKET_TCP, .addrs.family = ADDR_IPV6, .sport = 1000, .dport = 53};
	pkt.addrs.octets[ADDR_SRC][15] = 1;
	pkt.addrs.octets[ADDR_DST][15] = 2;
	uint32_t hash = packet_flow_hash(&s, &pkt);
	pkt.sport = 53;
	pkt.dport = 1000;
	CU_ASSERT_NOT_EQUAL(packet_flow_hash(&s, &pkt), hash);
	pkt.sport = 999;
	pkt.dport = 54;
	CU_ASSERT_NOT_EQUAL(packet_flow_hash(&s, &pkt), hash);
}

void test_packet_hostile(void)
{
	CU_pSuite s = CU_add_suite("packet/hostile", NULL, NULL);
	CU_add_test(s, "flows", flows);
	CU_add_test(s, "pairs of addresses", pairs);
	CU_add_test(s, "ports of the ends", ports_of_ends);
}

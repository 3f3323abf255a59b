/* SPDX-License-Identifier: BSD-3-Clause */
/* A search in a bucket is bounded, however many keys share it. */
#include "reasm/ip_frag.h"
#include "reasm/tcp_table.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>

void test_reasm_hostile(void);

#define MANY 1000

static void *zeroed(size_t bytes)
{
	void *p = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
	memset(p, 0, bytes);
	return p;
}

/* SYNs of many connections with the same hash. */
static void connections(void)
{
	static struct packet_conf ports;
	struct tcp_conf conf = {.max_streams = 2 * MANY, .idle_ns = INT64_MAX};
	struct hash_secret secret = hash_fixed(1);
	struct metrics_reasm m = {0};
	struct tcp_table t;
	struct tcp_message message;

	packet_port_add(&ports, 53);
	void *memory = zeroed(tcp_bytes(&conf));
	tcp_init(&t, memory, &conf, &ports, &secret, &m);
	for (unsigned i = 0; i < MANY; i++) {
		struct pkt pkt = {.sport = (uint16_t)(1024 + i),
			.dport = 53,
			.proto = PACKET_TCP,
			.tcp_flags = 2};
		tcp_process(&t, &pkt, 7);
		while (tcp_next(&t, &message))
			;
		CU_ASSERT(t.slots.used <= HASH_CHAIN);
	}
	unsigned n = 0;
	for (uint32_t slot = t.slots.buckets[7]; slot; slot = t.flows[slot].slot.next)
		n++;
	CU_ASSERT_EQUAL(n, HASH_CHAIN);
	CU_ASSERT_EQUAL(m.tcp_opened, MANY);
	CU_ASSERT_EQUAL(m.tcp_evicted, MANY - HASH_CHAIN);
	free(memory);
}

/* First fragments of many datagrams in a table of one bucket. */
static void datagrams(void)
{
	struct ip_frag_conf conf = {.max_datagrams = 64, .timeout_ns = INT64_MAX};
	struct hash_secret secret = hash_fixed(1);
	struct metrics_reasm m = {0};
	struct ip_frag f;
	struct frame whole;

	void *memory = zeroed(ip_frag_bytes(&conf));
	ip_frag_init(&f, memory, &conf, &secret, &m);
	f.slots.mask = 0;
	for (unsigned i = 0; i < MANY; i++) {
		struct pkt pkt = {.payload = (const uint8_t *)"01234567",
			.len = 8,
			.wire_len = 8,
			.frag_id = i,
			.frag_more = 1,
			.frag_proto = 17};
		CU_ASSERT_FALSE(ip_frag_process(&f, &pkt, &whole));
		CU_ASSERT(f.slots.high_water <= HASH_CHAIN);
	}
	CU_ASSERT_EQUAL(m.frag_started, MANY);
	CU_ASSERT_EQUAL(m.frag_evicted, MANY - HASH_CHAIN);
	free(memory);
}

void test_reasm_hostile(void)
{
	CU_pSuite s = CU_add_suite("reasm/hostile", NULL, NULL);
	CU_add_test(s, "connections of one bucket", connections);
	CU_add_test(s, "datagrams of one bucket", datagrams);
}

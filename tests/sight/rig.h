/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends connections of encrypted DNS to the stage and collects their records. */
#ifndef TESTS_SIGHT_RIG_H
#define TESTS_SIGHT_RIG_H

#include "sight/sight.h"

#include "sight/build.h"
#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>

#define FLOWS 16
#define ARENA (1024 * 1024)
#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define IDLE (60 * SECOND)

enum { FIN = TCP_FIN, SYN = TCP_SYN, RST = TCP_RST, ACK = TCP_ACK };

static struct {
	struct sight s;
	struct metrics_sight m;
	struct metrics_record records;
	struct record_arena arena;
	struct packet_conf packets;
	void *memory, *buffer;
	int64_t now_ns;
	unsigned count;
	struct record *seen[SIGHT_BUFFERS + 8];
} k;

static struct wire w; /* a ClientHello */

static inline void collect(void *to, void **records, unsigned n)
{
	(void)to;
	for (unsigned i = 0; i < n; i++) {
		const struct record *r = records[i];
		size_t size = sizeof(*r) + r->query_len;
		CU_ASSERT_FATAL(k.count < BITS_COUNT(k.seen));
		k.seen[k.count] = malloc(size);
		memcpy(k.seen[k.count++], r, size);
		record_release(&k.arena, r->end);
	}
}

static inline void begin(uint32_t flows)
{
	struct sight_conf conf = {.max_flows = flows, .idle_ns = IDLE};
	struct hash_secret secret = hash_fixed(3);
	size_t bytes = (sight_bytes(&conf) + 63) & ~(size_t)63;

	memset(&k, 0, sizeof(k));
	packet_conf_init(&k.packets);
	packet_encrypted_ports(&k.packets, (const uint16_t[]){443, 853}, 2);
	k.memory = aligned_alloc(64, bytes);
	k.buffer = aligned_alloc(64, ARENA);
	memset(k.memory, 0, bytes);
	record_arena_init(&k.arena, k.buffer, ARENA, &k.records);
	k.arena.pass = collect;
	k.now_ns = INT64_C(1500000000) * SECOND;
	sight_init(&k.s, k.memory, &conf, &k.packets, &secret, &k.arena, &k.m);
}

/* Every connection has one record, for one reason. */
static inline void end(void)
{
	sight_finish(&k.s);
	record_flush(&k.arena);
	CU_ASSERT_EQUAL(k.m.flows, k.m.sni + k.m.no_sni);
	CU_ASSERT_EQUAL(k.m.flows, k.count);
	CU_ASSERT_EQUAL(k.m.flows, k.records.made);
	CU_ASSERT_EQUAL(k.m.no_sni, k.m.unnamed + k.m.quic + k.m.strange + k.m.joined + k.m.cut +
					    k.m.large + k.m.displaced + k.m.ended + k.m.silent +
					    k.m.evicted);
	for (uint32_t i = 1; k.s.table.buffers && i <= SIGHT_BUFFERS; i++)
		CU_ASSERT_EQUAL(k.s.table.buffers[i].owner, 0);
	while (k.count)
		free(k.seen[--k.count]);
	free(k.memory);
	free(k.buffer);
}

/* Returns a packet of client `n`, or to it. */
static inline struct pkt packet(unsigned n, bool reply, uint8_t proto, uint16_t port)
{
	static const uint8_t client[4] = {192, 0, 2, 1}, server[4] = {192, 0, 2, 53};
	struct pkt pkt = {.ts_ns = k.now_ns, .clock_ns = k.now_ns, .proto = proto};
	pkt.addrs = addr_pair_of(
		addr_of_v4(reply ? server : client), addr_of_v4(reply ? client : server));
	pkt.sport = reply ? port : (uint16_t)(1024 + n);
	pkt.dport = reply ? (uint16_t)(1024 + n) : port;
	return pkt;
}

/* Processes a packet with n octets in front of a guard page. Returns the number of records so far.
 */
static inline unsigned process(struct pkt *pkt, const void *payload, uint32_t n)
{
	uint8_t *p = guard_copy(payload, n);
	pkt->payload = p;
	pkt->len = n;
	if (pkt->wire_len < n)
		pkt->wire_len = n;
	pkt->cut = pkt->wire_len > n;
	sight_process(&k.s, pkt, sight_hash(&k.s, pkt));
	record_flush(&k.arena);
	guard_free(p, n);
	k.now_ns += MS;
	return k.count;
}

#define ISN 0xffffff00u /* sequence numbers wrap */

/* Sends octets `at` to at + len of w as a segment of client n, whose stream is w, to port 853. */
static inline unsigned client_segment(unsigned n, unsigned flags, uint32_t at, uint32_t len)
{
	struct pkt pkt = packet(n, false, PACKET_TCP, 853);
	pkt.tcp_flags = (uint8_t)flags;
	pkt.seq = ISN + 1 + at - (flags & SYN ? 1 : 0);
	return process(&pkt, w.octets + at, len);
}

/* Sends a segment of the server. */
static inline unsigned server_segment(unsigned n, unsigned flags, uint32_t ack, uint32_t len)
{
	struct pkt pkt = packet(n, true, PACKET_TCP, 853);
	pkt.tcp_flags = (uint8_t)flags;
	pkt.seq = 7000;
	pkt.ack = ISN + 1 + ack;
	return process(&pkt, w.octets, len);
}

/* Sends a datagram of client n, or to it. */
static inline unsigned send(unsigned n, bool reply, uint16_t port, const struct wire *of)
{
	struct pkt pkt = packet(n, reply, PACKET_UDP, port);
	return process(&pkt, of->octets, of->len);
}

static inline unsigned wait(int64_t ns)
{
	k.now_ns += ns;
	sight_expire(&k.s, k.now_ns, 10000);
	record_flush(&k.arena);
	return k.count;
}

/* Expects that the latest record is of client n, with that name (NULL: none). */
static inline void expect(unsigned n, enum record_transport transport, const char *name)
{
	CU_ASSERT_FATAL(k.count > 0);
	const struct record *r = k.seen[k.count - 1];
	size_t len = name ? strlen(name) : 0;
	CU_ASSERT_EQUAL(r->status, RECORD_ENCRYPTED);
	CU_ASSERT_EQUAL(r->client_port, 1024 + n);
	CU_ASSERT(r->addrs.octets[ADDR_CLIENT][15] == 1 && r->addrs.octets[ADDR_SERVER][15] == 53);
	CU_ASSERT_EQUAL(r->transport, transport);
	CU_ASSERT(r->query_wire == 0 && r->reply_len == 0 && r->reply_wire == 0);
	CU_ASSERT_EQUAL_FATAL(r->query_len, len);
	if (name)
		CU_ASSERT_EQUAL(memcmp(r->data, name, len), 0);
}

static const struct build named = {.name = "dns.example", .last = 1};

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* A transaction stage alone: processes messages and collects its records in order. */
#ifndef TESTS_TXN_RIG_H
#define TESTS_TXN_RIG_H

#include "txn/txn.h"

#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

#define RIG_ARENA (1024 * 1024)
#define RIG_TIMEOUT 1000
#define RIG_REORDER 100

struct rig {
	struct txn x;
	struct record_arena arena;
	struct metrics_txn metrics;
	struct metrics_record made;
	void *memory, *ring;
	void (*see)(void *of, const struct record *r);
	void *see_of;
	/* the records of the last call, in order, if `see` is not set */
	unsigned count;
	struct record *seen[4096];
};

static inline void rig_collect(void *to, void **records, unsigned n)
{
	struct rig *rig = to;
	for (unsigned i = 0; i < n; i++) {
		const struct record *r = records[i];
		size_t size = sizeof(*r) + r->query_len + r->reply_len;
		if (rig->see) {
			rig->see(rig->see_of, r);
		} else if (rig->count < BITS_COUNT(rig->seen)) {
			rig->seen[rig->count] = malloc(size);
			memcpy(rig->seen[rig->count++], r, size);
		}
		record_release(&rig->arena, r->end);
	}
}

static inline struct rig *rig_of(const struct txn_conf *conf)
{
	struct rig *rig = aligned_alloc(64, (sizeof(*rig) + 63) & ~(size_t)63);
	struct hash_secret secret = hash_fixed(conf->max_open);
	size_t bytes = (txn_bytes(conf) + 63) & ~(size_t)63;
	memset(rig, 0, sizeof(*rig));
	rig->memory = aligned_alloc(64, bytes);
	rig->ring = aligned_alloc(64, RIG_ARENA);
	memset(rig->memory, 0, bytes);
	record_arena_init(&rig->arena, rig->ring, RIG_ARENA, &rig->made);
	rig->arena.pass = rig_collect;
	rig->arena.pass_to = rig;
	txn_init(&rig->x, rig->memory, conf, &secret, &rig->arena, &rig->metrics);
	return rig;
}

static inline struct rig *rig_new(uint32_t capacity, int64_t timeout_ns, int64_t reorder_ns)
{
	return rig_of(&(struct txn_conf){
		.max_open = capacity, .timeout_ns = timeout_ns, .reorder_ns = reorder_ns});
}

static inline void rig_clear(struct rig *rig)
{
	while (rig->count)
		free(rig->seen[--rig->count]);
}

static inline void rig_free(struct rig *rig)
{
	rig_clear(rig);
	free(rig->memory);
	free(rig->ring);
	free(rig);
}

/* Returns a packet of a fixed client and server; the QR bit of the message gives its direction. */
static inline struct pkt rig_pkt(const struct wire *w, int64_t ts_ns)
{
	static const uint8_t client[4] = {192, 0, 2, 1}, server[4] = {192, 0, 2, 53};
	bool reply = w->len > 2 && w->octets[2] & 0x80;
	struct pkt pkt = {.payload = w->octets, .len = w->len, .wire_len = w->len};
	pkt.addrs = addr_pair_of(
		addr_of_v4(reply ? server : client), addr_of_v4(reply ? client : server));
	pkt.sport = reply ? 53 : 4321;
	pkt.dport = reply ? 4321 : 53;
	pkt.proto = PACKET_UDP;
	pkt.ts_ns = ts_ns;
	pkt.clock_ns = ts_ns;
	return pkt;
}

/* Processes the message of a packet, as the pipeline does; ambiguous: its octets are in doubt. */
static inline void rig_process_ambiguous(struct rig *rig, const struct pkt *pkt, uint8_t ambiguous)
{
	struct txn_message m = {.pkt = pkt, .ambiguous = ambiguous};
	m.error = dns_msg_read(&m.msg, pkt->payload, pkt->len);
	m.reply = m.msg.flags & DNS_QR;
	txn_key(&rig->x, &m);
	rig_clear(rig);
	txn_process(&rig->x, &m);
	record_flush(&rig->arena);
}

static inline void rig_process_pkt(struct rig *rig, const struct pkt *pkt)
{
	rig_process_ambiguous(rig, pkt, 0);
}

static inline void rig_process(struct rig *rig, const struct wire *w, int64_t ts_ns)
{
	struct pkt pkt = rig_pkt(w, ts_ns);
	rig_process_pkt(rig, &pkt);
}

static inline void rig_query(struct rig *rig, int64_t ts_ns, unsigned id, const char *name)
{
	static struct wire w;
	wire_message(&w, id, 0x0100, name, 1);
	rig_process(rig, &w, ts_ns);
}

static inline void rig_reply(struct rig *rig, int64_t ts_ns, unsigned id, const char *name)
{
	static struct wire w;
	wire_message(&w, id, 0x8180, name, 1);
	rig_process(rig, &w, ts_ns);
}

/* Processes a reply without a question. */
static inline void rig_bare_reply(struct rig *rig, int64_t ts_ns, unsigned id)
{
	static struct wire w;
	wire_clear(&w);
	wire_header(&w, id, 0x8181, 0, 0, 0, 0);
	rig_process(rig, &w, ts_ns);
}

static inline void rig_finish(struct rig *rig)
{
	rig_clear(rig);
	txn_finish(&rig->x);
	record_flush(&rig->arena);
}

static inline unsigned rig_expire(struct rig *rig, int64_t clock_ns, unsigned max)
{
	rig_clear(rig);
	unsigned n = txn_expire(&rig->x, clock_ns, max);
	record_flush(&rig->arena);
	return n;
}

/* Checks that the last call emitted one record, and returns it. */
static inline const struct record *rig_one(
	struct rig *rig, enum record_status status, int64_t ts_ns)
{
	CU_ASSERT_EQUAL_FATAL(rig->count, 1);
	CU_ASSERT_EQUAL(rig->seen[0]->status, status);
	CU_ASSERT_EQUAL(rig->seen[0]->ts_ns, ts_ns);
	return rig->seen[0];
}

static inline void rig_none(struct rig *rig)
{
	CU_ASSERT_EQUAL(rig->count, 0);
}

/* Checks that the books balance while no query is open. */
static inline void rig_balance(const struct rig *rig)
{
	const struct metrics_txn *m = &rig->metrics;
	CU_ASSERT_EQUAL(rig->x.table.open, 0);
	CU_ASSERT_EQUAL(rig->x.table.used, 0);
	CU_ASSERT_EQUAL(m->opened, m->answered + m->no_reply);
	CU_ASSERT_EQUAL(m->queries, m->opened + m->retries);
	CU_ASSERT_EQUAL(m->replies,
		m->answered + m->no_query + m->mismatch + m->duplicate + m->transfer_messages);
	CU_ASSERT_EQUAL(rig->made.made, m->answered + m->no_reply + m->no_query + m->mismatch +
						m->duplicate + m->malformed);
}

#endif

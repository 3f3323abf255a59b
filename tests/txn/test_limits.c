/* SPDX-License-Identifier: BSD-3-Clause */
/* What distinguishes transactions, and the limits of table, time and arena. */
#include "txn/rig.h"

void test_txn_limits(void);

static struct rig *rig;

static void begin(uint32_t capacity)
{
	rig = rig_new(capacity, RIG_TIMEOUT, RIG_REORDER);
}

static void end(void)
{
	rig_finish(rig);
	rig_balance(rig);
	rig_free(rig);
}

/* Changes the n-th part of the base. Returns false if there is none. */
static bool change(struct pkt *pkt, struct wire *w, int n)
{
	switch (n) {
	case 0: pkt->addrs.octets[ADDR_SRC][15]++; break;
	case 1: pkt->addrs.octets[ADDR_DST][15]++; break;
	case 2: pkt->addrs.octets[ADDR_SRC][0] ^= 0x80; break;
	case 3: pkt->addrs.octets[ADDR_DST][0] ^= 0x80; break;
	case 4: pkt->sport++; break;
	case 5: pkt->dport++; break;
	case 6: pkt->proto = PACKET_TCP; break;
	case 7:
		pkt->addrs.family = ADDR_IPV6;
		break; /* the same octets, ::ffff:192.0.2.1 in an IPv6 packet */
	case 8: w->octets[0] ^= 1; break;
	case 9: w->octets[1] ^= 0x80; break;
	default: return false;
	}
	return true;
}

/* Another address, port, transport, family or id is another transaction. */
static void bases(void)
{
	static struct wire q, a;
	int n = 0;
	for (;; n++) {
		begin(64);
		wire_message(&q, 1, 0x0100, "a.example", 1);
		wire_message(&a, 1, 0x8100, "a.example", 1);
		rig_process(rig, &q, 100);
		struct pkt pkt = rig_pkt(&a, 101);
		bool changed = change(&pkt, &a, n);
		rig_process_pkt(rig, &pkt);
		rig_one(rig, changed ? RECORD_NO_QUERY : RECORD_ANSWERED, changed ? 101 : 100);
		pkt = rig_pkt(&q, 102);
		if (changed) { /* nor is it a retry */
			change(&pkt, &q, n);
			rig_process_pkt(rig, &pkt);
			CU_ASSERT_EQUAL(rig->x.table.open, 2);
		}
		end();
		if (!changed)
			break;
	}
	CU_ASSERT_EQUAL(n, 10);
}

/* Swapped addresses are another base: either host may be the client from port 53. */
static void both_ways(void)
{
	static struct wire q, a;
	begin(64);
	wire_message(&q, 1, 0x0100, "a.example", 1);
	wire_message(&a, 1, 0x8100, "a.example", 1);
	struct pkt pkt = rig_pkt(&q, 100);
	pkt.sport = 53;
	rig_process_pkt(rig, &pkt);
	struct pkt back = pkt; /* a reply in the wrong direction: from the client */
	back.payload = a.octets;
	back.len = back.wire_len = a.len;
	rig_process_pkt(rig, &back);
	rig_one(rig, RECORD_NO_QUERY, 100);
	back.addrs = addr_pair_reverse(&pkt.addrs);
	rig_process_pkt(rig, &back);
	rig_one(rig, RECORD_ANSWERED, 100);
	end();
}

/* Queries without a question are copies of each other, and a reply without one answers them. */
static void no_question(void)
{
	static struct wire q;
	begin(64);
	wire_clear(&q);
	wire_header(&q, 1, 0x0100, 0, 0, 0, 0);
	rig_process(rig, &q, 100);
	rig_process(rig, &q, 101);
	CU_ASSERT_EQUAL(rig->metrics.retries, 1);
	rig_query(rig, 102, 1, "");
	CU_ASSERT_EQUAL(rig->x.table.open, 2);
	rig_reply(rig, 103, 1, "a.example");
	rig_one(rig, RECORD_MISMATCH, 103);
	rig_reply(rig, 104, 1, "");
	rig_one(rig, RECORD_ANSWERED, 102);
	rig_reply(rig, 105, 1, "");
	rig_one(rig, RECORD_MISMATCH, 105);
	rig_bare_reply(rig, 106, 1);
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 100)->retries, 1);
	end();
}

/* Many questions of one base: each is found, in any order, and the oldest stays the oldest. */
static void large_group(void)
{
	enum { MANY = 300 };
	char name[32];
	begin(1024);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		rig_query(rig, i, 1, name);
	}
	CU_ASSERT_EQUAL(rig->x.table.open, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "N%u.EXAMPLE", i);
		rig_query(rig, MANY + i, 1, name);
	}
	CU_ASSERT_EQUAL(rig->metrics.retries, MANY);
	for (unsigned i = 0; i < MANY - 1; i++) {
		unsigned k = (i * 7 + 150) % MANY;
		if (k == 0)
			continue;
		snprintf(name, sizeof(name), "n%u.example", k);
		rig_reply(rig, 700, 1, name);
		CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, k)->retries, 1);
		rig_reply(rig, 700, 1, name);
		rig_one(rig, RECORD_MISMATCH, 700);
	}
	rig_bare_reply(rig, 701, 1);
	rig_one(rig, RECORD_ANSWERED, 0);
	end();
}

/* A full table evicts the query with the oldest latest copy, and counts it. */
static void eviction(void)
{
	char name[32];
	begin(8);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		rig_query(rig, 100 + i, i % 2, name);
	}
	rig_none(rig);
	rig_query(rig, 110, 0, "n0.example"); /* a copy needs no slot */
	rig_none(rig);
	rig_query(rig, 111, 0, "n8.example");
	rig_one(rig, RECORD_NO_REPLY, 101);
	rig_query(rig, 112, 0, "n9.example");
	rig_one(rig, RECORD_NO_REPLY, 102); /* of the base of the new query */
	CU_ASSERT_EQUAL(rig->metrics.evicted, 2);
	CU_ASSERT_EQUAL(rig->metrics.no_reply, 2);
	rig_reply(rig, 113, 1, "n1.example");
	rig_one(rig, RECORD_MISMATCH, 113); /* n3, n5, n7 are open */
	rig_bare_reply(rig, 114, 0);
	rig_one(rig, RECORD_ANSWERED, 100);
	rig_bare_reply(rig, 115, 0);
	rig_one(rig, RECORD_ANSWERED, 104);
	end();
}

/* Queries of any length are recorded whole, from reused slots, and evict as many as they need. */
static void long_queries(void)
{
	static const uint32_t lengths[] = {12, 300, 350, 368, 380, 500, 512, 900, 4096, 65535};
	static struct wire q;
	begin(160);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < BITS_COUNT(lengths); i++) {
			wire_clear(&q);
			wire_header(&q, i, 0x0100, 0, 0, 0, 0);
			while (q.len < lengths[i])
				wire_u8(&q, q.len * 31 + i + round);
			rig_process(rig, &q, 100);
			if (lengths[i] < 65535)
				rig_none(rig);
			rig_bare_reply(rig, 101, i);
			const struct record *r = rig_one(rig, RECORD_ANSWERED, 100);
			CU_ASSERT_EQUAL_FATAL(r->query_len, lengths[i]);
			CU_ASSERT_EQUAL(memcmp(record_query(r), q.octets, q.len), 0);
			CU_ASSERT_EQUAL(r->reply_len, 12);
		}
	for (unsigned i = 0; i < 100; i++)
		rig_query(rig, 200 + i, 1000 + i, "a.example");
	wire_clear(&q);
	wire_header(&q, 1, 0, 0, 0, 0, 0);
	wire_fill(&q, 0x5a, 65535 - q.len);
	rig_process(rig, &q, 400);
	CU_ASSERT(rig->count > 60 && rig->count < 80);
	CU_ASSERT_EQUAL(rig->metrics.evicted, rig->count);
	rig_finish(rig);
	CU_ASSERT_EQUAL(rig->seen[rig->count - 1]->query_len, 65535);
	end();
}

/* Out of time order: capture order counts, and latency may be negative. */
static void time_runs_back(void)
{
	static struct wire w;
	begin(64);
	rig_query(rig, 1000, 1, "a.example");
	wire_message(&w, 1, 0x8100, "a.example", 1);
	struct pkt pkt = rig_pkt(&w, 940);
	pkt.clock_ns = 1000;
	rig_process_pkt(rig, &pkt);
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 1000)->latency_ns, -60);
	/* a copy that is older than the first: the timeout counts from it, ts stays */
	rig_query(rig, 2000, 1, "a.example");
	wire_message(&w, 1, 0x0100, "a.example", 1);
	pkt = rig_pkt(&w, 1950);
	pkt.clock_ns = 2000;
	rig_process_pkt(rig, &pkt);
	rig_none(rig);
	rig_reply(rig, 1951 + RIG_TIMEOUT, 1, "a.example");
	CU_ASSERT_EQUAL_FATAL(rig->count, 2);
	CU_ASSERT_EQUAL(rig->seen[0]->status, RECORD_NO_REPLY);
	CU_ASSERT_EQUAL(rig->seen[0]->ts_ns, 2000);
	CU_ASSERT_EQUAL(rig->seen[0]->retries, 1);
	CU_ASSERT_EQUAL(rig->seen[1]->status, RECORD_NO_QUERY);
	end();
}

/* The capture's clock is ahead of the packets: within the slack the timestamp decides. */
static void clock_slack(void)
{
	static struct wire w;
	for (int beyond = 0; beyond < 2; beyond++) {
		begin(64);
		rig_query(rig, 1000, 1, "a.example");
		int64_t clock = 1000 + RIG_TIMEOUT + RIG_REORDER + beyond;
		unsigned expired = rig_expire(rig, clock, 64);
		CU_ASSERT_EQUAL(expired, (unsigned)beyond);
		end();
		/* the same, whether txn_expire() ran before the packet or not */
		begin(64);
		rig_query(rig, 1000, 1, "a.example");
		wire_message(&w, 1, 0x8100, "a.example", 1);
		struct pkt pkt = rig_pkt(&w, 1000 + RIG_TIMEOUT);
		pkt.clock_ns = clock;
		rig_process_pkt(rig, &pkt);
		CU_ASSERT_EQUAL_FATAL(rig->count, 1u + (unsigned)beyond);
		CU_ASSERT_EQUAL(rig->seen[0]->status, beyond ? RECORD_NO_REPLY : RECORD_ANSWERED);
		end();
	}
}

static void expiry(void)
{
	begin(64);
	for (unsigned i = 0; i < 20; i++)
		rig_query(rig, i, i, "a.example");
	rig_query(rig, 30, 0, "a.example"); /* now the youngest */
	int64_t limit = RIG_TIMEOUT + RIG_REORDER;
	CU_ASSERT_EQUAL(rig_expire(rig, 1 + limit, 100), 0);
	CU_ASSERT_EQUAL(rig_expire(rig, 2 + limit, 100), 1);
	rig_one(rig, RECORD_NO_REPLY, 1);
	CU_ASSERT_EQUAL(rig_expire(rig, 100 + limit, 0), 0);
	CU_ASSERT_EQUAL(rig_expire(rig, 100 + limit, 5), 5);
	CU_ASSERT_EQUAL(rig->count, 5);
	for (unsigned i = 0; i < rig->count; i++)
		CU_ASSERT_EQUAL(rig->seen[i]->ts_ns, 2 + i);
	CU_ASSERT_EQUAL(rig_expire(rig, 30 + limit, 100), 13);
	CU_ASSERT_EQUAL(rig_expire(rig, 31 + limit, 100), 1);
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_NO_REPLY, 0)->retries, 1);
	CU_ASSERT_EQUAL(rig_expire(rig, INT64_MAX, 100), 0);
	end();
}

/* Processes a packet of packet_walk(), with or without PACKET_WANT_REALM. */
static void process_in(struct pkt *pkt, bool realms)
{
	pkt->realm = realms ? packet_realm(pkt) : 0;
	rig_process_pkt(rig, pkt);
}

/* The record has VLANs, tunnel and handshake time of the query; they distinguish transactions only
 * if configured. */
static void paths(void)
{
	static struct wire q, a;
	for (int realm = 0; realm < 2; realm++) {
		begin(64);
		wire_message(&q, 1, 0x0100, "a.example", 1);
		wire_message(&a, 1, 0x8100, "a.example", 1);
		struct pkt asked = rig_pkt(&q, 100), reply = rig_pkt(&a, 101);
		asked.vlans = 1;
		asked.vlan[0] = 42;
		asked.tunnel = (struct tunnel){.type = TUNNEL_vxlan, .id = 7, .has_id = 1};
		process_in(&asked, realm);
		process_in(&reply, realm);
		if (realm) {
			CU_ASSERT_EQUAL(rig_one(rig, RECORD_NO_QUERY, 101)->vlans, 0);
			reply.vlans = 1;
			reply.vlan[0] = 43;
			reply.tunnel = asked.tunnel;
			process_in(&reply, realm);
			rig_one(rig, RECORD_NO_QUERY, 101);
			reply.vlan[0] = 42;
			reply.tunnel.id = 8;
			process_in(&reply, realm);
			rig_one(rig, RECORD_NO_QUERY, 101);
			reply.tunnel.id = 7;
			process_in(&reply, realm);
		}
		const struct record *r = rig_one(rig, RECORD_ANSWERED, 100);
		CU_ASSERT(r->vlans == 1 && r->vlan[0] == 42);
		CU_ASSERT(r->tunnel.type == TUNNEL_vxlan && r->tunnel.id == 7);
		end();
	}
}

/* A record that does not fit is counted as dropped, and its transaction is closed. */
static void no_record(void)
{
	begin(64);
	rig_query(rig, 100, 1, "a.example");
	rig->arena.tail = rig->arena.tail_seen = rig->arena.head - rig->arena.size;
	rig_reply(rig, 101, 1, "a.example");
	rig_none(rig);
	CU_ASSERT_EQUAL(rig->made.made, 1);
	CU_ASSERT_EQUAL(rig->made.dropped_full, 1);
	CU_ASSERT_EQUAL(rig->x.table.open, 0);
	CU_ASSERT_EQUAL(rig->metrics.answered, 1);
	rig_reply(rig, 102, 1, "a.example");
	rig_none(rig);
	CU_ASSERT_EQUAL(rig->made.dropped_full, 2);
	rig_free(rig);
}

/* Octets of an open query, and of its MAC addresses if configured. */
static void memory(void)
{
	struct txn_conf few = {.max_open = 1 << 10}, many = {.max_open = 1 << 20};
	const size_t more = many.max_open - few.max_open;
	size_t octets = txn_bytes(&many) - txn_bytes(&few);

	CU_ASSERT(octets <= 532 * more);
	few.macs = many.macs = true;
	CU_ASSERT_EQUAL(
		txn_bytes(&many) - txn_bytes(&few), octets + sizeof(struct mac_pair) * more);
}

void test_txn_limits(void)
{
	CU_pSuite s = CU_add_suite("txn/limits", NULL, NULL);
	CU_add_test(s, "bases", bases);
	CU_add_test(s, "both ways", both_ways);
	CU_add_test(s, "no question", no_question);
	CU_add_test(s, "a large group", large_group);
	CU_add_test(s, "eviction", eviction);
	CU_add_test(s, "long queries", long_queries);
	CU_add_test(s, "time runs back", time_runs_back);
	CU_add_test(s, "the capture's clock", clock_slack);
	CU_add_test(s, "expiry", expiry);
	CU_add_test(s, "paths", paths);
	CU_add_test(s, "no space for a record", no_record);
	CU_add_test(s, "memory of an open query", memory);
}

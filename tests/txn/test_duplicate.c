/* SPDX-License-Identifier: BSD-3-Clause */
/* txn.duplicate_window_ms: datagrams that a span port shows twice, and further replies. */
#include "txn/rig.h"

void test_txn_duplicate(void);

#define WINDOW 50

static struct rig *rig;
static struct wire query, reply, other;

static void begin(void)
{
	rig = rig_of(&(struct txn_conf){.max_open = 64,
		.timeout_ns = RIG_TIMEOUT,
		.reorder_ns = RIG_REORDER,
		.duplicate_ns = WINDOW});
	wire_message(&query, 7, 0x0100, "www.Example.com", 1);
	wire_message(&reply, 7, 0x8180, "www.example.COM", 1);
	wire_message(&other, 7, 0x8183, "www.example.com", 1);
}

static void end(void)
{
	rig_finish(rig);
	rig_balance(rig);
	rig_free(rig);
}

/* Every packet twice, the second time with a VLAN tag, gives the records of one. */
static void copies(void)
{
	for (int realm = 0; realm < 2; realm++) {
		begin();
		for (int i = 0; i < 4; i++) {
			struct pkt pkt = rig_pkt(i < 2 ? &query : &reply, 1000 + i);
			pkt.vlans = i % 2;
			pkt.vlan[0] = 7;
			pkt.realm = realm ? packet_realm(&pkt) : 0;
			if (realm && i == 2)
				continue; /* the tag is of the transaction: what comes first counts
					   */
			rig_process_pkt(rig, &pkt);
			if (i == 2)
				rig_one(rig, RECORD_ANSWERED, 1000);
			else if (!realm)
				rig_none(rig);
		}
		CU_ASSERT_EQUAL(rig->metrics.copies, realm ? 1 : 2);
		CU_ASSERT_EQUAL(rig->metrics.retries, 0);
		end();
	}
}

/* After the window a copy is a retry, or an unsolicited reply. */
static void later(void)
{
	begin();
	rig_process(rig, &query, 1000);
	rig_process(rig, &query, 1000 + WINDOW);
	CU_ASSERT_EQUAL(rig->metrics.copies, 1);
	rig_process(rig, &query, 1001 + WINDOW);
	CU_ASSERT_EQUAL(rig->metrics.retries, 1);
	rig_process(rig, &reply, 1100);
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 1000)->retries, 1);
	rig_process(rig, &reply, 1101 + WINDOW);
	rig_one(rig, RECORD_NO_QUERY, 1101 + WINDOW);
	end();
}

/* Another reply to an answered query, with a question and without. */
static void second_reply(void)
{
	begin();
	rig_process(rig, &query, 1000);
	rig_process(rig, &reply, 1010);
	rig_one(rig, RECORD_ANSWERED, 1000);
	rig_process(rig, &other, 1020);
	const struct record *r = rig_one(rig, RECORD_DUPLICATE, 1000);
	CU_ASSERT(r->latency_ns == 20 && r->query_wire == 0 && r->reply_len == other.len);
	rig_bare_reply(rig, 1030, 7);
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_DUPLICATE, 1000)->latency_ns, 30);
	rig_bare_reply(rig, 1031, 8);
	rig_one(rig, RECORD_NO_QUERY, 1031);
	rig_reply(rig, 1032, 7, "else.example.com");
	rig_one(rig, RECORD_NO_QUERY, 1032);
	CU_ASSERT_EQUAL(rig->metrics.duplicate, 2);
	end();
}

/* A question asked again is a new transaction. */
static void asked_again(void)
{
	begin();
	rig_process(rig, &query, 1000);
	rig_process(rig, &reply, 1010);
	rig_query(rig, 1020, 7, "www.EXAMPLE.com");
	rig_process(rig, &other, 1030);
	rig_one(rig, RECORD_ANSWERED, 1020);
	end();
}

/* Messages over TCP are never copies: streams are reassembled. */
static void tcp(void)
{
	begin();
	for (int i = 0; i < 2; i++) {
		struct pkt pkt = rig_pkt(&query, 1000 + i);
		pkt.proto = PACKET_TCP;
		rig_process_pkt(rig, &pkt);
	}
	CU_ASSERT(rig->metrics.copies == 0 && rig->metrics.retries == 1);
	end();
}

void test_txn_duplicate(void)
{
	CU_pSuite s = CU_add_suite("txn/duplicate", NULL, NULL);
	CU_add_test(s, "copies", copies);
	CU_add_test(s, "later", later);
	CU_add_test(s, "second reply", second_reply);
	CU_add_test(s, "asked again", asked_again);
	CU_add_test(s, "TCP", tcp);
}

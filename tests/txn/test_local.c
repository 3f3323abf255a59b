/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the local link: queries to groups and their replies. */
#include "txn/rig_local.h"

void test_txn_local(void);

static const uint8_t broadcast[4] = {192, 0, 2, 255};

static void begin(void)
{
	rig = rig_new(1024, RIG_TIMEOUT, RIG_REORDER);
}

/* Replies to the group, without id and question, match by their answers. Further ones are
 * duplicates. */
static void multicast(void)
{
	begin();
	question(0, 0, "Printer.local", 1);
	send_from(a, 5353, mdns, 5353, 1000);
	answer(0, "other.local", 1);
	send_from(b, 5353, mdns, 5353, 1010);
	rig_one(rig, RECORD_NO_QUERY, 1010);
	answer(0, "printer.local", 28); /* of another type */
	send_from(b, 5353, mdns, 5353, 1011);
	rig_one(rig, RECORD_NO_QUERY, 1011);
	answer(0, "printer.local", 1);
	send_from(a, 5353, mdns, 5353, 1012); /* a host does not answer itself */
	rig_one(rig, RECORD_NO_QUERY, 1012);
	answer(0, "printer.LOCAL", 1);
	send_from(b, 5353, mdns, 5353, 1020);
	CU_ASSERT_EQUAL(by(RECORD_ANSWERED, 1000, b, true)->latency_ns, 20);
	send_from(c, 5353, mdns, 5353, 1030);
	CU_ASSERT_EQUAL(by(RECORD_DUPLICATE, 1000, c, true)->latency_ns, 30);
	send_from(c, 5353, mdns, 5353, 1000 + RIG_TIMEOUT + 1); /* an announcement */
	rig_one(rig, RECORD_NO_QUERY, 1000 + RIG_TIMEOUT + 1);
	CU_ASSERT_EQUAL(rig->metrics.duplicate, 1);
	end();
}

/* A reply to any question answers a query; any type answers ANY; NSEC denies the record. */
static void answers(void)
{
	begin();
	question(0, 0, "one.local", 1);
	wire_question(&w, "two.local", 16, 0x8001);
	w.octets[5] = 2;
	send_from(a, 5353, mdns, 5353, 1000);
	answer(0, "two.local", 16);
	send_from(b, 5353, mdns, 5353, 1001);
	by(RECORD_ANSWERED, 1000, b, true);
	question(0, 0, "three.local", 255);
	send_from(a, 5353, mdns, 5353, 2000);
	answer(0, "three.local", 33);
	send_from(b, 5353, mdns, 5353, 2001);
	by(RECORD_ANSWERED, 2000, b, true);
	question(0, 0, "four.local", 28);
	send_from(a, 5353, mdns, 5353, 3000);
	answer(0, "four.local", 47);
	send_from(b, 5353, a, 5353, 3001); /* unicast, as the QU bit asks */
	by(RECORD_ANSWERED, 3000, b, true);
	/* of two queries for one name, the older one is answered first */
	question(0, 0, "five.local", 1);
	send_from(a, 5353, mdns, 5353, 4000);
	send_from(c, 5353, mdns, 5353, 4001);
	answer(0, "five.local", 1);
	send_from(b, 5353, mdns, 5353, 4002);
	by(RECORD_ANSWERED, 4000, b, true);
	send_from(b, 5353, mdns, 5353, 4003);
	rig_one(rig, RECORD_ANSWERED, 4001);
	end();
}

/* LLMNR and one-shot multicast DNS: unicast replies to the query's port, with its id. */
static void unicast(unsigned port, const uint8_t *group)
{
	begin();
	question(7, 0, "printer", 1);
	send_from(a, 50000, group, port, 1000);
	question(8, 0x8000, "printer", 1);
	send_from(b, port, a, 50000, 1001); /* another id */
	rig_one(rig, RECORD_NO_QUERY, 1001);
	question(7, 0x8000, "printer", 1);
	send_from(b, port, a, 50001, 1002); /* another port */
	rig_one(rig, RECORD_NO_QUERY, 1002);
	question(7, 0x8000, "plotter", 1);
	send_from(b, port, a, 50000, 1003);
	rig_one(rig, RECORD_NO_QUERY, 1003);
	question(7, 0x8000, "printer", 1);
	send_from(b, port, a, 50000, 1004);
	CU_ASSERT_EQUAL(by(RECORD_ANSWERED, 1000, b, true)->latency_ns, 4);
	send_from(c, port, a, 50000, 1005);
	by(RECORD_DUPLICATE, 1000, c, true);
	end();
}

static void unicasts(void)
{
	unicast(5355, llmnr);
	unicast(5353, mdns);
}

/* NetBIOS: replies have no question, whether the query was broadcast or not. */
static void netbios(void)
{
	begin();
	question(7, 0x0110, "FHFAEBEE", 32);
	send_from(a, 137, broadcast, 137, 1000);
	answer(7, "fhfaebee", 32);
	send_from(b, 137, a, 137, 1003);
	by(RECORD_ANSWERED, 1000, b, true);
	question(8, 0, "CKAAAAAA", 33);
	send_from(a, 137, b, 137, 2000);
	answer(8, "CKAAAAAA", 33);
	send_from(c, 137, a, 137, 2001); /* another host than the one asked */
	rig_one(rig, RECORD_NO_QUERY, 2001);
	send_from(b, 137, a, 137, 2002);
	by(RECORD_ANSWERED, 2000, b, false);
	send_from(b, 137, a, 137, 2003);
	rig_one(rig, RECORD_NO_QUERY, 2003);
	end();
}

/* A query that expired, and one whose slot has another query. */
static void expired(void)
{
	begin();
	question(0, 0, "late.local", 1);
	send_from(a, 5353, mdns, 5353, 1000);
	answer(0, "late.local", 1);
	send_from(b, 5353, mdns, 5353, 1001 + RIG_TIMEOUT);
	CU_ASSERT_EQUAL_FATAL(rig->count, 2);
	CU_ASSERT_EQUAL(rig->seen[0]->status, RECORD_NO_REPLY);
	CU_ASSERT_EQUAL(rig->seen[1]->status, RECORD_NO_QUERY);
	/* the slot has another query */
	question(0, 0, "gone.local", 1);
	send_from(a, 5353, mdns, 5353, 3000);
	rig_expire(rig, 9000, 100);
	question(0, 0, "next.local", 1);
	send_from(a, 5353, mdns, 5353, 9000);
	answer(0, "gone.local", 1);
	send_from(b, 5353, mdns, 5353, 9001);
	rig_one(rig, RECORD_NO_QUERY, 9001);
	CU_ASSERT_EQUAL(rig->x.table.open, 1);
	end();
}

static void random_octets(void)
{
	begin();
	local_random_octets(11);
}

void test_txn_local(void)
{
	CU_pSuite s = CU_add_suite("txn/local", NULL, NULL);
	CU_add_test(s, "multicast", multicast);
	CU_add_test(s, "what answers", answers);
	CU_add_test(s, "unicast replies", unicasts);
	CU_add_test(s, "NetBIOS", netbios);
	CU_add_test(s, "expired", expired);
	CU_add_test(s, "random octets", random_octets);
}

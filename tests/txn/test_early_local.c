/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies of the local link that are processed before their queries. */
#include "txn/rig_local.h"

void test_txn_early_local(void);

/* Early replies match up to 300 after and 20 before their query. */
static void begin_early(bool unordered)
{
	rig = rig_of(&(struct txn_conf){.max_open = 1024,
		.timeout_ns = RIG_TIMEOUT,
		.reorder_ns = RIG_REORDER,
		.early = {.wait_ns = 420,
			.later_ns = 300,
			.earlier_ns = 20,
			.unordered = unordered}});
}

/* Sends the message in `w` to the group. */
static void to_group(const uint8_t *src, int64_t ts_ns)
{
	send_from(src, 5353, mdns, 5353, ts_ns);
}

/* Replies before their query: the first answers, the others are duplicates when they expire. Both
 * bounds. */
static void bounds(void)
{
	static const struct {
		int64_t later_ns;
		bool answers;
	} rows[] = {{300, true}, {301, false}, {0, true}, {-20, true}, {-21, false}};
	for (unsigned i = 0; i < BITS_COUNT(rows); i++) {
		int64_t asked = 5000 - rows[i].later_ns;
		begin_early(false);
		answer(0, "printer.local", 1);
		to_group(b, 5000);
		send_from(c, 5353, a, 5353, 5000);
		rig_none(rig);
		question(0, 0, "Printer.local", 1);
		to_group(a, asked);
		if (rows[i].answers)
			CU_ASSERT_EQUAL(
				by(RECORD_ANSWERED, asked, b, true)->latency_ns, rows[i].later_ns);
		CU_ASSERT_EQUAL(rig->metrics.early, rows[i].answers);
		CU_ASSERT_EQUAL(rig_expire(rig, 5421, 100), 1 + !rows[i].answers);
		if (rows[i].answers)
			by(RECORD_DUPLICATE, asked, c, true);
		else
			CU_ASSERT_EQUAL(rig->metrics.no_query, 2);
		end();
	}
}

/* The replies of several rounds, each before its query, are no duplicates of the first. */
static void rounds(void)
{
	begin_early(false);
	for (int64_t ts = 1000; ts < 1500; ts += 100) {
		answer(0, "printer.local", 1);
		to_group(b, ts);
		rig_none(rig);
		question(0, 0, "printer.local", 1);
		to_group(a, ts + 5);
		CU_ASSERT_EQUAL(by(RECORD_ANSWERED, ts + 5, b, true)->latency_ns, -5);
	}
	/* a reply that no query follows is a duplicate, of the oldest query */
	answer(0, "printer.local", 1);
	to_group(c, 1500);
	rig_none(rig);
	rig_finish(rig);
	by(RECORD_DUPLICATE, 1005, c, true);
	end();
}

/* An early reply answers one query, whose names, types, addresses, ports and id match. */
static void rules(void)
{
	begin_early(false);
	wire_clear(&w);
	wire_header(&w, 0, 0x8400, 0, 2, 0, 0);
	wire_rr(&w, "first.local", 1, 0x8001, 120, b, sizeof(b));
	wire_rr(&w, "second.local", 16, 0x8001, 120, "\1x", 2);
	to_group(b, 1000);
	question(0, 0, "second.local", 1); /* the name of another type */
	to_group(a, 1001);
	question(0, 0, "second.local", 16);
	to_group(b, 1002); /* its own */
	rig_none(rig);
	question(0, 0, "other.local", 1); /* any of the questions and any of the answers */
	wire_question(&w, "second.local", 16, 0x8001);
	w.octets[5] = 2;
	to_group(a, 1003);
	by(RECORD_ANSWERED, 1003, b, true);
	question(0, 0, "first.local", 1);
	to_group(a, 1004);
	rig_none(rig);
	/* LLMNR: address, port and id, and the group's */
	question(7, 0x8000, "printer", 1);
	send_from(b, 5355, a, 50000, 2000);
	question(8, 0, "printer", 1);
	send_from(a, 50000, llmnr, 5355, 2001);
	question(7, 0, "printer", 1);
	send_from(a, 50001, llmnr, 5355, 2001);
	send_from(a, 50000, c, 5355, 2001);
	rig_none(rig);
	send_from(a, 50000, llmnr, 5355, 2002);
	by(RECORD_ANSWERED, 2002, b, true);
	/* NetBIOS to one host, whose reply repeats no question */
	answer(9, "CKAAAAAA", 33);
	send_from(b, 137, a, 137, 3000);
	question(9, 0, "CKAAAAAA", 33);
	send_from(a, 137, b, 137, 3001);
	by(RECORD_ANSWERED, 3001, b, false);
	/* no further reply to one host is a duplicate */
	question(10, 0x8000, "printer", 1);
	send_from(b, 5353, a, 50000, 4000);
	send_from(b, 5353, a, 50000, 4001);
	question(10, 0, "printer", 1);
	send_from(a, 50000, b, 5353, 4002);
	by(RECORD_ANSWERED, 4002, b, false);
	rig_expire(rig, 4500, 1);
	rig_one(rig, RECORD_NO_QUERY, 4001);
	end();
}

/* Live, several queues: the timestamp of the query may be too late. */
static void live(void)
{
	begin_early(true);
	answer(0, "printer.local", 1);
	to_group(b, 1000);
	to_group(c, 1001);
	question(0, 0, "printer.local", 1);
	struct pkt pkt = rig_pkt(&w, 1100);
	pkt.addrs = addr_pair_of(addr_of_v4(a), addr_of_v4(mdns));
	pkt.sport = pkt.dport = 5353;
	pkt.late_us = 1;
	rig_process_pkt(rig, &pkt);
	CU_ASSERT_EQUAL(by(RECORD_ANSWERED, 1000, b, true)->latency_ns, 0);
	answer(0, "printer.local", 1); /* a duplicate after the query has the same time */
	to_group(b, 1102);
	rig_none(rig);
	rig_finish(rig);
	CU_ASSERT_EQUAL(rig->count, 2);
	for (unsigned i = 0; i < rig->count; i++)
		CU_ASSERT(rig->seen[i]->status == RECORD_DUPLICATE && rig->seen[i]->ts_ns == 1000);
	end();
}

/* More replies of one name, and of all names, than are indexed: each has one record. */
static void many(void)
{
	char name[16];
	begin_early(false);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%u", i % 3 ? i : 0);
		answer(0, name, 1);
		to_group(i % 2 ? b : c, 1000 + i / 200);
	}
	question(0, 0, "n0", 1); /* many replies are near enough, and the latest 32 are indexed */
	to_group(a, 1090);
	by(RECORD_ANSWERED, 1090, c, true);
	CU_ASSERT_EQUAL(rig->metrics.early, 1);
	CU_ASSERT(rig->metrics.early_evicted > 1000);
	rig_finish(rig);
	CU_ASSERT(rig->metrics.duplicate > 16 && rig->metrics.duplicate < 32);
	end();
}

static void random_octets(void)
{
	for (unsigned unordered = 0; unordered < 2; unordered++) {
		begin_early(unordered);
		local_random_octets(12 + unordered);
	}
}

void test_txn_early_local(void)
{
	CU_pSuite s = CU_add_suite("txn/early_local", NULL, NULL);
	CU_add_test(s, "bounds", bounds);
	CU_add_test(s, "rounds", rounds);
	CU_add_test(s, "rules", rules);
	CU_add_test(s, "live", live);
	CU_add_test(s, "many", many);
	CU_add_test(s, "random octets", random_octets);
}

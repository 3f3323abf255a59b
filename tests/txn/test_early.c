/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies that are processed before their queries. */
#include "txn/rig.h"

void test_txn_early(void);

#define WAIT 100

static struct rig *rig;

static void begin(void)
{
	rig = rig_of(&(struct txn_conf){.max_open = 4096,
		.timeout_ns = RIG_TIMEOUT,
		.reorder_ns = RIG_REORDER,
		.early = {.wait_ns = WAIT, .later_ns = INT64_MAX, .unordered = true},
		.sum_transfers = true});
}

static void end(void)
{
	rig_finish(rig);
	rig_balance(rig);
	CU_ASSERT_EQUAL(rig->x.early.count, 0);
	CU_ASSERT_EQUAL(rig->x.early.freed, rig->x.early.used);
	rig_free(rig);
}

/* Processes a query that may have been sent `late_us` before its timestamp. */
static void late_query(int64_t ts_ns, uint32_t late_us, unsigned id, const char *name)
{
	static struct wire w;
	wire_message(&w, id, 0x0100, name, 1);
	struct pkt pkt = rig_pkt(&w, ts_ns);
	pkt.late_us = late_us;
	rig_process_pkt(rig, &pkt);
}

/* The reply first: its timestamp is right, or is the time when its queue was polled. */
static void answered(void)
{
	begin();
	rig_reply(rig, 1050, 1, "a");
	rig_none(rig);
	rig_query(rig, 1020, 1, "a");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 1020)->latency_ns, 30);
	/* the query seems to be sent later: the latency is 0, not negative */
	rig_reply(rig, 2000, 2, "b");
	late_query(2000 + WAIT, 1, 2, "B");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 2000)->latency_ns, 0);
	CU_ASSERT_EQUAL(rig->metrics.early, 2);
	/* a reply answers one query */
	late_query(2001 + WAIT, 1, 2, "B");
	rig_none(rig);
	end();
}

/* A reply does not answer a query that was sent after it. */
static void another_query(void)
{
	begin();
	rig_reply(rig, 9000, 1, "a");
	late_query(10001, 1, 1, "a");
	rig_none(rig);
	rig_reply(rig, 10002, 1, "a");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 10001)->latency_ns, 1);
	rig_reply(rig, 10003, 2, "a");
	late_query(11003, 1, 2, "a");
	rig_one(rig, RECORD_ANSWERED, 10003);
	CU_ASSERT_EQUAL(rig->metrics.early, 1);
	rig_expire(rig, 9000 + WAIT, 100);
	rig_none(rig);
	rig_expire(rig, 9001 + WAIT, 100);
	rig_one(rig, RECORD_NO_QUERY, 9000);
	end();
}

/* An unsolicited reply waits for wait_ns, or until the end of the capture. */
static void unsolicited(void)
{
	begin();
	rig_query(rig, 990, 2, "open");
	rig_reply(rig, 1000, 1, "a");
	rig_reply(rig, 1001, 2, "other"); /* of the base of the open query */
	rig_none(rig);
	CU_ASSERT_EQUAL(rig_expire(rig, 1001 + WAIT, 1), 1);
	rig_one(rig, RECORD_NO_QUERY, 1000);
	CU_ASSERT_EQUAL(rig_expire(rig, 1002 + WAIT, 100), 1);
	rig_one(rig, RECORD_MISMATCH, 1001);
	rig_query(rig, 1300, 1, "a");
	rig_none(rig);
	rig_reply(rig, 1301, 3, "c");
	rig_finish(rig);
	CU_ASSERT_EQUAL(rig->count, 3);
	CU_ASSERT_EQUAL(rig->metrics.no_query, 2);
	CU_ASSERT_EQUAL(rig->metrics.mismatch, 1);
	CU_ASSERT_EQUAL(rig->metrics.early, 0);
	rig_clear(rig);
	end();
}

/* If a reply has a question, it decides. */
static void questions(void)
{
	begin();
	rig_reply(rig, 1000, 1, "b");
	rig_reply(rig, 1001, 1, "a");
	rig_query(rig, 990, 1, "a");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 990)->latency_ns, 11);
	rig_query(rig, 991, 1, "c");
	rig_none(rig);
	rig_query(rig, 992, 1, "b");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 992)->latency_ns, 8);
	rig_bare_reply(rig, 1002, 2);
	rig_query(rig, 1000, 2, "any");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 1000)->latency_ns, 2);
	end();
}

/* All messages of a zone transfer before its query are one transaction. */
static void transfer(void)
{
	static struct wire w;
	struct wire soa = {.len = 0};
	begin();
	wire_name(&soa, "ns.zone");
	wire_name(&soa, "admin.zone");
	wire_fill(&soa, 0, 20);
	for (int i = 0; i < 3; i++) {
		wire_clear(&w);
		wire_header(&w, 9, 0x8400, 1, 1, 0, 0);
		wire_question(&w, "zone", 252, 1);
		if (i % 2 == 0)
			wire_rr(&w, "zone", 6, 1, 3600, soa.octets, soa.len);
		else
			wire_rr(&w, "a.zone", 1, 1, 3600, "\1\2\3\4", 4);
		struct pkt pkt = rig_pkt(&w, 1000 + i);
		pkt.proto = PACKET_TCP;
		rig_process_pkt(rig, &pkt);
		rig_none(rig);
	}
	wire_clear(&w);
	wire_header(&w, 9, 0, 1, 0, 0, 0);
	wire_question(&w, "zone", 252, 1);
	struct pkt pkt = rig_pkt(&w, 999);
	pkt.proto = PACKET_TCP;
	rig_process_pkt(rig, &pkt);
	const struct record *r = rig_one(rig, RECORD_ANSWERED, 999);
	CU_ASSERT(r->latency_ns == 1 && r->transfer == RECORD_TRANSFER_SUM);
	CU_ASSERT_EQUAL(rig->metrics.transfer_messages, 2);
	CU_ASSERT_EQUAL(rig->metrics.early, 3);
	end();
}

/* More replies than fit: the oldest are evicted and counted. All sizes, so that any number of
 * octets remains at the end of the ring. */
static void full(unsigned sent, unsigned max)
{
	static struct wire w;
	uint64_t evicted = 0;
	begin();
	for (unsigned i = 0; i < sent; i++) {
		wire_message(&w, i, 0x8180, "large.example", 1);
		wire_fill(&w, 0, i * 7919 % max);
		rig_process(rig, &w, 1000);
		evicted += rig->count;
		CU_ASSERT(rig->count == 0 || rig->seen[0]->status == RECORD_NO_QUERY);
		/* some match a query meanwhile */
		if (i % 7 == 3 && i > 40) {
			rig_query(rig, 999, i - 30, "large.example");
			CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 999)->latency_ns, 1);
		}
	}
	CU_ASSERT(evicted > 0 && evicted == rig->metrics.early_evicted);
	CU_ASSERT_EQUAL(rig->x.early.count + evicted + rig->metrics.early, sent);
	end();
}

static void full_of_large(void)
{
	full(1000, 30000);
}

static void full_of_small(void)
{
	full(60000, 300);
}

/* A ring full of removed replies: none is evicted. */
static void full_of_removed(void)
{
	begin();
	for (unsigned i = 0; i < 40000; i++) {
		rig_reply(rig, 1000, i, "a");
		rig_query(rig, 999, i, "a");
		rig_one(rig, RECORD_ANSWERED, 999);
	}
	CU_ASSERT_EQUAL(rig->metrics.early_evicted, 0);
	CU_ASSERT_EQUAL(rig->metrics.early, 40000);
	end();
}

/* Many replies to one question: TXN_EARLY_CHAIN of them wait. */
static void chain(void)
{
	begin();
	for (unsigned i = 0; i < TXN_EARLY_CHAIN + 10; i++) {
		rig_reply(rig, 1000 + i, 1, "a");
		CU_ASSERT_EQUAL(rig->count, i >= TXN_EARLY_CHAIN);
	}
	CU_ASSERT_EQUAL(rig->metrics.early_evicted, 10);
	rig_query(rig, 900, 1, "a");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 900)->latency_ns, 100);
	end();
}

/* Queries and replies by two queues, either of which may lag, give the records of one queue. */
static void two_queues(void)
{
	enum { PAIRS = 3000, LAG = 60 };
	unsigned seed = 5, asked = 0, replied = 0, got = 0;
	begin();
	while (asked < PAIRS || replied < PAIRS) {
		bool query = rand_r(&seed) % 2;
		for (unsigned n = (unsigned)rand_r(&seed) % LAG; n; n--) {
			if (query ? asked == PAIRS || asked > replied + LAG
				  : replied == PAIRS || replied > asked + LAG)
				break;
			unsigned i = query ? asked++ : replied++;
			if (query)
				rig_query(rig, 1000 + i, i, "name.example");
			else
				rig_reply(rig, 1007 + i, i, "name.example");
			CU_ASSERT_FATAL(rig->count <= 1);
			if (rig->count) {
				rig_one(rig, RECORD_ANSWERED, 1000 + i);
				CU_ASSERT_EQUAL(rig->seen[0]->latency_ns, 7);
			}
			got += rig->count;
		}
	}
	CU_ASSERT_EQUAL(got, PAIRS);
	CU_ASSERT(rig->metrics.early > PAIRS / 10 && rig->metrics.early < PAIRS);
	end();
}

/* In a capture file: messages in its order, timestamps near each other. */
static void begin_file(void)
{
	rig = rig_of(&(struct txn_conf){.max_open = 4096,
		.timeout_ns = RIG_TIMEOUT,
		.reorder_ns = RIG_REORDER,
		.early = {.wait_ns = 500, .later_ns = 300, .earlier_ns = 20},
		.sum_transfers = true});
}

/* Processes a message with its own timestamp, at another time of the capture. */
static void stored(bool reply, int64_t ts_ns, int64_t clock_ns, unsigned id, const char *name)
{
	static struct wire w;
	wire_message(&w, id, reply ? 0x8180 : 0x0100, name, 1);
	struct pkt pkt = rig_pkt(&w, ts_ns);
	pkt.clock_ns = clock_ns;
	rig_process_pkt(rig, &pkt);
}

/* Both bounds, to the nanosecond. */
static void file_bounds(void)
{
	static const struct {
		int64_t later_ns;
		bool answers;
	} rows[] = {{300, true}, {301, false}, {0, true}, {-20, true}, {-21, false}};
	for (unsigned i = 0; i < BITS_COUNT(rows); i++) {
		begin_file();
		int64_t asked = 5000 - rows[i].later_ns;
		stored(true, 5000, 5000, 1, "a");
		rig_none(rig);
		stored(false, asked, 5000 + 25, 1, "A");
		if (rows[i].answers)
			CU_ASSERT_EQUAL(
				rig_one(rig, RECORD_ANSWERED, asked)->latency_ns, rows[i].later_ns);
		CU_ASSERT_EQUAL(rig->metrics.early, rows[i].answers);
		rig_expire(rig, 5500, 100);
		rig_none(rig);
		end();
	}
}

/* A reply waits by the capture's clock, whether or not housekeeping ran. */
static void file_wait(void)
{
	for (int expire = 0; expire < 2; expire++) {
		begin_file();
		stored(true, 5000, 5000, 1, "a");
		stored(true, 5000, 5001, 2, "a");
		if (expire) {
			CU_ASSERT_EQUAL(rig_expire(rig, 5501, 100), 1);
			rig_one(rig, RECORD_NO_QUERY, 5000);
		}
		stored(false, 4990, 5501, 2, "a");
		rig_one(rig, RECORD_ANSWERED, 4990);
		stored(false, 4990, 5501, 1, "a");
		rig_none(rig);
		CU_ASSERT_EQUAL(rig->metrics.early, 1);
		end();
	}
}

/* A mismatch does not wait; and early replies match no copies of an open query. */
static void file_rules(void)
{
	begin_file();
	stored(false, 1000, 1000, 1, "a");
	stored(true, 1001, 1001, 1, "b");
	rig_one(rig, RECORD_MISMATCH, 1001);
	stored(false, 1002, 1002, 1, "b");
	rig_none(rig);
	end();

	begin_file();
	stored(true, 5000, 5000, 1, "a");
	stored(false, 4000, 5000, 1, "a"); /* too early for this reply */
	stored(false, 4900, 5000, 1, "a");
	CU_ASSERT_EQUAL(rig->metrics.retries, 1);
	CU_ASSERT_EQUAL(rig->metrics.early, 0);
	end();

	/* one reply for each query, in capture order; a reply without a question does not match a
	 * query with one */
	begin_file();
	rig_bare_reply(rig, 5000, 1);
	stored(true, 5001, 5001, 1, "a");
	stored(true, 5002, 5002, 1, "a");
	stored(false, 4999, 5003, 1, "a");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 4999)->latency_ns, 2);
	stored(false, 5000, 5003, 1, "a");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 5000)->latency_ns, 2);
	stored(false, 5000, 5003, 1, "a");
	rig_none(rig);
	end();
}

void test_txn_early(void)
{
	CU_pSuite s = CU_add_suite("txn/early", NULL, NULL);
	CU_add_test(s, "answered", answered);
	CU_add_test(s, "another query", another_query);
	CU_add_test(s, "unsolicited", unsolicited);
	CU_add_test(s, "questions", questions);
	CU_add_test(s, "transfer", transfer);
	CU_add_test(s, "full of large ones", full_of_large);
	CU_add_test(s, "full of small ones", full_of_small);
	CU_add_test(s, "full of removed ones", full_of_removed);
	CU_add_test(s, "chain", chain);
	CU_add_test(s, "two queues", two_queues);
	CU_add_test(s, "file: bounds", file_bounds);
	CU_add_test(s, "file: how long", file_wait);
	CU_add_test(s, "file: rules", file_rules);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The matching rules of doc/schemas.md, one by one. All of them at random: test_model.c. */
#include "txn/rig.h"

void test_txn_txn(void);

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

static void answered(void)
{
	static struct wire q, a;
	begin(64);
	wire_message(&q, 7, 0x0100, "www.Example.com", 1);
	wire_message(&a, 7, 0x8180, "www.example.COM", 1);
	wire_fill(&a, 0xaa, 100);
	struct pkt pkt = rig_pkt(&q, 5000);
	pkt.vlans = 2;
	pkt.vlan[0] = 10;
	pkt.vlan[1] = 20;
	pkt.wire_len = q.len + 3;
	pkt.cut = 1;
	rig_process_pkt(rig, &pkt);
	rig_none(rig);
	rig_process(rig, &a, 5123);
	const struct record *r = rig_one(rig, RECORD_ANSWERED, 5000);
	CU_ASSERT_EQUAL(r->latency_ns, 123);
	CU_ASSERT_EQUAL(r->retries, 0);
	CU_ASSERT_TRUE(addr_pair_equal(&r->addrs, &pkt.addrs));
	CU_ASSERT(r->client_port == 4321 && r->server_port == 53);
	CU_ASSERT(r->proto == PACKET_UDP && r->addrs.family == ADDR_IPV4);
	CU_ASSERT(r->vlans == 2 && r->vlan[0] == 10 && r->vlan[1] == 20);
	CU_ASSERT(r->query_len == q.len && r->query_wire == q.len + 3 && r->query_cut);
	CU_ASSERT(r->reply_len == a.len && r->reply_wire == a.len && !r->reply_cut);
	CU_ASSERT_EQUAL(memcmp(record_query(r), q.octets, q.len), 0);
	CU_ASSERT_EQUAL(memcmp(record_reply(r), a.octets, a.len), 0);
	rig_process(rig, &a, 5124); /* no query is open */
	rig_one(rig, RECORD_NO_QUERY, 5124);
	end();
}

/* A record says which of its messages is ambiguous, any copy of the query included. */
static void ambiguous(void)
{
	static struct wire q, a;
	wire_message(&q, 7, 0x0100, "www.example.com", 1);
	wire_message(&a, 7, 0x8180, "www.example.com", 1);
	for (unsigned in = 0; in < 8; in++) { /* the query, its copy, the reply */
		begin(64);
		struct pkt query = rig_pkt(&q, 5000), copy = rig_pkt(&q, 5010);
		struct pkt reply = rig_pkt(&a, 5123);
		uint8_t asked = in & 3 ? RECORD_AMBIGUOUS_QUERY : 0;
		uint8_t answered = in & 4 ? RECORD_AMBIGUOUS_REPLY : 0;
		rig_process_ambiguous(rig, &query, in & 1 ? RECORD_AMBIGUOUS_QUERY : 0);
		rig_process_ambiguous(rig, &copy, in & 2 ? RECORD_AMBIGUOUS_QUERY : 0);
		if (in & 4) {
			rig_process_ambiguous(rig, &reply, answered);
			const struct record *r = rig_one(rig, RECORD_ANSWERED, 5000);
			CU_ASSERT_EQUAL(r->ambiguous, asked | answered);
			rig_process_ambiguous(rig, &reply, answered);
			r = rig_one(rig, RECORD_NO_QUERY, 5123);
			CU_ASSERT_EQUAL(r->ambiguous, answered);
		} else {
			rig_finish(rig);
			CU_ASSERT_EQUAL_FATAL(rig->count, 1);
			CU_ASSERT_EQUAL(rig->seen[0]->ambiguous, asked);
		}
		end();
	}
}

static void not_answered(void)
{
	begin(64);
	rig_query(rig, 100, 1, "a.example");
	rig_query(rig, 101, 2, "b.example");
	rig_finish(rig);
	CU_ASSERT_EQUAL_FATAL(rig->count, 2);
	CU_ASSERT(rig->seen[0]->status == RECORD_NO_REPLY && rig->seen[0]->ts_ns == 100);
	CU_ASSERT(rig->seen[1]->status == RECORD_NO_REPLY && rig->seen[1]->ts_ns == 101);
	CU_ASSERT(rig->seen[0]->reply_wire == 0 && rig->seen[0]->query_wire > 12);
	end();
}

static void not_asked(void)
{
	begin(64);
	rig_reply(rig, 100, 1, "a.example");
	const struct record *r = rig_one(rig, RECORD_NO_QUERY, 100);
	CU_ASSERT(r->query_wire == 0 && r->query_len == 0 && r->reply_wire > 12);
	CU_ASSERT(r->client_port == 4321 && r->server_port == 53); /* the QR bit decides */
	rig_bare_reply(rig, 101, 1);
	rig_one(rig, RECORD_NO_QUERY, 101);
	end();
}

/* A reply with another question is a mismatch, and the query stays open. */
static void mismatch(void)
{
	begin(64);
	rig_query(rig, 100, 1, "a.example");
	rig_reply(rig, 110, 1, "b.example");
	const struct record *r = rig_one(rig, RECORD_MISMATCH, 110);
	CU_ASSERT(r->query_wire == 0 && r->reply_wire > 12);
	rig_reply(rig, 120, 1, "a.example");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 100)->latency_ns, 20);
	rig_reply(rig, 130, 1, "b.example");
	rig_one(rig, RECORD_NO_QUERY, 130);
	end();
}

static void malformed(void)
{
	static struct wire w;
	begin(64);
	wire_message(&w, 9, 0x0100, "a.example", 1);
	for (uint32_t len = 0; len < w.len; len++) {
		struct pkt pkt = rig_pkt(&w, 100 + len);
		pkt.len = len;
		rig_process_pkt(rig, &pkt);
		const struct record *r = rig_one(rig, RECORD_MALFORMED, 100 + len);
		CU_ASSERT(r->query_len == len && r->query_wire == w.len && r->reply_wire == 0);
		CU_ASSERT_EQUAL(r->error, DNS_SHORT);
	}
	w.octets[2] |= 0x80;
	w.octets[12] = 0x40;
	rig_query(rig, 900, 9, "a.example"); /* a malformed reply answers no query */
	rig_process(rig, &w, 901);
	const struct record *r = rig_one(rig, RECORD_MALFORMED, 901);
	CU_ASSERT(r->query_wire == 0 && r->reply_len == w.len && r->error == DNS_NAME);
	CU_ASSERT_EQUAL(rig->x.table.open, 1);
	CU_ASSERT_EQUAL(rig->metrics.malformed, w.len + 1);
	end();
}

/* A further copy restarts the timeout and does not change ts. */
static void retries(void)
{
	begin(64);
	rig_query(rig, 1000, 1, "a.example");
	rig_query(rig, 1900, 1, "A.EXAMPLE");
	rig_query(rig, 2800, 1, "a.example");
	rig_none(rig);
	rig_reply(rig, 3800, 1, "a.example");
	const struct record *r = rig_one(rig, RECORD_ANSWERED, 1000);
	CU_ASSERT_EQUAL(r->retries, 2);
	CU_ASSERT_EQUAL(r->latency_ns, 2800);
	CU_ASSERT_EQUAL(record_query(r)[13], 'a'); /* octets of the first copy */
	end();
}

/* A reply at exactly the timeout is in time; one nanosecond later it is unsolicited. */
static void timeouts(void)
{
	begin(64);
	rig_query(rig, 1000, 1, "a.example");
	rig_reply(rig, 1000 + RIG_TIMEOUT, 1, "a.example");
	rig_one(rig, RECORD_ANSWERED, 1000);
	for (int bare = 0; bare < 2; bare++) {
		rig_query(rig, 5000, 1, "a.example");
		if (bare)
			rig_bare_reply(rig, 5001 + RIG_TIMEOUT, 1);
		else
			rig_reply(rig, 5001 + RIG_TIMEOUT, 1, "a.example");
		CU_ASSERT_EQUAL_FATAL(rig->count, 2);
		CU_ASSERT_EQUAL(rig->seen[0]->status, RECORD_NO_REPLY);
		CU_ASSERT_EQUAL(rig->seen[0]->ts_ns, 5000);
		CU_ASSERT_EQUAL(rig->seen[1]->status, RECORD_NO_QUERY);
	}
	/* the same for a copy of the query */
	rig_query(rig, 9000, 1, "a.example");
	rig_query(rig, 9000 + RIG_TIMEOUT, 1, "a.example");
	rig_none(rig);
	rig_query(rig, 9001 + 2 * RIG_TIMEOUT, 1, "a.example");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_NO_REPLY, 9000)->retries, 1);
	rig_reply(rig, 9002 + 2 * RIG_TIMEOUT, 1, "a.example");
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 9001 + 2 * RIG_TIMEOUT)->retries, 0);
	end();
}

/* A reply matches the oldest query of its base; a copy does not make a query younger. */
static void no_question(void)
{
	begin(64);
	rig_query(rig, 100, 1, "a.example");
	rig_query(rig, 101, 1, "b.example");
	rig_query(rig, 102, 1, "c.example");
	rig_query(rig, 103, 1, "a.example");
	rig_bare_reply(rig, 110, 1);
	CU_ASSERT_EQUAL(rig_one(rig, RECORD_ANSWERED, 100)->retries, 1);
	rig_bare_reply(rig, 111, 1);
	rig_one(rig, RECORD_ANSWERED, 101);
	rig_reply(rig, 112, 1, "c.example");
	rig_one(rig, RECORD_ANSWERED, 102);
	rig_bare_reply(rig, 113, 1);
	rig_one(rig, RECORD_NO_QUERY, 113);
	end();
}

/* Sends a reply without a question to the query for a.example, over a transport, with these flags
 * and the upper bits of an rcode in OPT. */
static void bare(unsigned proto, unsigned flags, unsigned high, enum record_status status)
{
	static struct wire q, a;
	begin(64);
	wire_message(&q, 1, 0x0100, "a.example", 1);
	struct pkt pkt = rig_pkt(&q, 100);
	pkt.proto = (uint8_t)proto;
	rig_process_pkt(rig, &pkt);
	wire_clear(&a);
	wire_header(&a, 1, 0x8000 | flags, 0, 0, 0, high != 0);
	if (high)
		wire_rr(&a, "", 41, 1232, high << 24, NULL, 0);
	pkt = rig_pkt(&a, 110);
	pkt.proto = (uint8_t)proto;
	rig_process_pkt(rig, &pkt);
	rig_one(rig, status, status == RECORD_ANSWERED ? 100 : 110);
	CU_ASSERT_EQUAL(rig->x.table.open, status != RECORD_ANSWERED);
	end();
}

/* Over UDP, a reply without a question answers only if it reports an error: anybody could send it.
 */
static void no_question_no_error(void)
{
	bare(PACKET_UDP, 0, 0, RECORD_MISMATCH);
	bare(PACKET_UDP, DNS_RA | DNS_RD | DNS_AA, 0, RECORD_MISMATCH);
	bare(PACKET_TCP, 0, 0, RECORD_ANSWERED);
	bare(PACKET_UDP, DNS_TC, 0, RECORD_ANSWERED);
	for (unsigned rcode = 1; rcode < 16; rcode++)
		bare(PACKET_UDP, rcode, 0, RECORD_ANSWERED);
	bare(PACKET_UDP, 0, 1, RECORD_ANSWERED); /* BADVERS */
	/* a query without a question (RFC 7873 section 5.4) matches */
	begin(64);
	static struct wire w;
	rig_query(rig, 90, 1, "a.example");
	wire_clear(&w);
	wire_header(&w, 1, 0, 0, 0, 0, 0);
	rig_process(rig, &w, 100);
	wire_clear(&w);
	wire_header(&w, 1, 0x8000, 0, 0, 0, 0);
	rig_process(rig, &w, 105);
	rig_one(rig, RECORD_ANSWERED, 100);
	end();
}

/* Timestamps as far apart as 64 bits allow, also around txn.timeout_ms. */
static void extreme_times(void)
{
	static const int64_t times[] = {
		INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
	for (size_t i = 0; i < BITS_COUNT(times); i++) {
		for (size_t k = 0; k < BITS_COUNT(times); k++) {
			begin(64);
			rig_query(rig, times[i], 1, "a.example");
			rig_query(rig, times[k], 1, "a.example");
			rig_reply(rig, times[i], 1, "a.example");
			rig_expire(rig, times[k], 100);
			CU_ASSERT_EQUAL(rig->metrics.replies, 1);
			end();
		}
	}
}

/* Only those of several queries expire that are due: the oldest may have a recent copy. */
static void expired_among_others(void)
{
	begin(64);
	rig_query(rig, 100, 1, "a.example");
	rig_query(rig, 110, 1, "b.example");
	rig_query(rig, 1000, 1, "a.example");
	rig_reply(rig, 1111, 1, "b.example"); /* expired by 1, but a.example is open: a mismatch */
	CU_ASSERT_EQUAL_FATAL(rig->count, 2);
	CU_ASSERT(rig->seen[0]->status == RECORD_NO_REPLY && rig->seen[0]->ts_ns == 110);
	CU_ASSERT(rig->seen[1]->status == RECORD_MISMATCH && rig->seen[1]->ts_ns == 1111);
	rig_query(rig, 1200, 1, "c.example");
	rig_bare_reply(rig, 2001, 1); /* the oldest has expired, the next has not */
	CU_ASSERT_EQUAL_FATAL(rig->count, 2);
	CU_ASSERT(rig->seen[0]->status == RECORD_NO_REPLY && rig->seen[0]->ts_ns == 100);
	CU_ASSERT(rig->seen[1]->status == RECORD_ANSWERED && rig->seen[1]->ts_ns == 1200);
	end();
}

/* Names match without regard to ASCII case, and to no other case; type and class exactly. */
static void questions(void)
{
	static struct wire q, a;
	static const struct {
		const char *name;
		unsigned type, rrclass;
		enum record_status status;
	} rows[] = {
		{"wWw.eXaMpLe", 0x6141, 1, RECORD_ANSWERED},
		{"www.exampl", 0x6141, 1, RECORD_MISMATCH},
		{"www.examplf", 0x6141, 1, RECORD_MISMATCH},
		{"wwwe.xample", 0x6141, 1, RECORD_MISMATCH},
		{"", 0x6141, 1, RECORD_MISMATCH},
		{"www.example", 0x4141, 1, RECORD_MISMATCH}, /* a type has no case */
		{"www.example", 0x6161, 1, RECORD_MISMATCH},
		{"www.example", 0x6141, 0x21, RECORD_MISMATCH},
		{"www.example", 0x6141, 3, RECORD_MISMATCH},
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		begin(64);
		wire_clear(&q);
		wire_header(&q, 1, 0, 1, 0, 0, 0);
		wire_question(&q, "www.example", 0x6141, 1);
		rig_process(rig, &q, 100);
		wire_clear(&a);
		wire_header(&a, 1, 0x8000, 1, 0, 0, 0);
		wire_question(&a, rows[i].name, rows[i].type, rows[i].rrclass);
		rig_process(rig, &a, 101);
		rig_one(rig, rows[i].status, rows[i].status == RECORD_ANSWERED ? 100 : 101);
		end();
	}
}

/* Every octet of a label against every other: equal if the same, or the same letter. */
static void question_octets(void)
{
	char name[2] = "";
	begin(1024);
	for (unsigned c = 1; c < 256; c++) {
		if (c == '.')
			continue;
		name[0] = (char)c;
		rig_query(rig, 100, 1, name);
	}
	CU_ASSERT_EQUAL(rig->x.table.open, 254 - 26);
	CU_ASSERT_EQUAL(rig->metrics.retries, 26);
	end();
}

void test_txn_txn(void)
{
	CU_pSuite s = CU_add_suite("txn/txn", NULL, NULL);
	CU_add_test(s, "answered", answered);
	CU_add_test(s, "octets in doubt", ambiguous);
	CU_add_test(s, "no reply", not_answered);
	CU_add_test(s, "no query", not_asked);
	CU_add_test(s, "mismatch", mismatch);
	CU_add_test(s, "malformed", malformed);
	CU_add_test(s, "retries", retries);
	CU_add_test(s, "timeouts to the nanosecond", timeouts);
	CU_add_test(s, "a reply without question", no_question);
	CU_add_test(s, "a reply without question or error", no_question_no_error);
	CU_add_test(s, "timestamps at the limits", extreme_times);
	CU_add_test(s, "expired among others", expired_among_others);
	CU_add_test(s, "questions", questions);
	CU_add_test(s, "every octet of a name", question_octets);
}

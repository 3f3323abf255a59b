/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema of gopassivedns: its own tests of A, AAAA, NS, MX and NXDOMAIN, with the same names,
 * ids, TTLs and data; then what it cannot represent. */
#include "schema/kinds.h"

void test_schema_gopassivedns(void);

extern const struct schema_kind schema_kind_gopassivedns;

static struct bench b;
static struct kinds_out out;

#define ENDS "\"dst\":\"192.0.2.53\",\"src\":\"192.0.2.1\","
#define TIMES                                                                                      \
	"\"tstamp\":\"2015-10-10 12:13:32.643494001 +0000 UTC\",\"elapsed\":15272001,"             \
	"\"sport\":\"4321\",\"level\":\"\",\"bytes\":"
#define FLAGS "\"protocol\":\"udp\",\"truncated\":false,\"aa\":false,\"rd\":true,\"ra\":true}\n"
#define HEAD(id, rcode, q, qtype)                                                                  \
	"{\"query_id\":" #id ",\"rcode\":" #rcode ",\"q\":\"" q "\",\"qtype\":\"" qtype "\","

static void ask(unsigned id, const char *name, unsigned type)
{
	bench_begin(&b);
	wire_message(&b.query, id, 0x0100, name, type);
}

static struct record *answered(void)
{
	struct record *r = bench_record(&b, RECORD_ANSWERED);
	r->latency_ns = 15272001;
	r->reply_frame = 100;
	return r;
}

static void expect(const struct record *r, const char *lines)
{
	kinds_expect(&b, &schema_kind_gopassivedns, r, &out, lines);
}

static void test_a(void)
{
	static const uint8_t address[4] = {216, 34, 181, 48};
	ask(0x4fb8, "www.slashdot.org", 1);
	wire_header(&b.reply, 0x4fb8, 0x8180, 1, 1, 0, 0);
	wire_question(&b.reply, "www.slashdot.org", 1, 1);
	wire_rr(&b.reply, "www.slashdot.org", 1, 1, 110, address, 4);
	expect(answered(),
		HEAD(20408, 0, "www.slashdot.org",
			"A") "\"a\":\"216.34.181.48\",\"atype\":\"A\",\"ttl\":110," ENDS TIMES
			     "100," FLAGS);
	CU_ASSERT_EQUAL(out.n, 1);
	CU_ASSERT_EQUAL(out.doc[0].ts_ns, BENCH_TS + 15272001);
}

static void test_aaaa(void)
{
	static const uint8_t address[16] = {
		0x26, 0x07, 0xf8, 0xb0, 0x40, 0x01, 0x0c, 0x02, [15] = 0x93};
	ask(0x1a63, "www.google.com", 28);
	wire_header(&b.reply, 0x1a63, 0x8180, 1, 1, 0, 0);
	wire_question(&b.reply, "www.google.com", 28, 1);
	wire_rr(&b.reply, "www.google.com", 28, 1, 55, address, 16);
	expect(answered(), HEAD(6755, 0, "www.google.com",
				   "AAAA") "\"a\":\"2607:f8b0:4001:c02::93\",\"atype\":\"AAAA\","
					   "\"ttl\":55," ENDS TIMES "100," FLAGS);
}

#define NS_LINE(n)                                                                                 \
	HEAD(24930, 0, "google.com", "NS")                                                         \
	"\"a\":\"ns" n ".google.com\",\"atype\":\"NS\",\"ttl\":21581," ENDS TIMES "100," FLAGS

/* A line for each answer, with the id, and names without a trailing dot. */
static void test_ns(void)
{
	ask(0x6162, "google.com", 2);
	wire_header(&b.reply, 0x6162, 0x8180, 1, 4, 0, 0);
	wire_question(&b.reply, "google.com", 2, 1);
	for (int i = 0; i < 4; i++) {
		uint8_t name[6] = {3, 'n', 's', (uint8_t) "2143"[i], 0xc0, 12};
		wire_rr(&b.reply, "google.com", 2, 1, 21581, name, 6);
	}
	expect(answered(), NS_LINE("2") NS_LINE("1") NS_LINE("4") NS_LINE("3"));
	CU_ASSERT_EQUAL(out.n, 4);
}

static void expect_a(unsigned type, const void *rdata, size_t n, const char *a)
{
	char part[200];
	ask(7, "google.com", type);
	wire_header(&b.reply, 7, 0x8180, 1, 1, 0, 0);
	wire_question(&b.reply, "google.com", type, 1);
	wire_rr(&b.reply, "google.com", type, 1, 567, rdata, n);
	kinds_write(&b, &schema_kind_gopassivedns, answered(), 4000, &out);
	snprintf(part, sizeof(part), "\"a\":\"%s\",\"atype\":", a);
	if (!strstr(b.line, part))
		printf("\nno %s in %s", part, b.line);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, part));
}

/* The types that gopassivedns decodes, and others, in presentation form. */
static void types(void)
{
	expect_a(15,
		"\x00\x1e\x04"
		"alt3\x05"
		"aspmx\x01l\xc0\x0c",
		17, "30 alt3.aspmx.l.google.com");
	expect_a(15, "\x00\x00\x00", 3, "0 .");
	expect_a(5,
		"\x01"
		"c\xc0\x0c",
		4, "c.google.com");
	expect_a(12, "\x01p\x00", 3, "p");
	expect_a(33, "\x00\x01\x00\x02\x00\x35\x01s\x00", 9, "1 2 53 s");
	expect_a(6,
		"\x01m\xc0\x0c\x01r\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00"
		"\x04\x00\x00\x00\x05",
		27, "m.google.com r 1 2 3 4 5");
	expect_a(16,
		"\x03"
		"a\xff\"",
		4, "\\\"a\\\\255\\\\\\\"\\\"");
	expect_a(43, "\x00\x01\x08\x02\xab", 5, "1 8 2 AB");
	expect_a(65280, "\x01", 1, "\\\\# 1 01");
	/* RDATA that does not fit its type is shown in the generic form */
	expect_a(15, "\x00\x00\x00\x00", 4, "\\\\# 4 00000000");
	expect_a(6, "\x00\x00\x00", 3, "\\\\# 3 000000");
	expect_a(2, "\x01", 1, "\\\\# 1 01");
	CU_ASSERT_EQUAL(b.metrics.error_rdata, 1);
}

#define EMPTY "\"atype\":\"\",\"ttl\":0,"

static void expect_phrase(unsigned rcode, const char *phrase)
{
	char part[200];
	ask(7, "nx.example", 1);
	wire_header(&b.reply, 7, 0x8180 | (rcode & 15), 1, 0, 0, rcode > 15);
	wire_question(&b.reply, "nx.example", 1, 1);
	if (rcode > 15)
		wire_rr(&b.reply, "", 41, 1232, (uint32_t)(rcode >> 4) << 24, "", 0);
	kinds_write(&b, &schema_kind_gopassivedns, answered(), 4000, &out);
	snprintf(part, sizeof(part),
		"\"rcode\":%u,\"q\":\"nx.example\",\"qtype\":\"A\",\"a\":\"%s\"," EMPTY, rcode,
		phrase);
	if (!strstr(b.line, part))
		printf("\nno %s in %s", part, b.line);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, part));
	CU_ASSERT_EQUAL(out.n, 1);
}

/* An error is one line, with gopassivedns's text. */
static void errors(void)
{
	expect_phrase(1, "Format Error");
	expect_phrase(2, "Server Failure ");
	expect_phrase(3, "Non-Existent Domain");
	expect_phrase(4, "Not Implemented");
	expect_phrase(5, "Query Refused");
	expect_phrase(11, "Unknown");
	expect_phrase(16, "Bad OPT Version");
	expect_phrase(23, "Bad Cookie");
	expect_phrase(24, "Unknown");
	expect_phrase(4095, "Unknown");
}

/* No answer, no reply, no query: one line each. */
static void lone(void)
{
	ask(7, "nodata.example", 28);
	wire_header(&b.reply, 7, 0x8780, 1, 0, 0, 0);
	wire_question(&b.reply, "nodata.example", 28, 1);
	struct record *r = answered();
	r->proto = 6;
	r->reply_frame = 0;
	expect(r, HEAD(7, 0, "nodata.example", "AAAA") "\"a\":\"\"," EMPTY ENDS TIMES
						       "32,\"protocol\":\"tcp\",\"truncated\":true,"
						       "\"aa\":true,\"rd\":true,\"ra\":true}\n");
	wire_clear(&b.reply);
	r = bench_record(&b, RECORD_NO_REPLY);
	strcpy(b.schema.level, "INFO");
	expect(r,
		HEAD(7, 0, "nodata.example",
			"AAAA") "\"a\":\"\"," EMPTY ENDS
				"\"tstamp\":\"2015-10-10 12:13:32.628222 +0000 UTC\",\"elapsed\":0,"
				"\"sport\":\"4321\",\"level\":\"INFO\",\"bytes\":0,\"protocol\":"
				"\"udp\","
				"\"truncated\":false,\"aa\":false,\"rd\":true,\"ra\":false}\n");
	test_a();
	wire_clear(&b.query);
	r = bench_record(&b, RECORD_NO_QUERY);
	r->ts_ns = BENCH_TS / 1000000000 * 1000000000;
	kinds_write(&b, &schema_kind_gopassivedns, r, 4000, &out);
	CU_ASSERT_EQUAL(out.n, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "\"a\":\"216.34.181.48\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "\"2015-10-10 12:13:32 +0000 UTC\",\"elapsed\":0,"));
}

/* What it has no document for. */
static void none(void)
{
	ask(7, "a.example", 1);
	b.query.octets[2] = 0x28; /* UPDATE */
	expect(bench_record(&b, RECORD_NO_REPLY), "");
	b.query.len = 11;
	expect(bench_record(&b, RECORD_MALFORMED), "");
	b.query.len = 0;
	expect(bench_record(&b, RECORD_NO_REPLY), "");
	/* a reply without a question: the query's is shown */
	ask(7, "a.example", 1);
	wire_header(&b.reply, 7, 0x8185, 0, 0, 0, 0);
	kinds_write(&b, &schema_kind_gopassivedns, answered(), 4000, &out);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "\"q\":\"a.example\",\"qtype\":\"A\",\"a\":\"Query"));
	wire_clear(&b.query);
	kinds_write(&b, &schema_kind_gopassivedns, bench_record(&b, RECORD_NO_QUERY), 4000, &out);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "\"q\":\"\",\"qtype\":\"\",\"a\":\"Query Refused\""));
}

static void sections(void)
{
	test_ns();
	b.schema.sections = SCHEMA_NONE;
	expect(answered(),
		HEAD(24930, 0, "google.com", "NS") "\"a\":\"\"," EMPTY ENDS TIMES "100," FLAGS);
}

static void every_size(void)
{
	test_ns();
	wire_fill(&b.reply, 0, 2);
	kinds_every_size(&b, &schema_kind_gopassivedns, answered(), &b.metrics.error_trailing);
}

void test_schema_gopassivedns(void)
{
	CU_pSuite s = CU_add_suite("schema/gopassivedns", NULL, NULL);
	CU_add_test(s, "its test of A", test_a);
	CU_add_test(s, "its test of AAAA", test_aaaa);
	CU_add_test(s, "its test of NS", test_ns);
	CU_add_test(s, "data of several types", types);
	CU_add_test(s, "errors in its words", errors);
	CU_add_test(s, "no answer, no reply, no query", lone);
	CU_add_test(s, "nothing to say", none);
	CU_add_test(s, "without answers", sections);
	CU_add_test(s, "buffers of every size", every_size);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The schemas of dns-gazer: the examples of its README, and what it cannot represent. */
#include "schema/kinds.h"

void test_schema_gazer(void);

extern const struct schema_kind schema_kind_gazer, schema_kind_gazer_record, schema_kind_gazer_both;

static struct bench b;
static struct kinds_out out;

#define CLIENT "\"client_addr\":\"10.139.96.169\",\"client_port\":53684,"
#define SERVER "\"server_addr\":\"210.196.3.183\",\"server_port\":53,"
#define NAME "bf-pro-front.cloudapp.net."
#define QUESTION "{\"name\":\"" NAME "\",\"section\":\"question\",\"type\":\"A\"}"
#define ANSWER                                                                                     \
	"{\"data\":\"23.100.102.231\",\"name\":\"" NAME "\",\"section\":\"answer\",\"type\":"      \
	"\"A\"}"
#define TX                                                                                         \
	"{" CLIENT "\"query\":[" QUESTION "],\"query_ts\":1444531212.628222,\"reply\":[" QUESTION  \
	"," ANSWER "],\"reply_ts\":1444531212.643494," SERVER                                      \
	"\"status\":\"success\",\"tx_id\":23904}\n"
#define RECORD(msg_type, data, section)                                                            \
	"{" CLIENT data "\"msg_type\":\"" msg_type "\",\"name\":\"" NAME                           \
	"\",\"section\":\"" section "\"," SERVER "\"tx_id\":23904,\"type\":\"A\"}\n"
#define RECORD_QUERY RECORD("query", "", "question")
#define RECORD_REPLY                                                                               \
	RECORD("reply", "", "question") RECORD("reply", "\"data\":\"23.100.102.231\",", "answer")

#define QUERY_NS 1444531212628222000
#define REPLY_NS 1444531212643494000

static void ends(struct record *r)
{
	static const uint8_t client[4] = {10, 139, 96, 169}, server[4] = {210, 196, 3, 183};
	r->addrs = addr_pair_of(addr_of_v4(client), addr_of_v4(server));
	r->client_port = 53684;
	r->ts_ns = QUERY_NS;
}

/* The first transaction of dns-gazer's README. */
static struct record *readme(void)
{
	static const uint8_t address[4] = {23, 100, 102, 231};
	bench_begin(&b);
	wire_message(&b.query, 23904, 0x0100, "bf-pro-front.cloudapp.net", 1);
	wire_header(&b.reply, 23904, 0x8180, 1, 1, 0, 0);
	wire_question(&b.reply, "bf-pro-front.cloudapp.net", 1, 1);
	wire_rr(&b.reply, "bf-pro-front.cloudapp.net", 1, 1, 60, address, 4);
	struct record *r = bench_record(&b, RECORD_ANSWERED);
	ends(r);
	r->latency_ns = REPLY_NS - QUERY_NS;
	return r;
}

static void expect_doc(unsigned i, int64_t ts_ns, const char *tag, const char *const *tags)
{
	CU_ASSERT_FATAL(i < out.n);
	CU_ASSERT_EQUAL(out.doc[i].ts_ns, ts_ns);
	CU_ASSERT_STRING_EQUAL(tags[out.doc[i].tag], tag);
}

static void transaction(void)
{
	kinds_expect(&b, &schema_kind_gazer, readme(), &out, TX);
	CU_ASSERT_EQUAL(out.n, 1);
	expect_doc(0, REPLY_NS, "dns-gazer.dns.tx", schema_kind_gazer.tags);
}

static void records(void)
{
	const char *const *tags = schema_kind_gazer_record.tags;
	kinds_expect(&b, &schema_kind_gazer_record, readme(), &out, RECORD_QUERY RECORD_REPLY);
	CU_ASSERT_EQUAL(out.n, 3);
	expect_doc(0, QUERY_NS, "dns-gazer.dns.record", tags);
	expect_doc(1, REPLY_NS, "dns-gazer.dns.record", tags);
	expect_doc(2, REPLY_NS, "dns-gazer.dns.record", tags);
}

/* dns-gazer -R. */
static void both(void)
{
	const char *const *tags = schema_kind_gazer_both.tags;
	kinds_expect(&b, &schema_kind_gazer_both, readme(), &out, RECORD_QUERY TX RECORD_REPLY);
	CU_ASSERT_EQUAL(out.n, 4);
	expect_doc(0, QUERY_NS, "dns-gazer.dns.record", tags);
	expect_doc(1, REPLY_NS, "dns-gazer.dns.tx", tags);
	expect_doc(2, REPLY_NS, "dns-gazer.dns.record", tags);
	expect_doc(3, REPLY_NS, "dns-gazer.dns.record", tags);
}

/* One message alone: its time is the event's. */
static void alone(void)
{
	readme();
	wire_clear(&b.reply);
	struct record *r = bench_record(&b, RECORD_NO_REPLY);
	ends(r);
	kinds_expect(&b, &schema_kind_gazer, r, &out,
		"{" CLIENT "\"query\":[" QUESTION "],\"query_ts\":1444531212.628222," SERVER
		"\"status\":\"no_reply\",\"tx_id\":23904}\n");
	expect_doc(0, QUERY_NS, "dns-gazer.dns.tx", schema_kind_gazer.tags);
	kinds_expect(&b, &schema_kind_gazer_record, r, &out, RECORD_QUERY);

	readme();
	wire_clear(&b.query);
	r = bench_record(&b, RECORD_MISMATCH);
	ends(r);
	r->ts_ns = REPLY_NS;
	kinds_expect(&b, &schema_kind_gazer, r, &out,
		"{" CLIENT "\"reply\":[" QUESTION "," ANSWER
		"],\"reply_ts\":1444531212.643494," SERVER
		"\"status\":\"no_query\",\"tx_id\":23904}\n");
	expect_doc(0, REPLY_NS, "dns-gazer.dns.tx", schema_kind_gazer.tags);
	kinds_expect(&b, &schema_kind_gazer_record, r, &out, RECORD_REPLY);
}

/* What dns-gazer does not write: data of every type, all sections, mnemonics of types. */
static struct record *rich(void)
{
	bench_begin(&b);
	wire_message(&b.query, 1, 0x0110, "A\"b.example", 65280);
	wire_header(&b.reply, 1, 0x8483, 1, 1, 1, 1);
	wire_question(&b.reply, "A\"b.example", 65280, 1);
	wire_rr(&b.reply, "m.example", 15, 1, 300, "\x00\x0a\x02mx\x00", 6);
	wire_rr(&b.reply, "example", 16, 1, 5,
		"\x03"
		"a\"b"
		"\x01z",
		6);
	wire_rr(&b.reply, "", 41, 1232, 0x01000000, "", 0);
	return bench_record(&b, RECORD_ANSWERED);
}

#define RICH_HEAD "{\"client_addr\":\"192.0.2.1\",\"client_port\":4321,"
#define RICH_TAIL                                                                                  \
	"\"server_addr\":\"192.0.2.53\",\"server_port\":53,\"status\":\"success\",\"tx_id\":1}\n"
#define RICH_QUESTION "{\"name\":\"A\\\"b.example.\",\"section\":\"question\",\"type\":\"65280\"}"
#define RICH_MX                                                                                    \
	"{\"data\":\"10 mx.\",\"name\":\"m.example.\",\"section\":\"answer\",\"type\":\"MX\"}"

static void every_section(void)
{
	kinds_expect(&b, &schema_kind_gazer, rich(), &out,
		RICH_HEAD "\"query\":[" RICH_QUESTION
			  "],\"query_ts\":1444479212.628222,\"reply\":[" RICH_QUESTION "," RICH_MX
			  ",{\"data\":\"\\\"a\\\\\\\"b\\\" \\\"z\\\"\",\"name\":\"example.\","
			  "\"section\":\"authority\",\"type\":\"TXT\"},"
			  "{\"data\":\"\\\\# 0\",\"name\":\".\",\"section\":\"additional\","
			  "\"type\":\"OPT\"}],\"reply_ts\":1444479212.628222," RICH_TAIL);
	b.schema.sections = SCHEMA_ANSWERS;
	kinds_expect(&b, &schema_kind_gazer, bench_record(&b, RECORD_ANSWERED), &out,
		RICH_HEAD "\"query\":[" RICH_QUESTION
			  "],\"query_ts\":1444479212.628222,\"reply\":[" RICH_QUESTION "," RICH_MX
			  "],\"reply_ts\":1444479212.628222," RICH_TAIL);
	b.schema.sections = SCHEMA_NONE;
	kinds_expect(&b, &schema_kind_gazer, bench_record(&b, RECORD_ANSWERED), &out,
		RICH_HEAD "\"query\":[" RICH_QUESTION
			  "],\"query_ts\":1444479212.628222,\"reply\":[" RICH_QUESTION
			  "],\"reply_ts\":1444479212.628222," RICH_TAIL);
	kinds_write(&b, &schema_kind_gazer_record, bench_record(&b, RECORD_ANSWERED), 4000, &out);
	CU_ASSERT_EQUAL(out.n, 2);
}

/* Additional members, if asked for. */
static void extra(void)
{
	struct record *r = rich();
	b.schema.extra = true;
	b.schema.sections = SCHEMA_ANSWERS;
	kinds_expect(&b, &schema_kind_gazer, r, &out,
		RICH_HEAD
		"\"flags\":[\"AA\",\"RA\"],\"query\":[" RICH_QUESTION
		"],\"query_flags\":[\"RD\",\"CD\"],\"query_ts\":1444479212.628222,"
		"\"rcode\":\"BADMODE\",\"reply\":[" RICH_QUESTION
		",{\"data\":\"10 mx.\",\"name\":\"m.example.\",\"section\":\"answer\","
		"\"ttl\":300,\"type\":\"MX\"}],\"reply_ts\":1444479212.628222," RICH_TAIL);
}

/* A message whose header cannot be read has a document, too. */
static void malformed(void)
{
	bench_begin(&b);
	wire_u8(&b.query, 7);
	struct record *r = bench_record(&b, RECORD_MALFORMED);
	kinds_expect(&b, &schema_kind_gazer, r, &out,
		RICH_HEAD "\"query_ts\":1444479212.628222,\"server_addr\":\"192.0.2.53\","
			  "\"server_port\":53,\"status\":\"no_reply\"}\n");
	CU_ASSERT_EQUAL(b.metrics.error_short, 1);
	kinds_expect(&b, &schema_kind_gazer_record, r, &out, "");
	r->query_len = r->query_wire = 0;
	kinds_expect(&b, &schema_kind_gazer, r, &out, "");
	kinds_expect(&b, &schema_kind_gazer_both, r, &out, "");
}

/* What precedes an error is shown, and the error counted once. */
static void broken(void)
{
	readme();
	b.reply.len--;
	struct record *r = bench_record(&b, RECORD_ANSWERED);
	kinds_write(&b, &schema_kind_gazer, r, 4000, &out);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "\"reply\":[" QUESTION "],"));
	CU_ASSERT_EQUAL(b.metrics.error_short, 1);
	b.schema.metrics = NULL;
	kinds_write(&b, &schema_kind_gazer, r, 4000, &out);
	CU_ASSERT_EQUAL(b.metrics.error_short, 1);
}

static void every_size(void)
{
	rich();
	wire_fill(&b.reply, 0, 2);
	struct record *r = bench_record(&b, RECORD_ANSWERED);
	kinds_every_size(&b, &schema_kind_gazer, r, &b.metrics.error_trailing);
	kinds_every_size(&b, &schema_kind_gazer_record, r, &b.metrics.error_trailing);
	kinds_every_size(&b, &schema_kind_gazer_both, r, &b.metrics.error_trailing);
}

void test_schema_gazer(void)
{
	CU_pSuite s = CU_add_suite("schema/gazer", NULL, NULL);
	CU_add_test(s, "the README's transaction", transaction);
	CU_add_test(s, "the README's records", records);
	CU_add_test(s, "both, as -R writes them", both);
	CU_add_test(s, "a query or a reply alone", alone);
	CU_add_test(s, "every section, and fewer", every_section);
	CU_add_test(s, "further members", extra);
	CU_add_test(s, "no message", malformed);
	CU_add_test(s, "a broken message", broken);
	CU_add_test(s, "buffers of every size", every_size);
}

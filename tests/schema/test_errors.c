/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of malformed and truncated messages, and buffers that are too small. */
#include "schema/bench.h"

void test_schema_errors(void);

static struct bench b;
static const uint8_t four[4] = {198, 51, 100, 7};

static void ask_and_answer(void)
{
	bench_begin(&b);
	wire_message(&b.query, 7, 0x0100, "a.example", 1);
	wire_header(&b.reply, 7, 0x8180, 1, 2, 0, 0);
	wire_question(&b.reply, "a.example", 1, 1);
	wire_rr(&b.reply, "a.example", 1, 1, 300, four, 4);
	wire_rr(&b.reply, "a.example", 1, 1, 300, four, 4);
}

#define RR_LEN 25

static void expect_error_in(
	const struct record *r, const char *error, const char *message, const uint64_t *counter)
{
	char part[64];
	uint64_t before = *counter;
	snprintf(part, sizeof(part), "\"error\":\"%s\",\"error_in\":\"%s\"}\n", error, message);
	bench_holds(&b, r, part);
	CU_ASSERT_EQUAL(*counter, before + 1);
}

static void expect_error(const struct record *r, const char *error, const uint64_t *counter)
{
	expect_error_in(r, error, "reply", counter);
}

/* The reply's error is named and counted once; what precedes it is shown. */
static void reply_errors(void)
{
	uint64_t none = 0;
	ask_and_answer();
	bench_lacks(&b, bench_record(&b, RECORD_ANSWERED), "\"error\"");
	none = b.metrics.error_short + b.metrics.error_name + b.metrics.error_count +
	       b.metrics.error_rdata + b.metrics.error_trailing + b.metrics.error_snap;
	CU_ASSERT_EQUAL(none, 0);

	wire_fill(&b.reply, 0, 3);
	expect_error(bench_record(&b, RECORD_ANSWERED), "trailing", &b.metrics.error_trailing);
	ask_and_answer();
	b.reply.len -= 1;
	expect_error(bench_record(&b, RECORD_ANSWERED), "short", &b.metrics.error_short);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "\"answers\":[{\"name\":\"a.example\""));
	b.reply.len -= RR_LEN - 1;
	expect_error(bench_record(&b, RECORD_ANSWERED), "count", &b.metrics.error_count);
	ask_and_answer();
	b.reply.octets[b.reply.len - RR_LEN] = 0x80;
	expect_error(bench_record(&b, RECORD_ANSWERED), "name", &b.metrics.error_name);
	ask_and_answer();
	b.reply.octets[b.reply.len - 5]--; /* RDLENGTH 3 for an address */
	b.reply.len--;
	expect_error(bench_record(&b, RECORD_ANSWERED), "rdata", &b.metrics.error_rdata);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "\\\\# 3 "));
}

/* The query's error is named if the reply has none. */
static void query_errors(void)
{
	ask_and_answer();
	wire_fill(&b.query, 0, 3);
	expect_error_in(
		bench_record(&b, RECORD_ANSWERED), "trailing", "query", &b.metrics.error_trailing);
	b.reply.len -= 1;
	expect_error(bench_record(&b, RECORD_ANSWERED), "short", &b.metrics.error_short);
	CU_ASSERT_EQUAL(b.metrics.error_trailing, 1);
}

/* Truncated at every length: `snap`, the lengths on the wire, and what was captured. */
static void snapped(void)
{
	ask_and_answer();
	uint32_t whole = b.reply.len;
	for (uint32_t len = 0; len <= whole; len++) {
		char part[64];
		bool full;
		struct record *r = bench_record(&b, RECORD_ANSWERED);
		r->reply_len = len;
		r->reply_wire = whole;
		r->reply_cut = len < whole;
		snprintf(part, sizeof(part), "\"reply_bytes\":%u,", whole);
		if (len < whole)
			expect_error(r, "snap", &b.metrics.error_snap);
		bench_holds(&b, r, part);
		size_t n = bench_write(&b, r, sizeof(b.line) - 1, &full);
		b.line[n] = '\0';
		unsigned shown = len == whole ? 2 : len >= whole - RR_LEN;
		unsigned answers = 0;
		for (const char *p = b.line; (p = strstr(p, "\"data\":")); p++)
			answers++;
		CU_ASSERT_EQUAL(answers, shown);
		CU_ASSERT_EQUAL(!!strstr(b.line, "\"rcode\""), len >= 4);
	}
	/* the query may be truncated, too */
	struct record *r = bench_record(&b, RECORD_ANSWERED);
	r->query_wire += 30;
	r->query_cut = 1;
	expect_error_in(r, "snap", "query", &b.metrics.error_snap);
}

/* A buffer smaller than the line gets full, with nothing written past it and nothing counted; a
 * larger one gets the line. */
static void every_size(void)
{
	static char line[4096];
	bool full;
	ask_and_answer();
	b.reply.octets[11] = 2;
	wire_rr(&b.reply, "n\"\\.example", 16, 1, 5, "\x05t\"\\\x01z", 6);
	wire_rr(&b.reply, "", 41, 1232, 0x01000000, "", 0); /* the line is written twice */
	wire_fill(&b.reply, 0, 2);
	struct record *r = bench_record(&b, RECORD_ANSWERED);
	r->latency_ns = 1500;
	size_t need = bench_write(&b, r, sizeof(line), &full), fits = 0;
	CU_ASSERT_FALSE_FATAL(full);
	memcpy(line, b.line, need);
	CU_ASSERT_EQUAL(b.metrics.error_trailing, 1);
	for (size_t size = 0; size < need + 2000; size++) {
		uint64_t before = b.metrics.error_trailing;
		size_t n = bench_write(&b, r, size, &full);
		CU_ASSERT_FATAL(n <= size);
		if (!full) {
			CU_ASSERT_EQUAL_FATAL(n, need);
			CU_ASSERT_EQUAL(memcmp(line, b.line, n), 0);
			fits++;
		} else {
			CU_ASSERT_EQUAL_FATAL(fits, 0);
		}
		CU_ASSERT_EQUAL(b.metrics.error_trailing, before + !full);
	}
	CU_ASSERT(fits > 500);
}

/* Lines are appended: the text before stays, full or not. */
static void appended(void)
{
	ask_and_answer();
	static char buffer[4096];
	struct record *r = bench_record(&b, RECORD_ANSWERED);
	struct text t = text_of(buffer, sizeof(buffer));
	size_t at;
	schema_native(&b.schema, &t, r);
	size_t one = text_len(&t);
	schema_native(&b.schema, &t, r);
	CU_ASSERT_EQUAL(text_len(&t), 2 * one);
	CU_ASSERT_EQUAL(memcmp(buffer, buffer + one, one), 0);
	while (!t.full)
		schema_native(&b.schema, &t, r);
	CU_ASSERT_EQUAL(memcmp(buffer, buffer + one, one), 0);
	CU_ASSERT_PTR_NULL(json_valid_line(buffer, one, &at));
}

/* Messages of the largest size, of names whose text is longest. */
static void largest(void)
{
	static char buffer[16 << 20];
	bench_begin(&b);
	wire_message(&b.query, 7, 0, "a", 1);
	wire_header(&b.reply, 7, 0x8000, 0, 65535, 0, 0);
	wire_hex(&b.reply, "3f");
	wire_fill(&b.reply, 0xff, 63);
	wire_hex(&b.reply, "3f");
	wire_fill(&b.reply, '"', 63);
	wire_hex(&b.reply, "3f");
	wire_fill(&b.reply, '\\', 63);
	wire_hex(&b.reply, "3d");
	wire_fill(&b.reply, 0, 61);
	wire_hex(&b.reply, "00 0001 0001 00000000 0004 00000000");
	while (b.reply.len + 16 <= 65535)
		wire_hex(&b.reply, "c00c 0001 0001 ffffffff 0004 ffffffff");
	wire_fill(&b.reply, 0, 65535 - b.reply.len);
	struct record *r = bench_record(&b, RECORD_ANSWERED);
	struct text t = text_of(buffer, sizeof(buffer));
	size_t at;
	schema_native(&b.schema, &t, r);
	CU_ASSERT_FALSE(t.full);
	/* Its 4,077 answers would be 3.4 MB: they are bounded by the message's octets. */
	CU_ASSERT(text_len(&t) > 2000000);
	CU_ASSERT(text_len(&t) < schema_budget(&b.schema, r) + 256);
	CU_ASSERT_PTR_NULL(json_valid_line(buffer, text_len(&t), &at));
}

/* Any name of the appliance becomes a JSON string; one that is too long is truncated. */
static void sensors(void)
{
	static char name[400];
	bool full;
	size_t at;
	for (int c = 1; c < 256; c++) {
		ask_and_answer();
		memset(name, c, sizeof(name) - 1);
		schema_init(&b.schema, name, &b.metrics);
		struct record *r = bench_record(&b, RECORD_ANSWERED);
		size_t n = bench_write(&b, r, sizeof(b.line), &full);
		CU_ASSERT_PTR_NULL(json_valid_line(b.line, n, &at));
		CU_ASSERT(b.schema.sensor_len <= sizeof(b.schema.sensor));
	}
}

void test_schema_errors(void)
{
	CU_pSuite s = CU_add_suite("schema/errors", NULL, NULL);
	CU_add_test(s, "faults of the reply", reply_errors);
	CU_add_test(s, "faults of the query", query_errors);
	CU_add_test(s, "cut by the capture", snapped);
	CU_add_test(s, "buffers of every size", every_size);
	CU_add_test(s, "appended", appended);
	CU_add_test(s, "the largest", largest);
	CU_add_test(s, "sensors", sensors);
}

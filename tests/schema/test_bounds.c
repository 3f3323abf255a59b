/* SPDX-License-Identifier: BSD-3-Clause */
/* Documents that compression would make large are bounded and valid, and count what they omit. */
#include "schema/kinds.h"

void test_schema_bounds(void);

static struct bench b;
static struct kinds_out out;

/* A question whose name is 127 labels of one octet that text needs five characters for. */
static void question(struct wire *w)
{
	for (int i = 0; i < 127; i++)
		wire_put(w, "\1\0", 2);
	wire_put(w, "\0\0\1\0\1", 5);
}

/* Builds a reply with questions and A records of that name, each of few octets. */
static struct record *amplifier(unsigned questions, unsigned answers, unsigned additional)
{
	bench_begin(&b);
	wire_header(&b.query, 7, 0x0100, 1, 0, 0, 0);
	question(&b.query);
	wire_header(&b.reply, 7, 0x8180, (uint16_t)questions, (uint16_t)answers, 0,
		(uint16_t)additional);
	question(&b.reply);
	for (unsigned i = 1; i < questions; i++)
		wire_put(&b.reply, "\xc0\x0c\0\1\0\1", 6);
	for (unsigned i = 0; i < answers; i++)
		wire_put(&b.reply, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1", 16);
	for (unsigned i = 0; i < additional; i++) /* of a rare class */
		wire_put(&b.reply, "\xc0\x0c\0\1\0\3\0\0\0\x3c\0\4\xc0\0\2\1", 16);
	return bench_record(&b, RECORD_ANSWERED);
}

static unsigned count(const char *word)
{
	unsigned n = 0;
	for (const char *p = b.line; (p = strstr(p, word)); p++)
		n++;
	return n;
}

/* Returns the number of `key` in the member "omitted"; 0: there is none. */
static unsigned omitted(const char *key)
{
	const char *p = strstr(b.line, "\"omitted\":{");
	p = p ? strstr(p, key) : NULL;
	return p ? (unsigned)atoi(p + strlen(key)) : 0;
}

static size_t write_native(const struct record *r)
{
	bool full;
	size_t at, n = bench_write(&b, r, sizeof(b.line) - 1, &full);
	b.line[n] = '\0';
	CU_ASSERT_FALSE(full);
	CU_ASSERT_PTR_NULL(json_valid_line(b.line, n, &at));
	return n;
}

static void native(void)
{
	const struct record *r = amplifier(1, 300, 220);
	for (uint32_t bytes = 2000; bytes < 600000; bytes += bytes / 3) {
		b.schema.max_bytes = bytes;
		b.schema.omitted = 0;
		size_t n = write_native(r);
		size_t budget = schema_budget(&b.schema, r);
		unsigned shown = count("\"data\":");
		CU_ASSERT(n <= budget + 256);
		/* No more than necessary is left out: an entry has less than 1,000 octets. */
		CU_ASSERT(shown == 520 || n + 2500 > budget);
		CU_ASSERT_EQUAL(shown + omitted("\"answers\":") + omitted("\"additional\":"), 520);
		CU_ASSERT_EQUAL(b.schema.omitted != 0, shown < 520);
		CU_ASSERT_EQUAL(count("\"rcode\":\"NOERROR\""), 1);
		CU_ASSERT_EQUAL(count("\"error\""), 0);
	}
}

/* Without a configured limit the record's own octets are one. */
static void earned(void)
{
	const struct record *r = amplifier(1, 1000, 0);
	b.schema.max_bytes = 16777216;
	size_t n = write_native(r);
	CU_ASSERT(
		n <= SCHEMA_BYTES_FREE + SCHEMA_BYTES_RATIO * (r->query_len + r->reply_len) + 256);
	CU_ASSERT(omitted("\"answers\":") > 0);
	/* Ordinary records are whole. */
	r = amplifier(1, 18, 0);
	write_native(r);
	CU_ASSERT_EQUAL(count("\"data\":\"192.0.2.1\""), 18);
	CU_ASSERT_EQUAL(count("\"omitted\""), 0);
}

static void questions(void)
{
	amplifier(2000, 0, 0);
	b.query.len = 0;
	const struct record *r = bench_record(&b, RECORD_NO_QUERY);
	b.schema.max_bytes = 50000;
	CU_ASSERT(write_native(r) <= 50256);
	CU_ASSERT_EQUAL(count("{\"name\":") + omitted("\"questions\":"), 2000);
	CU_ASSERT_EQUAL(b.schema.omitted, 1u << DNS_QUESTION);
}

/* One record may be as large as thousands: HIP (RFC 8005) has any number of names. */
static void one_record(void)
{
	static const uint8_t address[4] = {192, 0, 2, 7};
	static uint8_t hip[30000];
	amplifier(1, 0, 0);
	memcpy(hip, "\1\2\0\1\xaa\xbb", 6);
	for (size_t i = 6; i + 2 <= sizeof(hip); i += 2)
		memcpy(hip + i, "\xc0\x0c", 2);
	b.reply.octets[7] = 2;
	wire_rr(&b.reply, "a.example", 1, 1, 60, address, 4);
	wire_rr(&b.reply, "b.example", 55, 1, 60, hip, sizeof(hip));
	const struct record *r = bench_record(&b, RECORD_ANSWERED);
	b.schema.max_bytes = 100000;
	CU_ASSERT(write_native(r) <= 100256);
	CU_ASSERT_EQUAL(count("\"data\":\"192.0.2.7\""), 1);
	CU_ASSERT_EQUAL(count("\"data\":") + omitted("\"answers\":"), 2);
}

static void records(void)
{
	const struct record *r = amplifier(1, 12, 7);
	b.schema.max_records = 8;
	write_native(r);
	CU_ASSERT_EQUAL(count("\"data\":"), 15);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, ",\"omitted\":{\"answers\":4}}"));
	kinds_write(&b, &schema_kind_gopassivedns, r, sizeof(b.line) - 1, &out);
	CU_ASSERT_EQUAL(out.n, 8);
	b.schema.omitted = 0;
	kinds_write(&b, &schema_kind_gazer, r, sizeof(b.line) - 1, &out);
	CU_ASSERT_EQUAL(count("\"section\":\"answer\""), 8);
	CU_ASSERT_EQUAL(b.schema.omitted, 1u << DNS_ANSWER);
}

static void forerunners(void)
{
	static const struct schema_kind *const kinds[] = {&schema_kind_gazer,
		&schema_kind_gazer_record, &schema_kind_gazer_both, &schema_kind_gopassivedns};
	for (size_t i = 0; i < BITS_COUNT(kinds); i++) {
		const struct record *r = amplifier(1, 60, 0);
		b.schema.max_bytes = 20000;
		memcpy(b.schema.level, "x", 2);
		kinds_write(&b, kinds[i], r, sizeof(b.line) - 1, &out);
		CU_ASSERT_FALSE(out.out.text.full);
		CU_ASSERT(strlen(b.line) <= 21000);
		CU_ASSERT(strlen(b.line) > 15000);
		CU_ASSERT(b.schema.omitted & 1u << DNS_ANSWER);
		CU_ASSERT_EQUAL(strlen(b.line), out.doc[out.n - 1].end);
		size_t at, from = 0;
		for (unsigned d = 0; d < out.n; from = out.doc[d++].end) {
			const char *wrong =
				json_valid_line(b.line + from, out.doc[d].end - from, &at);
			if (wrong)
				printf("\n%s at %zu: %.60s", wrong, at,
					b.line + from + (at > 40 ? at - 40 : 0));
			CU_ASSERT_PTR_NULL(wrong);
		}
	}
}

/* The bound is distinguished from a full buffer. */
static void every_size(void)
{
	static const struct schema_kind *const kinds[] = {&schema_kind_native, &schema_kind_gazer,
		&schema_kind_gazer_both, &schema_kind_gopassivedns};
	for (size_t i = 0; i < BITS_COUNT(kinds); i++) {
		amplifier(1, 6, 2);
		b.reply.len--; /* an error is counted once */
		const struct record *r = bench_record(&b, RECORD_ANSWERED);
		b.schema.max_bytes = 4000;
		kinds_every_size(&b, kinds[i], r, &b.metrics.error_short);
	}
}

void test_schema_bounds(void)
{
	CU_pSuite s = CU_add_suite("schema/bounds", NULL, NULL);
	CU_add_test(s, "native", native);
	CU_add_test(s, "as many octets as its own earn", earned);
	CU_add_test(s, "questions", questions);
	CU_add_test(s, "one record with thousands of names", one_record);
	CU_add_test(s, "max_records", records);
	CU_add_test(s, "the forerunners' schemas", forerunners);
	CU_add_test(s, "in buffers of every size", every_size);
}

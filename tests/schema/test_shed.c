/* SPDX-License-Identifier: BSD-3-Clause */
/* Sections that overload removes, in every schema, and how that is reported. */
#include "schema/kinds.h"

void test_schema_shed(void);

static struct bench b;
static struct kinds_out out;

enum { AN = 1u << DNS_ANSWER, NS = 1u << DNS_AUTHORITY, AR = 1u << DNS_ADDITIONAL };

/* With a section each, two answers, and OPT records. */
static struct record *full(void)
{
	static const uint8_t address[4] = {192, 0, 2, 7};
	bench_begin(&b);
	wire_header(&b.query, 7, 0x0100, 1, 0, 0, 1);
	wire_question(&b.query, "a.example", 1, 1);
	wire_rr(&b.query, "", 41, 1232, 0, "", 0);
	wire_header(&b.reply, 7, 0x8180, 1, 2, 1, 2);
	wire_question(&b.reply, "a.example", 1, 1);
	wire_rr(&b.reply, "a.example", 1, 1, 60, address, 4);
	wire_rr(&b.reply, "second.example", 1, 1, 60, address, 4);
	wire_rr(&b.reply, "zone.example", 2, 1, 60, "\x02ns\xc0\x0c", 5);
	wire_rr(&b.reply, "glue.example", 1, 1, 60, address, 4);
	wire_rr(&b.reply, "", 41, 1232, 0, "", 0);
	return bench_record(&b, RECORD_ANSWERED);
}

/* Writes the record with `shed`. Returns the sections that were removed. */
static unsigned write(const struct schema_kind *kind, const struct record *r, unsigned shed)
{
	b.schema.shed = (uint8_t)shed;
	b.schema.left_out = 0;
	kinds_write(&b, kind, r, 8000, &out);
	CU_ASSERT_FALSE(out.out.text.full);
	return b.schema.left_out;
}

static unsigned count(const char *word)
{
	unsigned n = 0;
	for (const char *p = b.line; (p = strstr(p, word)); p++)
		n++;
	return n;
}

static void expect(const char *word, unsigned n)
{
	if (count(word) != n)
		printf("\n%u times %s in %s", count(word), word, b.line);
	CU_ASSERT_EQUAL(count(word), n);
}

static void native(void)
{
	static const struct {
		unsigned left_out;
		const char *said;
	} rows[] = {{0, NULL}, {AR, "\"shed\":[\"additional\"]}"},
		{AR | NS, "\"shed\":[\"authority\",\"additional\"]}"},
		{AR | NS | AN, "\"shed\":[\"answers\",\"authority\",\"additional\"]}"}};
	const struct record *r = full();
	for (unsigned shed = 0; shed < 4; shed++) {
		CU_ASSERT_EQUAL(write(&schema_kind_native, r, shed), rows[shed].left_out);
		expect("\"shed\":", shed > 0);
		expect("\"answers\":[", shed < 3);
		expect("\"authority\":[", shed < 2);
		expect("\"additional\":[", shed < 1);
		expect("edns\":{\"udp\":1232}", 2);
		if (rows[shed].said)
			expect(rows[shed].said, 1);
	}
	/* Sections that are empty, or not listed, are not reported. */
	b.schema.sections = SCHEMA_ANSWERS;
	CU_ASSERT_EQUAL(write(&schema_kind_native, r, 3), AN);
	expect("\"shed\":[\"answers\"]}", 1);
	b.schema.sections = SCHEMA_NONE;
	CU_ASSERT_EQUAL(write(&schema_kind_native, r, 3), 0);
	expect("shed", 0);
	b.schema.sections = SCHEMA_ALL;
	wire_clear(&b.reply);
	CU_ASSERT_EQUAL(write(&schema_kind_native, bench_record(&b, RECORD_NO_REPLY), 3), 0);
	expect("shed", 0);
}

/* Questions and one answer stay: no answer at all would mean that there is none. */
static void gazer(void)
{
	static const struct {
		const struct schema_kind *kind;
		unsigned times; /* that an entry of the reply is written */
	} rows[] = {{&schema_kind_gazer, 1}, {&schema_kind_gazer_record, 1},
		{&schema_kind_gazer_both, 2}};
	static const unsigned left_out[] = {0, AR, AR | NS, AR | NS | AN};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		const struct record *r = full();
		b.schema.extra = true;
		for (unsigned shed = 0; shed < 4; shed++) {
			unsigned n = rows[i].times;
			CU_ASSERT_EQUAL(write(rows[i].kind, r, shed), left_out[shed]);
			expect("\"section\":\"question\"", 2 * n);
			expect("\"section\":\"answer\"", (shed < 3 ? 2 : 1) * n);
			expect("\"name\":\"second.example.\"", shed < 3 ? n : 0);
			expect("\"section\":\"authority\"", shed < 2 ? n : 0);
			expect("\"section\":\"additional\"", shed < 1 ? 3 * n : 0);
		}
		b.schema.sections = SCHEMA_ANSWERS;
		CU_ASSERT_EQUAL(write(rows[i].kind, r, 2), 0);
		CU_ASSERT_EQUAL(write(rows[i].kind, r, 3), AN);
	}
}

/* gopassivedns has a line for each answer: that of the first stays. */
static void gopassivedns(void)
{
	const struct record *r = full();
	for (unsigned shed = 0; shed < 3; shed++) {
		CU_ASSERT_EQUAL(write(&schema_kind_gopassivedns, r, shed), 0);
		CU_ASSERT_EQUAL(out.n, 2);
	}
	CU_ASSERT_EQUAL(write(&schema_kind_gopassivedns, r, 3), AN);
	CU_ASSERT_EQUAL(out.n, 1);
	expect("\"a\":\"192.0.2.7\"", 1);
	b.reply.octets[7] = 1; /* one answer: all of it */
	r = bench_record(&b, RECORD_ANSWERED);
	CU_ASSERT_EQUAL(write(&schema_kind_gopassivedns, r, 3), 0);
	CU_ASSERT_EQUAL(out.n, 1);
	b.reply.octets[3] |= 3; /* an error's line has no answers to begin with */
	r = bench_record(&b, RECORD_ANSWERED);
	CU_ASSERT_EQUAL(write(&schema_kind_gopassivedns, r, 3), 0);
	CU_ASSERT_EQUAL(out.n, 1);
}

/* Errors are found and counted nevertheless. */
static void faults(void)
{
	full();
	b.reply.len--;
	const struct record *r = bench_record(&b, RECORD_ANSWERED);
	write(&schema_kind_native, r, 3);
	expect("\"error\":\"short\",\"error_in\":\"reply\"}", 1);
	write(&schema_kind_gazer, r, 3);
	write(&schema_kind_gopassivedns, r, 3);
	CU_ASSERT_EQUAL(b.metrics.error_short, 3);
}

void test_schema_shed(void)
{
	CU_pSuite s = CU_add_suite("schema/shed", NULL, NULL);
	CU_add_test(s, "native", native);
	CU_add_test(s, "gazer and its kin", gazer);
	CU_add_test(s, "gopassivedns", gopassivedns);
	CU_add_test(s, "faults", faults);
}

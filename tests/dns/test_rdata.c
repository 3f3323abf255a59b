/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/build.h"
#include "dns/rdata.h"
#include "support/shown.h"

#include <CUnit/Basic.h>

void test_dns_rdata(void);

static struct build b;

/* Returns the text of RDATA that follows a header and ends at a guard page. */
static const char *shown(uint16_t type, uint16_t rrclass, uint32_t at, enum dns_error *error)
{
	static char buffer[1 << 20], quoted_buffer[1 << 20];
	struct text t = text_of(buffer, sizeof(buffer) - 1),
		    q = text_of(quoted_buffer, sizeof(quoted_buffer));
	uint8_t *copy = guard_copy(b.octets, b.len);
	struct name_space space = {copy, b.len};
	struct rr rr = {
		.rdata = at, .rdlen = (uint16_t)(b.len - at), .type = type, .rrclass = rrclass};
	q.quoted = true;
	*error = rdata_text(&t, &space, &rr, NULL);
	CU_ASSERT_EQUAL(rdata_text(&q, &space, &rr, NULL), *error);
	shown_ascii(&t);
	shown_same(&t, &q);
	guard_free(copy, b.len);
	buffer[text_len(&t)] = 0;
	return buffer;
}

static uint16_t type_of(const char *name)
{
	if (strncmp(name, "TYPE", 4) == 0)
		return (uint16_t)atoi(name + 4);
	for (unsigned i = 0; i < 65536; i++) {
		const struct rrtype *row = rrtype_find((uint16_t)i);
		if (row && strcmp(row->name, name) == 0)
			return (uint16_t)i;
	}
	CU_FAIL_FATAL("a sample of a type that nobody knows");
	return 0;
}

/* Tries a sample's RDATA, and every truncation of it. */
static void check_sample(const char *type, const char *hex, const char *error, const char *text)
{
	enum dns_error got;
	uint16_t number = type_of(type);
	build_header(&b, 0, 0, 0, 0, 0);
	for (; hex[0] && hex[1]; hex += 2) {
		unsigned v = 0;
		sscanf(hex, "%2x", &v);
		build_u8(&b, v);
	}
	const char *ours = shown(number, 1, DNS_HEADER_LEN, &got);
	if (strcmp(ours, text) != 0)
		fprintf(stderr, "\n%s\n  ours:   %s\n  sample: %s\n", type, ours, text);
	CU_ASSERT_STRING_EQUAL(ours, text);
	CU_ASSERT_STRING_EQUAL(dns_error_name(got), error);
	while (b.len > DNS_HEADER_LEN) {
		b.len--;
		ours = shown(number, 1, DNS_HEADER_LEN, &got);
		CU_ASSERT(got == DNS_OK || (got == DNS_RDATA && strncmp(ours, "\\# ", 3) == 0));
	}
}

static void samples(void)
{
	char path[4096], line[65536];
	const char *root = getenv("DNSLOUPE_SOURCE_ROOT");
	unsigned rows = 0;
	snprintf(path, sizeof(path), "%s/tests/dns/samples.tsv", root ? root : ".");
	FILE *f = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while (fgets(line, sizeof(line), f)) {
		char *saved, *field[4] = {0};
		if (line[0] == '#')
			continue;
		line[strcspn(line, "\n")] = 0;
		for (int i = 0; i < 4; i++)
			field[i] = strtok_r(i ? NULL : line, "\t", &saved);
		CU_ASSERT_PTR_NOT_NULL_FATAL(field[3]);
		check_sample(field[0], field[1], field[2], field[3]);
		rows++;
	}
	fclose(f);
	CU_ASSERT(rows > 250);
}

static void other_classes(void)
{
	enum dns_error error;
	build_header(&b, 0, 0, 0, 0, 0);
	build_put(&b, "\1\2\3\4", 4);
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_A, 1, 12, &error), "1.2.3.4");
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_A, 4, 12, &error), "1.2.3.4");
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_A, 254, 12, &error), "1.2.3.4");
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_A, 3, 12, &error), "\\# 4 01020304");
	CU_ASSERT_EQUAL(error, DNS_OK);
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_A, 0x8001, 12, &error), "\\# 4 01020304");
	build_header(&b, 0, 0, 0, 0, 0);
	build_put(&b, "\3abc", 4);
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_TXT, 3, 12, &error), "\"abc\"");
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_TXT, 99, 12, &error), "\"abc\"");
}

/* Empty RDATA is an error, except in an UPDATE (RFC 2136 section 2.4). */
static void no_octets(void)
{
	enum dns_error error;
	build_header(&b, 0, 0, 0, 0, 0);
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_TXT, 1, 12, &error), "\\# 0");
	CU_ASSERT_EQUAL(error, DNS_RDATA);
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_TXT, 255, 12, &error), "\\# 0");
	CU_ASSERT_EQUAL(error, DNS_OK);
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_A, 254, 12, &error), "\\# 0");
	CU_ASSERT_EQUAL(error, DNS_OK);
}

/* Names in RDATA may point out of it, but must end within it. */
static void names_in_rdata(void)
{
	enum dns_error error;
	build_header(&b, 0, 0, 0, 0, 0);
	build_name(&b, "example.com");
	build_put(&b, "\0\12\4mail\300\14", 9);
	CU_ASSERT_STRING_EQUAL(shown(RRTYPE_MX, 1, 25, &error), "10 mail.example.com.");
	struct name_space space = {b.octets, b.len};
	struct rr rr = {.rdata = 25, .rdlen = 8, .type = RRTYPE_MX, .rrclass = 1};
	char buffer[NAME_TEXT_MAX * 2];
	struct text t = text_of(buffer, sizeof(buffer));
	CU_ASSERT_EQUAL(rdata_text(&t, &space, &rr, NULL), DNS_RDATA);
}

static void compression_flag(void)
{
	static const struct {
		uint16_t type;
		bool flagged;
	} rows[] = {{RRTYPE_NS, false}, {RRTYPE_CNAME, false}, {RRTYPE_PTR, false},
		{RRTYPE_DNAME, true}, {RRTYPE_NSAP_PTR, true}};
	char buffer[NAME_TEXT_MAX * 2];
	build_header(&b, 0, 0, 0, 0, 0);
	build_name(&b, "example.com");
	build_put(&b, "\1a\300\14", 4);
	struct name_space space = {b.octets, b.len};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		struct rr rr = {.rdata = 25, .rdlen = 4, .type = rows[i].type, .rrclass = 1};
		struct text t = text_of(buffer, sizeof(buffer));
		struct name_memo memo = {0};
		CU_ASSERT_EQUAL(rdata_text(&t, &space, &rr, &memo), DNS_OK);
		CU_ASSERT(text_len(&t) == 14 && memcmp(buffer, "a.example.com.", 14) == 0);
		CU_ASSERT_EQUAL(memo.compressed, rows[i].flagged);
		rr.rdata = 12;
		rr.rdlen = 13;
		memo.compressed = false;
		CU_ASSERT_EQUAL(rdata_text(&t, &space, &rr, &memo), DNS_OK);
		CU_ASSERT_FALSE(memo.compressed);
	}
}

static void types(void)
{
	char buffer[16];
	struct text t = text_of(buffer, sizeof(buffer));
	CU_ASSERT_PTR_NULL(rrtype_find(0));
	CU_ASSERT_PTR_NULL(rrtype_find(65535));
	CU_ASSERT_PTR_NULL(rrtype_find(511));
	CU_ASSERT_PTR_NULL(rrtype_find(32767));
	CU_ASSERT_PTR_NOT_NULL(rrtype_find(32769));
	rrtype_text(&t, 65280);
	CU_ASSERT(memcmp(buffer, "TYPE65280", 9) == 0);
}

static void no_space(void)
{
	enum dns_error error;
	build_header(&b, 0, 0, 0, 0, 0);
	build_put(&b, "\12hello\"\\\0\1\2", 11);
	size_t whole = strlen(shown(RRTYPE_TXT, 1, 12, &error));
	struct name_space space = {b.octets, b.len};
	struct rr rr = {.rdata = 12, .rdlen = 11, .type = RRTYPE_TXT, .rrclass = 1};
	for (size_t n = 0; n < whole; n++) {
		uint8_t *buffer = guard_copy(b.octets, n);
		struct text t = text_of((char *)buffer, n);
		rdata_text(&t, &space, &rr, NULL);
		CU_ASSERT_TRUE(t.full);
		guard_free(buffer, n);
	}
}

void test_dns_rdata(void)
{
	CU_pSuite s = CU_add_suite("dns/rdata", NULL, NULL);
	CU_ADD_TEST(s, samples);
	CU_ADD_TEST(s, other_classes);
	CU_ADD_TEST(s, no_octets);
	CU_ADD_TEST(s, names_in_rdata);
	CU_ADD_TEST(s, compression_flag);
	CU_ADD_TEST(s, types);
	CU_ADD_TEST(s, no_space);
}

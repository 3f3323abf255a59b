/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/text.h"

#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void test_base_text(void);

static const uint8_t octets[] = {0x00, 0x1f, 0xff, 0x80, 0x0a, 0xc5, 0x3e};

/* Each appending function with its text. */
static void do_put(struct text *t)
{
	text_put(t, "twelve chars", 12);
}
static void do_char(struct text *t)
{
	text_char(t, 'x');
}
static void do_lit(struct text *t)
{
	text_lit(t, "literal");
}
static void do_str(struct text *t)
{
	text_str(t, "a string");
}
static void do_graph(struct text *t)
{
	t->quoted = true;
	text_graph(t, '"');
}
static void do_u64(struct text *t)
{
	text_u64(t, UINT64_MAX);
}
static void do_zero(struct text *t)
{
	text_u64(t, 0);
}
static void do_padded(struct text *t)
{
	text_padded(t, 42, 9);
}
static void do_i64(struct text *t)
{
	text_i64(t, INT64_MIN);
}
static void do_minus(struct text *t)
{
	text_i64(t, -7);
}
static void do_hex(struct text *t)
{
	text_hex(t, octets, sizeof(octets));
}
static void do_upper(struct text *t)
{
	text_hex_upper(t, octets, sizeof(octets));
}
static void do_base64(struct text *t)
{
	text_base64(t, octets, sizeof(octets));
}
static void do_base32(struct text *t)
{
	text_base32hex(t, octets, sizeof(octets));
}
static void do_format(struct text *t)
{
	text_format(t, "%d-%s", 12, "ab");
}

static const struct {
	void (*append)(struct text *t);
	const char *shown;
} pieces[] = {
	{do_put, "twelve chars"},
	{do_char, "x"},
	{do_lit, "literal"},
	{do_str, "a string"},
	{do_graph, "\\\""},
	{do_u64, "18446744073709551615"},
	{do_zero, "0"},
	{do_padded, "000000042"},
	{do_i64, "-9223372036854775808"},
	{do_minus, "-7"},
	{do_hex, "001fff800ac53e"},
	{do_upper, "001FFF800AC53E"},
	{do_base64, "AB//gArFPg=="},
	{do_base32, "00FVV00AOKV0"},
	{do_format, "12-ab"},
};

/* In a buffer of every size a piece is appended whole or not at all, and never past the buffer. */
static void all_or_nothing(void)
{
	for (size_t i = 0; i < BITS_COUNT(pieces); i++) {
		size_t need = strlen(pieces[i].shown);
		for (size_t size = 0; size <= need + 2; size++) {
			static const char fill[64] = "################################";
			uint8_t *p = guard_copy(fill, size);
			struct text t = text_of((char *)p, size);
			pieces[i].append(&t);
			CU_ASSERT_EQUAL_FATAL(text_len(&t), size < need ? 0 : need);
			CU_ASSERT_EQUAL_FATAL(t.full, size < need);
			CU_ASSERT_EQUAL_FATAL(memcmp(p, pieces[i].shown, text_len(&t)), 0);
			for (size_t k = text_len(&t); k < size; k++)
				CU_ASSERT_EQUAL_FATAL(p[k], '#');
			guard_free(p, size);
		}
	}
}

/* After the first piece that did not fit, nothing is appended, however small. */
static void sticky(void)
{
	for (size_t i = 0; i < BITS_COUNT(pieces); i++) {
		char buffer[64] = "";
		struct text t = text_of(buffer, sizeof(buffer));
		text_lit(&t, "ab");
		CU_ASSERT_FALSE(text_reserve(&t, sizeof(buffer)));
		CU_ASSERT_TRUE(t.full);
		for (size_t k = 0; k < BITS_COUNT(pieces); k++)
			pieces[(i + k) % BITS_COUNT(pieces)].append(&t);
		text_put(&t, "", 0);
		CU_ASSERT_EQUAL(text_len(&t), 2);
		CU_ASSERT_STRING_EQUAL(buffer, "ab");
		CU_ASSERT_TRUE(t.full);
	}
}

static void expect_u64(uint64_t v)
{
	char buffer[32] = "", libc[32];
	struct text t = text_of(buffer, 20);
	int n = snprintf(libc, sizeof(libc), "%" PRIu64, v);

	text_u64(&t, v);
	CU_ASSERT_STRING_EQUAL_FATAL(buffer, libc);
	CU_ASSERT_EQUAL_FATAL(text_width(v), (unsigned)n);
}

static void numbers(void)
{
	expect_u64(0);
	expect_u64(UINT64_MAX);
	for (size_t i = 0; i < BITS_COUNT(text_tens); i++) {
		expect_u64(text_tens[i]);
		expect_u64(text_tens[i] - 1);
		expect_u64(text_tens[i] + 1);
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		expect_u64((uint64_t)1 << bit);
		expect_u64(((uint64_t)1 << bit) - 1);
	}
	srandom(3);
	for (int i = 0; i < 100000; i++) {
		char buffer[32] = "", libc[32];
		struct text t = text_of(buffer, 21);
		int64_t v = (int64_t)((uint64_t)random() << 33 ^ (uint64_t)random() << 11) >>
			    random() % 64;
		text_i64(&t, v);
		snprintf(libc, sizeof(libc), "%" PRId64, v);
		CU_ASSERT_STRING_EQUAL_FATAL(buffer, libc);
	}
	for (unsigned n = 1; n <= 20; n++) {
		char buffer[32] = "", libc[32];
		struct text t = text_of(buffer, 20);
		uint64_t v = n == 20 ? UINT64_MAX : text_tens[n] - 1;
		text_padded(&t, v / 7, n);
		snprintf(libc, sizeof(libc), "%0*" PRIu64, (int)n, v / 7);
		CU_ASSERT_STRING_EQUAL(buffer, libc);
	}
}

/* RFC 4648 section 10. */
static void bases(void)
{
	static const struct {
		const char *plain, *base64, *base32hex;
	} rows[] = {
		{"", "", ""},
		{"f", "Zg==", "CO"},
		{"fo", "Zm8=", "CPNG"},
		{"foo", "Zm9v", "CPNMU"},
		{"foob", "Zm9vYg==", "CPNMUOG"},
		{"fooba", "Zm9vYmE=", "CPNMUOJ1"},
		{"foobar", "Zm9vYmFy", "CPNMUOJ1E8"},
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		size_t n = strlen(rows[i].plain);
		uint8_t *p = guard_copy(rows[i].plain, n);
		char buffer[64] = "";
		struct text t = text_of(buffer, sizeof(buffer) - 1);
		text_base64(&t, p, n);
		CU_ASSERT_STRING_EQUAL(buffer, rows[i].base64);
		memset(buffer, 0, sizeof(buffer));
		t = text_of(buffer, sizeof(buffer) - 1);
		text_base32hex(&t, p, n);
		CU_ASSERT_STRING_EQUAL(buffer, rows[i].base32hex);
		guard_free(p, n);
	}
}

/* text_graph() escapes within a JSON string only. */
/* Any length, up to a guard page, equals the RFC's definition octet by octet. */
static void long_base64(void)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t n = 0; n < 200; n++) {
		uint8_t plain[202] = {0};
		char buffer[300] = "", expected[300] = "";
		struct text t = text_of(buffer, sizeof(buffer) - 1);
		for (size_t i = 0; i < n; i++)
			plain[i] = (uint8_t)random();
		uint8_t *p = guard_copy(plain, n);
		text_base64(&t, p, n);
		guard_free(p, n);
		for (size_t i = 0; i < (n + 2) / 3 * 4; i++) {
			size_t bit = i * 6;
			unsigned two = plain[bit / 8] << 8 | plain[bit / 8 + 1];
			expected[i] = bit >= n * 8 ? '=' : digits[two >> (10 - bit % 8) & 63];
		}
		CU_ASSERT_STRING_EQUAL_FATAL(buffer, expected);
	}
}

/* Copies any length between guard pages. */
static void copies(void)
{
	static uint8_t from[1024], zero[1024];
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i * 7 + 1);
	for (size_t n = 0; n <= sizeof(from); n++) {
		uint8_t *source = guard_copy(from, n), *copy = guard_copy(zero, n);
		bits_copy(copy, source, n);
		CU_ASSERT_EQUAL_FATAL(memcmp(copy, from, n), 0);
		guard_free(copy, n);
		guard_free(source, n);
	}
}

static void graphs(void)
{
	for (int c = 0x21; c < 0x7f; c++)
		for (int quoted = 0; quoted < 2; quoted++) {
			char buffer[8] = "", shown[8] = "";
			struct text t = text_of(buffer, sizeof(buffer) - 1);
			t.quoted = quoted;
			text_graph(&t, (char)c);
			if (quoted && (c == '"' || c == '\\'))
				shown[0] = '\\';
			shown[strlen(shown)] = (char)c;
			CU_ASSERT_STRING_EQUAL(buffer, shown);
		}
}

/* Formatted text is truncated to 1023 characters. */
static void long_format(void)
{
	static char word[4000], buffer[4000];
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	memset(word, 'w', sizeof(word) - 1);
	text_format(&t, "%s", word);
	CU_ASSERT_FALSE(t.full);
	CU_ASSERT_EQUAL(text_len(&t), strlen(buffer));
	CU_ASSERT(text_len(&t) == 1023);
}

void test_base_text(void)
{
	CU_pSuite s = CU_add_suite("base/text", NULL, NULL);
	CU_add_test(s, "all of a piece or nothing", all_or_nothing);
	CU_add_test(s, "sticky full", sticky);
	CU_add_test(s, "numbers as libc shows them", numbers);
	CU_add_test(s, "base64 and base32hex", bases);
	CU_add_test(s, "long base64", long_base64);
	CU_add_test(s, "copies", copies);
	CU_add_test(s, "graphic characters", graphs);
	CU_add_test(s, "long formats", long_format);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/scan.h"

#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

void test_encode_scan(void);

/* The tokens of a document as letters, its octets ending at a guard page. */
static const char *tokens(const char *json, size_t n)
{
	static const char letters[] = "$!{[.ksntfz";
	static char shown[300];
	uint8_t *copy = guard_copy(json, n);
	struct scan s = scan_of((char *)copy, n);
	enum scan_token token = SCAN_NULL;
	size_t i = 0;
	while (token != SCAN_END && token != SCAN_BAD && i < sizeof(shown) - 1) {
		token = scan_next(&s);
		shown[i++] = letters[token];
	}
	shown[i] = '\0';
	CU_ASSERT_EQUAL(scan_next(&s), token); /* the same for good */
	guard_free(copy, n);
	return shown;
}

static void expect(const char *json, const char *shown)
{
	const char *got = tokens(json, strlen(json));
	if (strcmp(got, shown) != 0)
		printf("\n%s: %s, expected %s", json, got, shown);
	CU_ASSERT_STRING_EQUAL(got, shown);
}

#define DOCUMENT "{\"a\":\"b\",\"n\":-1.50,\"l\":[{\"y\":true,\"x\":false},0,null],\"o\":{}}\n"

static void good(void)
{
	expect("{}", "{.$");
	expect("{}\n", "{.$");
	expect("{\"a\":1}", "{kn.$");
	expect(DOCUMENT, "{kskn"
			 "k[{ktkf.nz."
			 "k{."
			 ".$");
	expect("{\"\\u00e4\\\"\":\"\\\\\\/\\b\\f\\n\\r\\t\"}", "{ks.$");
	expect("{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}", "{k[[[[[[[[[[[[[[[................$");
}

static void bad(void)
{
	static const char *const all[] = {"", "{", "}", "[]", "[1]", "1", "\"a\"", "{\"a\":}",
		"{\"a\":1,}", "{\"a\":[1,]}", "{\"a\":[1}", "{\"a\":1]", "{\"a\" :1}", " {}", "{} ",
		"{}\n\n", "{}{", "{\"a\":1 }", "{,}", "{\"a\":[,1]}", "{\"a\"1}", "{a:1}",
		"{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":+1}", "{\"a\":-}", "{\"a\":1e3}",
		"{\"a\":1.5E3}", "{\"a\":tru}", "{\"a\":nulll}", "{\"a\":falsf}", "{\"a\":\"\n\"}",
		"{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\u123", "{\"a\":\"\\",
		"{\"a\":\"b", "{\"a", "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"};
	for (size_t i = 0; i < BITS_COUNT(all); i++) {
		const char *got = tokens(all[i], strlen(all[i]));
		if (got[strlen(got) - 1] != '!')
			printf("\n%s: %s", all[i], got);
		CU_ASSERT_EQUAL(got[strlen(got) - 1], '!');
	}
}

/* Truncated or changed anywhere: no read outside, and a truncated document is always bad. */
static void every_cut(void)
{
	size_t n = strlen(DOCUMENT);
	for (size_t cut = 0; cut < n - 1; cut++) {
		const char *got = tokens(DOCUMENT, cut);
		CU_ASSERT_EQUAL(got[strlen(got) - 1], '!');
	}
	for (size_t at = 0; at < n; at++)
		for (unsigned c = 0; c < 256; c++) {
			char other[] = DOCUMENT;
			other[at] = (char)c;
			const char *got = tokens(other, n);
			CU_ASSERT(strchr("!$", got[strlen(got) - 1]) != NULL);
		}
}

/* Strings of every length with a special character in every place. */
static void every_place(void)
{
	for (size_t len = 0; len < 40; len++)
		for (size_t at = 0; at <= len; at++)
			for (int c = 0; c < 4; c++) {
				char json[80] = "{\"a\":\"", *p = json + strlen(json);
				memset(p, '\x80' + (int)len, len);
				if (at < len)
					p[at] = "\x01z\\\""[c];
				strcpy(p + len, "\"}");
				const char *got = tokens(json, strlen(json));
				bool fine = at == len || c == 1;
				CU_ASSERT_EQUAL(strcmp(got, "{ks.$") == 0, fine);
			}
}

static uint64_t bits_of(double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static void expect_number(const char *text, double v)
{
	struct scan s = {.text = text, .len = strlen(text)};
	struct scan_number n;
	CU_ASSERT_FATAL(scan_number(&s, &n));
	double got = scan_double(&n);
	if (bits_of(got) != bits_of(v))
		printf("\n%s is %.17g, expected %.17g", text, got, v);
	CU_ASSERT_EQUAL(bits_of(got), bits_of(v));
}

/* Numbers round as with strtod(). */
static void numbers(void)
{
	static const char *const some[] = {"0", "-0", "0.0", "-0.5", "1444531212.628222",
		"1444531212.628222123", "9007199254740993", "9007199254740992.5",
		"9007199254740993.0", "9007199254740991.5", "18446744073709551615",
		"0.0000000000000000001", "1.8446744073709551615", "1844674407370955161.5",
		"4503599627370496.25", "4503599627370497.5", "-9223372036854775808"};
	static const char *const large[] = {"18446744073709551616", "99999999999999999999",
		"1.84467440737095516160", "0.00000000000000000001"};
	for (size_t i = 0; i < BITS_COUNT(some); i++)
		expect_number(some[i], strtod(some[i], NULL));
	srandom(7);
	for (int i = 0; i < 200000; i++) {
		char text[64];
		uint64_t v =
			(uint64_t)random() << 33 ^ (uint64_t)random() << 11 ^ (uint64_t)random();
		int decimals = (int)(random() % 19) + 1;
		v >>= random() % 60;
		snprintf(text, sizeof(text), "%020llu", (unsigned long long)v);
		memmove(text + 21 - decimals, text + 20 - decimals, (size_t)decimals + 1);
		text[20 - decimals] = '.';
		expect_number(text, strtod(text, NULL));
	}
	for (size_t i = 0; i < BITS_COUNT(large); i++) {
		struct scan s = {.text = large[i], .len = strlen(large[i])};
		struct scan_number n;
		CU_ASSERT_FALSE(scan_number(&s, &n));
	}
}

static void expect_text(const char *escaped, const char *shown)
{
	char json[128], buffer[64];
	snprintf(json, sizeof(json), "{\"a\":\"%s\"}", escaped);
	struct scan s = scan_of(json, strlen(json));
	scan_next(&s);
	scan_next(&s);
	CU_ASSERT_EQUAL_FATAL(scan_next(&s), SCAN_STRING);
	struct text t = text_of(buffer, s.len); /* not longer than with its escapes */
	scan_unescape(&t, &s);
	CU_ASSERT_FALSE(t.full);
	buffer[text_len(&t)] = '\0';
	CU_ASSERT_STRING_EQUAL(buffer, shown);
}

static void escapes(void)
{
	expect_text("", "");
	expect_text("plain", "plain");
	expect_text("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
	expect_text("a\\u0001b\\u007f\\u0080\\u07ff\\u0800\\uffff",
		"a\x01"
		"b\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
	expect_text("\\ud83d\\ude00\\uD83D\\uDE00", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
	expect_text("\\ud83dx", "\xef\xbf\xbdx");
	expect_text("\\ude00", "\xef\xbf\xbd");
	expect_text("\\ud83d\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd");
	expect_text("\\ud83d\\u0041", "\xef\xbf\xbd"
				      "A");
	expect_text("m\xc3\xbc", "m\xc3\xbc");
}

void test_encode_scan(void)
{
	CU_pSuite s = CU_add_suite("encode/scan", NULL, NULL);
	CU_add_test(s, "documents", good);
	CU_add_test(s, "what is none", bad);
	CU_add_test(s, "every cut, every octet", every_cut);
	CU_add_test(s, "something special at every place", every_place);
	CU_add_test(s, "numbers", numbers);
	CU_add_test(s, "escapes", escapes);
}

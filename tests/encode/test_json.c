/* SPDX-License-Identifier: BSD-3-Clause */
#include "encode/counters.h"

#include "support/guard.h"
#include "support/json_valid.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

void test_encode_json(void);

/* Counters as members, by stage, in the order of their lists. */
static void counters(void)
{
	static const struct metrics_row rows[] = {
		{"a", "", offsetof(struct metrics_worker, rx)},
		{"b", "", offsetof(struct metrics_worker, txn)},
	};
	static const struct metrics_list lists[] = {
		{"one", rows, 1}, {"two", rows, 2}, {"none", rows, 0}};
	struct metrics_worker w = {.rx = {.packets = 7}, .txn = {.queries = UINT64_MAX}};
	char buffer[128];
	struct text t = text_of(buffer, sizeof(buffer) - 1);

	json_open(&t, '{');
	json_count(&t, "n", 0);
	json_name(&t, "stages");
	counters_stages(&t, lists, BITS_COUNT(lists), &w);
	json_end_line(&t);
	buffer[text_len(&t)] = '\0';
	CU_ASSERT_STRING_EQUAL(buffer,
		"{\"n\":0,\"stages\":{\"one\":{\"a\":7},"
		"\"two\":{\"a\":7,\"b\":18446744073709551615},\"none\":{}}}\n");
}

static void expect_str(const char *s, size_t n, const char *shown)
{
	char buffer[128] = "";
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	uint8_t *p = guard_copy(s, n);
	json_str(&t, (const char *)p, n);
	CU_ASSERT_STRING_EQUAL(buffer, shown);
	CU_ASSERT_FALSE(t.quoted);
	guard_free(p, n);
}

/* RFC 8259 section 7, and no raw control octet, DEL included. */
static void every_ascii(void)
{
	for (unsigned c = 0; c < 0x80; c++) {
		char octet = (char)c, shown[16];
		switch (c) {
		case '"': strcpy(shown, "\"\\\"\","); break;
		case '\\': strcpy(shown, "\"\\\\\","); break;
		default:
			snprintf(shown, sizeof(shown),
				c < 0x20 || c == 0x7f ? "\"\\u%04x\"," : "\"%c\",", c);
		}
		expect_str(&octet, 1, shown);
	}
}

/* Octets that are not UTF-8 become U+FFFD, alone and within text, which stays. */
static void every_high_octet(void)
{
	for (unsigned c = 0x80; c < 0x100; c++) {
		char s[3] = {'a', (char)c, 'b'};
		expect_str(s, 3,
			"\"a\xef\xbf\xbd"
			"b\",");
		expect_str(s + 1, 1, "\"\xef\xbf\xbd\",");
	}
}

#define BAD "\xef\xbf\xbd"

static void utf8(void)
{
	static const char *const good[] = {"\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"m\xc3\xbc"};
	static const struct {
		const char *s, *shown;
	} bad[] = {
		{"\xc0\x80", BAD BAD},
		{"\xc1\xbf", BAD BAD},
		{"\xe0\x9f\xbf", BAD BAD BAD},
		{"\xed\xa0\x80", BAD BAD BAD}, /* a surrogate */
		{"\xf0\x8f\xbf\xbf", BAD BAD BAD BAD},
		{"\xf4\x90\x80\x80", BAD BAD BAD BAD},
		{"\xf5\x80\x80\x80", BAD BAD BAD BAD},
		{"\xe2\x82", BAD BAD},
		{"\xe2\x82x", BAD BAD "x"},
		{"\xf0\x9f\x98\"", BAD BAD BAD "\\\""},
	};
	char shown[64];
	for (unsigned c = 0x80; c < 0xa0; c++) { /* control characters to a terminal */
		char control[2] = {'\xc2', (char)c};
		snprintf(shown, sizeof(shown), "\"\\u00%02x\",", c);
		expect_str(control, 2, shown);
	}
	for (size_t i = 0; i < BITS_COUNT(good); i++) {
		snprintf(shown, sizeof(shown), "\"%s\",", good[i]);
		expect_str(good[i], strlen(good[i]), shown);
	}
	for (size_t i = 0; i < BITS_COUNT(bad); i++) {
		snprintf(shown, sizeof(shown), "\"%s\",", bad[i].shown);
		expect_str(bad[i].s, strlen(bad[i].s), shown);
	}
}

/* Any octets give valid JSON, of at most six octets for each. */
static void any_octets(void)
{
	srandom(4);
	for (int i = 0; i < 20000; i++) {
		char s[40], buffer[300];
		size_t n = (size_t)random() % sizeof(s) + 1, at;
		for (size_t k = 0; k < n; k++)
			s[k] = (char)(random() % 3 ? 0x80 | random() : random());
		struct text t = text_of(buffer, 6 * n + 8);
		json_open(&t, '{');
		JSON_KEY(&t, "k");
		json_str(&t, s, n);
		t.at--;
		text_char(&t, '}');
		CU_ASSERT_FALSE_FATAL(t.full);
		const char *wrong = json_valid(buffer, text_len(&t), &at);
		CU_ASSERT_PTR_NULL_FATAL(wrong);
	}
}

static void expect_milli(int64_t v, const char *shown)
{
	char buffer[64] = "";
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	json_milli(&t, v);
	buffer[text_len(&t)] = '\0'; /* what stood there before zeros were taken back */
	CU_ASSERT_STRING_EQUAL(buffer, shown);
}

static void milli(void)
{
	expect_milli(0, "0,");
	expect_milli(1, "0.001,");
	expect_milli(10, "0.01,");
	expect_milli(100, "0.1,");
	expect_milli(999, "0.999,");
	expect_milli(1000, "1,");
	expect_milli(10000, "10,");
	expect_milli(1234500, "1234.5,");
	expect_milli(1234560, "1234.56,");
	expect_milli(1234567, "1234.567,");
	expect_milli(1000001, "1000.001,");
	expect_milli(-1, "-0.001,");
	expect_milli(-500, "-0.5,");
	expect_milli(-1000, "-1,");
	expect_milli(-20050, "-20.05,");
	expect_milli(INT64_MAX, "9223372036854775.807,");
	expect_milli(INT64_MIN, "-9223372036854775.808,");
	srandom(5);
	for (int i = 0; i < 20000; i++) {
		char buffer[64] = "";
		struct text t = text_of(buffer, sizeof(buffer) - 1);
		int64_t v = (int64_t)((uint64_t)random() << 20 ^ (uint64_t)random()) - (1l << 50);
		json_milli(&t, v);
		buffer[text_len(&t) - 1] = '\0';
		CU_ASSERT_DOUBLE_EQUAL_FATAL(strtod(buffer, NULL), (double)v / 1000, 0.0006);
	}
}

static void document(struct text *t)
{
	json_open(t, '{');
	JSON_PAIR(t, "a", "b");
	JSON_KEY(t, "n");
	json_u64(t, UINT64_MAX);
	JSON_KEY(t, "list");
	json_open(t, '[');
	json_open(t, '{');
	JSON_KEY(t, "yes");
	json_bool(t, true);
	JSON_KEY(t, "no");
	json_bool(t, false);
	json_close(t, '}');
	json_milli(t, -1500);
	json_close(t, ']');
	JSON_KEY(t, "s");
	json_str(t, "\x01\"\xff", 3);
	json_end_line(t);
}

#define DOCUMENT                                                                                   \
	"{\"a\":\"b\",\"n\":18446744073709551615,\"list\":[{\"yes\":true,\"no\":false},-1.5],"     \
	"\"s\":\"\\u0001\\\"" BAD "\"}\n"

/* A document is whole in a buffer that is large enough; a smaller one gets full, with nothing past
 * it. */
static void every_size(void)
{
	size_t need = strlen(DOCUMENT), whole = 0, at;
	for (size_t size = 0; size < need + 64; size++) {
		static char fill[256];
		uint8_t *p = guard_copy(fill, size);
		struct text t = text_of((char *)p, size);
		document(&t);
		CU_ASSERT(t.full || text_len(&t) == need);
		CU_ASSERT(text_len(&t) <= size);
		CU_ASSERT_FALSE(!t.full && size < need);
		if (!t.full) {
			CU_ASSERT_EQUAL(memcmp(p, DOCUMENT, need), 0);
			CU_ASSERT_PTR_NULL(json_valid_line((char *)p, need, &at));
			whole++;
		} else {
			CU_ASSERT_EQUAL(whole, 0); /* it fits a larger buffer, too */
		}
		guard_free(p, size);
	}
	CU_ASSERT(whole >= 32);
}

static void empty_brackets(void)
{
	char buffer[16] = "";
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	json_open(&t, '{');
	json_end_line(&t);
	CU_ASSERT_STRING_EQUAL(buffer, "{}\n");
}

/* The validator of the other tests: what it must accept and what it must reject. */
static void judge(void)
{
	static const char *const good[] = {"{\"a\":1}",
		"{\"a\":-0.5e+7,\"b\":[true,{\"c\":false}]}",
		"{\"a\":\"\\ud83d\\ude00\\u00ff\\n\",\"b\":\"\xf0\x9f\x98\x80\"}", "{\"a\":\"b\"}"};
	static const char *const bad[] = {"", "{", "{}", "[]", "[1]", "1", "{\"a\":}", "{\"a\":1,}",
		"{\"a\":[]}", "{\"a\":[1,]}", "{\"a\":{}}", "{\"a\":\"\"}", "{\"a\":null}",
		"{\"a\":1}{", "{\"a\":1} ", "{ \"a\":1}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}",
		"{\"a\":+1}", "{\"a\":1e}", "{\"a\":\"\x01\"}", "{\"a\":\"\x7f\"}",
		"{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\ud800\"}",
		"{\"a\":\"\\udc00\"}", "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xf4\x90\x80\x80\"}",
		"{\"a\":\"\xe2\x82\"}", "{\"a\":1,\"a\":2}", "{\"a\":\"b\"c}", "{\"a\":\"b\"true}",
		"{\"a\" 1}", "{a:1}", "{\"a\":tru}", "{\"a\":\"b", "{\"a\":[1}", "{\"a\":1\n}"};
	size_t at;
	for (size_t i = 0; i < BITS_COUNT(good); i++) {
		size_t n = strlen(good[i]);
		uint8_t *p = guard_copy(good[i], n);
		CU_ASSERT_PTR_NULL(json_valid((char *)p, n, &at));
		CU_ASSERT_EQUAL(at, n);
		guard_free(p, n);
		for (size_t cut = 0; cut < n; cut++) {
			p = guard_copy(good[i], cut);
			CU_ASSERT_PTR_NOT_NULL(json_valid((char *)p, cut, &at));
			guard_free(p, cut);
		}
	}
	for (size_t i = 0; i < BITS_COUNT(bad); i++) {
		uint8_t *p = guard_copy(bad[i], strlen(bad[i]));
		CU_ASSERT_PTR_NOT_NULL(json_valid((char *)p, strlen(bad[i]), &at));
		guard_free(p, strlen(bad[i]));
	}
	CU_ASSERT_PTR_NOT_NULL(json_valid_line("{\"a\":1}", 7, &at));
	CU_ASSERT_PTR_NOT_NULL(json_valid_line("{\"a\":1}\n\n", 9, &at));
	CU_ASSERT_PTR_NULL(json_valid_line("{\"a\":1}\n", 8, &at));
}

void test_encode_json(void)
{
	CU_pSuite s = CU_add_suite("encode/json", NULL, NULL);
	CU_add_test(s, "the judge of the others", judge);
	CU_add_test(s, "every ASCII octet", every_ascii);
	CU_add_test(s, "every octet above", every_high_octet);
	CU_add_test(s, "UTF-8 and what is not", utf8);
	CU_add_test(s, "any octets", any_octets);
	CU_add_test(s, "thousandths", milli);
	CU_add_test(s, "a document in buffers of every size", every_size);
	CU_add_test(s, "nothing in brackets", empty_brackets);
	CU_add_test(s, "counters", counters);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/build.h"
#include "dns/idna.h"
#include "support/shown.h"

#include <CUnit/Basic.h>

void test_dns_name(void);

static struct build b;

/* Returns the text of the name at `at`; "!short" or "!name" if it is malformed. */
static const char *shown(uint32_t at, bool dot, bool quoted)
{
	static char buffer[NAME_TEXT_MAX + 1];
	struct text t = text_of(buffer, NAME_TEXT_MAX);
	enum dns_error error = DNS_OK, again = DNS_OK;
	uint8_t *copy = guard_copy(b.octets, b.len);
	struct name_space space = {copy, b.len};
	t.quoted = quoted;
	uint32_t after = name_text(&t, &space, at, dot, NULL, &error);
	CU_ASSERT_EQUAL(name_skip(&space, at, &again), after);
	CU_ASSERT_EQUAL(error, again);
	buffer[text_len(&t)] = 0;
	if (after == 0)
		snprintf(buffer, sizeof(buffer), "!%s", dns_error_name(error));
	guard_free(copy, b.len);
	return buffer;
}

static void start(void)
{
	build_header(&b, 0, 0, 0, 0, 0);
}

static void plain(void)
{
	start();
	build_name(&b, "wWw.example.com");
	build_name(&b, "");
	CU_ASSERT_STRING_EQUAL(shown(12, false, false), "wWw.example.com");
	CU_ASSERT_STRING_EQUAL(shown(12, true, true), "wWw.example.com.");
	CU_ASSERT_STRING_EQUAL(shown(29, false, false), ".");
	CU_ASSERT_STRING_EQUAL(shown(29, true, false), ".");
}

static void escapes(void)
{
	start();
	build_put(&b, "\10a.b\\c\"(;\2\0\377", 12);
	build_u8(&b, 0);
	CU_ASSERT_STRING_EQUAL(shown(12, false, false), "a\\.b\\\\c\"(;.\\000\\255");
	CU_ASSERT_STRING_EQUAL(shown(12, true, false), "a\\.b\\\\c\\\"\\(\\;.\\000\\255.");
	CU_ASSERT_STRING_EQUAL(shown(12, false, true), "a\\\\.b\\\\\\\\c\\\"(;.\\\\000\\\\255");
	CU_ASSERT_STRING_EQUAL(
		shown(12, true, true), "a\\\\.b\\\\\\\\c\\\\\\\"\\\\(\\\\;.\\\\000\\\\255.");
}

static void pointers(void)
{
	enum dns_error error;
	start();
	build_name(&b, "example.com");
	build_put(&b, "\3www\300\14", 6);
	build_put(&b, "\1a\300\31\300\37", 6);
	CU_ASSERT_STRING_EQUAL(shown(25, false, false), "www.example.com");
	CU_ASSERT_STRING_EQUAL(shown(31, false, false), "a.www.example.com");
	CU_ASSERT_STRING_EQUAL(shown(35, false, false), "a.www.example.com");
	struct name_space space = {b.octets, b.len};
	CU_ASSERT_EQUAL(name_skip(&space, 25, &error), 31);
	CU_ASSERT_EQUAL(name_skip(&space, 35, &error), 37);
	CU_ASSERT_TRUE(name_is_compressed(&space, 25, 31));
	CU_ASSERT_TRUE(name_is_compressed(&space, 35, 37));
	CU_ASSERT_FALSE(name_is_compressed(&space, 12, 25));
	start();
	build_put(&b, "\2a\301\0", 4);
	space.len = b.len;
	CU_ASSERT_FALSE(name_is_compressed(&space, 12, 16));
}

static void broken(void)
{
	static const struct {
		const char *octets;
		size_t len;
		const char *error;
	} rows[] = {
		{"", 0, "!short"},
		{"\1", 1, "!short"},
		{"\1a", 2, "!short"},
		{"\300", 1, "!short"},
		{"\300\14", 2, "!name"}, /* at itself */
		{"\300\15\0", 3, "!name"}, /* forwards */
		{"\300\0", 2, "!name"}, /* at the header */
		{"\300\13", 2, "!name"},
		{"\1a\300\14", 4, "!name"}, /* back to its own start */
		{"\100a", 2, "!name"}, /* undefined label types */
		{"\200a", 2, "!name"},
		{"\377\377", 2, "!name"},
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		start();
		build_put(&b, rows[i].octets, rows[i].len);
		CU_ASSERT_STRING_EQUAL(shown(12, true, false), rows[i].error);
	}
}

/* The limits, 63 octets a label and 255 a name, and one octet more. */
static void limits(void)
{
	uint8_t label[64];
	memset(label, 'x', sizeof(label));
	for (int last = 61; last <= 62; last++) {
		start();
		for (int i = 0; i < 4; i++) {
			int n = i < 3 ? 63 : last;
			build_u8(&b, (unsigned)n);
			build_put(&b, label, (size_t)n);
		}
		build_u8(&b, 0);
		CU_ASSERT_EQUAL(strlen(shown(12, true, false)), last == 61 ? 254 : 5);
		CU_ASSERT_EQUAL(shown(12, true, false)[0] == '!', last == 62);
	}
	start();
	for (int i = 0; i < 127; i++)
		build_put(&b, "\1a", 2);
	build_u8(&b, 0);
	CU_ASSERT_EQUAL(strlen(shown(12, true, false)), 254);
}

/* Builds a name of equal labels, one of which (from 1; 0: none) has an octet that needs an escape.
 */
static void build_equal_labels(unsigned count, unsigned len, unsigned escaped, char *expected)
{
	start();
	for (unsigned i = 1; i <= count; i++) {
		build_u8(&b, len);
		for (unsigned k = 0; k < len; k++) {
			bool escape = i == escaped && k == len / 2;
			build_u8(&b, escape ? '\\' : 'a' + k % 26);
			if (escape)
				*expected++ = '\\';
			*expected++ = escape ? '\\' : (char)('a' + k % 26);
		}
		*expected++ = '.';
	}
	build_u8(&b, 0);
	*expected = '\0';
}

/* Labels of every length in every number, in place and behind a pointer, with and without escapes.
 */
static void many_labels(void)
{
	char expected[NAME_TEXT_MAX];
	for (unsigned len = 1; len <= 63; len++)
		for (unsigned count = 1; count * (len + 1) < NAME_WIRE_MAX; count++)
			for (unsigned quarter = 0; quarter <= 4; quarter++) {
				build_equal_labels(count, len, count * quarter / 4, expected);
				CU_ASSERT_STRING_EQUAL(shown(12, true, false), expected);
				build_u16(&b, 0xc00c);
				CU_ASSERT_STRING_EQUAL(shown(b.len - 2, true, false), expected);
			}
}

/* Pointers in a row are followed NAME_JUMPS times. */
static void pointer_chain(void)
{
	start();
	build_u8(&b, 0);
	build_u16(&b, 0xc00c);
	for (int i = 1; i < 200; i++)
		build_u16(&b, 0xc000 | (b.len - 2));
	CU_ASSERT_STRING_EQUAL(shown(13 + 2 * (NAME_JUMPS - 1), true, false), ".");
	CU_ASSERT_STRING_EQUAL(shown(13 + 2 * NAME_JUMPS, true, false), "!name");
}

/* Parses a name in presentation form. Returns its octets. */
static size_t parse(uint8_t *to, const char *p)
{
	size_t label = 0, n = 1;
	if (strcmp(p, ".") == 0)
		p++;
	while (*p) {
		int c = (unsigned char)*p++;
		if (c == '.') {
			to[label] = (uint8_t)(n - label - 1);
			label = n++;
			continue;
		}
		if (c == '\\' && *p >= '0' && *p <= '9') {
			c = (p[0] - '0') * 100 + (p[1] - '0') * 10 + p[2] - '0';
			p += 3;
		} else if (c == '\\') {
			c = (unsigned char)*p++;
		}
		to[n++] = (uint8_t)c;
	}
	to[label] = (uint8_t)(n - label - 1);
	if (n - label > 1)
		to[n++] = 0;
	return n;
}

static void check_lossless(void)
{
	uint8_t back[NAME_TEXT_MAX];
	static char kept[NAME_TEXT_MAX + 1];
	size_t len = b.len - 12;
	for (int dot = 0; dot < 2; dot++) {
		size_t n = parse(back, shown(12, dot, false));
		CU_ASSERT_EQUAL(n, len);
		CU_ASSERT(memcmp(back, b.octets + 12, len) == 0);
		strcpy(kept, shown(12, dot, false));
		const char *quoted = shown(12, dot, true);
		struct text plain_text = {.start = kept, .at = kept + strlen(kept)};
		struct text json = {.start = (char *)(uintptr_t)quoted,
			.at = (char *)(uintptr_t)quoted + strlen(quoted)};
		shown_ascii(&plain_text);
		shown_same(&plain_text, &json);
	}
}

static void lossless(void)
{
	uint32_t random = 20151010;
	for (unsigned c = 0; c < 256; c++) {
		start();
		build_u8(&b, 3);
		build_u8(&b, c);
		build_u8(&b, 'x');
		build_u8(&b, c);
		build_u8(&b, 0);
		check_lossless();
	}
	for (int i = 0; i < 2000; i++) {
		start();
		for (;;) {
			random = random * 1664525 + 1013904223;
			unsigned n = 1 + (random >> 16) % 63;
			if (b.len - 12 + n + 2 > NAME_WIRE_MAX || (random >> 8) % 5 == 0)
				break;
			build_u8(&b, n);
			while (n--) {
				random = random * 1664525 + 1013904223;
				build_u8(&b, random >> 24);
			}
		}
		build_u8(&b, 0);
		check_lossless();
	}
}

static void memo(void)
{
	char buffer[8 * NAME_TEXT_MAX];
	struct text t = text_of(buffer, sizeof(buffer));
	struct name_memo memo = {0};
	enum dns_error error;
	start();
	build_name(&b, "a.example");
	build_put(&b, "\300\14\1b\300\16\300\14\2(.\300\14", 14);
	struct name_space space = {b.octets, b.len};
	CU_ASSERT_EQUAL(name_text(&t, &space, 12, false, &memo, &error), 23);
	CU_ASSERT_EQUAL(name_text(&t, &space, 23, true, &memo, &error), 25);
	CU_ASSERT_EQUAL(name_text(&t, &space, 25, true, &memo, &error), 29);
	CU_ASSERT_EQUAL(name_text(&t, &space, 29, false, &memo, &error), 31);
	CU_ASSERT_EQUAL(name_text(&t, &space, 31, false, &memo, &error), 36);
	CU_ASSERT_EQUAL(name_text(&t, &space, 31, true, &memo, &error), 36);
	buffer[text_len(&t)] = 0;
	CU_ASSERT_STRING_EQUAL(
		buffer, "a.examplea.example.b.example.a.example(\\..a.example\\(\\..a.example.");
}

static void no_space(void)
{
	char buffer[NAME_TEXT_MAX - 1];
	struct text t = text_of(buffer, sizeof(buffer));
	enum dns_error error;
	start();
	build_name(&b, "a");
	struct name_space space = {b.octets, b.len};
	CU_ASSERT_EQUAL(name_text(&t, &space, 12, false, NULL, &error), 15);
	CU_ASSERT_TRUE(t.full);
	CU_ASSERT_EQUAL(text_len(&t), 0);
}

static void folding(void)
{
	uint8_t to[8];
	CU_ASSERT_TRUE(name_equal_fold((const uint8_t *)"\3aBc", (const uint8_t *)"\3AbC", 4));
	CU_ASSERT_FALSE(name_equal_fold((const uint8_t *)"\3aBc", (const uint8_t *)"\3AbD", 4));
	CU_ASSERT_FALSE(name_equal_fold((const uint8_t *)"@[`", (const uint8_t *)"`{@", 3));
	name_fold(to, (const uint8_t *)"@AZ[az\xc1", 7);
	CU_ASSERT(memcmp(to, "@az[az\xc1", 7) == 0);
}

static void idna(void)
{
	char buffer[NAME_TEXT_MAX + 1];
	struct text t = text_of(buffer, NAME_TEXT_MAX);
	start();
	build_name(&b, "www.XN--mnchen-3ya.xn--a.de");
	build_name(&b, "www.example");
	struct name_space space = {b.octets, b.len};
	bool found = idna_text(&t, &space, 12);
	CU_ASSERT_EQUAL(found, idna_available());
	if (found) {
		buffer[text_len(&t)] = 0;
		CU_ASSERT_STRING_EQUAL(buffer, "www.m\xc3\xbcnchen.xn--a.de");
	}
	t = text_of(buffer, NAME_TEXT_MAX);
	CU_ASSERT_FALSE(idna_text(&t, &space, 12 + 29));
	CU_ASSERT_EQUAL(text_len(&t), 0);
}

void test_dns_name(void)
{
	CU_pSuite s = CU_add_suite("dns/name", NULL, NULL);
	CU_ADD_TEST(s, plain);
	CU_ADD_TEST(s, escapes);
	CU_ADD_TEST(s, pointers);
	CU_ADD_TEST(s, broken);
	CU_ADD_TEST(s, limits);
	CU_ADD_TEST(s, many_labels);
	CU_ADD_TEST(s, pointer_chain);
	CU_ADD_TEST(s, lossless);
	CU_ADD_TEST(s, memo);
	CU_ADD_TEST(s, no_space);
	CU_ADD_TEST(s, folding);
	CU_ADD_TEST(s, idna);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON as strict as RFC 8259, and the positions of errors. */
#include "expect.h"
#include "support/guard.h"

void test_config_json(void);

/* Parses a copy in front of a guard page. Returns "" if it is valid, else "line:column what". */
static void check(const char *json, size_t len, char *buffer, size_t size)
{
	struct conf_fault fault;
	cJSON *root;
	uint8_t *copy = guard_copy(json, len);
	int rc = conf_json((const char *)copy, len, &root, &fault);

	buffer[0] = '\0';
	if (rc < 0)
		snprintf(buffer, size, "%zu:%zu %s", fault.line, fault.column, fault.what);
	CU_ASSERT(rc == 0 || (rc == -EINVAL && !root));
	cJSON_Delete(root);
	guard_free(copy, len);
}

static const struct sample {
	const char *json;
	const char *want; /* "" if it is valid */
} samples[] = {
	{"{}", ""},
	{" [1, -0, 0.5, 1e3, 1E-2, -12.25e+1, true, false, null, \"\", {\"a\": [[], {}]}]\r\n\t",
		""},
	{"\xef\xbb\xbf{}", ""},
	{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\ud83d\\ude00\x7f\"", ""},
	{"\"\xc2\xa2\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", ""},
	/* structure */
	{"", "1:1 the JSON document ends too early"},
	{"  \n ", "2:2 the JSON document ends too early"},
	{"{", "1:2 the JSON document ends too early"},
	{"{\n\"a\"", "2:4 the JSON document ends too early"},
	{"{\"a\":", "1:6 the JSON document ends too early"},
	{"{\"a\":1", "1:7 the JSON document ends too early"},
	{"{\"a\":1,", "1:8 the JSON document ends too early"},
	{"[", "1:2 the JSON document ends too early"},
	{"[1", "1:3 the JSON document ends too early"},
	{"[1,", "1:4 the JSON document ends too early"},
	{"[1,]", "1:3 a comma before ]"},
	{"[,]", "1:2 unexpected ','"},
	{"[1, \n\t]", "1:3 a comma before ]"},
	{"[{\"a\":[1]},\n]", "1:11 a comma before ]"},
	{"[1,2,,]", "1:6 unexpected ','"},
	{"[1,]]", "1:3 a comma before ]"},
	{"[\"\xc3\xa9\",]", "1:5 a comma before ]"},
	{"[,1]", "1:2 unexpected ','"},
	{"[1,,2]", "1:4 unexpected ','"},
	{"[1 2]", "1:4 unexpected '2'"},
	{"[1}", "1:3 unexpected '}'"},
	{"[{}}", "1:4 unexpected '}'"},
	{"{\"a\":[]]", "1:8 unexpected ']'"},
	{"{\"a\":1,}", "1:7 a comma before }"},
	{"{\"a\":1,}}", "1:7 a comma before }"},
	{"{\"a\":{\"b\":1,\n  }}", "1:12 a comma before }"},
	{"{\"a\":1,,\"b\":2}", "1:8 unexpected ','"},
	{"{,}", "1:2 unexpected ','"},
	{"{1:2}", "1:2 unexpected '1'"},
	{"{[]:2}", "1:2 unexpected '['"},
	{"{\"a\" 1}", "1:6 unexpected '1'"},
	{"{\"a\"::1}", "1:6 unexpected ':'"},
	{"{\"a\":}", "1:6 unexpected '}'"},
	{"{\"a\":1 \"b\":2}", "1:8 unexpected '\"'"},
	{"{\"a\":1]", "1:7 unexpected ']'"},
	{"}", "1:1 unexpected '}'"},
	{"{} {}", "1:4 the JSON document has ended before this"},
	{"{}\n]", "2:1 the JSON document has ended before this"},
	{"1 1", "1:3 the JSON document has ended before this"},
	/* tokens */
	{"[01]", "1:2 this is not a number as JSON writes it"},
	{"[-]", "1:2 this is not a number as JSON writes it"},
	{"[1.]", "1:2 this is not a number as JSON writes it"},
	{"[1e]", "1:2 this is not a number as JSON writes it"},
	{"[1e+]", "1:2 this is not a number as JSON writes it"},
	{"[1.2.3]", "1:2 this is not a number as JSON writes it"},
	{"[0x1f]", "1:2 this is not a number as JSON writes it"},
	{"[5s]", "1:2 this is not a number as JSON writes it"},
	{"[1234567890123456789012345678901234567890123456789012345678901234]",
		"1:2 this number has too many digits"},
	{"[+1]", "1:2 unexpected '+'"},
	{"[.5]", "1:2 unexpected '.'"},
	{"[nul]", "1:2 a string stands in double quotes; bare words are true, false, null"},
	{"[trueish]", "1:2 a string stands in double quotes; bare words are true, false, null"},
	{"{a: 1}", "1:2 a string stands in double quotes; bare words are true, false, null"},
	{"{'a': 1}", "1:2 unexpected '''"},
	{"{ // no\n}", "1:3 JSON has no comments; a member \"//\" with a string is one here"},
	{"# no", "1:1 JSON has no comments; a member \"//\" with a string is one here"},
	{"[\v1]", "1:2 control character"},
	/* strings */
	{"\"\xc3\xa4\\x\"", "1:3 unknown escape in a string"},
	{"[\"abc", "1:2 this string does not end"},
	{"[\"abc\\", "1:2 this string does not end"},
	{"[\"abc\\\"]", "1:2 this string does not end"},
	{"[\"a\tb\"]", "1:4 raw control character in a string"},
	{"[\"a\nb\"]", "1:4 raw control character in a string"},
	{"[\"\\u12g4\"]", "1:3 \\u is followed by four hexadecimal digits"},
	{"[\"\\u12", "1:3 \\u is followed by four hexadecimal digits"},
	{"[\"a\\u0000b\"]", "1:4 \\u0000 is not allowed"},
	{"[\"\\ud800\"]", "1:3 half of a surrogate pair"},
	{"[\"\\udc00x\"]", "1:3 half of a surrogate pair"},
	{"[\"\\ud800\\u0041\"]", "1:3 half of a surrogate pair"},
	/* UTF-8: lone continuation, long form, surrogate, above U+10FFFF, cut off */
	{"[\n\"\x80\"]", "2:2 this is not UTF-8"},
	{"\"\xc0\x80\"", "1:2 this is not UTF-8"},
	{"\"\xe0\x9f\xbf\"", "1:2 this is not UTF-8"},
	{"\"\xed\xa0\x80\"", "1:2 this is not UTF-8"},
	{"\"\xf4\x90\x80\x80\"", "1:2 this is not UTF-8"},
	{"\"\xf0\x8f\xbf\xbf\"", "1:2 this is not UTF-8"},
	{"\"\xf5\x80\x80\x80\"", "1:2 this is not UTF-8"},
	{"\"ab\xc3\"", "1:4 this is not UTF-8"},
	{"\xff\xfe{", "1:1 this is not UTF-8"},
};

static void test_samples(void)
{
	char got[200];

	for (size_t i = 0; i < BITS_COUNT(samples); i++) {
		check(samples[i].json, strlen(samples[i].json), got, sizeof(got));
		expect_text(got, samples[i].want);
	}
	check("{\"a\":1}\0", 8, got, sizeof(got));
	expect_text(got, "1:8 control character");
	check("[\"a\0b\"]", 7, got, sizeof(got));
	expect_text(got, "1:4 raw control character in a string");
}

/* The parser reads no further than any cut of a sample; a cut object or list is an error. */
static void test_cuts(void)
{
	char got[200];

	for (size_t i = 0; i < BITS_COUNT(samples); i++) {
		const char *json = samples[i].json;
		for (size_t n = 0; n < strlen(json); n++) {
			check(json, n, got, sizeof(got));
			size_t end = n;
			while (end > 0 && strchr(" \r\n\t", json[end - 1]))
				end--;
			if (json[0] == '[' && (end == 0 || json[end - 1] != ']'))
				CU_ASSERT(got[0] != '\0');
		}
	}
}

static void test_deep(void)
{
	static char deep[3000];
	char got[200];

	memset(deep, '[', 500);
	memset(deep + 500, ']', 500);
	check(deep, 1000, got, sizeof(got));
	expect_text(got, "");
	memset(deep, '[', 1500);
	memset(deep + 1500, ']', 1500);
	check(deep, 3000, got, sizeof(got));
	CU_ASSERT(got[0] != '\0');
}

/* conf_utf8() by a slow definition, for every sequence of two octets behind a lead. */
static void test_utf8(void)
{
	for (unsigned v = 0; v < 1u << 16; v++) {
		char two[2] = {(char)(v >> 8), (char)v};
		uint8_t a = (uint8_t)two[0], b = (uint8_t)two[1];
		size_t want = a >= 0x80 ? (a >= 0xc2 && a < 0xe0 && b >= 0x80 && b < 0xc0 ? 2 : 0)
					: 1 + (b < 0x80);
		CU_ASSERT_EQUAL(conf_utf8(two, 2), want);
	}
	for (uint32_t c = 0x800; c < 0x120000; c++) {
		char s[4];
		size_t n = c < 0x10000 ? 3 : 4;
		bool right = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
		for (size_t i = 0; i < n; i++)
			s[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
		s[0] = (char)(n == 3 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
		if (conf_utf8(s, n) != (right ? n : 0))
			CU_FAIL("a code point");
		if (conf_utf8(s, n - 1) == n - 1)
			CU_FAIL("a cut code point");
	}
}

void test_config_json(void)
{
	CU_pSuite s = CU_add_suite("config/json", NULL, NULL);

	CU_add_test(s, "samples", test_samples);
	CU_add_test(s, "cuts", test_cuts);
	CU_add_test(s, "deep nesting", test_deep);
	CU_add_test(s, "UTF-8", test_utf8);
}

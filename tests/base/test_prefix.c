/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/prefix.h"

#include <CUnit/CUnit.h>
#include <arpa/inet.h>
#include <stdio.h>

void test_base_prefix(void);

static struct addr addr_of(const char *text)
{
	uint8_t octets[16];
	if (inet_pton(AF_INET6, text, octets) == 1)
		return addr_of_v6(octets);
	CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET, text, octets), 1);
	return addr_of_v4(octets);
}

static bool has(const char *text, const char *addr)
{
	struct prefix p;
	struct addr a = addr_of(addr);
	const char *wrong = prefix_parse(&p, text);
	if (wrong)
		printf("%s is %s\n", text, wrong);
	CU_ASSERT_PTR_NULL_FATAL(wrong);
	return prefix_has(&p, &a);
}

static void inside(void)
{
	CU_ASSERT(has("192.0.2.53", "192.0.2.53"));
	CU_ASSERT(has("192.0.2.53/32", "192.0.2.53"));
	CU_ASSERT(has("192.0.2.0/24", "192.0.2.255"));
	CU_ASSERT(has("192.0.2.128/25", "192.0.2.128"));
	CU_ASSERT(has("192.0.0.0/14", "192.3.255.255"));
	CU_ASSERT(has("0.0.0.0/0", "255.255.255.255"));
	CU_ASSERT(has("2001:db8::53", "2001:db8::53"));
	CU_ASSERT(has("2001:db8::/32", "2001:db8:ffff::1"));
	CU_ASSERT(has("2001:db8::/33", "2001:db8:7fff::1"));
	CU_ASSERT(has("::/0", "ffff::"));
	CU_ASSERT(has("::ffff:192.0.2.1", "::ffff:192.0.2.1"));
}

static void outside(void)
{
	CU_ASSERT_FALSE(has("192.0.2.53", "192.0.2.52"));
	CU_ASSERT_FALSE(has("192.0.2.0/24", "192.0.3.0"));
	CU_ASSERT_FALSE(has("192.0.2.128/25", "192.0.2.127"));
	CU_ASSERT_FALSE(has("192.0.0.0/14", "192.4.0.0"));
	CU_ASSERT_FALSE(has("0.0.0.0/0", "::1"));
	CU_ASSERT_FALSE(has("::/0", "192.0.2.1"));
	CU_ASSERT_FALSE(has("::ffff:192.0.2.1", "192.0.2.1"));
	CU_ASSERT_FALSE(has("192.0.2.1", "::ffff:192.0.2.1"));
	CU_ASSERT_FALSE(has("2001:db8::/33", "2001:db8:8000::1"));
	CU_ASSERT_FALSE(has("2001:db8::53", "2001:db8::54"));
}

static void wrong(void)
{
	static const struct {
		const char *text, *wrong;
	} cases[] = {
		{"", "no address"},
		{"/", "no address"},
		{"/24", "no address"},
		{"192.0.2", "no address"},
		{"192.0.2.1 ", "no address"},
		{" 192.0.2.1", "no address"},
		{"192.0.2.256", "no address"},
		{"resolver.example", "no address"},
		{"2001:db8::1::2", "no address"},
		{"2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0000", "no address"},
		{"192.0.2.0/", "not followed by / and 0 to 32"},
		{"192.0.2.0/33", "not followed by / and 0 to 32"},
		{"192.0.2.0/-1", "not followed by / and 0 to 32"},
		{"192.0.2.0/+8", "not followed by / and 0 to 32"},
		{"192.0.2.0/24 ", "not followed by / and 0 to 32"},
		{"192.0.2.0/24/8", "not followed by / and 0 to 32"},
		{"192.0.2.0/4294967320", "not followed by / and 0 to 32"},
		{"192.0.2.0/255.255.255.0", "not followed by / and 0 to 32"},
		{"2001:db8::/129", "not followed by / and 0 to 128"},
		{"192.0.2.1/24", "more than a prefix: bits behind it are set"},
		{"192.0.2.128/24", "more than a prefix: bits behind it are set"},
		{"2001:db8::1/127", "more than a prefix: bits behind it are set"},
		{"0.0.0.1/0", "more than a prefix: bits behind it are set"},
	};
	for (size_t i = 0; i < BITS_COUNT(cases); i++) {
		struct prefix p;
		const char *got = prefix_parse(&p, cases[i].text);
		CU_ASSERT_PTR_NOT_NULL_FATAL(got);
		CU_ASSERT_STRING_EQUAL(got, cases[i].wrong);
	}
}

void test_base_prefix(void)
{
	CU_pSuite s = CU_add_suite("base/prefix", NULL, NULL);
	CU_add_test(s, "inside", inside);
	CU_add_test(s, "outside", outside);
	CU_add_test(s, "wrong", wrong);
}

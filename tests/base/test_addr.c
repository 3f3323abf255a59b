/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/addr.h"

#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <arpa/inet.h>
#include <stdlib.h>

void test_base_addr(void);

static void expect_v6(const char *written, const char *shown)
{
	uint8_t octets[16];
	char buffer[40];
	struct text t = text_of(buffer, sizeof(buffer));

	CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, written, octets), 1);
	addr_text_v6(&t, octets);
	CU_ASSERT_FALSE(t.full);
	CU_ASSERT_EQUAL_FATAL(text_len(&t), strlen(shown));
	CU_ASSERT_NSTRING_EQUAL(buffer, shown, strlen(shown));
}

/* RFC 5952 section 4 and 5. */
static void v6_form(void)
{
	expect_v6("::", "::");
	expect_v6("::1", "::1");
	expect_v6("1::", "1::");
	expect_v6("2001:0db8::0001", "2001:db8::1");
	expect_v6("2001:DB8:0:0:0:0:2:1", "2001:db8::2:1");
	expect_v6("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
	expect_v6("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
	expect_v6("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
	expect_v6("0:1:0:0:0:0:0:0", "0:1::");
	expect_v6("0:1:2:3:4:5:6:0", "0:1:2:3:4:5:6:0");
	expect_v6("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
	expect_v6("0:0:1:2:3:4:5:6", "::1:2:3:4:5:6");
	expect_v6("::ffff:192.0.2.1", "::ffff:192.0.2.1");
	expect_v6("::fffe:c000:201", "::fffe:c000:201");
	expect_v6("64:ff9b::c000:201", "64:ff9b::c000:201");
	expect_v6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

/* The text reads back as the same address, and is that of libc. */
static void v6_round_trip(void)
{
	srandom(1);
	for (int i = 0; i < 50000; i++) {
		uint8_t octets[16], again[16];
		char buffer[64] = "", libc[64];
		struct text t = text_of(buffer, sizeof(buffer) - 1);
		long zero = random(), small = random();
		bool compatible = true;
		for (int k = 0; k < 16; k++) {
			octets[k] = (uint8_t)(zero >> (k / 2) & 1 ? 0 : random());
			if (small >> (k / 2) & 1 && k % 2 == 0)
				octets[k] = 0;
			compatible = compatible && (k >= 12 || octets[k] == 0);
		}
		addr_text_v6(&t, octets);
		*t.at = '\0';
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, buffer, again), 1);
		CU_ASSERT_EQUAL_FATAL(memcmp(octets, again, 16), 0);
		/* libc writes the deprecated IPv4-compatible addresses in dotted decimal */
		if (!compatible)
			CU_ASSERT_STRING_EQUAL_FATAL(
				buffer, inet_ntop(AF_INET6, octets, libc, sizeof(libc)));
	}
}

static void v4_every_octet(void)
{
	for (unsigned i = 0; i < 1024; i++) {
		uint8_t octets[4] = {1, 22, 133, 0};
		char buffer[16] = "", libc[16];
		struct text t = text_of(buffer, 15);
		octets[i / 256] = (uint8_t)i;
		addr_text_v4(&t, octets);
		CU_ASSERT_FALSE(t.full);
		*t.at = '\0';
		CU_ASSERT_STRING_EQUAL_FATAL(
			buffer, inet_ntop(AF_INET, octets, libc, sizeof(libc)));
	}
}

static void families(void)
{
	static const uint8_t four[4] = {192, 0, 2, 1};
	char buffer[64] = "";
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	struct addr a = addr_of_v4(four), b = addr_of_v6(a.octets);
	struct addr_pair p = addr_pair_of(a, a), q = addr_pair_of(b, b);
	uint32_t n;

	CU_ASSERT_EQUAL(memcmp(a.octets, b.octets, sizeof(a.octets)), 0);
	CU_ASSERT_NOT_EQUAL(memcmp(&a, &b, sizeof(a)), 0);
	CU_ASSERT_FALSE(addr_pair_equal(&p, &q) || addr_pair_is_reverse(&p, &q));
	CU_ASSERT_FALSE(addr_pair_shares(&p, ADDR_SRC, &q, ADDR_SRC));
	addr_pair_text(&t, &p, ADDR_SRC);
	text_char(&t, ' ');
	addr_pair_text(&t, &q, ADDR_DST);
	CU_ASSERT_STRING_EQUAL(buffer, "192.0.2.1 ::ffff:192.0.2.1");
	CU_ASSERT(addr_pair_wire(&p, ADDR_SRC, &n) == p.octets[ADDR_SRC] + 12 && n == 4);
	CU_ASSERT(addr_pair_wire(&q, ADDR_DST, &n) == q.octets[ADDR_DST] && n == 16);
}

/* The addresses of a pair differ from each other, and the pair from its reverse. */
static void pairs(void)
{
	static const uint8_t one[4] = {192, 0, 2, 1}, two[4] = {192, 0, 2, 2};
	struct addr a = addr_of_v4(one), b = addr_of_v4(two), c;
	struct addr_pair p = addr_pair_of(a, b), r = addr_pair_reverse(&p),
			 same = addr_pair_of(a, a);

	CU_ASSERT(addr_pair_equal(&p, &p) && !addr_pair_equal(&p, &r));
	CU_ASSERT(addr_pair_is_reverse(&p, &r) && !addr_pair_is_reverse(&p, &p));
	CU_ASSERT(addr_pair_equal(&same, &same) && addr_pair_is_reverse(&same, &same));
	CU_ASSERT(addr_pair_shares(&p, ADDR_SRC, &r, ADDR_DST) &&
		  !addr_pair_shares(&p, ADDR_SRC, &r, ADDR_SRC));
	CU_ASSERT_FALSE(addr_pair_equal(&p, &same) || addr_pair_is_reverse(&p, &same));
	c = addr_pair_get(&p, ADDR_DST);
	CU_ASSERT_EQUAL(memcmp(&c, &b, sizeof(c)), 0);
	c = addr_pair_get(&r, ADDR_SERVER);
	CU_ASSERT_EQUAL(memcmp(&c, &a, sizeof(c)), 0);
	r = addr_pair_reverse(&r);
	CU_ASSERT_EQUAL(memcmp(&r, &p, sizeof(r)), 0);
}

/* An address is appended whole or not at all, and never past the buffer. */
static void bounded(void)
{
	static const uint8_t longest[16] = {0x20, 1, 0x2d, 0xb8, 0x33, 0x33, 0x44, 0x44, 0x55, 0x55,
		0x66, 0x66, 0x77, 0x77, 0x88, 0x88};
	for (size_t size = 0; size < 48; size++) {
		for (int v6 = 0; v6 < 2; v6++) {
			char fill[64] = {0};
			uint8_t *p = guard_copy(fill, size);
			struct text t = text_of((char *)p, size);
			struct addr a = addr_of_v6(longest);
			if (!v6)
				memset(a.octets + 12, 255, 4);
			a.family = (uint8_t)v6;
			struct addr_pair pair = addr_pair_of(a, a);
			addr_pair_text(&t, &pair, ADDR_SRC);
			size_t whole = v6 ? 39 : 15;
			CU_ASSERT_EQUAL(text_len(&t), size < whole ? 0 : whole);
			CU_ASSERT_EQUAL(t.full, size < whole);
			guard_free(p, size);
		}
	}
}

void test_base_addr(void)
{
	CU_pSuite s = CU_add_suite("base/addr", NULL, NULL);
	CU_add_test(s, "IPv6 as RFC 5952 says", v6_form);
	CU_add_test(s, "IPv6 reads back", v6_round_trip);
	CU_add_test(s, "IPv4", v4_every_octet);
	CU_add_test(s, "one type for both families", families);
	CU_add_test(s, "pairs", pairs);
	CU_add_test(s, "bounded", bounded);
}

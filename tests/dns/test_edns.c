/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/edns.h"

#include "base/utf8.h"
#include "dns/build.h"

#include <CUnit/Basic.h>

void test_dns_edns(void);

static struct build b;

/* Returns the text of an option, after trying every truncation of it. */
static const char *shown(
	uint16_t code, const char *octets, size_t len, enum edns_kind *kind, enum dns_error *error)
{
	static char buffer[4096];
	for (size_t n = 0; n <= len; n++) {
		uint8_t *copy = guard_copy(octets, n);
		struct edns_option o = {.code = code, .len = (uint16_t)n, .data = copy};
		struct text t = text_of(buffer, sizeof(buffer) - 1);
		*error = edns_option_text(&t, &o, kind);
		CU_ASSERT(*error == DNS_OK || *kind == EDNS_KIND_HEX);
		CU_ASSERT_FALSE(t.full);
		buffer[text_len(&t)] = 0;
		guard_free(copy, n);
	}
	return buffer;
}

struct sample {
	uint16_t code;
	const char *octets;
	size_t len;
	const char *text;
	enum dns_error error;
};

static void check(const struct sample *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sample *s = rows + i;
		enum edns_kind kind;
		enum dns_error error;
		const char *text = shown(s->code, s->octets, s->len, &kind, &error);
		CU_ASSERT_STRING_EQUAL(text, s->text);
		CU_ASSERT_EQUAL(error, s->error);
	}
}

static void subnets(void)
{
	static const struct sample rows[] = {
		{8, "\0\1\30\0\313\0\161", 7, "203.0.113.0/24/0", DNS_OK},
		{8, "\0\1\31\30\313\0\161\200", 8, "203.0.113.128/25/24", DNS_OK},
		{8, "\0\1\0\0", 4, "0.0.0.0/0/0", DNS_OK},
		{8, "\0\2\60\70\40\1\15\270\0\1", 10, "2001:db8:1::/48/56", DNS_OK},
		{8, "\0\0\0\0", 4, "0/0/0", DNS_OK},
		{8, "\0\1\41\0\1\2\3\4\5", 9, "000121000102030405", DNS_RDATA},
		{8, "\0\1\30\41\1\2\3", 7, "00011821010203", DNS_RDATA},
		{8, "\0\1\30\0\1\2", 6, "000118000102", DNS_RDATA},
		{8, "\0\1\30\0\1\2\3\4", 8, "0001180001020304", DNS_RDATA},
		{8, "\0\3\10\0\1", 5, "0003080001", DNS_RDATA},
		{8, "\0\0\10\0\1", 5, "0000080001", DNS_RDATA},
		{8, "\0\1", 2, "0001", DNS_RDATA},
	};
	check(rows, BITS_COUNT(rows));
}

static void strings(void)
{
	static const struct sample rows[] = {
		{10, "\1\2\3\4\5\6\7\10", 8, "0102030405060708", DNS_OK},
		{10, "\1\2\3\4\5\6\7\10ABCDEFGH", 16, "01020304050607084142434445464748", DNS_OK},
		{10, "\1\2\3\4\5\6\7\10AB", 10, "01020304050607084142", DNS_RDATA},
		{10, "\1\2\3", 3, "010203", DNS_RDATA},
		{3, "ns1.example", 11, "ns1.example", DNS_OK},
		{3, "ns1\0", 4, "6e733100", DNS_OK},
		{3, "", 0, "", DNS_OK},
		{13, "\7example\3com\0", 13, "example.com", DNS_OK},
		{13, "\7example\300\0", 10, "076578616d706c65c000", DNS_RDATA},
		{18, "\0", 1, ".", DNS_OK},
		{18, "\1a\0\0", 4, "01610000", DNS_RDATA},
		{19, "\2\0\0\0\0\52", 6, "2 SOA-SERIAL 42", DNS_OK},
		{19, "\2\1\52", 3, "2 1 2a", DNS_OK},
		{19, "\2\0\52", 3, "02002a", DNS_RDATA},
		{1, "\0\1\0\2\0\0\0\0\0\0\0\0\0\5\0\0\16\20", 18, "1 2 0 5 3600", DNS_OK},
		{65001, "\1\253", 2, "01ab", DNS_OK},
		{65001, "", 0, "", DNS_OK},
	};
	check(rows, BITS_COUNT(rows));
}

static void numbers(void)
{
	static const struct sample rows[] = {
		{11, "\0\144", 2, "100", DNS_OK},
		{11, "", 0, "", DNS_OK},
		{11, "\0\144\0", 3, "006400", DNS_RDATA},
		{12, "\0\0\0\0", 4, "4", DNS_OK},
		{12, "", 0, "0", DNS_OK},
		{9, "\0\11\72\200", 4, "604800", DNS_OK},
		{5, "\10\15\17", 3, "8,13,15", DNS_OK},
		{14, "\112\134\117\146", 4, "19036,20326", DNS_OK},
		{14, "\112\134\117", 3, "4a5c4f", DNS_RDATA},
		{2, "\0\0\16\20\0\0\34\40", 8, "3600,7200", DNS_OK},
		{16, "\0\7", 2, "7", DNS_OK},
	};
	check(rows, BITS_COUNT(rows));
	CU_ASSERT_TRUE(edns_kind_is_number((enum edns_kind)edns_row_of(EDNS_PADDING)->kind));
	CU_ASSERT_TRUE(edns_kind_is_numbers((enum edns_kind)edns_row_of(EDNS_KEY_TAG)->kind));
	CU_ASSERT_PTR_NULL(edns_row_of(4));
	CU_ASSERT_STRING_EQUAL(edns_row_of(EDNS_DEVICE_ID)->name, "device_id");
	CU_ASSERT_EQUAL(edns_row_of(26946)->code, 26946);
	CU_ASSERT_PTR_NULL(edns_row_of(26945));
	CU_ASSERT_PTR_NULL(edns_row_of(65535));
	CU_ASSERT_PTR_NULL(edns_row_of(65001));
}

static void extended_errors(void)
{
	struct edns_option o = {EDNS_EDE, 8, (const uint8_t *)"\0\17block\0"};
	struct edns_ede ede;
	char buffer[64];
	struct text t = text_of(buffer, sizeof(buffer));
	CU_ASSERT_TRUE(edns_ede_of(&o, &ede));
	CU_ASSERT_EQUAL(ede.code, 15);
	CU_ASSERT_EQUAL(ede.text_len, 5);
	edns_option_text(&t, &o, NULL);
	CU_ASSERT(text_len(&t) == 8 && memcmp(buffer, "15 block", 8) == 0);
	t = text_of(buffer, sizeof(buffer));
	CU_ASSERT_TRUE(edns_ede_name(&t, ede.code));
	CU_ASSERT(memcmp(buffer, "Blocked", 7) == 0);
	CU_ASSERT_FALSE(edns_ede_name(&t, 9999));
	o.len = 1;
	CU_ASSERT_FALSE(edns_ede_of(&o, &ede));
}

static const char *utf8(const char *octets, size_t n, bool quoted)
{
	static char buffer[256];
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	t.quoted = quoted;
	uint8_t *copy = guard_copy(octets, n);
	utf8_text(&t, copy, n);
	guard_free(copy, n);
	buffer[text_len(&t)] = 0;
	return buffer;
}

#define FFFD "\xef\xbf\xbd"
static void utf8_made_safe(void)
{
	CU_ASSERT_STRING_EQUAL(utf8("a\"\\\n", 4, true), "a\\\"\\\\\\u000a");
	CU_ASSERT_STRING_EQUAL(utf8("a\"\\\n", 4, false), "a\"\\\n");
	CU_ASSERT_STRING_EQUAL(utf8("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", 9, true),
		"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80");
	CU_ASSERT_STRING_EQUAL(utf8("\x7f\xc2\x9b", 3, true), "\\u007f\\u009b");
	CU_ASSERT_STRING_EQUAL(utf8("\xff\x80\xc3", 3, true), FFFD FFFD FFFD);
	CU_ASSERT_STRING_EQUAL(utf8("\xc0\xaf", 2, true), FFFD FFFD); /* overlong */
	CU_ASSERT_STRING_EQUAL(utf8("\xed\xa0\x80", 3, true), FFFD FFFD FFFD); /* surrogate */
	CU_ASSERT_STRING_EQUAL(utf8("\xf4\x90\x80\x80", 4, true), FFFD FFFD FFFD FFFD);
	CU_ASSERT_STRING_EQUAL(utf8("\xe2\x82", 2, true), FFFD FFFD);
}

static void reads_opt(void)
{
	struct edns e = {0};
	struct dns_msg msg;
	struct edns_option o;
	build_header(&b, DNS_QR | 1, 1, 0, 0, 1);
	build_question(&b, "a", 1);
	build_rr(&b, 0, 41, 1232, 0x01018000, "\0\3\0\2ns\0\14\0\1\0", 11);
	CU_ASSERT_EQUAL(dns_msg_read(&msg, b.octets, b.len), DNS_OK);
	CU_ASSERT_EQUAL(edns_find(&e, &msg, b.octets, b.len), DNS_OK);
	CU_ASSERT_TRUE(e.present);
	CU_ASSERT_EQUAL(e.udp, 1232);
	CU_ASSERT_EQUAL(e.version, 1);
	CU_ASSERT_EQUAL(edns_rcode(&e, msg.flags), 17);
	CU_ASSERT_EQUAL(e.flags, EDNS_DO);
	struct name_space space = {b.octets, b.len};
	struct edns_iter it = edns_iter_of(&e, &space);
	CU_ASSERT_TRUE(edns_next(&it, &o));
	CU_ASSERT(o.code == 3 && o.len == 2 && memcmp(o.data, "ns", 2) == 0);
	CU_ASSERT_TRUE(edns_next(&it, &o));
	CU_ASSERT(o.code == 12 && o.len == 1);
	CU_ASSERT_FALSE(edns_next(&it, &o));
	CU_ASSERT_FALSE(it.c.bad);
}

/* Messages of each fault, by the number of OPT records in each section and their owner. */
static enum dns_error fault_of(struct edns *e, unsigned answer, unsigned additional, unsigned owner,
	const char *options, unsigned len)
{
	struct dns_msg msg;
	build_header(&b, DNS_QR, 1, answer, 0, additional);
	build_question(&b, "a", 1);
	for (unsigned i = 0; i < answer + additional; i++)
		build_rr(&b, owner, 41, 512, 0, options, len);
	CU_ASSERT_EQUAL(dns_msg_read(&msg, b.octets, b.len), DNS_OK);
	return edns_find(e, &msg, b.octets, b.len);
}

static void faults(void)
{
	struct edns e;
	CU_ASSERT_EQUAL(fault_of(&e, 0, 1, 0, "", 0), DNS_OK);
	CU_ASSERT_PTR_NULL(edns_fault_name((enum edns_fault)e.fault));
	CU_ASSERT_EQUAL(fault_of(&e, 1, 0, 0, "", 0), DNS_RDATA);
	CU_ASSERT_STRING_EQUAL(edns_fault_name((enum edns_fault)e.fault), "section");
	CU_ASSERT_FALSE(e.present);
	CU_ASSERT_EQUAL(fault_of(&e, 0, 2, 0, "", 0), DNS_RDATA);
	CU_ASSERT_STRING_EQUAL(edns_fault_name((enum edns_fault)e.fault), "twice");
	CU_ASSERT_EQUAL(fault_of(&e, 0, 1, 12, "", 0), DNS_RDATA);
	CU_ASSERT_STRING_EQUAL(edns_fault_name((enum edns_fault)e.fault), "owner");
	for (unsigned len = 1; len < 8; len++) {
		CU_ASSERT_EQUAL(
			fault_of(&e, 0, 1, 0, "\0\12\0\4abc", len), len == 0 ? DNS_OK : DNS_RDATA);
		CU_ASSERT_STRING_EQUAL(edns_fault_name((enum edns_fault)e.fault), "options");
		CU_ASSERT_TRUE(e.present);
	}
}

void test_dns_edns(void)
{
	CU_pSuite s = CU_add_suite("dns/edns", NULL, NULL);
	CU_ADD_TEST(s, subnets);
	CU_ADD_TEST(s, strings);
	CU_ADD_TEST(s, numbers);
	CU_ADD_TEST(s, extended_errors);
	CU_ADD_TEST(s, utf8_made_safe);
	CU_ADD_TEST(s, reads_opt);
	CU_ADD_TEST(s, faults);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/nbns.h"

#include "dns/build.h"

#include <CUnit/Basic.h>

void test_dns_nbns(void);

static struct build b;

static void put_encoded(const char *sixteen)
{
	build_u8(&b, 32);
	for (int i = 0; i < 16; i++) {
		build_u8(&b, 'A' + ((uint8_t)sixteen[i] >> 4));
		build_u8(&b, 'A' + ((uint8_t)sixteen[i] & 15));
	}
}

static const char *name_at(uint32_t at, uint32_t *after)
{
	static char buffer[2 * NAME_TEXT_MAX];
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	uint8_t *copy = guard_copy(b.octets, b.len);
	struct name_space space = {copy, b.len};
	enum dns_error error = DNS_OK;
	*after = nbns_name_text(&t, &space, at, &error);
	buffer[text_len(&t)] = 0;
	guard_free(copy, b.len);
	return buffer;
}

static void names(void)
{
	uint32_t after;
	build_header(&b, 0, 0, 0, 0, 0);
	put_encoded("WORKGROUP      \x1d");
	build_name(&b, "");
	CU_ASSERT_STRING_EQUAL(name_at(12, &after), "WORKGROUP<1d>");
	CU_ASSERT_EQUAL(after, 12 + 34);
	build_u16(&b, 0xc00c);
	CU_ASSERT_STRING_EQUAL(name_at(46, &after), "WORKGROUP<1d>");
	CU_ASSERT_EQUAL(after, 48);
	build_header(&b, 0, 0, 0, 0, 0);
	put_encoded("\1\2__MSBROWSE__\2\1");
	build_name(&b, "scope.example");
	CU_ASSERT_STRING_EQUAL(
		name_at(12, &after), "\\001\\002__MSBROWSE__\\002<01>.scope.example");
	/* The escapes of any other name: a blank, a dot, a backslash, and the suffix's brackets. */
	build_header(&b, 0, 0, 0, 0, 0);
	put_encoded("MY PC.\\<2>\x7f     \x20");
	build_name(&b, "");
	CU_ASSERT_STRING_EQUAL(name_at(12, &after), "MY\\032PC\\.\\\\\\0602\\062\\127<20>");
	build_header(&b, 0, 0, 0, 0, 0);
	put_encoded("*\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	build_name(&b, "");
	CU_ASSERT_STRING_EQUAL(name_at(12, &after), "*<00>");
	b.octets[14] = 'Q';
	CU_ASSERT_STRING_EQUAL(name_at(12, &after), "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	for (uint32_t len = 12; b.len > len;) {
		b.len--;
		name_at(12, &after);
		CU_ASSERT_EQUAL(after, 0);
	}
}

static const char *rdata(uint16_t type, const char *octets, size_t n, enum dns_error *error)
{
	static char buffer[4096];
	for (size_t len = 0; len <= n; len++) {
		uint8_t *copy = guard_copy(octets, len);
		struct name_space space = {copy, (uint32_t)len};
		struct rr rr = {.type = type, .rrclass = 1, .rdlen = (uint16_t)len};
		struct text t = text_of(buffer, sizeof(buffer) - 1);
		*error = nbns_rdata_text(&t, &space, &rr);
		buffer[text_len(&t)] = 0;
		guard_free(copy, len);
	}
	return buffer;
}

static void records(void)
{
	enum dns_error error;
	CU_ASSERT_STRING_EQUAL(rdata(32, "\0\0\300\0\2\1", 6, &error), "B 192.0.2.1");
	CU_ASSERT_EQUAL(error, DNS_OK);
	CU_ASSERT_STRING_EQUAL(rdata(32, "\340\0\300\0\2\1\100\0\300\0\2\2", 12, &error),
		"H group 192.0.2.1, M 192.0.2.2");
	CU_ASSERT_STRING_EQUAL(rdata(32, "\0\0\300\0\2", 5, &error), "\\# 5 0000C00002");
	CU_ASSERT_EQUAL(error, DNS_RDATA);
	CU_ASSERT_STRING_EQUAL(
		rdata(33, "\1SERVER         \40\4\0\0\0\136\0\123\1rest", 29, &error),
		"SERVER<20> B active, 00-00-5e-00-53-01");
	CU_ASSERT_EQUAL(error, DNS_OK);
	CU_ASSERT_STRING_EQUAL(rdata(1, "\1\2\3\4", 4, &error), "1.2.3.4");
}

static void numbers(void)
{
	char buffer[64];
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	nbns_type_text(&t, 32);
	nbns_type_text(&t, 33);
	nbns_type_text(&t, 1);
	nbns_opcode_text(&t, 5);
	nbns_opcode_text(&t, 0);
	buffer[text_len(&t)] = 0;
	CU_ASSERT_STRING_EQUAL(buffer, "NBNBSTATAREGISTRATIONQUERY");
}

void test_dns_nbns(void)
{
	CU_pSuite s = CU_add_suite("dns/nbns", NULL, NULL);
	CU_ADD_TEST(s, names);
	CU_ADD_TEST(s, records);
	CU_ADD_TEST(s, numbers);
}

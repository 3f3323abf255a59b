/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/const.h"

#include <CUnit/Basic.h>

void test_dns_const(void);

static const char *shown(void (*show)(struct text *t, unsigned v), unsigned v)
{
	static char buffer[64];
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	show(&t, v);
	buffer[text_len(&t)] = 0;
	return buffer;
}

static void show_class(struct text *t, unsigned v)
{
	dns_class_text(t, (uint16_t)v);
}

static void assigned(void)
{
	CU_ASSERT_STRING_EQUAL(shown(dns_opcode_text, 0), "QUERY");
	CU_ASSERT_STRING_EQUAL(shown(dns_opcode_text, 5), "UPDATE");
	CU_ASSERT_STRING_EQUAL(shown(dns_opcode_text, 6), "DSO");
	CU_ASSERT_STRING_EQUAL(shown(dns_rcode_text, 3), "NXDOMAIN");
	CU_ASSERT_STRING_EQUAL(shown(dns_rcode_text, 23), "BADCOOKIE");
	CU_ASSERT_STRING_EQUAL(shown(dns_rcode_text, 16), "BADVERS");
	CU_ASSERT_STRING_EQUAL(shown(dns_tsig_error_text, 16), "BADSIG");
	CU_ASSERT_STRING_EQUAL(shown(dns_tsig_error_text, 18), "BADTIME");
	CU_ASSERT_STRING_EQUAL(shown(show_class, 1), "IN");
	CU_ASSERT_STRING_EQUAL(shown(show_class, 255), "ANY");
	CU_ASSERT_STRING_EQUAL(shown(dns_cert_text, 3), "PGP");
	CU_ASSERT_STRING_EQUAL(shown(dns_algorithm_text, 13), "ECDSAP256SHA256");
	CU_ASSERT_STRING_EQUAL(shown(dns_dso_text, 0x41), "PUSH");
}

static void unassigned(void)
{
	CU_ASSERT_STRING_EQUAL(shown(dns_opcode_text, 7), "OPCODE7");
	CU_ASSERT_STRING_EQUAL(shown(dns_rcode_text, 3841), "RCODE3841");
	CU_ASSERT_STRING_EQUAL(shown(dns_tsig_error_text, 99), "99");
	CU_ASSERT_STRING_EQUAL(shown(show_class, 99), "CLASS99");
	CU_ASSERT_STRING_EQUAL(shown(show_class, 0x8001), "CLASS32769");
	CU_ASSERT_STRING_EQUAL(shown(dns_cert_text, 9), "9");
	CU_ASSERT_STRING_EQUAL(shown(dns_algorithm_text, 200), "200");
	CU_ASSERT_STRING_EQUAL(shown(dns_dso_text, 9), "DSOTYPE9");
}

static void errors(void)
{
	CU_ASSERT_STRING_EQUAL(dns_error_name(DNS_SHORT), "short");
	CU_ASSERT_STRING_EQUAL(dns_error_name(DNS_SNAP), "snap");
	CU_ASSERT_STRING_EQUAL(dns_error_name(DNS_OK), "ok");
}

void test_dns_const(void)
{
	CU_pSuite s = CU_add_suite("dns/const", NULL, NULL);
	CU_ADD_TEST(s, assigned);
	CU_ADD_TEST(s, unassigned);
	CU_ADD_TEST(s, errors);
}

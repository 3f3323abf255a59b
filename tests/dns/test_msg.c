/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/build.h"
#include "dns/dso.h"

#include <CUnit/Basic.h>

void test_dns_msg(void);

static struct build b;

/* Reads and walks a message that ends at a guard page. Returns the error, and counts the entries.
 */
static enum dns_error walk(const uint8_t *data, uint32_t len, unsigned *entries)
{
	uint8_t *copy = guard_copy(data, len);
	struct dns_msg msg;
	struct rr rr;
	enum dns_error error = dns_msg_read(&msg, copy, len);
	*entries = 0;
	if (error == DNS_OK) {
		struct rr_iter it = rr_iter_of(&msg, copy, len);
		while (rr_next(&it, &rr))
			++*entries;
		error = it.error;
	}
	guard_free(copy, len);
	return error;
}

static void build_reply(void)
{
	build_header(&b, DNS_QR, 1, 2, 1, 1);
	build_question(&b, "www.example.com", 1);
	build_rr(&b, 12, 1, 1, 300, "\300\0\2\1", 4);
	build_rr(&b, 12, 1, 1, 300, "\300\0\2\2", 4);
	build_rr(&b, 16, 2, 1, 300, "\3ns1\300\20", 6);
	build_rr(&b, 0, 41, 1232, 0x8000, "", 0);
}

static void reads_header_and_question(void)
{
	struct dns_msg msg;
	build_reply();
	CU_ASSERT_EQUAL(dns_msg_read(&msg, b.octets, b.len), DNS_OK);
	CU_ASSERT_EQUAL(msg.id, 4711);
	CU_ASSERT_EQUAL(msg.flags, DNS_QR);
	CU_ASSERT_EQUAL(msg.name_len, 17);
	CU_ASSERT_EQUAL(msg.qtype, 1);
	CU_ASSERT_EQUAL(msg.qclass, 1);
	CU_ASSERT_EQUAL(msg.body, 12 + 17 + 4);
	CU_ASSERT_EQUAL(dns_question_len(&msg), 21);
}

static bool same(const struct dns_msg *a, const struct dns_msg *other)
{
	return a->id == other->id && a->flags == other->flags &&
	       memcmp(a->count, other->count, sizeof(a->count)) == 0 &&
	       a->name_len == other->name_len && a->qtype == other->qtype &&
	       a->qclass == other->qclass && a->body == other->body;
}

/* dns_msg_reread() gives the same result, at every length and with every name length. */
static void reads_again(void)
{
	build_reply();
	for (uint32_t len = 0; len <= b.len; len++) {
		uint8_t *copy = guard_copy(b.octets, len);
		struct dns_msg first, again;
		enum dns_error error = dns_msg_read(&first, copy, len);
		CU_ASSERT_EQUAL(dns_msg_reread(&again, copy, len, first.name_len), error);
		CU_ASSERT_TRUE(same(&again, &first));
		CU_ASSERT_EQUAL(dns_msg_reread(&again, copy, len, 0), error);
		CU_ASSERT_TRUE(same(&again, &first));
		guard_free(copy, len);
	}
}

static void walks_all_entries(void)
{
	unsigned n;
	static const uint8_t sections[] = {DNS_ANSWER, DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL};
	static const uint16_t types[] = {1, 1, 2, 41};
	struct dns_msg msg;
	struct rr rr;
	build_reply();
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_OK);
	CU_ASSERT_EQUAL(n, 5);
	dns_msg_read(&msg, b.octets, b.len);
	struct rr_iter it = rr_iter_after_question(&msg, b.octets, b.len);
	for (unsigned i = 0; i < 4; i++) {
		CU_ASSERT_FATAL(rr_next(&it, &rr));
		CU_ASSERT_EQUAL(rr.section, sections[i]);
		CU_ASSERT_EQUAL(rr.type, types[i]);
	}
	CU_ASSERT_EQUAL(rr.ttl, 0x8000);
	CU_ASSERT_FALSE(rr_next(&it, &rr));
	CU_ASSERT_FALSE(rr_next(&it, &rr));
	CU_ASSERT_EQUAL(it.error, DNS_OK);
}

/* Truncated at any octet: the named error, and the entries before it. */
static void every_truncation(void)
{
	unsigned n, whole = 0;
	build_reply();
	for (uint32_t len = 0; len < b.len; len++) {
		enum dns_error error = walk(b.octets, len, &n);
		CU_ASSERT(error == DNS_SHORT || error == DNS_COUNT);
		CU_ASSERT(n >= whole);
		whole = n;
	}
	CU_ASSERT_EQUAL(whole, 4);
}

static void counts_too_large(void)
{
	unsigned n;
	build_reply();
	memset(b.octets + 4, 0xff, 8);
	CU_ASSERT_NOT_EQUAL(walk(b.octets, b.len, &n), DNS_OK);
	CU_ASSERT(n >= 1);
	build_reply();
	memset(b.octets + 10, 0xff, 2);
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_COUNT);
	CU_ASSERT_EQUAL(n, 5);
}

static void trailing_octets(void)
{
	unsigned n;
	build_reply();
	build_u8(&b, 0);
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_TRAILING);
	CU_ASSERT_EQUAL(n, 5);
	build_header(&b, 0, 0, 0, 0, 0);
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_OK);
	build_u8(&b, 0);
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_TRAILING);
}

static void broken_names(void)
{
	unsigned n;
	struct dns_msg msg;
	/* a compressed question, with no name before it */
	build_header(&b, 0, 1, 0, 0, 0);
	build_u16(&b, 0xc00c);
	build_u32(&b, 0x00010001);
	CU_ASSERT_EQUAL(dns_msg_read(&msg, b.octets, b.len), DNS_NAME);
	CU_ASSERT_EQUAL(msg.id, 4711);
	CU_ASSERT_EQUAL(msg.count[DNS_QUESTION], 1);
	/* an owner that points to itself */
	build_header(&b, DNS_QR, 1, 1, 0, 0);
	build_question(&b, "a", 1);
	build_rr(&b, b.len, 1, 1, 0, "\1\2\3\4", 4);
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_NAME);
	CU_ASSERT_EQUAL(n, 1);
	/* RDLENGTH beyond the message */
	build_reply();
	b.octets[b.len - 1] = 1;
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_SHORT);
	CU_ASSERT_EQUAL(n, 4);
}

static void large_messages(void)
{
	unsigned n;
	build_header(&b, DNS_QR, 1, 1000, 0, 0);
	build_question(&b, "a.example", 1);
	for (int i = 0; i < 1000; i++)
		build_rr(&b, 12, 1, 1, 1, "\1\2\3\4", 4);
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_OK);
	CU_ASSERT_EQUAL(n, 1001);
	/* 65535 octets, one record */
	static uint8_t fill[65535];
	build_header(&b, DNS_QR, 0, 1, 0, 0);
	build_rr(&b, 0, 10, 1, 1, fill, 65535 - 12 - 11);
	CU_ASSERT_EQUAL(b.len, 65535);
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_OK);
	CU_ASSERT_EQUAL(n, 1);
}

static void questions_other_than_one(void)
{
	unsigned n;
	struct dns_msg msg;
	struct rr rr;
	build_header(&b, DNS_QR | 1, 0, 0, 0, 0);
	CU_ASSERT_EQUAL(dns_msg_read(&msg, b.octets, b.len), DNS_OK);
	CU_ASSERT_EQUAL(msg.name_len, 0);
	CU_ASSERT_EQUAL(dns_question_len(&msg), 0);
	build_header(&b, 0, 3, 0, 0, 0);
	build_question(&b, "a", 1);
	build_question(&b, "b", 28);
	build_question(&b, "", 255);
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_OK);
	CU_ASSERT_EQUAL(n, 3);
	dns_msg_read(&msg, b.octets, b.len);
	struct rr_iter it = rr_iter_after_question(&msg, b.octets, b.len);
	CU_ASSERT_TRUE(rr_next(&it, &rr));
	CU_ASSERT_EQUAL(rr.type, 28);
}

static void dso(void)
{
	unsigned n;
	struct dns_msg msg;
	struct dso_tlv tlv = {0};
	build_header(&b, DNS_OPCODE_DSO << 11, 0, 0, 0, 0);
	build_u32(&b, 0x00010008);
	build_u32(&b, 15000);
	build_u32(&b, 60000);
	build_u32(&b, 0x00030000);
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_OK);
	dns_msg_read(&msg, b.octets, b.len);
	CU_ASSERT_TRUE(dns_msg_is_dso(&msg));
	struct dso_iter it = dso_iter_of(b.octets, b.len);
	CU_ASSERT_TRUE_FATAL(dso_next(&it, &tlv));
	CU_ASSERT_EQUAL(tlv.type, 1);
	CU_ASSERT_EQUAL(tlv.len, 8);
	CU_ASSERT(memcmp(tlv.data, b.octets + 16, 8) == 0);
	CU_ASSERT_TRUE(dso_next(&it, &tlv));
	CU_ASSERT_EQUAL(tlv.type, 3);
	CU_ASSERT_FALSE(dso_next(&it, &tlv));
	CU_ASSERT_FALSE(it.c.bad);
	it = dso_iter_of(b.octets, b.len - 1);
	CU_ASSERT_TRUE(dso_next(&it, &tlv));
	CU_ASSERT_FALSE(dso_next(&it, &tlv));
	CU_ASSERT_TRUE(it.c.bad);
	/* with counts it is no DSO */
	b.octets[5] = 1;
	b.octets[12] = 0;
	CU_ASSERT_EQUAL(walk(b.octets, b.len, &n), DNS_TRAILING);
}

static void mdns_bit(void)
{
	struct rr rr = {.type = 1, .rrclass = 0x8001}, opt = {.type = 41, .rrclass = 0x8001};
	struct dns_msg msg = {.qclass = 0x8001};
	CU_ASSERT_TRUE(rr_clear_mdns_bit(&rr));
	CU_ASSERT_EQUAL(rr.rrclass, 1);
	CU_ASSERT_FALSE(rr_clear_mdns_bit(&rr));
	CU_ASSERT_FALSE(rr_clear_mdns_bit(&opt));
	CU_ASSERT_EQUAL(opt.rrclass, 0x8001);
	CU_ASSERT_TRUE(dns_clear_mdns_bit(&msg));
	CU_ASSERT_FALSE(dns_clear_mdns_bit(&msg));
	CU_ASSERT_EQUAL(msg.qclass, 1);
}

void test_dns_msg(void)
{
	CU_pSuite s = CU_add_suite("dns/msg", NULL, NULL);
	CU_ADD_TEST(s, reads_header_and_question);
	CU_ADD_TEST(s, reads_again);
	CU_ADD_TEST(s, walks_all_entries);
	CU_ADD_TEST(s, every_truncation);
	CU_ADD_TEST(s, counts_too_large);
	CU_ADD_TEST(s, trailing_octets);
	CU_ADD_TEST(s, broken_names);
	CU_ADD_TEST(s, large_messages);
	CU_ADD_TEST(s, questions_other_than_one);
	CU_ADD_TEST(s, dso);
	CU_ADD_TEST(s, mdns_bit);
}

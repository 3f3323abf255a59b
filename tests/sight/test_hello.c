/* SPDX-License-Identifier: BSD-3-Clause */
#include "sight/hello.h"

#include "sight/build.h"
#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <stdio.h>

void test_sight_hello(void);

static struct wire w, shake;
static struct sight_hello hello;
static const struct build named = {.name = "dns.example", .padding = 90};
static const struct build named_last = {.name = "dns.example", .last = 1};
static const struct build unnamed = {.padding = 3};
static const struct build bare = {.bare = 1};

/* Parses the first n octets, in front of a guard page. */
static enum sight_hello_result read_n(const struct wire *of, uint32_t n, bool dtls)
{
	uint8_t *p = guard_copy(of->octets, n);
	memset(&hello, 0xee, sizeof(hello));
	enum sight_hello_result r =
		dtls ? sight_hello_dtls(&hello, p, n) : sight_hello_tls(&hello, p, n);
	guard_free(p, n);
	return r;
}

static enum sight_hello_result read_tls(void)
{
	return read_n(&w, w.len, false);
}

static bool is_named(const char *name)
{
	return hello.len == strlen(name) && memcmp(hello.name, name, hello.len) == 0;
}

static void complete(void)
{
	build_tls(&w, &named);
	CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_NAME);
	CU_ASSERT(is_named("dns.example"));
	build_tls(&w, &named_last);
	CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_NAME);
	CU_ASSERT(is_named("dns.example"));
	build_tls(&w, &unnamed);
	CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_NONE);
	build_tls(&w, &bare);
	CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_NONE);
	CU_ASSERT_EQUAL(read_n(&w, 0, false), SIGHT_HELLO_MORE);
}

/* A cut behind the name: the name is found; before it: more octets are needed; never an error. */
static void cuts_of(const struct build *b, bool dtls, enum sight_hello_result last)
{
	uint32_t first = 0;
	if (dtls)
		build_dtls(&w, b);
	else
		build_tls(&w, b);
	for (uint32_t n = 0; n < w.len; n++) {
		enum sight_hello_result r = read_n(&w, n, dtls);
		if (r == SIGHT_HELLO_NAME && first == 0)
			first = n;
		CU_ASSERT_EQUAL_FATAL(r, first ? SIGHT_HELLO_NAME : SIGHT_HELLO_MORE);
		if (r == SIGHT_HELLO_MORE)
			CU_ASSERT(hello.missing > 0 && n + hello.missing <= w.len);
		if (first)
			CU_ASSERT(is_named(b->name));
	}
	CU_ASSERT_EQUAL(read_n(&w, w.len, dtls), last);
	CU_ASSERT_EQUAL(first > 0, last == SIGHT_HELLO_NAME && !b->last);
}

static void every_cut(void)
{
	cuts_of(&named, false, SIGHT_HELLO_NAME);
	cuts_of(&named_last, false, SIGHT_HELLO_NAME);
	cuts_of(&unnamed, false, SIGHT_HELLO_NONE);
	cuts_of(&bare, false, SIGHT_HELLO_NONE);
}

/* Records of any size, and any octets behind the message. */
static void records(void)
{
	build_handshake(&shake, &named_last);
	for (size_t most = 1; most <= shake.len; most++) {
		build_records(&w, &shake, most);
		uint32_t n = w.len, tail = (uint32_t)(shake.len % most ? shake.len % most : most);
		CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_NAME);
		CU_ASSERT(is_named("dns.example"));
		CU_ASSERT_EQUAL(read_n(&w, n - 1, false), SIGHT_HELLO_MORE);
		wire_hex(&w, "14 0303 0001 01 17 0303 0002 aabb");
		CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_NAME);
		/* another record within the message: it can never be complete */
		w.octets[n - tail - 5] = 23;
		CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_BAD);
	}
}

/* Octets that arrive one by one are parsed a few times, however the records divide them. */
static void one_by_one(void)
{
	static const struct build padded = {.name = "dns.example", .padding = 500, .last = 1};
	build_handshake(&shake, &padded);
	for (size_t most = 1; most <= 600; most = most * 3 / 2 + 1) {
		enum sight_hello_result r = SIGHT_HELLO_MORE;
		unsigned parsed = 0;
		uint32_t n = 1;
		build_records(&w, &shake, most);
		for (; n <= w.len && r == SIGHT_HELLO_MORE; n += hello.missing, parsed++)
			r = read_n(&w, n, false);
		CU_ASSERT_EQUAL(r, SIGHT_HELLO_NAME);
		CU_ASSERT(parsed <= 80);
	}
}

static void no_hello(void)
{
	static const char *const begins[] = {"17 0303 0100", "15 0301 0002 0228", "80 2e 01 0301",
		"16 02", "16 04", "16 0303 0000", "16 0303 4001", "16 0303 0100 02",
		"16 0303 0004 00", "474554202f", "0017 1234", "ff"};
	for (size_t i = 0; i < BITS_COUNT(begins); i++) {
		wire_clear(&w);
		wire_hex(&w, begins[i]);
		CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_BAD);
	}
	build_tls(&w, &named);
	w.octets[5] = 2; /* a ServerHello */
	CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_BAD);
}

static void name_lengths(void)
{
	char name[300];
	memset(name, 'x', sizeof(name));
	for (size_t n = 1; n <= sizeof(name); n++) {
		build_tls(&w, &(struct build){.name = name, .name_len = n});
		CU_ASSERT_EQUAL(
			read_tls(), n <= SIGHT_NAME_MAX ? SIGHT_HELLO_NAME : SIGHT_HELLO_BAD);
		if (n <= SIGHT_NAME_MAX)
			CU_ASSERT_EQUAL(hello.len, n);
	}
	build_tls(&w, &(struct build){.name = ""});
	CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_BAD);
	build_tls(&w, &(struct build){.name = "a", .name_kind = 7});
	CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_NONE);
}

/* The lengths around the name, wrong by one. */
static void list_lengths(void)
{
	build_handshake(&shake, &named_last);
	uint32_t end = shake.len, at[] = {end - 11 - 2, end - 11 - 5, end - 11 - 7};
	for (size_t i = 0; i < BITS_COUNT(at); i++)
		for (int by = -1; by <= 1; by++) {
			struct wire other = shake;
			build_put16(&other, at[i], bits_be16(shake.octets + at[i]) + (unsigned)by);
			build_records(&w, &other, 16384);
			/* a name that is shorter than its list is accepted */
			bool good = by == 0 || (i == 0 && by < 0);
			CU_ASSERT_EQUAL(read_tls(), good ? SIGHT_HELLO_NAME : SIGHT_HELLO_BAD);
		}
	uint32_t extensions = build_handshake(&shake, &unnamed);
	for (int by = -1; by <= 1; by++) {
		struct wire other = shake;
		build_put16(
			&other, extensions, bits_be16(shake.octets + extensions) + (unsigned)by);
		build_records(&w, &other, 16384);
		CU_ASSERT_EQUAL(read_tls(), by ? SIGHT_HELLO_BAD : SIGHT_HELLO_NONE);
	}
}

/* Each octet of a message changed, and each pair of them: a name is within the octets. */
static void hostile(void)
{
	static const unsigned values[] = {0, 1, 2, 0x7f, 0x80, 0xfe, 0xff};
	unsigned results[4] = {0};
	for (int dtls = 0; dtls < 2; dtls++) {
		struct build b = {.name = "dns.example", .cookie = dtls ? 9 : 0};
		if (dtls)
			build_dtls(&w, &b);
		else
			build_tls(&w, &b);
		for (uint32_t at = 0; at < w.len; at++)
			for (size_t v = 0; v < BITS_COUNT(values); v++) {
				uint8_t was = w.octets[at],
					next = at + 1 < w.len ? w.octets[at + 1] : 0;
				w.octets[at] = (uint8_t)values[v];
				results[read_n(&w, w.len, dtls)]++;
				w.octets[at + 1] = (uint8_t)values[v];
				results[read_n(&w, w.len, dtls)]++;
				w.octets[at] = was;
				w.octets[at + 1] = next;
			}
	}
	CU_ASSERT(results[SIGHT_HELLO_NAME] > 0 && results[SIGHT_HELLO_NONE] > 0 &&
		  results[SIGHT_HELLO_BAD] > 0);
}

static void large(void)
{
	build_tls(&w, &(struct build){.name = "dns.example", .padding = 3000});
	CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_NAME);
	build_tls(&w, &(struct build){.name = "dns.example", .padding = 5000});
	CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_MORE);
	build_tls(&w, &(struct build){.padding = 3000});
	CU_ASSERT_EQUAL(read_tls(), SIGHT_HELLO_NONE);
}

static void datagrams(void)
{
	struct build b = {.name = "dns.example", .cookie = 1};
	cuts_of(&b, true, SIGHT_HELLO_NAME);
	b.cookie = 33;
	cuts_of(&b, true, SIGHT_HELLO_NAME);
	b.name = NULL;
	build_dtls(&w, &b);
	CU_ASSERT_EQUAL(read_n(&w, w.len, true), SIGHT_HELLO_NONE);
	build_dtls(&w, &named); /* no cookie */
	CU_ASSERT_EQUAL(read_n(&w, w.len, true), SIGHT_HELLO_BAD);
}

/* Fragments in one datagram, cut at any octet; in another order, or in several datagrams. */
static void fragments(void)
{
	build_handshake(&shake, &(struct build){.name = "dns.example", .last = 1, .cookie = 1});
	uint32_t body = shake.len - 4;
	for (uint32_t at = 1; at < body; at++) {
		wire_clear(&w);
		build_fragment(&w, &shake, 0, at);
		CU_ASSERT_EQUAL(read_n(&w, w.len, true), SIGHT_HELLO_MORE);
		build_fragment(&w, &shake, at, body - at);
		CU_ASSERT_EQUAL(read_n(&w, w.len, true), SIGHT_HELLO_NAME);
		CU_ASSERT(is_named("dns.example"));
		wire_clear(&w);
		build_fragment(&w, &shake, at, body - at);
		build_fragment(&w, &shake, 0, at);
		CU_ASSERT_EQUAL(read_n(&w, w.len, true), SIGHT_HELLO_BAD);
	}
}

static void dtls_records(void)
{
	build_dtls(&w, &(struct build){.cookie = 1});
	CU_ASSERT_TRUE(sight_hello_is_dtls(w.octets, w.len));
	CU_ASSERT_TRUE(sight_hello_is_dtls(w.octets, 13));
	CU_ASSERT_FALSE(sight_hello_is_dtls(w.octets, 12));
	for (unsigned type = 0; type < 256; type++) {
		w.octets[0] = (uint8_t)type;
		CU_ASSERT_EQUAL(sight_hello_is_dtls(w.octets, w.len), type >= 20 && type <= 26);
	}
	build_tls(&w, &named);
	CU_ASSERT_FALSE(sight_hello_is_dtls(w.octets, w.len));
}

void test_sight_hello(void)
{
	CU_pSuite s = CU_add_suite("sight/hello", NULL, NULL);
	CU_add_test(s, "complete", complete);
	CU_add_test(s, "every cut", every_cut);
	CU_add_test(s, "records", records);
	CU_add_test(s, "octet by octet", one_by_one);
	CU_add_test(s, "no ClientHello", no_hello);
	CU_add_test(s, "lengths of names", name_lengths);
	CU_add_test(s, "lengths of lists", list_lengths);
	CU_add_test(s, "hostile", hostile);
	CU_add_test(s, "large", large);
	CU_add_test(s, "datagrams", datagrams);
	CU_add_test(s, "fragments of DTLS", fragments);
	CU_add_test(s, "records of DTLS", dtls_records);
}

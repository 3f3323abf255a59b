/* SPDX-License-Identifier: BSD-3-Clause */
/* DNS on any port is recognised, and other traffic is not taken for it. */
#include "dns/plausible.h"

#include "support/guard.h"
#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void test_dns_plausible(void);

/* Payloads of each kind, unless DNSLOUPE_PAYLOADS sets another number. */
#define PAYLOADS 1000000
#define BUFFER_BYTES 256

static bool plausible(const void *data, uint32_t len, uint32_t wire_len)
{
	uint8_t *p = guard_copy(data, len);
	bool is = dns_plausible(p, len, wire_len);
	guard_free(p, len);
	return is;
}

static bool looks(const struct wire *w)
{
	return plausible(w->octets, w->len, w->len);
}

/* Queries, replies, the root, UPDATE, NOTIFY, EDNS and multicast DNS are recognised; a truncated
 * one too, if its question is whole; with an octet more or less they are not. */
static void found(void)
{
	static struct wire w;
	static const uint16_t types[] = {1, 2, 5, 6, 12, 15, 16, 28, 33, 65, 252, 255, 65280};
	for (size_t i = 0; i < BITS_COUNT(types); i++)
		for (int reply = 0; reply < 2; reply++) {
			wire_message(&w, 0x1234, reply ? 0x8183 : 0x0100, i % 2 ? "a.example" : "",
				types[i]);
			CU_ASSERT_EQUAL(looks(&w), i % 2 || reply);
			for (uint32_t len = 0; len < w.len; len++)
				CU_ASSERT(!plausible(w.octets, len, len));
			CU_ASSERT(!plausible(w.octets, w.len - 1, w.len));
			if (!(i % 2 || reply)) { /* for the root: only with EDNS */
				w.octets[11] = 1;
				wire_hex(&w, "00 0029 04d0 00000000 0000");
				CU_ASSERT(looks(&w));
			}
			wire_u8(&w, 0);
			CU_ASSERT(!looks(&w));
		}
	wire_clear(&w);
	wire_header(&w, 7, 0x8580, 1, 1, 0, 1);
	wire_question(&w, "www.example.com", 28, 1);
	const uint32_t question = w.len;
	wire_hex(&w, "c00c 001c 0001 0000003c 0010 20010db8000000000000000000000001");
	wire_hex(&w, "00 0029 04d0 00000000 0000");
	CU_ASSERT(looks(&w));
	for (uint32_t len = 17; len <= w.len; len++)
		CU_ASSERT_EQUAL(plausible(w.octets, len, w.len), len >= question);
	wire_clear(&w); /* UPDATE: deletes an RRset */
	wire_header(&w, 7, 0x2800, 1, 0, 1, 0);
	wire_question(&w, "example.com", 6, 1);
	wire_rr(&w, "www.example.com", 1, 255, 0, "", 0);
	CU_ASSERT(looks(&w));
	wire_clear(&w); /* multicast DNS: an answer without question, the cache-flush bit */
	wire_header(&w, 0, 0x8400, 0, 1, 0, 0);
	wire_rr(&w, "host.local", 1, 0x8001, 120, "\300\0\2\1", 4);
	CU_ASSERT(looks(&w));
	wire_clear(&w); /* and a query with several */
	wire_header(&w, 0, 0, 2, 0, 0, 0);
	wire_question(&w, "_http._tcp.local", 12, 1);
	wire_question(&w, "caf\303\251.local", 28, 0x8001);
	CU_ASSERT(looks(&w));
}

/* A message with a single error is not recognised. */
static void refused(void)
{
	static struct wire w;
	static const struct {
		uint8_t at, value;
	} wrong[] = {
		{2, 0x39}, /* an unassigned opcode */
		{3, 0x40}, /* Z */
		{3, 0x03}, /* an rcode in a query */
		{3, 0x80}, /* RA in a query */
		{5, 2}, /* two questions announced */
		{5, 0}, /* none, and no answer */
		{7, 1}, /* an answer announced */
		{12, 0xc0}, /* a pointer with no name before it */
		{13, 0x07}, /* a control character */
		{24, 0x36}, /* another type, not assigned */
		{26, 9}, /* another class */
	};
	for (size_t i = 0; i < BITS_COUNT(wrong); i++) {
		wire_message(&w, 1, 0x0100, "a.example", 1);
		CU_ASSERT(looks(&w));
		CU_ASSERT_NOT_EQUAL(w.octets[wrong[i].at], wrong[i].value);
		w.octets[wrong[i].at] = wrong[i].value;
		CU_ASSERT(!looks(&w));
	}
}

static void streams(void)
{
	static struct wire w, m;
	wire_message(&m, 1, 0x0100, "a.example", 1);
	wire_clear(&w);
	for (int i = 0; i < 3; i++) {
		wire_u16(&w, m.len);
		wire_put(&w, m.octets, m.len);
		CU_ASSERT(dns_plausible_stream(w.octets, w.len));
	}
	for (uint32_t len = 0; len < w.len; len++) {
		uint8_t *p = guard_copy(w.octets, len);
		/* the first one has its question, or is whole and the rest is not read */
		CU_ASSERT_EQUAL(dns_plausible_stream(p, len), len >= m.len + 2);
		guard_free(p, len);
	}
	w.octets[1]++;
	CU_ASSERT(!dns_plausible_stream(w.octets, w.len));
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fill(uint8_t *p, uint32_t len, uint64_t *state)
{
	for (uint32_t i = 0; i < len; i += 8) {
		uint64_t v = next(state);
		memcpy(p + i, &v, 8);
	}
}

/* Make payloads of other traffic: first octets of their protocol, then random ones. Return the
 * length. */
static uint32_t make_random(uint8_t *p, uint64_t r)
{
	(void)p;
	return 12 + r % 200;
}

static uint32_t make_sparse(
	uint8_t *p, uint64_t r) /* binary protocols: mostly zeros, small numbers */
{
	for (unsigned i = 0; i < BUFFER_BYTES; i++)
		p[i] = (p[i] & 0x0c) ? 0 : p[i] >> 6;
	return 12 + r % 60;
}

static uint32_t make_numbers(uint8_t *p, uint64_t r) /* words of 16 bits, small, as counts are */
{
	for (unsigned i = 0; i < BUFFER_BYTES; i += 2) {
		p[i] = 0;
		p[i + 1] = (p[i + 1] & 0x30) ? p[i + 1] & 1 : p[i + 1];
	}
	return 12 + r % 60;
}

static uint32_t make_tls(uint8_t *p, uint64_t r)
{
	uint32_t len = 20 + r % 200;
	p[0] = (uint8_t)(20 + (r >> 8) % 4);
	p[1] = 3;
	p[2] = (uint8_t)((r >> 16) % 5);
	p[3] = 0;
	p[4] = (uint8_t)(len - 5);
	return len;
}

static uint32_t make_quic(uint8_t *p, uint64_t r)
{
	if (r & 1) {
		p[0] = (uint8_t)(0x40 | (p[0] & 0x3f));
		return 21 + (r >> 8) % 200;
	}
	p[0] |= 0xc0;
	memcpy(p + 1, "\0\0\0\1\x08", 5);
	p[14] = 0;
	p[15] = 0;
	return 200;
}

static uint32_t make_rtp(uint8_t *p, uint64_t r)
{
	p[0] = 0x80;
	p[1] = (uint8_t)((r & 1) ? 0 : 96);
	if (r & 2) /* early in a session, and silence behind the header */
		p[4] = 0;
	if (r & 4)
		memset(p + 12, 0, 160);
	return 172;
}

static uint32_t make_ntp(uint8_t *p, uint64_t r)
{
	p[0] = (uint8_t)((r & 1) ? 0x23 : 0x24);
	p[1] = (uint8_t)(r >> 8 & 15);
	p[2] = 6;
	memset(p + 4, 0, (r & 2) ? 8 : 2);
	return 48;
}

static uint32_t make_text(uint8_t *p, uint64_t r)
{
	static const char *const starts[] = {"INVITE sip:", "REGISTER sip:", "SIP/2.0 200 OK\r\n",
		"GET / HTTP/1.1\r\n", "M-SEARCH * HTTP/1.1\r\n", "d1:ad2:id20:", "<134>Nov 30 "};
	const char *start = starts[r % BITS_COUNT(starts)];
	for (unsigned i = 0; i < BUFFER_BYTES; i++)
		p[i] = (uint8_t)(' ' + p[i] % 95);
	memcpy(p, start, strlen(start));
	return 30 + (r >> 8) % 200;
}

static uint32_t make_snmp(uint8_t *p, uint64_t r)
{
	uint32_t len = 40 + r % 80;
	p[0] = 0x30;
	p[1] = (uint8_t)(len - 2);
	memcpy(p + 2, "\2\1\1\4\6public\xa0", 12);
	return len;
}

static uint32_t make_stun(uint8_t *p, uint64_t r)
{
	memcpy(p, "\0\1\0\x08\x21\x12\xa4\x42", 8);
	p[0] = (uint8_t)(r & 1);
	return 28;
}

/*
 * None of millions of payloads of other traffic is recognised, over UDP or at the start of a TCP
 * segment. They are the same in each run.
 */
static void others(void)
{
	static uint32_t (*const makers[])(uint8_t * p, uint64_t r) = {make_random, make_sparse,
		make_numbers, make_tls, make_quic, make_rtp, make_ntp, make_text, make_snmp,
		make_stun};
	const char *asked = getenv("DNSLOUPE_PAYLOADS");
	const unsigned long n = asked ? strtoul(asked, NULL, 10) : PAYLOADS;
	uint64_t state = 0x9e3779b97f4a7c15;
	unsigned long datagrams = 0, cut = 0, segments = 0;

	for (size_t kind = 0; kind < BITS_COUNT(makers); kind++)
		for (unsigned long i = 0; i < n; i++) {
			uint8_t p[BUFFER_BYTES];
			fill(p, sizeof(p), &state);
			uint32_t len = makers[kind](p, next(&state));
			datagrams += dns_plausible(p, len, len);
			cut += dns_plausible(p, len, len + 100);
			segments += dns_plausible_stream(p, len);
		}
	if (asked)
		printf("%zu payloads: %lu taken for DNS over UDP, %lu cut by the "
		       "capture, %lu over TCP\n",
			n * BITS_COUNT(makers), datagrams, cut, segments);
	CU_ASSERT_EQUAL(datagrams, 0);
	CU_ASSERT_EQUAL(cut, 0);
	CU_ASSERT_EQUAL(segments, 0);
}

void test_dns_plausible(void)
{
	CU_pSuite s = CU_add_suite("dns/plausible", NULL, NULL);
	CU_add_test(s, "DNS is found", found);
	CU_add_test(s, "one thing wrong", refused);
	CU_add_test(s, "streams", streams);
	CU_add_test(s, "other traffic", others);
}

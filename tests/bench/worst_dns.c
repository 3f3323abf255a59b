/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies that cost the decoder, the schemas, the encodings or the filters most. */
#include "bench/worst.h"

#include "dns/rrtype.h"

#include <string.h>

enum { MESSAGE_MAX = 65000 };

struct made {
	uint8_t octets[MESSAGE_MAX];
	uint32_t len, limit;
	uint16_t count;
};

static struct made made;

static bool put(const void *p, size_t n)
{
	if (made.len + n > made.limit)
		return false;
	memcpy(made.octets + made.len, p, n);
	made.len += (uint32_t)n;
	return true;
}

/* Appends a resource record, its owner and RDATA in wire form. False: the message is full. */
static bool put_rr(const void *owner, size_t n, uint16_t type, const void *rdata, uint16_t rdlen)
{
	uint8_t fixed[10] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 0, 60,
		(uint8_t)(rdlen >> 8), (uint8_t)rdlen};
	if (made.len + n + sizeof(fixed) + rdlen > made.limit)
		return false;
	put(owner, n);
	put(fixed, sizeof(fixed));
	put(rdata, rdlen);
	made.count++;
	return true;
}

static void begin(uint32_t limit)
{
	static const uint8_t header[DNS_HEADER_LEN] = {0, 1, 0x80};
	made.len = 0;
	made.limit = limit;
	made.count = 0;
	put(header, sizeof(header));
}

/* Appends a record with a name of 127 labels at offset 23, to which all other names point. */
static void put_labels(void)
{
	uint8_t name[NAME_WIRE_MAX];
	for (int i = 0; i < 254; i += 2) {
		name[i] = 1;
		name[i + 1] = 0xff;
	}
	name[254] = 0;
	put_rr("", 1, RRTYPE_NS, name, sizeof(name));
}

static void make_plain(void)
{
	while (put_rr("\3www\7example\3com", 17, RRTYPE_A, "\300\0\2\1", 4))
		;
}

static void make_labels(void)
{
	put_labels();
	while (put_rr("\300\27", 2, RRTYPE_NS, "\300\27", 2))
		;
}

/* Each name is another tail of the long one, so that remembering the last few does not help. */
static void make_tails(void)
{
	put_labels();
	for (unsigned i = 0;; i++) {
		uint8_t owner[2] = {0xc0, (uint8_t)(23 + 2 * (i % 20))};
		uint8_t rdata[2] = {0xc0, (uint8_t)(23 + 2 * ((i + 11) % 20))};
		if (!put_rr(owner, 2, RRTYPE_NS, rdata, 2))
			return;
	}
}

/* As many pointers in a chain as are followed, then records whose names begin at its end. */
static void make_chain(void)
{
	uint8_t chain[1 + 2 * (NAME_JUMPS - 2)] = {0};
	for (unsigned i = 0; i < NAME_JUMPS - 2; i++) {
		unsigned target = i ? 23 + 1 + 2 * (i - 1) : 23;
		chain[1 + 2 * i] = (uint8_t)(0xc0 | target >> 8);
		chain[2 + 2 * i] = (uint8_t)target;
	}
	put_rr("", 1, RRTYPE_NULL_, chain, sizeof(chain));
	unsigned last = 23 + sizeof(chain) - 2;
	uint8_t pointer[2] = {(uint8_t)(0xc0 | last >> 8), (uint8_t)last};
	while (put_rr(pointer, 2, RRTYPE_NS, pointer, 2))
		;
}

/* As many names in one record as fit. */
static void make_names(void)
{
	static uint8_t rdata[MESSAGE_MAX];
	uint16_t n = (uint16_t)(made.limit - made.len - 11);
	memcpy(rdata, "\1\2\0\1ab", 6);
	put_rr("", 1, RRTYPE_HIP, rdata, n);
}

/* The smallest records: of the root, without RDATA. */
static void make_roots(void)
{
	while (put_rr("", 1, RRTYPE_NULL_, "", 0))
		;
}

static void make_bits(void)
{
	static uint8_t rdata[MESSAGE_MAX];
	uint32_t n = 1;
	for (unsigned w = 0; w < 256 && n + 34 + 11 + made.len <= made.limit; w++, n += 34) {
		rdata[n] = (uint8_t)w;
		rdata[n + 1] = 32;
		memset(rdata + n + 2, 0xff, 32);
	}
	while (put_rr("", 1, RRTYPE_NSEC, rdata, (uint16_t)n))
		;
}

static void make_strings(void)
{
	static uint8_t rdata[MESSAGE_MAX];
	uint32_t n = made.limit - made.len - 11;
	memset(rdata, 0, sizeof(rdata));
	put_rr("", 1, RRTYPE_TXT, rdata, (uint16_t)n);
}

static void make_control(void)
{
	static uint8_t rdata[256];
	memset(rdata + 1, 1, 255);
	rdata[0] = 255;
	while (put_rr("", 1, RRTYPE_TXT, rdata, sizeof(rdata)))
		;
}

/* Sends what was made as a reply; `count`: the resource records that its header claims. */
static void send_reply(struct worst *w, unsigned count)
{
	struct wire wire = {.client = 1, .port = 4000, .reply = true};
	made.octets[6] = (uint8_t)(count >> 8);
	made.octets[7] = (uint8_t)count;
	worst_packet(w, &wire, made.octets, made.len);
}

/* Has a logger write one reply of `octets` octets that `make` makes. */
static void reply(struct worst *w, size_t octets, void (*make)(void), const char *sink)
{
	w->sink = sink;
	begin(octets < MESSAGE_MAX ? (uint32_t)octets : MESSAGE_MAX);
	make();
	send_reply(w, made.count);
}

#define REPLY(stage, input, make, sink)                                                            \
	void worst_##stage##_##input(struct worst *w, size_t octets)                               \
	{                                                                                          \
		reply(w, octets, make, sink);                                                      \
	}
REPLY(dns, plain, make_plain, "")
REPLY(dns, labels, make_labels, "")
REPLY(dns, tails, make_tails, "")
REPLY(dns, pointers, make_chain, "")
REPLY(dns, names, make_names, "")
REPLY(dns, type_bits, make_bits, "")
REPLY(dns, empty_strings, make_strings, "")
REPLY(dns, escapes, make_control, "")
REPLY(dns, roots, make_roots, "")
REPLY(schema, gazer, make_tails, "schema=gazer")
REPLY(schema, gazer_records, make_tails, "schema=gazer-record")
REPLY(schema, gopassivedns, make_tails, "schema=gopassivedns")
REPLY(schema, gopassivedns_roots, make_roots, "schema=gopassivedns")
REPLY(schema, some_members, make_tails, "fields.exclude=[\"rcode\"]")
REPLY(filter, rcodes, make_roots, "filter.rcodes=BADVERS")
#undef REPLY

void worst_dns_claims(struct worst *w, size_t octets)
{
	begin(octets < MESSAGE_MAX ? (uint32_t)octets : MESSAGE_MAX);
	w->sink = "";
	make_plain();
	send_reply(w, 65535);
}

/* Names of 127 labels, each looked up with all its parents. */
void worst_filter_domains(struct worst *w, size_t octets)
{
	w->sink = "filter.domains=[\"b.a.example\",\"example\",\"a.b\",\"c.a\"]";
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire wire = {.client = i & 0xffff, .port = 4000};
		worst_query(w, &wire, (uint16_t)i, 127, 0);
	}
}

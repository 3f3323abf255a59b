/* SPDX-License-Identifier: BSD-3-Clause */
/* Headers in headers, as deep and as small as a frame holds them. */
#include "bench/worst.h"

#include <string.h>

enum {
	MTU = 1500,
	CLIENTS = 60000,
	LAYERS = 6, /* of a frame at most, besides those that a maker repeats */
};

static void ethernet(struct writer *w, unsigned ethertype)
{
	memset(w->at, 2, 12);
	w->at += 12;
	u16(w, ethertype);
}

static void ipv4(struct writer *w, unsigned proto, unsigned payload)
{
	u16(w, 0x4500);
	u16(w, 20 + payload);
	u32(w, 0);
	u32(w, 0x40000000 | proto << 16);
	u32(w, 0xc0000201);
	u32(w, 0xc0000235);
}

static void ipv6(struct writer *w, unsigned next, unsigned payload)
{
	u32(w, 0x60000000);
	u16(w, payload);
	u16(w, next << 8 | 64);
	for (unsigned i = 0; i < 8; i++)
		u32(w, 0x20010db8 + i);
}

static void udp(struct writer *w, unsigned dport, unsigned payload)
{
	u16(w, 4321);
	u16(w, dport);
	u16(w, 8 + payload);
	u16(w, 0);
}

/* Ends each frame: a query in IPv4 and UDP. */
enum { QUERY = 12 + 7, QUERY_IP = 20 + 8 + QUERY };

static void query(struct writer *w)
{
	ipv4(w, 17, 8 + QUERY);
	udp(w, 53, QUERY);
	w->at += worst_message(w->at, 1, 0x0100, 1);
}

void worst_packet_plain(struct worst *w, size_t octets)
{
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire wire = {.client = i / 2 % CLIENTS, .port = 4000, .reply = i % 2};
		uint8_t message[64];
		uint32_t n = worst_message(message, (uint16_t)(i / 2), i % 2 ? 0x8180 : 0x0100, 8);
		worst_packet(w, &wire, message, n);
	}
}

void worst_packet_vlans(struct worst *w, size_t octets)
{
	while (w->wire_octets < octets) {
		struct writer at = worst_begin(w);
		ethernet(&at, 0x8100);
		for (unsigned n = (MTU - QUERY_IP) / 4; n; n--) {
			u16(&at, n & 4095);
			u16(&at, n > 1 ? 0x8100 : 0x0800);
		}
		query(&at);
		worst_end(w, &at);
	}
}

void worst_packet_mpls(struct worst *w, size_t octets)
{
	while (w->wire_octets < octets) {
		struct writer at = worst_begin(w);
		ethernet(&at, 0x8847);
		for (unsigned n = w->packets.max_depth - LAYERS; n; n--)
			u32(&at, n << 12 | (n == 1) << 8 | 64);
		query(&at);
		worst_end(w, &at);
	}
}

/* Frames of IPv4 headers, each with `between` in front of the next one. */
static void nested(
	struct worst *w, size_t octets, unsigned proto, const uint8_t *between, unsigned n)
{
	const unsigned step = 20 + n;
	unsigned levels = (w->packets.max_depth - LAYERS) / (n ? 3u : 2u);

	if (levels > (MTU - QUERY_IP) / step)
		levels = (MTU - QUERY_IP) / step;
	while (w->wire_octets < octets) {
		struct writer at = worst_begin(w);
		ethernet(&at, 0x0800);
		for (unsigned i = levels; i; i--) {
			ipv4(&at, proto, n + (i - 1) * step + QUERY_IP);
			if (n)
				memcpy(at.at, between, n);
			at.at += n;
		}
		query(&at);
		worst_end(w, &at);
	}
}

void worst_packet_ip_in_ip(struct worst *w, size_t octets)
{
	nested(w, octets, 4, NULL, 0);
}

void worst_packet_gre(struct worst *w, size_t octets)
{
	nested(w, octets, 47, (const uint8_t *)"\0\0\10\0", 4);
}

void worst_packet_extensions(struct worst *w, size_t octets)
{
	const unsigned n = w->packets.max_depth - LAYERS;
	while (w->wire_octets < octets) {
		struct writer at = worst_begin(w);
		ethernet(&at, 0x86dd);
		ipv6(&at, 60, 8 * n + 8 + QUERY);
		for (unsigned i = n; i; i--) {
			u32(&at, (i > 1 ? 60u : 17u) << 24 | 0x0104);
			u32(&at, 0);
		}
		udp(&at, 53, QUERY);
		at.at += worst_message(at.at, 1, 0x0100, 1);
		worst_end(w, &at);
	}
}

void worst_packet_gtp(struct worst *w, size_t octets)
{
	const unsigned n = 16, inner = 4 + 4 * n + QUERY_IP; /* GTP_EXTENSIONS */
	while (w->wire_octets < octets) {
		struct writer at = worst_begin(w);
		ethernet(&at, 0x0800);
		ipv4(&at, 17, 8 + 8 + inner);
		udp(&at, 2152, 8 + inner);
		u16(&at, 0x34ff);
		u16(&at, inner);
		u32(&at, 1);
		u32(&at, 0x85); /* the type of the first extension header */
		for (unsigned i = n; i; i--)
			u32(&at, 0x01000000 | (i > 1 ? 0x85u : 0u));
		query(&at);
		worst_end(w, &at);
	}
}

void worst_packet_resolvers(struct worst *w, size_t octets)
{
	for (unsigned i = 0; i < PACKET_RESOLVERS; i++) {
		uint8_t addr[ADDR_OCTETS];
		memset(addr, (int)i, sizeof(addr));
		struct prefix prefix = {.addr = addr_of_v6(addr), .bits = 128};
		packet_resolver_add(&w->packets, &prefix);
	}
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire wire = {.client = i % CLIENTS,
			.port = 443,
			.service = 443,
			.v6 = true,
			.tcp = true,
			.flags = WIRE_SYN,
			.seq = i};
		worst_packet(w, &wire, NULL, 0);
	}
}

/* Where DNS is looked for on all ports: what looks like it until the end of a long name. */
void worst_packet_any_port(struct worst *w, size_t octets)
{
	w->packets.anywhere = true;
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire wire = {.client = i % CLIENTS, .port = 4000, .service = 4001};
		uint8_t message[600];
		uint32_t n = worst_message(message, (uint16_t)i, 0x0100, 127);
		worst_packet(w, &wire, message, n - 1);
	}
}

/* A wrong checksum is summed twice, as that of UDP-Lite too. */
void worst_packet_checksum(struct worst *w, size_t octets)
{
	static uint8_t message[1400];
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire wire = {.client = i % CLIENTS, .port = 4000};
		worst_query(w, &wire, 1, 1, 0);
		wire.reply = true;
		worst_message(message, 1, 0x8180, 1);
		worst_packet(w, &wire, message, sizeof(message));
		struct frame *f = &w->frames[w->count - 1];
		w->octets[(size_t)(f->data - w->octets) + f->len - 1] ^= 1;
	}
}

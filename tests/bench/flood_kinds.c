/* SPDX-License-Identifier: BSD-3-Clause */
/* The floods, one function each. */
#include "bench/flood.h"

#include "base/bits.h"

#include <stdio.h>
#include <string.h>

enum { LONG = 4000, LARGE = 16000, SEGMENT = 1460, FRAGMENT = 1480, RECENT = 4096 };

/* Returns the ends of the i-th packet or connection, whose server is on port 53. */
static struct flood_ends ends_of(const struct flood *f, uint64_t i)
{
	uint64_t r = flood_random(i ^ UINT64_C(1) << 40);
	return (struct flood_ends){.src = FLOOD_SOURCE(f->many ? r : 1),
		.dst = FLOOD_SERVER,
		.sport = (uint16_t)(1024 + (r >> 32) % 64000),
		.dport = 53};
}

static struct flood_ends reversed(struct flood_ends e)
{
	return (struct flood_ends){.src = e.dst, .dst = e.src, .sport = e.dport, .dport = e.sport};
}

static const char *random_name(uint64_t i)
{
	static char name[64];
	snprintf(name, sizeof(name), "%012llx.victim.example",
		(unsigned long long)(flood_random(i) >> 16));
	return name;
}

static void query(struct flood *f, uint64_t i, uint32_t octets)
{
	static uint8_t message[FLOOD_FRAME];
	struct flood_ends e = ends_of(f, i);
	uint32_t n = flood_message(message, (uint16_t)flood_random(i), 0x0100, random_name(i), 0);

	flood_udp(f, &e, message, n < octets ? octets : n);
}

static void subdomain(struct flood *f, uint64_t i)
{
	query(f, i, 0);
}

static void long_query(struct flood *f, uint64_t i)
{
	query(f, i, LONG);
}

/* Connections of a SYN and the segments of one query. */
static void tcp_large(struct flood *f, uint64_t i)
{
	static uint8_t stream[2 + LARGE];
	uint64_t connection = i / FLOOD_CONNECTION, k = i % FLOOD_CONNECTION;
	struct flood_ends e = ends_of(f, connection);
	uint32_t isn = (uint32_t)flood_random(connection);

	e.src = FLOOD_SOURCE(f->many ? connection : connection % 16);
	if (k == 0) {
		flood_tcp(f, &e, FLOOD_SYN, isn, 0, NULL, 0);
		return;
	}
	uint32_t from = (uint32_t)(k - 1) * SEGMENT, n = sizeof(stream) - from;
	stream[0] = LARGE >> 8;
	stream[1] = LARGE & 255;
	flood_message(stream + 2, (uint16_t)connection, 0x0100, random_name(connection), 0);
	flood_tcp(f, &e, FLOOD_ACK, isn + 1 + from, 1, stream + from, n < SEGMENT ? n : SEGMENT);
}

static void reply(struct flood *f, uint64_t i)
{
	uint8_t message[128];
	struct flood_ends e = reversed(ends_of(f, i));
	uint32_t n = flood_message(
		message, (uint16_t)flood_random(i), 0x8180, random_name(i), 0xcb007101);
	flood_udp(f, &e, message, n);
}

static void syn(struct flood *f, uint64_t i)
{
	struct flood_ends e = ends_of(f, i);
	flood_tcp(f, &e, FLOOD_SYN, (uint32_t)flood_random(i), 0, NULL, 0);
}

static void first_fragment(struct flood *f, uint64_t i)
{
	struct flood_ends e = ends_of(f, i);
	flood_fragment(f, &e, (uint16_t)flood_random(i), FRAGMENT);
}

/* Connections of segments of one octet, with a gap of one octet behind each. */
static void one_octet(struct flood *f, uint64_t i)
{
	uint64_t connection = i / 1000;
	struct flood_ends e = ends_of(f, connection);
	uint32_t isn = (uint32_t)flood_random(connection), k = (uint32_t)(i % 1000);

	if (k == 0)
		flood_tcp(f, &e, FLOOD_SYN, isn, 0, NULL, 0);
	else
		flood_tcp(f, &e, FLOOD_ACK, isn + 1 + 2 * k, 1, (const uint8_t *)"x", 1);
}

/* All ids of one five-tuple (or of many, one after the other). */
static void all_ids(struct flood *f, uint64_t i)
{
	uint8_t message[128];
	struct flood_ends e = ends_of(f, f->many ? i >> 16 : 0);
	uint32_t n = flood_message(message, (uint16_t)i, 0x0100, "www.victim.example", 0);
	flood_udp(f, &e, message, n);
}

/* Returns one of the latest honest transactions, or the latest. */
static struct honest_one recent(const struct flood *f, uint64_t i)
{
	uint64_t begun = f->honest.begun, back = f->many ? flood_random(i) % RECENT : 0;
	return honest_one(begun ? begun - 1 - back % begun : 0);
}

static void mismatch(struct flood *f, uint64_t i)
{
	uint8_t message[128];
	struct honest_one one = recent(f, i);
	struct flood_ends e = reversed(one.ends);
	uint32_t n = flood_message(message, one.id, 0x8180, random_name(i), 0xcb007101);
	flood_udp(f, &e, message, n);
}

/* Kaminsky's attack: the right ends and question, with random ids. */
static void spoofed_id(struct flood *f, uint64_t i)
{
	uint8_t message[128];
	struct honest_one one = recent(f, i);
	struct flood_ends e = reversed(one.ends);
	uint16_t id = (uint16_t)(flood_random(i) >> 20);
	uint32_t n = flood_message(
		message, (uint16_t)(id == one.id ? id + 1 : id), 0x8180, one.name, 0xcb007101);
	flood_udp(f, &e, message, n);
}

/* The same query again and again, or those of 4096 clients. */
static void retry(struct flood *f, uint64_t i)
{
	uint64_t k = f->many ? flood_random(i) % 4096 : 0;
	query(f, k, 0);
}

/* RSTs to honest connections, with random sequence numbers. */
static void reset(struct flood *f, uint64_t i)
{
	uint64_t begun = f->honest.begun / 5, back = f->many ? flood_random(i) % 1024 : 0;
	struct honest_one one = honest_one(begun ? (begun - 1 - back % begun) * 5 : 0);
	struct flood_ends e = i % 2 ? reversed(one.ends) : one.ends;
	flood_tcp(f, &e, FLOOD_RST, (uint32_t)flood_random(~i), 0, NULL, 0);
}

const struct flood_kind flood_kinds[] = {
	{"subdomain", "queries for random names below one domain", subdomain},
	{"long", "the same of 4,000 octets each", long_query},
	{"tcp_large", "queries of 16,000 octets over TCP, in 12 segments", tcp_large},
	{"replies", "replies without queries", reply},
	{"syns", "SYNs", syn},
	{"fragments", "first fragments", first_fragment},
	{"one_octet", "TCP segments of one octet, a gap behind each", one_octet},
	{"ids", "all ids of a five-tuple", all_ids},
	{"mismatches", "replies to honest queries with another question", mismatch},
	{"spoofed_ids", "replies to honest queries with another id", spoofed_id},
	{"retries", "the same queries again", retry},
	{"resets", "RSTs into honest connections", reset},
};

const unsigned flood_kind_count = BITS_COUNT(flood_kinds);

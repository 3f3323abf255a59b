/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages that meet in the tables of open queries, and sightings. */
#include "bench/worst.h"

#include <string.h>

enum { CLIENTS = 60000 };

static struct wire client(unsigned number)
{
	return (struct wire){.client = number % CLIENTS, .port = 4000};
}

static void message(struct worst *w, const struct wire *wire, uint16_t id, unsigned labels)
{
	uint8_t octets[512];
	worst_packet(
		w, wire, octets, worst_message(octets, id, wire->reply ? 0x8180 : 0x0100, labels));
}

void worst_txn_ids(struct worst *w, size_t octets)
{
	const struct wire c = client(1);
	for (unsigned i = 0; w->wire_octets < octets; i++)
		message(w, &c, (uint16_t)i, 1);
}

/* Writes a query of one label, which `number` decides. */
static void question(struct worst *w, const struct wire *wire, uint16_t id, unsigned number)
{
	uint8_t octets[64];
	struct writer m = {octets};
	u16(&m, id);
	u16(&m, wire->reply ? 0x8180 : 0x0100);
	u16(&m, 1);
	memset(m.at, 0, 6);
	m.at += 6;
	u8(&m, 4);
	u32(&m, 0x61616161 + (number & 15) + (number >> 4 & 15) * 256 + (number >> 8 & 15) * 65536 +
			(number >> 12 & 15) * 16777216);
	u8(&m, 0);
	u16(&m, 1);
	u16(&m, 1);
	worst_packet(w, wire, octets, (size_t)(m.at - octets));
}

void worst_txn_questions(struct worst *w, size_t octets)
{
	const struct wire c = client(1);
	for (unsigned i = 0; w->wire_octets < octets; i++)
		question(w, &c, 1, i);
}

void worst_txn_retries(struct worst *w, size_t octets)
{
	const struct wire c = client(1);
	while (w->wire_octets < octets)
		message(w, &c, 1, 8);
}

/* Queries whose hashes are those of four buckets: more than a bucket may hold. */
void worst_txn_collisions(struct worst *w, size_t octets)
{
	const struct txn_table *t = &w->pipeline.txn.table;
	struct pkt pkt;
	struct txn_message m = {.pkt = &pkt};
	struct wire c = client(1);

	message(w, &c, 0, 1);
	packet_walk(&w->packets, &w->frames[0], &pkt);
	for (uint32_t i = 1; w->wire_octets < octets; i++) {
		m.msg.id = (uint16_t)i;
		pkt.sport = c.port = (uint16_t)(4000 + (i >> 16));
		txn_key(&w->pipeline.txn, &m);
		if ((m.hash & t->mask) < 4)
			message(w, &c, m.msg.id, 1);
	}
}

static void long_queries(struct worst *w, size_t octets, size_t size)
{
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = client(i);
		worst_query(w, &c, (uint16_t)i, 8, size);
	}
}

void worst_txn_two_slots(struct worst *w, size_t octets)
{
	long_queries(w, octets, TXN_TABLE_INLINE + 1);
}

void worst_txn_long(struct worst *w, size_t octets)
{
	long_queries(w, octets, 4000);
}

void worst_txn_longest(struct worst *w, size_t octets)
{
	long_queries(w, octets, 65000);
}

void worst_txn_unsolicited(struct worst *w, size_t octets)
{
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = client(i);
		c.reply = true;
		message(w, &c, (uint16_t)i, 1);
	}
}

/* Replies with another question than the open queries of their ids have. */
void worst_txn_mismatches(struct worst *w, size_t octets)
{
	struct wire c = client(1);
	for (unsigned i = 0; i < 64; i++)
		question(w, &c, 1, i);
	c.reply = true;
	for (unsigned i = 64; w->wire_octets < octets; i++)
		question(w, &c, 1, i);
}

/* Replies with a wrong checksum, which wait for a better one. */
void worst_txn_wrong_checksums(struct worst *w, size_t octets)
{
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = client(i / 3);
		c.reply = i % 3;
		message(w, &c, 1, 1);
		struct frame *f = &w->frames[w->count - 1];
		if (c.reply) /* the address is not that which was summed */
			w->octets[(size_t)(f->data - w->octets) + 14 + 20 + 7] ^= 1;
	}
}

/* Multicast DNS: many queries of many hosts at the group, then replies of others. */
void worst_txn_multicast(struct worst *w, size_t octets)
{
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = {.client = i % CLIENTS, .port = 5353, .service = 5353};
		question(w, &c, 0, i / 2);
		struct frame *f = &w->frames[w->count - 1];
		uint8_t *ip = &w->octets[(size_t)(f->data - w->octets) + 14];
		memcpy(ip + 16, "\340\0\0\373", 4);
		if (i % 2)
			ip[28 + 2] = 0x84;
		wire_checksum(ip);
	}
}

/* A zone transfer of messages that hold one small record each. */
void worst_txn_transfer(struct worst *w, size_t octets)
{
	uint8_t segment[1400];
	static const uint8_t record[] = "\0\32\0\1\204\0\0\0\0\1\0\0\0\0"
					"\1a\0\0\20\0\1\0\0\0\0\0\1";
	const size_t n = sizeof(record); /* the last octet is the RDATA's */
	struct wire c = {.client = 1, .port = 4000, .tcp = true, .flags = WIRE_ACK, .seq = 1};
	c.ack = 1;
	worst_packet(w, &c, "\0\21\0\1\1\0\0\1\0\0\0\0\0\0\0\0\374\0\1", 19);
	for (size_t at = 0; at + n <= sizeof(segment); at += n)
		memcpy(segment + at, record, n);
	c.reply = true;
	c.ack = 20;
	for (; w->wire_octets < octets; c.seq += (uint32_t)(sizeof(segment) / n * n))
		worst_packet(w, &c, segment, sizeof(segment) / n * n);
}

/* Sightings. */

enum { HELLO = 4000 };

/* A ClientHello of HELLO octets in TLS records of `size`, whose extensions are padding; returns its
 * octets. */
static size_t hello(uint8_t *to, size_t size)
{
	static uint8_t shake[HELLO];
	struct writer s = {shake}, w = {to};
	memset(shake, 0, sizeof(shake));
	u32(&s, 0x01000000 | (HELLO + 1000)); /* it never ends */
	u16(&s, 0x0303);
	s.at += 32 + 1;
	u32(&s, 0x00021301);
	u16(&s, 0x0100);
	u16(&s, HELLO + 1000 - (2 + 32 + 1 + 4 + 2) - 2);
	for (unsigned type = 0x2a2a; s.at + 4 <= shake + HELLO; type++) {
		u16(&s, type);
		u16(&s, 0);
	}
	for (size_t at = 0; at < HELLO; at += size) {
		size_t n = HELLO - at < size ? HELLO - at : size;
		u8(&w, 22);
		u16(&w, 0x0301);
		u16(&w, (unsigned)n);
		memcpy(w.at, shake + at, n);
		w.at += n;
	}
	return (size_t)(w.at - to);
}

/* ClientHellos of records of `record` octets in segments of `step`. */
static void hellos(struct worst *w, size_t octets, size_t record, size_t step)
{
	static uint8_t data[6 * HELLO + 16];
	const size_t n = hello(data, record);
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = {.client = i % CLIENTS,
			.port = 4000,
			.service = WORST_DOT,
			.tcp = true,
			.flags = WIRE_SYN,
			.seq = 99};
		worst_packet(w, &c, NULL, 0);
		c.flags = WIRE_ACK;
		for (size_t at = 0; at < n && w->wire_octets < octets; at += step) {
			c.seq = 100 + (uint32_t)at;
			worst_packet(w, &c, data + at, n - at < step ? n - at : step);
		}
	}
}

void worst_sight_hello(struct worst *w, size_t octets)
{
	hellos(w, octets, HELLO, 1400);
}

void worst_sight_octets(struct worst *w, size_t octets)
{
	hellos(w, octets, HELLO, 1);
}

void worst_sight_small_records(struct worst *w, size_t octets)
{
	hellos(w, octets, 1, 1400);
}

void worst_sight_small_records_octets(struct worst *w, size_t octets)
{
	hellos(w, octets, 1, 1);
}

void worst_sight_connections(struct worst *w, size_t octets)
{
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = {.client = i % CLIENTS,
			.port = (uint16_t)(1024 + i / CLIENTS),
			.service = WORST_DOT,
			.tcp = true,
			.flags = WIRE_SYN,
			.seq = i};
		worst_packet(w, &c, NULL, 0);
	}
}

void worst_sight_dtls(struct worst *w, size_t octets)
{
	static uint8_t data[1400];
	struct writer at = {data};
	while (at.at + 14 <= data + sizeof(data)) {
		u8(&at, 22);
		u16(&at, 0xfefd);
		memset(at.at, 0, 8);
		at.at += 8;
		u16(&at, 1);
		u8(&at, 1);
	}
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = {.client = i % CLIENTS, .port = 4000, .service = WORST_DOT};
		worst_packet(w, &c, data, (size_t)(at.at - data));
	}
}

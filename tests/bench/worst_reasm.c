/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments and segments: as small as there are, in any order, twice, and with a gap before them.
 */
#include "bench/worst.h"

#include "base/when.h"

#include <string.h>

enum { SHORT = 1000, LONG = 16000, ACKED = WIRE_ACK | WIRE_PSH, MTU_SEGMENT = 1460 };

static uint32_t draw(uint32_t i)
{
	uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(z >> 32);
}

/* Fragments of 8 octets. */

enum { PIECE = 8, PIECES = 1000 };

static void fragment(struct worst *w, unsigned id, unsigned number, unsigned count)
{
	struct writer at = worst_begin(w);
	memset(at.at, 2, 12);
	at.at += 12;
	u16(&at, 0x0800);
	u16(&at, 0x4500);
	u16(&at, 20 + PIECE);
	u16(&at, id);
	u16(&at, (number + 1 < count ? 0x2000 : 0) | number);
	u32(&at, 0x40110000);
	u32(&at, 0xc0000201);
	u32(&at, 0xc0000235);
	if (number == 0) {
		u16(&at, 4321);
		u16(&at, 53);
		u16(&at, count * PIECE);
		u16(&at, 0);
	} else {
		u32(&at, 0);
		u32(&at, 0);
	}
	worst_end(w, &at);
}

/* Calls `order` with the numbers 0 to PIECES - 1 for the number of each fragment of a datagram. */
static void fragments(struct worst *w, size_t octets, unsigned (*order)(unsigned i))
{
	for (unsigned id = 0; w->wire_octets < octets; id++)
		for (unsigned i = 0; i < PIECES; i++)
			fragment(w, id, order(i), PIECES);
}

static unsigned ascending(unsigned i)
{
	return i;
}

static unsigned descending(unsigned i)
{
	return PIECES - 1 - i;
}

/* Every other one, then those between them: as many gaps as there can be. */
static unsigned alternating(unsigned i)
{
	return i < PIECES / 2 ? 2 * i + 1 : 2 * (i - PIECES / 2);
}

/* 377 has no divisor in common with PIECES. */
static unsigned scattered(unsigned i)
{
	return i * 377 % PIECES;
}

void worst_ip_frag_in_order(struct worst *w, size_t octets)
{
	fragments(w, octets, ascending);
}

void worst_ip_frag_backwards(struct worst *w, size_t octets)
{
	fragments(w, octets, descending);
}

void worst_ip_frag_gaps(struct worst *w, size_t octets)
{
	fragments(w, octets, alternating);
}

void worst_ip_frag_scattered(struct worst *w, size_t octets)
{
	fragments(w, octets, scattered);
}

/* More datagrams than the table holds, and none is complete. */
void worst_ip_frag_unfinished(struct worst *w, size_t octets)
{
	for (unsigned id = 0; w->wire_octets < octets; id++)
		fragment(w, id & 0xffff, 0, 2);
}

/* A datagram that a contradiction ends again and again (RFC 5722). */
void worst_ip_frag_contradictions(struct worst *w, size_t octets)
{
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		fragment(w, 7, 1 + i % 500, 1000 + i % 2);
		fragment(w, 7, 999 + i % 2, 1000 + i % 2);
	}
}

/* Segments. */

static struct wire client(unsigned number)
{
	return (struct wire){.client = number, .port = 4000, .tcp = true, .seq = 1000, .ack = 5000};
}

static void segment(struct worst *w, const struct wire *of, bool reply, uint32_t offset,
	const void *data, size_t n)
{
	struct wire wire = *of;
	wire.reply = reply;
	wire.flags = ACKED;
	wire.seq = (reply ? of->ack : of->seq) + 1 + offset;
	wire.ack = (reply ? of->seq : of->ack) + 1;
	worst_packet(w, &wire, data, n);
}

static void handshake(struct worst *w, const struct wire *of)
{
	struct wire wire = *of;
	wire.flags = WIRE_SYN;
	wire.ack = 0;
	worst_packet(w, &wire, NULL, 0);
	wire.reply = true;
	wire.flags = WIRE_SYN | WIRE_ACK;
	wire.seq = of->ack;
	wire.ack = of->seq + 1;
	worst_packet(w, &wire, NULL, 0);
	segment(w, of, false, 0, NULL, 0);
}

/* Returns a query of SHORT or LONG octets, with its length before it. */
static const uint8_t *stream(uint32_t octets)
{
	static uint8_t data[2 + LONG + MTU_SEGMENT];
	data[0] = (uint8_t)(octets >> 8);
	data[1] = (uint8_t)octets;
	worst_message(data + 2, 1, 0x0100, 8);
	return data;
}

/* Connections with a query of `size` octets: `n` octets at every `step` octets. */
static void connections(
	struct worst *w, size_t octets, uint32_t size, uint32_t step, uint32_t n, bool backwards)
{
	const uint8_t *data = stream(size);
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = client(i);
		uint32_t count = (2 + size - (n - 1)) / step;
		handshake(w, &c);
		for (uint32_t k = 0; k < count && w->wire_octets < octets; k++) {
			uint32_t at = (backwards ? count - 1 - k : k) * step;
			segment(w, &c, false, at, data + at, n);
		}
	}
}

void worst_tcp_octets(struct worst *w, size_t octets)
{
	connections(w, octets, SHORT, 1, 1, false);
}

void worst_tcp_octets_gaps(struct worst *w, size_t octets)
{
	connections(w, octets, LONG, 2, 1, false);
}

void worst_tcp_octets_backwards(struct worst *w, size_t octets)
{
	connections(w, octets, SHORT, 1, 1, true);
}

void worst_tcp_octets_twice(struct worst *w, size_t octets)
{
	connections(w, octets, SHORT, 1, 2, false);
}

void worst_tcp_overlaps(struct worst *w, size_t octets)
{
	connections(w, octets, LONG, 1, MTU_SEGMENT, false);
}

void worst_tcp_overlaps_backwards(struct worst *w, size_t octets)
{
	connections(w, octets, LONG, 1, MTU_SEGMENT, true);
}

void worst_tcp_scattered(struct worst *w, size_t octets)
{
	const uint8_t *data = stream(LONG);
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = client(i);
		handshake(w, &c);
		for (uint32_t k = 0; k < 2000 && w->wire_octets < octets; k++) {
			uint32_t at = 2 + draw(k + 2000 * i) % (LONG - 8);
			segment(w, &c, false, at, data + at, 1 + draw(k) % 8);
		}
	}
}

/* A window of single octets and gaps, and a peer that acknowledges it octet by octet. */
void worst_tcp_acknowledged(struct worst *w, size_t octets)
{
	const uint8_t *data = stream(LONG);
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = client(i);
		handshake(w, &c);
		for (uint32_t at = 4; at < 1024; at += 2)
			segment(w, &c, false, at, data + at, 1);
		for (uint32_t k = 0; k < 1024 && w->wire_octets < octets; k++) {
			c.seq++;
			segment(w, &c, true, 0, NULL, 0);
		}
	}
}

/* What looks like the start of a message again and again: length, header, and a name of labels of
 * one octet that leads over the next starts, until it is too long. */
static const uint8_t starts[] = {64, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 6, 1};

/* A message of a header, found again and again, behind which nothing looks like another one. */
static const uint8_t headers[] = {255, 0, 12, 18, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0};

#define SEARCH_MAX (1 << 16) /* octets of a stream */

static const uint8_t *repeated(const uint8_t *what, size_t n)
{
	static uint8_t data[SEARCH_MAX];
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = what[i % n];
	return data;
}

/* Streams joined in the middle: `gap` octets are missing again and again. */
static void search(struct worst *w, size_t octets, const uint8_t *data, size_t size, uint32_t gap)
{
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = client(i);
		for (uint32_t at = 0; at + gap + size < SEARCH_MAX && w->wire_octets < octets;
			at += (uint32_t)size + gap)
			segment(w, &c, false, at, data + at, size);
	}
}

/* A gap first, then the stream, which the peer acknowledges at the end. */
static void search_behind_gap(struct worst *w, size_t octets, const uint8_t *data, uint32_t size)
{
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = client(i);
		handshake(w, &c);
		for (uint32_t at = 4; at + size < SEARCH_MAX; at += size)
			segment(w, &c, false, at, data + at, size);
		c.seq += SEARCH_MAX - size;
		w->now_ns += 100 * (int64_t)WHEN_NS_PER_MS;
		segment(w, &c, true, 0, NULL, 0);
	}
}

void worst_split_search(struct worst *w, size_t octets)
{
	search(w, octets, repeated(starts, sizeof(starts)), MTU_SEGMENT, 0);
}

void worst_split_search_octets(struct worst *w, size_t octets)
{
	search(w, octets, repeated(starts, sizeof(starts)), 1, 0);
}

void worst_split_search_gaps(struct worst *w, size_t octets)
{
	search(w, octets, repeated(starts, sizeof(starts)), MTU_SEGMENT, 1);
}

void worst_split_search_behind_gap(struct worst *w, size_t octets)
{
	search_behind_gap(w, octets, repeated(starts, sizeof(starts)), 1400);
}

void worst_split_found(struct worst *w, size_t octets)
{
	search(w, octets, repeated(headers, sizeof(headers)), 1400, 0);
}

void worst_split_found_octets(struct worst *w, size_t octets)
{
	search(w, octets, repeated(headers, sizeof(headers)), 1, 0);
}

void worst_split_found_behind_gap(struct worst *w, size_t octets)
{
	search_behind_gap(w, octets, repeated(headers, sizeof(headers)), 1400);
}

/* Streams of one pattern over and over, in full segments. */
static void pattern(struct worst *w, size_t octets, const void *what, size_t n)
{
	static uint8_t data[MTU_SEGMENT];
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = ((const uint8_t *)what)[i % n];
	const size_t whole = sizeof(data) / n * n;
	struct wire c = client(1);
	handshake(w, &c);
	for (uint32_t at = 0; w->wire_octets < octets; at += (uint32_t)whole)
		segment(w, &c, false, at, data, whole);
}

void worst_split_no_messages(struct worst *w, size_t octets)
{
	pattern(w, octets, "\0\0", 2);
}

void worst_split_runts(struct worst *w, size_t octets)
{
	pattern(w, octets, "\0\1x", 3);
}

void worst_split_headers(struct worst *w, size_t octets)
{
	pattern(w, octets, "\0\14\0\1\1\0\0\0\0\0\0\0\0\0", 14);
}

void worst_split_queries(struct worst *w, size_t octets)
{
	pattern(w, octets, "\0\21\0\1\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 19);
}

/* Connections. */

void worst_tcp_syns(struct worst *w, size_t octets)
{
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire c = client(i & 0xffff);
		c.port = (uint16_t)draw(i);
		c.seq = draw(i);
		c.flags = WIRE_SYN;
		worst_packet(w, &c, NULL, 0);
	}
}

/* Connections whose hashes are those of four buckets: more than a bucket may hold. */
void worst_tcp_collisions(struct worst *w, size_t octets)
{
	const struct tcp_table *t = &w->pipeline.tcp;
	struct pkt pkt;

	for (uint32_t i = 0; w->wire_octets < octets; i++) {
		struct wire c = client(i >> 15);
		c.port = (uint16_t)(1024 + (i & 0x7fff));
		c.flags = WIRE_SYN;
		if (i % 0x8000 == 0) { /* the walk fills in what depends on the client */
			worst_packet(w, &c, NULL, 0);
			packet_walk(&w->packets, &w->frames[w->count - 1], &pkt);
		}
		pkt.sport = c.port;
		if ((tcp_hash(t, &pkt) & t->slots.mask) < 4)
			worst_packet(w, &c, NULL, 0);
	}
}

/* Segments far from their place in a connection: it may be another one's. */
void worst_tcp_implausible(struct worst *w, size_t octets)
{
	struct wire c = client(1);
	handshake(w, &c);
	for (unsigned i = 0; w->wire_octets < octets; i++) {
		struct wire forged = c;
		forged.ack += i % 3 ? draw(i) : 1;
		segment(w, &forged, i % 2, draw(i), "x", 1);
	}
}

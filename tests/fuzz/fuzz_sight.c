/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes sightings. By the first octet the rest is the stream of a client, which must give the same
 * record in one segment as in many, or a list of packets of six octets and a payload each. Memory
 * stays bounded, every connection gives one record, and every record a line of valid JSON.
 */
#include "schema/schema.h"
#include "sight/sight.h"

#include "support/json_valid.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OP = 6, FLOWS = 6, ARENA_BYTES = 1024 * 1024, LINE_BYTES = 8192 };

/* Octet 0 of a packet: */
enum {
	OP_REPLY = 0x01,
	OP_UDP = 0x02,
	OP_HTTPS = 0x04,
	OP_CUT = 0x08, /* the capture truncated its second half */
	OP_LATER = 0x10, /* time has passed */
};

static struct {
	struct sight s;
	struct metrics_sight m;
	struct metrics_record made;
	struct metrics_dns dns;
	struct record_arena arena;
	struct packet_conf packets;
	struct schema schema;
	void *memory, *buffer;
	int64_t now_ns;
	unsigned records;
	uint8_t names[2][SIGHT_NAME_MAX + 1]; /* of the two latest records: length, name */
	uint8_t transports[2];
} b;

static const struct sight_conf conf = {.max_flows = FLOWS, .idle_ns = 1000};

static void demand(bool ok)
{
	if (!ok)
		abort();
}

static void pass(void *to, void **records, unsigned n)
{
	static char line[LINE_BYTES];
	size_t at;

	(void)to;
	for (unsigned i = 0; i < n; i++) {
		const struct record *r = records[i];
		struct text t = text_of(line, sizeof(line));
		schema_native(&b.schema, &t, r);
		demand(!t.full && !json_valid_line(line, text_len(&t), &at));
		demand(r->query_len <= SIGHT_NAME_MAX);
		memmove(b.names[0], b.names[1], sizeof(b.names[0]));
		b.names[1][0] = (uint8_t)r->query_len;
		memcpy(b.names[1] + 1, r->data, r->query_len);
		b.transports[0] = b.transports[1];
		b.transports[1] = r->transport;
		b.records++;
		record_release(&b.arena, r->end);
	}
}

/* Resets everything, without touching memory that the previous run did not use. */
static void again(void)
{
	struct hash_secret secret = hash_fixed(1);
	struct sight_table *t = &b.s.table;

	if (!b.memory) {
		size_t bytes = (sight_bytes(&conf) + 63) & ~(size_t)63;
		b.memory = aligned_alloc(64, bytes);
		b.buffer = aligned_alloc(64, ARENA_BYTES);
		memset(b.memory, 0, bytes);
		packet_conf_init(&b.packets);
		packet_encrypted_ports(&b.packets, (const uint16_t[]){443, 853}, 2);
		schema_init(&b.schema, "fuzz", &b.dns);
	} else {
		memset(t->flows, 0, (FLOWS + 1) * sizeof(t->flows[0]));
		memset(t->slots.buckets, 0, (t->slots.mask + 1) * sizeof(t->slots.buckets[0]));
		for (uint32_t i = 1; i <= SIGHT_BUFFERS; i++)
			demand(t->buffers[i].owner == 0);
	}
	memset(&b.m, 0, sizeof(b.m));
	memset(&b.made, 0, sizeof(b.made));
	record_arena_init(&b.arena, b.buffer, ARENA_BYTES, &b.made);
	b.arena.pass = pass;
	b.records = 0;
	b.now_ns = 0;
	sight_init(&b.s, b.memory, &conf, &b.packets, &secret, &b.arena, &b.m);
}

/* Processes a packet with a copy of its payload, behind which nothing can be read. */
static void process(struct pkt *pkt, const uint8_t *payload, uint32_t n)
{
	uint8_t *copy = malloc(n + 1);
	memcpy(copy + 1, payload, n);
	pkt->payload = copy + 1;
	pkt->len = n;
	pkt->ts_ns = pkt->clock_ns = b.now_ns;
	sight_process(&b.s, pkt, sight_hash(&b.s, pkt));
	record_flush(&b.arena);
	free(copy);
	demand(b.s.table.slots.used <= FLOWS);
}

static struct pkt packet(unsigned flow, bool reply, uint8_t proto, uint16_t port)
{
	return (struct pkt){
		.addrs.octets =
			{[ADDR_SRC] = {[15] = reply ? 2 : 1}, [ADDR_DST] = {[15] = reply ? 1 : 2}},
		.sport = reply ? port : (uint16_t)(1000 + flow),
		.dport = reply ? (uint16_t)(1000 + flow) : port,
		.proto = proto,
	};
}

static void finish(void)
{
	sight_finish(&b.s);
	record_flush(&b.arena);
	demand(b.m.flows == b.m.sni + b.m.no_sni && b.m.flows == b.records);
	demand(b.m.no_sni == b.m.unnamed + b.m.quic + b.m.strange + b.m.joined + b.m.cut +
				     b.m.large + b.m.displaced + b.m.ended + b.m.silent +
				     b.m.evicted);
}

/* Processes the stream of a client in segments of one size. */
static void send_hello(unsigned flow, const uint8_t *data, size_t size, size_t step)
{
	struct pkt pkt = packet(flow, false, PACKET_TCP, 853);
	pkt.tcp_flags = 2;
	pkt.seq = 0xfffffff0;
	process(&pkt, data, 0);
	pkt.tcp_flags = 16;
	pkt.seq++;
	for (size_t at = 0; at < size; at += step) {
		uint32_t n = (uint32_t)(size - at < step ? size - at : step);
		pkt.wire_len = n;
		process(&pkt, data + at, n);
		pkt.seq += n;
	}
	pkt.tcp_flags = 4;
	pkt.wire_len = 0;
	process(&pkt, data, 0);
}

static void as_stream(const uint8_t *data, size_t size, size_t step)
{
	again();
	send_hello(1, data, size, size);
	send_hello(2, data, size, step);
	demand(b.records == 2);
	demand(b.transports[0] == b.transports[1]);
	demand(memcmp(b.names[0], b.names[1], b.names[0][0] + 1u) == 0);
	finish();
}

static void as_packets(const uint8_t *at, const uint8_t *end)
{
	again();
	while (end - at >= OP) {
		const uint8_t *op = at;
		uint32_t n = bits_be16(op + 4) & 0x1fff;
		at += OP;
		n = n < (size_t)(end - at) ? n : (uint32_t)(end - at);
		struct pkt pkt = packet(op[1] >> 5, op[0] & OP_REPLY,
			op[0] & OP_UDP ? PACKET_UDP : PACKET_TCP, op[0] & OP_HTTPS ? 443 : 853);
		pkt.tcp_flags = op[1] & 0x17;
		pkt.seq = 0xfffffff0 + bits_be16(op + 2);
		pkt.ack = pkt.seq;
		pkt.wire_len = n;
		pkt.cut = op[0] & OP_CUT && n > 0;
		if (op[0] & OP_LATER) {
			b.now_ns += (int64_t)op[2] * op[2] * op[2] * 1000;
			sight_expire(&b.s, b.now_ns, 2);
		}
		process(&pkt, at, pkt.cut ? n / 2 : n);
		at += n;
	}
	finish();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] & 1)
		as_packets(data + 1, data + size);
	else
		as_stream(data + 2, size - 2, data[1] + 1u);
	return 0;
}

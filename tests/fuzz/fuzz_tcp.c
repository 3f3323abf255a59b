/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes TCP reassembly. The input is a list of segments, six octets each; their payload is of a
 * made conversation, or noise from the input. Whatever the order, losses and flags, memory stays
 * bounded, every octet and connection is accounted for, and without noise every message is one of
 * the conversation.
 */
#include "reasm/talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OP = 6, PORTS = 12 };

/* Octet 0 of a segment: */
enum {
	OP_REPLY = 0x01, /* direction */
	OP_NOISE = 0x02, /* payload from the input, at any sequence number */
	OP_CUT = 0x04, /* the capture truncated its second half */
	OP_LATER = 0x08, /* time has passed */
	OP_BARE = 0x10, /* no payload */
	OP_WIDE = 0x20, /* payload of many octets */
};

static const struct tcp_conf conf = {
	.max_streams = 8,
	.buffer_bytes = 1,
	.stream_bytes = 1,
	.idle_ns = INT64_C(1000000000),
};

static void demand(bool ok)
{
	if (!ok)
		abort();
}

static void drain(struct talk *k, uint32_t most)
{
	struct tcp_message m;
	uint32_t n = 0;
	while (tcp_next(&k->t, &m)) {
		demand(m.len > 0 && m.len <= m.wire_len && m.wire_len <= TCP_MESSAGE_MAX);
		demand(m.cut == (m.len < m.wire_len));
		uint8_t *copy = malloc(m.len); /* reads all of it */
		memcpy(copy, m.data, m.len);
		free(copy);
		k->next[0] = k->next[1] = 0; /* connections may start again */
		talk_check(k, &m);
		n++;
	}
	demand(n <= most);
}

static void pass_time(struct talk *k, uint32_t amount)
{
	k->now_ns += (int64_t)amount * amount * 100000;
	for (uint32_t n = 0; tcp_expire(&k->t, k->now_ns); n++) {
		demand(n < 1000);
		drain(k, conf.stream_bytes + (1 << 17));
	}
}

/* Processes a segment. True if its payload is not of the conversation. */
static bool process_segment(struct talk *k, const uint8_t *op, const uint8_t *end)
{
	bool reply = op[0] & OP_REPLY, noise = op[0] & OP_NOISE, syn = op[1] & 2;
	const struct talk_side *s = &k->side[reply];
	uint32_t from = syn ? 0 : bits_be16(op + 2) % (s->len + 1), len = op[4];
	const uint8_t *payload = s->data + from;

	if (op[0] & OP_WIDE)
		len *= 64;
	if (len > s->len - from)
		len = s->len - from;
	if (op[0] & OP_LATER)
		pass_time(k, op[4]);
	if (noise) {
		payload = op + OP;
		from = bits_be32(op + 1);
		len = len < (size_t)(end - payload) ? len : (uint32_t)(end - payload);
	}
	if (op[0] & OP_BARE)
		len = 0;
	uint8_t *copy = malloc(len + 1);
	memcpy(copy + 1, payload, len);
	struct pkt pkt = {
		.payload = copy + 1,
		.len = op[0] & OP_CUT ? len / 2 : len,
		.wire_len = len,
		.cut = op[0] & OP_CUT && len > 0,
		.ts_ns = k->now_ns,
		.clock_ns = k->now_ns,
		.addrs.octets =
			{[ADDR_SRC] = {[15] = reply ? 2 : 1}, [ADDR_DST] = {[15] = reply ? 1 : 2}},
		.sport = reply ? 53 : (uint16_t)(1000 + op[1] / 32 % PORTS),
		.dport = reply ? (uint16_t)(1000 + op[1] / 32 % PORTS) : 53,
		.proto = PACKET_TCP,
		.tcp_flags = op[1] & 0x17,
		.seq = s->isn + 1 + from - syn,
		.ack = k->side[!reply].isn + 1 + (syn ? 0 : op[5] * 64u),
	};
	tcp_process(&k->t, &pkt, tcp_hash(&k->t, &pkt));
	/* messages of the segment, and of what is pending in two windows */
	drain(k, len + (1 << 18));
	free(copy);
	return noise && len > 0;
}

/* Makes the conversation, once for all runs. */
static void prepare(struct talk *k)
{
	struct talk_rng r = {1};
	talk_open(k, &conf);
	talk_fill(&k->side[0], 60, 300, false, &r);
	talk_fill(&k->side[1], 60, 2000, true, &r);
	k->side[0].isn = 0xfffff000; /* so that it wraps */
}

/* Resets to the state after prepare(), without touching memory that no run used. */
static void again(struct talk *k)
{
	struct hash_secret secret = hash_fixed(1);
	struct tcp_table *t = &k->t;

	memset(t->flows, 0, (t->slots.high_water + 1) * sizeof(t->flows[0]));
	memset(t->store.pool.chunks, 0, (t->store.pool.high_water + 1) * (size_t)TCP_CHUNK);
	for (uint32_t i = 0; i <= t->slots.mask; i++)
		demand(t->slots.buckets[i] == 0);
	memset(&k->m, 0, sizeof(k->m));
	tcp_init(t, k->memory, &conf, &k->ports, &secret, &k->m);
	k->garbled = 0;
	k->now_ns = INT64_C(1500000000) * 1000000000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct talk k;
	bool noise = false;

	if (!k.memory)
		prepare(&k);
	again(&k);
	for (size_t at = 0; at + OP <= size; at += OP) {
		bool now = process_segment(&k, data + at, data + size);
		noise = noise || now;
		k.now_ns += 1000;
		demand(k.t.slots.used <= conf.max_streams);
	}
	for (uint32_t n = 0; tcp_finish(&k.t); n++) {
		demand(n < conf.max_streams);
		drain(&k, 1 << 18);
	}
	demand(talk_is_accounted(&k));
	demand(noise || k.garbled == 0);
	return 0;
}

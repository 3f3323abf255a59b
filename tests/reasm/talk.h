/* SPDX-License-Identifier: BSD-3-Clause */
/* A DNS conversation over TCP, and a tap that captures what a test shows it. */
#ifndef REASM_TALK_H
#define REASM_TALK_H

#include "reasm/tcp_table.h"
#include "support/guard.h"

#include <stdlib.h>

#define TALK_PORT 40000
#define TALK_MESSAGES 512 /* of one direction; a message's id is its number */

struct talk_rng {
	uint64_t state;
};

static inline uint32_t talk_random(struct talk_rng *r)
{
	r->state = r->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(r->state >> 33);
}

/* Returns a number below n, which is not 0. */
static inline uint32_t talk_below(struct talk_rng *r, uint32_t n)
{
	return talk_random(r) % n;
}

/* The octets that one side sends: messages with their lengths (RFC 1035 section 4.2.2). */
struct talk_side {
	uint8_t *data;
	uint32_t len;
	uint32_t messages;
	uint32_t at[TALK_MESSAGES]; /* offset of a message, behind the two octets of its length */
	uint32_t size[TALK_MESSAGES];
	uint32_t isn;
};

enum { TALK_MIN = 12 + 8 + 4 + 11 };

static inline void talk_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Makes a message of `size` octets, at least TALK_MIN: a question and one record that fills it. */
static inline void talk_message(
	uint8_t *p, uint32_t id, uint32_t size, bool reply, struct talk_rng *r)
{
	memset(p, 0, 12);
	talk_put16(p, id);
	p[2] = reply ? 0x85 : 0x01;
	p[5] = 1;
	p[reply ? 7 : 11] = 1;
	memcpy(p + 12, "\3foo\2ba\0\0\1\0\1", 12);
	memcpy(p + 24, reply ? "\0\0\20\0\1\0\0\0\1" : "\0\0\51\4\320\0\0\0\0", 9);
	talk_put16(p + 33, size - TALK_MIN);
	for (uint32_t i = TALK_MIN; i < size; i++)
		p[i] = (uint8_t)talk_random(r);
}

/* Fills a side with n messages: most are small, some have up to `max` octets, at least TALK_MIN. */
static inline void talk_fill(
	struct talk_side *s, uint32_t n, uint32_t max, bool reply, struct talk_rng *r)
{
	s->data = malloc((size_t)n * (max + 2) + 1);
	s->len = 0;
	s->messages = n;
	s->isn = talk_random(r) * 2u + talk_below(r, 2);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t small = max < TALK_MIN + 64 ? max : TALK_MIN + 64;
		uint32_t top = talk_below(r, 8) ? small : max;
		uint32_t size = TALK_MIN + talk_below(r, top - TALK_MIN + 1);
		talk_put16(s->data + s->len, size);
		s->at[i] = s->len + 2;
		s->size[i] = size;
		talk_message(s->data + s->at[i], i, size, reply, r);
		s->len = s->at[i] + size;
	}
}

/* The tap. */
struct talk {
	struct talk_side side[2]; /* 0: the client's queries; 1: the server's replies */
	struct tcp_table t;
	struct packet_conf ports;
	struct metrics_reasm m;
	void *memory;
	int64_t now_ns;
	int64_t rtt_ns; /* of the latest message */
	/* the output, by side */
	uint32_t count[2]; /* messages */
	uint32_t next[2]; /* lowest number that the next may have */
	uint32_t cut[2];
	uint32_t ambiguous[2];
	uint32_t garbled, disorder;
	uint32_t early; /* replies before the query of their number */
	uint8_t seen[2][TALK_MESSAGES];
	bool guard; /* segments end at an inaccessible page */
	uint16_t port; /* of the client */
};

static inline void talk_open(struct talk *k, const struct tcp_conf *conf)
{
	struct hash_secret secret = hash_fixed(7);
	memset(k, 0, sizeof(*k));
	k->port = TALK_PORT;
	k->now_ns = INT64_C(1500000000) * 1000000000;
	packet_port_add(&k->ports, 53);
	if (posix_memalign(&k->memory, BITS_CACHE_LINE, tcp_bytes(conf)))
		abort();
	memset(k->memory, 0, tcp_bytes(conf));
	tcp_init(&k->t, k->memory, conf, &k->ports, &secret, &k->m);
}

static inline void talk_close(struct talk *k)
{
	free(k->memory);
	free(k->side[0].data);
	free(k->side[1].data);
}

static inline void talk_check(struct talk *k, const struct tcp_message *m)
{
	bool reply = m->pkt->sport == 53;
	const struct talk_side *s = &k->side[reply];
	uint32_t id = m->len >= 2 ? bits_be16(m->data) : TALK_MESSAGES;
	k->rtt_ns = m->rtt_ns;
	k->count[reply]++;
	k->cut[reply] += m->cut;
	k->ambiguous[reply] += m->ambiguous;
	if (id >= s->messages || m->wire_len != s->size[id] || m->len > m->wire_len ||
		m->cut != (m->len < m->wire_len) ||
		memcmp(m->data, s->data + s->at[id], m->len) != 0) {
		k->garbled++;
		return;
	}
	if (id < k->next[reply])
		k->disorder++;
	k->next[reply] = id + 1;
	k->seen[reply][id]++;
	k->early += reply && !k->seen[0][id];
}

static inline void talk_drain(struct talk *k)
{
	struct tcp_message m;
	while (tcp_next(&k->t, &m))
		talk_check(k, &m);
}

static inline void talk_send(
	struct talk *k, bool reply, uint32_t seq, const uint8_t *data, uint32_t len, uint8_t flags)
{
	struct pkt pkt = {
		.payload = k->guard ? guard_copy(data, len) : data,
		.len = len,
		.wire_len = len,
		.ts_ns = k->now_ns,
		.clock_ns = k->now_ns,
		.addrs.family = ADDR_IPV6,
		.addrs.octets =
			{[ADDR_SRC] = {[15] = reply ? 2 : 1}, [ADDR_DST] = {[15] = reply ? 1 : 2}},
		.sport = reply ? 53 : k->port,
		.dport = reply ? k->port : 53,
		.proto = PACKET_TCP,
		.tcp_flags = flags,
		.seq = seq,
		.ack = k->side[!reply].isn + 1,
	};
	tcp_process(&k->t, &pkt, tcp_hash(&k->t, &pkt));
	talk_drain(k);
	if (k->guard)
		guard_free((uint8_t *)(uintptr_t)pkt.payload, len);
}

/* Shows the tap octets [from, to) of a side's stream. */
static inline void talk_segment(struct talk *k, bool reply, uint32_t from, uint32_t to)
{
	const struct talk_side *s = &k->side[reply];
	talk_send(k, reply, s->isn + 1 + from, s->data + from, to - from, 0x18);
}

/* Shows the three segments of a handshake, one millisecond apart. */
static inline void talk_handshake(struct talk *k)
{
	talk_send(k, false, k->side[0].isn, NULL, 0, 0x02);
	k->now_ns += 1000000;
	talk_send(k, true, k->side[1].isn, NULL, 0, 0x12);
	k->now_ns += 1000000;
	talk_send(k, false, k->side[0].isn + 1, NULL, 0, 0x10);
}

/* Shows a segment without payload that acknowledges the peer's octets before `acked`. */
static inline void talk_ack(struct talk *k, bool reply, uint32_t acked, uint8_t flags)
{
	struct talk_side *peer = &k->side[!reply];
	uint32_t isn = peer->isn;
	peer->isn += acked;
	talk_send(k, reply, k->side[reply].isn + 1 + k->side[reply].len, NULL, 0, flags);
	peer->isn = isn;
}

static inline void talk_expire(struct talk *k, int64_t later_ns)
{
	k->now_ns += later_ns;
	while (tcp_expire(&k->t, k->now_ns))
		talk_drain(k);
}

static inline void talk_finish(struct talk *k)
{
	while (tcp_finish(&k->t))
		talk_drain(k);
}

/* After talk_finish(): returns whether nothing is left and every octet and connection is counted.
 */
static inline bool talk_is_accounted(const struct talk *k)
{
	const struct metrics_reasm *m = &k->m;
	return k->t.slots.used == 0 && k->t.store.pool.used == 0 &&
	       m->tcp_octets == m->tcp_octets_framed + m->tcp_octets_repeated +
					m->tcp_octets_skipped + m->tcp_octets_evicted +
					m->tcp_octets_refused &&
	       m->tcp_opened ==
		       m->tcp_closed + m->tcp_reset + m->tcp_reused + m->tcp_idle + m->tcp_evicted;
}

#endif

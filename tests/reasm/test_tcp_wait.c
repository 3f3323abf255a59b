/* SPDX-License-Identifier: BSD-3-Clause */
/* Gaps: when they are skipped, and what is returned then. */
#include "reasm/talk_unit.h"

void test_reasm_tcp_wait(void);

/* When the stream skips octets that were not captured. */
static void test_gap(void)
{
	struct talk k;
	talk_unit_open(&k, 9, 8, 100);
	talk_handshake(&k);
	const struct talk_side *s = &k.side[0];
	talk_segment(&k, false, 0, s->at[2] + 4);
	talk_segment(&k, false, s->at[4] + 3, s->len);
	CU_ASSERT_EQUAL(k.count[0], 2);
	/* Acknowledged, but the octets may still arrive. */
	talk_ack(&k, true, s->len, ACK);
	talk_ack(&k, true, s->at[1], ACK); /* an older one, late */
	talk_expire(&k, TCP_GAP_NS / 2);
	CU_ASSERT_EQUAL(k.count[0], 2);
	talk_expire(&k, TCP_GAP_NS);
	CU_ASSERT_EQUAL(k.count[0], 5);
	CU_ASSERT_EQUAL(k.m.tcp_gaps, 1);
	CU_ASSERT_EQUAL(k.m.tcp_gap_octets, s->at[4] + 3 - s->at[2] - 4);
	CU_ASSERT_EQUAL(k.m.tcp_messages_lost, 1);
	CU_ASSERT_EQUAL(k.m.tcp_resyncs, 1);
	talk_unit_close(&k);
	/* Not acknowledged: it will be retransmitted. */
	talk_unit_open(&k, 9, 8, 100);
	talk_handshake(&k);
	talk_segment(&k, false, s->at[1] - 2, s->len);
	talk_expire(&k, 20000 * MS);
	CU_ASSERT_EQUAL(k.count[0], 0);
	talk_segment(&k, false, 0, s->at[1] - 2);
	CU_ASSERT_EQUAL(k.count[0], 8);
	talk_unit_close(&k);
}

/* Segments of several queues: a missing one may arrive later. */
static void test_unordered(void)
{
	struct talk k;
	talk_unit_open(&k, 9, 8, 100);
	k.t.unordered = true;
	k.t.gap_ns = 1000 * MS;
	talk_handshake(&k);
	talk_segment(&k, false, 100, k.side[0].len);
	talk_ack(&k, true, k.side[0].len, ACK);
	talk_expire(&k, 900 * MS);
	CU_ASSERT_EQUAL(k.count[0], 0);
	talk_segment(&k, false, 0, 100);
	CU_ASSERT_EQUAL(k.count[0], 8);
	CU_ASSERT_EQUAL(k.m.tcp_gaps, 0);
	talk_unit_close(&k);
}

/* Sends queries behind a gap, and the replies, which acknowledge all of them. */
static void send_queries_and_replies(struct talk *k, uint32_t from)
{
	talk_handshake(k);
	talk_segment(k, false, from, k->side[0].len);
	k->side[0].isn += k->side[0].len;
	talk_unit_send_all(k, true);
	k->side[0].isn -= k->side[0].len;
	CU_ASSERT_EQUAL(k->count[0] + k->count[1], 0);
}

/* Expects so many queries, then so many replies. */
static void expect(struct talk *k, uint32_t queries, uint32_t replies)
{
	struct tcp_message m;
	for (uint32_t i = 0; i < queries + replies; i++) {
		CU_ASSERT_FATAL(tcp_next(&k->t, &m));
		CU_ASSERT_EQUAL(m.pkt->dport == 53, i < queries);
		talk_check(k, &m);
	}
	CU_ASSERT(!tcp_next(&k->t, &m));
}

/* The server answers queries, the first of which was not captured. */
static void test_held(void)
{
	struct talk k;
	/* It never arrives. */
	talk_unit_open(&k, 9, 8, 100);
	send_queries_and_replies(&k, k.side[0].at[1] - 2);
	k.now_ns += TCP_GAP_NS - 1;
	CU_ASSERT(!tcp_expire(&k.t, k.now_ns));
	CU_ASSERT(tcp_expire(&k.t, k.now_ns + 1));
	expect(&k, 7, 8);
	CU_ASSERT_EQUAL(k.m.tcp_resyncs, 0);
	CU_ASSERT_EQUAL(k.m.tcp_gap_octets, k.side[0].at[1] - 2);
	talk_unit_close(&k);
	/* It arrives in time, its last octet later. */
	talk_unit_open(&k, 9, 8, 100);
	send_queries_and_replies(&k, k.side[0].at[1] - 2);
	k.now_ns += TCP_GAP_NS - 2;
	talk_segment(&k, false, 0, k.side[0].at[1] - 3);
	CU_ASSERT_EQUAL(k.count[0] + k.count[1], 0);
	k.now_ns++;
	talk_segment(&k, false, 0, k.side[0].at[1] - 2);
	CU_ASSERT(k.count[0] == 8 && k.count[1] == 8);
	CU_ASSERT_EQUAL(k.m.tcp_gaps, 0);
	CU_ASSERT_EQUAL(k.t.store.pool.used, 0);
	talk_unit_close(&k);
	/* It arrives too late, even if expiry did not run. */
	talk_unit_open(&k, 9, 8, 100);
	send_queries_and_replies(&k, k.side[0].at[1] - 2);
	k.now_ns += TCP_GAP_NS;
	talk_segment(&k, false, 0, k.side[0].at[1] - 2);
	CU_ASSERT(k.count[0] == 7 && k.count[1] == 8);
	talk_unit_close(&k);
	/* The connection ends before. */
	talk_unit_open(&k, 9, 8, 100);
	send_queries_and_replies(&k, k.side[0].at[1] - 2);
	talk_send(&k, true, k.side[1].isn + 1 + k.side[1].len, NULL, 0, RST);
	CU_ASSERT(k.count[0] == 7 && k.count[1] == 8);
	talk_unit_close(&k);
}

/* Replies that wait for queries, with more octets than the limit. */
static void test_held_full(void)
{
	struct talk k;
	talk_unit_open(&k, 17, 80, 30000);
	const struct talk_side *s = &k.side[1];
	CU_ASSERT_FATAL(s->len > unit_conf.stream_bytes);
	talk_handshake(&k);
	talk_segment(&k, false, k.side[0].at[1] - 2, k.side[0].at[3] - 2);
	k.side[0].isn += k.side[0].at[3] - 2;
	for (uint32_t at = 0, to; at < s->len; at = to) {
		to = at + 1000 < s->len ? at + 1000 : s->len;
		talk_send(&k, true, s->isn + 1 + at, s->data + at, to - at, ACK);
		CU_ASSERT_EQUAL(k.count[0], to <= unit_conf.stream_bytes ? 0 : 2);
	}
	k.side[0].isn -= k.side[0].at[3] - 2;
	CU_ASSERT_EQUAL(k.count[1], 80);
	talk_unit_close(&k);
}

/* The end of a stream is missing, and its FIN is acknowledged. */
static void test_tail(void)
{
	struct talk k;
	talk_unit_open(&k, 15, 4, 100);
	talk_handshake(&k);
	talk_unit_send_all(&k, false);
	talk_segment(&k, true, 0, k.side[1].len - 3);
	talk_ack(&k, true, k.side[0].len, FIN | ACK);
	talk_ack(&k, false, k.side[1].len + 1, FIN | ACK);
	talk_ack(&k, true, k.side[0].len + 1, ACK);
	CU_ASSERT_EQUAL(k.m.tcp_closed, 0);
	talk_expire(&k, TCP_GAP_NS);
	CU_ASSERT_EQUAL(k.m.tcp_closed, 1);
	CU_ASSERT_EQUAL(k.m.tcp_gap_octets, 3);
	CU_ASSERT_EQUAL(k.m.tcp_messages_lost, 1);
	CU_ASSERT_EQUAL(k.t.store.pool.used, 0);
	CU_ASSERT_EQUAL(k.count[1], 3);
	talk_unit_close(&k);
}

/* At the end, queries are returned before replies, whichever were captured first. */
static void test_order(void)
{
	for (int server_first = 0; server_first < 2; server_first++) {
		struct talk k;
		struct tcp_message m;
		talk_unit_open(&k, 16, 3, 100);
		if (!server_first)
			talk_send(&k, false, k.side[0].isn, NULL, 0, SYN);
		talk_send(&k, true, k.side[1].isn, NULL, 0, SYN | ACK);
		talk_segment(&k, true, k.side[1].at[1] - 2, k.side[1].len);
		talk_segment(&k, false, k.side[0].at[1] - 2, k.side[0].len);
		CU_ASSERT_EQUAL(k.count[0] + k.count[1], 0);
		CU_ASSERT(tcp_finish(&k.t));
		for (int i = 0; i < 4; i++) {
			CU_ASSERT_FATAL(tcp_next(&k.t, &m));
			CU_ASSERT_EQUAL(m.pkt->dport == 53, i < 2);
		}
		CU_ASSERT(!tcp_next(&k.t, &m));
		talk_unit_close(&k);
	}
}

/* One direction alone. */
static void test_asymmetric(void)
{
	struct talk k;
	talk_unit_open(&k, 10, 8, 100);
	const struct talk_side *s = &k.side[1];
	talk_send(&k, true, s->isn, NULL, 0, SYN | ACK);
	talk_segment(&k, true, 0, s->at[3] - 2);
	talk_segment(&k, true, s->at[4] - 2, s->len);
	CU_ASSERT_EQUAL(k.count[1], 3);
	talk_expire(&k, TCP_BLIND_NS / 2);
	CU_ASSERT_EQUAL(k.count[1], 3);
	talk_expire(&k, TCP_BLIND_NS);
	CU_ASSERT_EQUAL(k.count[1], 7);
	talk_unit_close(&k);
}

/* An idle connection expires: stored messages are returned, incomplete ones are dropped. */
static void test_idle(void)
{
	struct talk k;
	talk_unit_open(&k, 11, 8, 100);
	talk_handshake(&k);
	const struct talk_side *s = &k.side[0];
	talk_segment(&k, false, s->at[1] - 2, s->len - 1);
	talk_expire(&k, unit_conf.idle_ns);
	CU_ASSERT_EQUAL(k.t.slots.used, 1);
	talk_expire(&k, 1);
	CU_ASSERT_EQUAL(k.count[0], 6);
	CU_ASSERT_EQUAL(k.m.tcp_idle, 1);
	CU_ASSERT_EQUAL(k.m.tcp_messages_lost, 1);
	CU_ASSERT_EQUAL(k.t.slots.used, 0);
	talk_unit_close(&k);
}

void test_reasm_tcp_wait(void)
{
	CU_pSuite suite = CU_add_suite("reasm/tcp_wait", NULL, NULL);
	CU_add_test(suite, "gaps", test_gap);
	CU_add_test(suite, "several queues", test_unordered);
	CU_add_test(suite, "replies wait for queries", test_held);
	CU_add_test(suite, "replies that cannot wait", test_held_full);
	CU_add_test(suite, "a missing end", test_tail);
	CU_add_test(suite, "queries before replies", test_order);
	CU_add_test(suite, "one direction alone", test_asymmetric);
	CU_add_test(suite, "idle connections", test_idle);
}

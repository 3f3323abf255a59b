/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_table.h"

#include "reasm/talk_unit.h"

void test_reasm_tcp_table(void);

static void test_life(void)
{
	struct talk k;
	talk_unit_open(&k, 1, 5, 100);
	talk_handshake(&k);
	k.now_ns += MS;
	talk_unit_send_all(&k, false);
	talk_unit_send_all(&k, true);
	CU_ASSERT_EQUAL(k.count[0], 5);
	CU_ASSERT_EQUAL(k.count[1], 5);
	CU_ASSERT_EQUAL(k.rtt_ns, 2 * MS);
	CU_ASSERT_EQUAL(k.m.tcp_handshakes, 1);
	CU_ASSERT_EQUAL(k.m.tcp_in_order, 2);
	CU_ASSERT_EQUAL(k.m.tcp_bare, 3);
	talk_ack(&k, false, k.side[1].len, FIN | ACK);
	talk_ack(&k, true, k.side[0].len + 1, FIN | ACK);
	CU_ASSERT_EQUAL(k.m.tcp_closed, 1);
	CU_ASSERT_EQUAL(k.t.slots.used, 1);
	/* Late duplicates do not begin a connection. */
	talk_unit_send_all(&k, true);
	talk_ack(&k, false, k.side[1].len + 1, ACK);
	CU_ASSERT_EQUAL(k.m.tcp_opened, 1);
	CU_ASSERT_EQUAL(k.m.tcp_retransmitted + k.m.tcp_refused, 1);
	talk_expire(&k, TCP_LINGER_NS + 1);
	CU_ASSERT_EQUAL(k.t.slots.used, 0);
	talk_unit_close(&k);
}

static void test_rtt(void)
{
	struct talk k;
	talk_unit_open(&k, 2, 1, 100);
	/* The latest SYN counts; the query may be in the segment of the handshake's last ACK. */
	talk_send(&k, false, k.side[0].isn, NULL, 0, SYN);
	k.now_ns += 1000 * MS;
	talk_send(&k, false, k.side[0].isn, NULL, 0, SYN);
	k.now_ns += 5 * MS;
	talk_send(&k, true, k.side[1].isn, NULL, 0, SYN | ACK);
	k.now_ns += 2 * MS;
	talk_unit_send_all(&k, false);
	CU_ASSERT_EQUAL(k.rtt_ns, 7 * MS);
	talk_unit_close(&k);
	/* Captured from its middle: unknown. */
	talk_unit_open(&k, 2, 1, 100);
	talk_send(&k, true, k.side[1].isn, NULL, 0, SYN | ACK);
	talk_unit_send_all(&k, false);
	CU_ASSERT_EQUAL(k.rtt_ns, -1);
	CU_ASSERT_EQUAL(k.count[0], 1);
	talk_unit_close(&k);
}

/* Data in the SYN (RFC 7413), accepted by the server or not, and retransmitted. */
static void test_fast_open(void)
{
	for (int again = 0; again < 2; again++) {
		struct talk k;
		talk_unit_open(&k, 3, 3, 100);
		const struct talk_side *s = &k.side[0];
		talk_send(&k, false, s->isn, s->data, s->len, SYN);
		CU_ASSERT_EQUAL(k.count[0], 3);
		talk_send(&k, true, k.side[1].isn, NULL, 0, SYN | ACK);
		if (again)
			talk_unit_send_all(&k, false);
		else
			talk_ack(&k, false, 0, ACK);
		talk_unit_send_all(&k, true);
		CU_ASSERT_EQUAL(k.count[0], 3);
		CU_ASSERT_EQUAL(k.count[1], 3);
		CU_ASSERT_EQUAL(k.m.tcp_handshakes, 1);
		talk_unit_close(&k);
	}
}

/* Keep-alives, with an octet of garbage or none, and probes of a closed window. */
static void test_keep_alive(void)
{
	static const uint8_t garbage = 0x55;
	struct talk k;
	talk_unit_open(&k, 4, 4, 100);
	talk_handshake(&k);
	const struct talk_side *s = &k.side[0];
	uint32_t half = s->at[2] + 3;
	talk_segment(&k, false, 0, half);
	talk_send(&k, false, s->isn + half, &garbage, 1, ACK);
	talk_send(&k, false, s->isn + half, NULL, 0, ACK);
	talk_segment(&k, false, half, half + 1);
	talk_segment(&k, false, half, s->len);
	CU_ASSERT_EQUAL(k.count[0], 4);
	CU_ASSERT_EQUAL(k.m.tcp_overlapping, 1);
	talk_unit_close(&k);
}

/* A SYN between the same ends begins a new connection, a duplicate of it does not. */
static void test_reuse(void)
{
	struct talk k;
	talk_unit_open(&k, 5, 6, 100);
	for (uint32_t turn = 0; turn < 4; turn++) {
		k.side[0].isn = turn * 1000003 + 5;
		k.side[1].isn = turn * 7000003 + 9;
		k.next[0] = k.next[1] = 0;
		talk_handshake(&k);
		talk_send(&k, false, k.side[0].isn, NULL, 0, SYN);
		talk_unit_send_all(&k, false);
		talk_segment(&k, true, 0, k.side[1].len - 7);
		if (turn == 2) {
			talk_ack(&k, false, k.side[1].len, FIN | ACK);
			talk_ack(&k, true, k.side[0].len + 1, RST | ACK);
		}
	}
	CU_ASSERT_EQUAL(k.count[0], 4 * 6);
	CU_ASSERT_EQUAL(k.count[1], 4 * 5);
	CU_ASSERT_EQUAL(k.m.tcp_opened, 4);
	CU_ASSERT_EQUAL(k.m.tcp_reused, 2);
	CU_ASSERT_EQUAL(k.m.tcp_reset, 1);
	CU_ASSERT_EQUAL(k.m.tcp_messages_lost, 3);
	talk_unit_close(&k);
}

/* After the end of a connection captured from its middle, a SYN with a near number is no late one.
 */
static void test_reuse_near(void)
{
	struct talk k;
	talk_unit_open(&k, 14, 3, 100);
	talk_unit_send_all(&k, false);
	talk_ack(&k, false, 0, RST | ACK);
	k.side[0].isn -= 50;
	talk_send(&k, false, k.side[0].isn, NULL, 0, SYN);
	k.next[0] = 0;
	talk_unit_send_all(&k, false);
	CU_ASSERT_EQUAL(k.count[0], 6);
	CU_ASSERT_EQUAL(k.m.tcp_opened, 2);
	talk_unit_close(&k);
}

/* A SYN that is captured after the data behind it. */
static void test_late_syn(void)
{
	struct talk k;
	talk_unit_open(&k, 6, 3, 100);
	talk_unit_send_all(&k, false);
	talk_send(&k, false, k.side[0].isn, NULL, 0, SYN);
	talk_unit_send_all(&k, true);
	CU_ASSERT_EQUAL(k.count[0], 3);
	CU_ASSERT_EQUAL(k.count[1], 3);
	CU_ASSERT_EQUAL(k.m.tcp_opened, 1);
	CU_ASSERT_EQUAL(k.m.tcp_joined, 1);
	talk_unit_close(&k);
}

/* A forged RST changes nothing, nor does an acceptable one that was not the end. */
static void test_reset(void)
{
	struct talk k;
	talk_unit_open(&k, 7, 6, 100);
	talk_handshake(&k);
	const struct talk_side *s = &k.side[1];
	talk_unit_send_all(&k, false);
	talk_segment(&k, true, 0, s->at[2] - 2);
	talk_send(&k, true, s->isn - 100000, NULL, 0, RST);
	CU_ASSERT_EQUAL(k.m.tcp_resets_refused, 1);
	CU_ASSERT_EQUAL(k.m.tcp_reset, 0);
	talk_send(&k, true, s->isn + 1 + s->at[2] - 2, NULL, 0, RST);
	CU_ASSERT_EQUAL(k.m.tcp_reset, 1);
	talk_segment(&k, true, s->at[2] - 2, s->len);
	CU_ASSERT_EQUAL(k.count[1], 6);
	CU_ASSERT_EQUAL(k.m.tcp_resyncs, 0);
	CU_ASSERT_EQUAL(k.m.tcp_opened, 2);
	talk_expire(&k, TCP_LINGER_NS + 1);
	CU_ASSERT_EQUAL(k.t.slots.used, 1);
	talk_unit_close(&k);
	/* The port is closed. */
	talk_unit_open(&k, 7, 1, 100);
	talk_send(&k, false, k.side[0].isn, NULL, 0, SYN);
	talk_send(&k, true, 0, NULL, 0, RST | ACK);
	CU_ASSERT_EQUAL(k.m.tcp_reset, 1);
	talk_unit_close(&k);
}

/* FIN with the last data, behind a gap; octets behind the FIN are ignored. */
static void test_fin(void)
{
	struct talk k;
	talk_unit_open(&k, 8, 4, 100);
	talk_handshake(&k);
	const struct talk_side *q = &k.side[0], *s = &k.side[1];
	talk_send(&k, false, q->isn + 1, q->data, q->len, FIN | ACK);
	CU_ASSERT_EQUAL(k.count[0], 4);
	talk_send(&k, false, q->isn + 1 + q->len, q->data, q->at[1] - 2, ACK);
	CU_ASSERT_EQUAL(k.m.tcp_refused, 1);
	uint32_t half = s->at[2] + 1;
	talk_send(&k, true, s->isn + 1 + half, s->data + half, s->len - half, FIN | ACK);
	CU_ASSERT_EQUAL(k.m.tcp_closed, 0);
	talk_segment(&k, true, 0, half);
	CU_ASSERT_EQUAL(k.count[0], 4);
	CU_ASSERT_EQUAL(k.count[1], 4);
	CU_ASSERT_EQUAL(k.m.tcp_closed, 1);
	talk_unit_close(&k);
}

/* Segments far from the window: of an earlier time, or of another connection. */
static void test_foreign(void)
{
	struct talk k;
	talk_unit_open(&k, 12, 6, 100);
	talk_handshake(&k);
	const struct talk_side *s = &k.side[0];
	talk_segment(&k, false, 0, s->at[2] - 2);
	/* Neither the sequence nor the acknowledgment number is acceptable. */
	k.side[1].isn += 0x40000000;
	talk_send(&k, false, s->isn + 0x30000000, s->data, s->len, ACK);
	k.side[1].isn -= 0x40000000;
	CU_ASSERT_EQUAL(k.m.tcp_refused, 1);
	talk_segment(&k, false, s->at[2] - 2, s->at[4] - 2);
	CU_ASSERT_EQUAL(k.count[0], 4);
	/* A large gap: the stream continues behind it. */
	k.side[0].isn += 0x30000000;
	talk_segment(&k, false, s->at[4] - 2, s->len);
	CU_ASSERT_EQUAL(k.count[0], 6);
	CU_ASSERT_EQUAL(k.m.tcp_gaps, 1);
	talk_unit_close(&k);
}

/* More connections than the table has slots, each with one SYN or one stored octet. */
static void test_flood(void)
{
	struct talk k;
	struct talk_rng r = {13};
	talk_unit_open(&k, 13, 4, 100);
	k.guard = false;
	talk_handshake(&k);
	talk_unit_send_all(&k, false);
	k.port++;
	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t isn = talk_random(&r);
		k.port = (uint16_t)(1024 + i % 30000);
		if (k.port == 53)
			continue;
		talk_send(&k, false, isn, NULL, 0, SYN);
		CU_ASSERT(k.t.slots.used <= unit_conf.max_streams);
	}
	CU_ASSERT_EQUAL(k.t.slots.high_water, unit_conf.max_streams);
	/* Connections with data are not evicted. */
	k.port = TALK_PORT;
	talk_unit_send_all(&k, true);
	CU_ASSERT_EQUAL(k.count[1], 4);
	CU_ASSERT_EQUAL(k.m.tcp_joined, 0);
	for (uint32_t i = 0; i < 20000; i++) {
		k.port = (uint16_t)(1024 + i);
		talk_segment(&k, true, 0, 30);
		CU_ASSERT(k.t.store.pool.used <= k.t.store.pool.capacity);
	}
	CU_ASSERT(k.m.tcp_evicted > 1000000);
	talk_finish(&k);
	CU_ASSERT(talk_is_accounted(&k));
	talk_close(&k);
}

void test_reasm_tcp_table(void)
{
	CU_pSuite suite = CU_add_suite("reasm/tcp_table", NULL, NULL);
	CU_add_test(suite, "a connection from SYN to the last ACK", test_life);
	CU_add_test(suite, "the time of the handshake", test_rtt);
	CU_add_test(suite, "TCP Fast Open", test_fast_open);
	CU_add_test(suite, "keep-alives and window probes", test_keep_alive);
	CU_add_test(suite, "reuse of a connection's ends", test_reuse);
	CU_add_test(suite, "reuse with a near sequence number", test_reuse_near);
	CU_add_test(suite, "a late SYN", test_late_syn);
	CU_add_test(suite, "RST, forged and true", test_reset);
	CU_add_test(suite, "FIN with data and before data", test_fin);
	CU_add_test(suite, "segments far from the window", test_foreign);
	CU_add_test(suite, "a million SYNs", test_flood);
}

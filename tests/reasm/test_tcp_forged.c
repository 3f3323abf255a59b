/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments of an attacker who does not see the connection (RFC 9293 section 3.10.7.4, RFC 5961) are
 * rejected; those of the two ends are accepted.
 */
#include "reasm/talk_unit.h"

void test_reasm_tcp_forged(void);

/* A conversation up to the first query, and a reply that neither end has sent. */
static struct talk k;
static uint8_t forgery[100];

static void begin(uint64_t seed)
{
	struct talk_rng r = {seed};
	talk_unit_open(&k, seed, 6, 100);
	talk_handshake(&k);
	talk_segment(&k, false, 0, k.side[0].at[1] - 2);
	talk_put16(forgery, TALK_MIN);
	talk_message(forgery + 2, 0, TALK_MIN, true, &r);
	k.side[0].isn += k.side[0].at[1] - 2;
}

/* Sends the forgery as the server, with an acknowledgment number that is wrong by `off`. */
static void forge(uint32_t seq, uint32_t off, uint8_t flags)
{
	k.side[0].isn += off;
	talk_send(&k, true, seq, forgery, TALK_MIN + 2, flags);
	k.side[0].isn -= off;
}

/* Sends the rest: exactly the messages of both ends are returned. */
static void end(uint32_t forged)
{
	talk_unit_send_all(&k, true);
	k.side[0].isn -= k.side[0].at[1] - 2;
	k.side[1].isn += k.side[1].len;
	talk_segment(&k, false, k.side[0].at[1] - 2, k.side[0].len);
	k.side[1].isn -= k.side[1].len;
	CU_ASSERT_EQUAL(k.count[0], 6);
	CU_ASSERT_EQUAL(k.count[1], 6);
	CU_ASSERT_EQUAL(k.m.tcp_refused + k.m.tcp_bare - 3, forged);
	CU_ASSERT_EQUAL(k.m.tcp_opened, 1);
	CU_ASSERT_EQUAL(k.m.tcp_gaps, 0);
	talk_unit_close(&k);
}

static void test_no_ack(void)
{
	begin(1);
	uint32_t next = k.side[1].isn + 1;
	forge(next, 0, PSH);
	forge(next + 0x40000000, 0, PSH);
	forge(next, 0, FIN);
	forge(next, 0, 0);
	CU_ASSERT_EQUAL(k.m.tcp_no_ack, 4);
	end(4);
	/* Nor does it begin a connection. */
	talk_unit_open(&k, 1, 1, 100);
	talk_send(&k, false, 1, k.side[0].data, k.side[0].len, PSH);
	CU_ASSERT_EQUAL(k.t.slots.used, 0);
	talk_unit_close(&k);
}

static void test_far(void)
{
	begin(2);
	uint32_t next = k.side[1].isn + 1;
	forge(next + 0x40000000, 0x1234567, ACK);
	forge(next - 0x40000000, 0x7654321, ACK | FIN);
	/* The right sequence number, and an acknowledgment of octets that were never sent. */
	forge(next, TCP_NEAR + 1, ACK);
	forge(next, 0x80000000, ACK | FIN);
	forge(next + 0x30000000, 70000, ACK);
	CU_ASSERT_EQUAL(k.m.tcp_implausible, 5);
	end(5);
}

/* A segment of the connection in between resets what a forged one has begun. */
static void test_claims(void)
{
	uint32_t place = 0x40000000;
	begin(3);
	forge(k.side[1].isn + 1 + place, 0x1234567, ACK);
	talk_segment(&k, true, 0, 1);
	forge(k.side[1].isn + 1 + place + TALK_MIN + 2, 0x1234567, ACK);
	CU_ASSERT_EQUAL(k.m.tcp_implausible, 2);
	end(2);
	/* Both directions have large gaps: the second segment behind them is accepted. */
	talk_unit_open(&k, 3, 6, 100);
	talk_handshake(&k);
	talk_segment(&k, false, 0, k.side[0].at[1] - 2);
	k.side[0].isn += 0x20000000;
	k.side[1].isn += 0x30000000;
	talk_segment(&k, false, k.side[0].at[1] - 2, k.side[0].at[2] - 2);
	CU_ASSERT_EQUAL(k.count[0], 1);
	talk_segment(&k, false, k.side[0].at[2] - 2, k.side[0].len);
	CU_ASSERT_EQUAL(k.count[0], 5);
	k.side[0].isn += k.side[0].len;
	talk_unit_send_all(&k, true);
	CU_ASSERT_EQUAL(k.count[1], 6);
	k.side[0].isn -= k.side[0].len;
	talk_unit_close(&k);
}

/* RFC 5961 section 3: a RST in the window, but not at its first octet. */
static void test_resets(void)
{
	begin(4);
	uint32_t next = k.side[1].isn + 1;
	talk_send(&k, true, next + 1, NULL, 0, RST);
	talk_send(&k, true, next + 5000, NULL, 0, RST | ACK);
	talk_send(&k, true, next - 1, NULL, 0, RST);
	CU_ASSERT_EQUAL(k.m.tcp_resets_refused, 3);
	end(3);
	/* Before the server's SYN, a RST must acknowledge the client's (RFC 9293 section 3.10.7.3).
	 */
	talk_unit_open(&k, 4, 1, 100);
	talk_send(&k, false, k.side[0].isn, NULL, 0, SYN);
	talk_send(&k, true, 0, NULL, 0, RST);
	k.side[0].isn += 77;
	talk_send(&k, true, 0, NULL, 0, RST | ACK);
	k.side[0].isn -= 77;
	CU_ASSERT_EQUAL(k.m.tcp_resets_refused, 2);
	CU_ASSERT_EQUAL(k.m.tcp_reset, 0);
	talk_unit_close(&k);
}

/* A SYN into a connection changes nothing unless the server answers it. */
static void test_syns(void)
{
	begin(5);
	uint32_t client = k.side[0].isn, server = k.side[1].isn;
	talk_send(&k, false, client + 0x30000000, NULL, 0, SYN);
	talk_send(&k, true, server + 0x30000000, NULL, 0, SYN);
	k.side[0].isn += 0x12345;
	talk_send(&k, true, server + 0x30000000, NULL, 0, SYN | ACK);
	k.side[0].isn -= 0x12345;
	CU_ASSERT_EQUAL(k.m.tcp_syns_refused, 3);
	end(3);
	/* The server answers: the round-trip time is that of the new handshake. */
	begin(6);
	k.side[0].isn = 5000;
	k.side[1].isn = 6000;
	k.next[0] = 0;
	k.now_ns += 7 * MS;
	talk_handshake(&k);
	talk_unit_send_all(&k, false);
	CU_ASSERT_EQUAL(k.count[0], 7);
	CU_ASSERT_EQUAL(k.m.tcp_reused, 1);
	CU_ASSERT_EQUAL(k.m.tcp_resyncs, 0);
	CU_ASSERT_EQUAL(k.rtt_ns, 2 * MS);
	talk_unit_close(&k);
}

/* Of two SYNs the server answers the second; the first was forged. */
static void test_half_open(void)
{
	talk_unit_open(&k, 7, 6, 100);
	talk_send(&k, false, k.side[0].isn + 0x11111111, NULL, 0, SYN);
	talk_handshake(&k);
	talk_unit_send_all(&k, false);
	CU_ASSERT_EQUAL(k.count[0], 6);
	CU_ASSERT_EQUAL(k.m.tcp_resyncs, 0);
	talk_unit_close(&k);
}

/* Random numbers are rejected and do no harm. */
static void test_blind(void)
{
	struct talk_rng r = {8};
	begin(8);
	k.guard = false;
	for (uint32_t i = 0; i < 200000; i++) {
		uint8_t flags = (uint8_t)(talk_below(&r, 2) ? ACK : talk_random(&r) & 0x1f);
		bool reply = talk_below(&r, 2);
		uint32_t seq = talk_random(&r) * 2u + talk_below(&r, 2);
		uint32_t isn = k.side[!reply].isn;
		k.side[!reply].isn += talk_random(&r) * 2u;
		talk_send(&k, reply, seq, forgery, talk_below(&r, 2) ? TALK_MIN + 2 : 0, flags);
		k.side[!reply].isn = isn;
		CU_ASSERT_EQUAL(k.t.slots.used, 1);
	}
	CU_ASSERT_EQUAL(k.count[0], 1);
	CU_ASSERT_EQUAL(k.count[1], 0);
	CU_ASSERT_EQUAL(k.m.tcp_opened, 1);
	talk_unit_send_all(&k, true);
	CU_ASSERT_EQUAL(k.count[1], 6);
	k.side[0].isn -= k.side[0].at[1] - 2;
	talk_unit_close(&k);
}

/* Floods of SYNs, answered or not, do not evict connections whose client has acknowledged. */
static void test_syn_flood(void)
{
	for (int answered = 0; answered < 2; answered++) {
		talk_unit_open(&k, 9, 4, 100);
		k.guard = false;
		talk_handshake(&k);
		uint32_t isn[2] = {k.side[0].isn, k.side[1].isn};
		for (uint32_t i = 0; i < 10000; i++) {
			k.port = (uint16_t)(1024 + i);
			k.side[0].isn = i * 77;
			talk_send(&k, false, k.side[0].isn, NULL, 0, SYN);
			if (answered)
				talk_send(&k, true, k.side[1].isn, NULL, 0, SYN | ACK);
		}
		k.port = TALK_PORT;
		k.side[0].isn = isn[0];
		k.side[1].isn = isn[1];
		talk_unit_send_all(&k, false);
		CU_ASSERT_EQUAL(k.count[0], 4);
		CU_ASSERT_EQUAL(k.m.tcp_joined, 0);
		CU_ASSERT_EQUAL(k.m.tcp_evicted, 10000 - unit_conf.max_streams + 1);
		talk_unit_close(&k);
	}
}

/* Sends the client's first `n` messages, acknowledging `off` octets of the server. */
static void query_acknowledging(const uint8_t *data, uint32_t n, uint32_t off, uint8_t flags)
{
	k.side[1].isn += off;
	talk_send(&k, false, k.side[0].isn + 1, data, k.side[0].at[n] - 2, flags);
	k.side[1].isn -= off;
}

static void open_connection(uint64_t seed)
{
	talk_unit_open(&k, seed, 6, 100);
	talk_handshake(&k);
}

/* Segments acknowledge octets of the server that the capture does not have. */
static void test_unseen_acks(void)
{
	static uint8_t other[1000];
	open_connection(10);
	memcpy(other, k.side[0].data, k.side[0].at[1]);
	other[k.side[0].at[1] - 3] ^= 1;
	query_acknowledging(other, 1, 100, ACK);
	CU_ASSERT_EQUAL(k.count[0], 0);
	talk_segment(&k, false, 0, k.side[0].at[1] - 2);
	CU_ASSERT_EQUAL(k.count[0], 1); /* not the forgery: k.garbled */
	CU_ASSERT_EQUAL(k.ambiguous[0], 0);
	CU_ASSERT_EQUAL(k.m.tcp_unseen_acks, 1);
	CU_ASSERT_EQUAL(k.m.tcp_conflicts, 1);
	talk_unit_close(&k);
	/* The server acknowledges it. */
	open_connection(11);
	query_acknowledging(k.side[0].data, 1, 100, ACK);
	talk_ack(&k, true, k.side[0].at[1] - 2, ACK);
	CU_ASSERT_EQUAL(k.count[0], 1);
	CU_ASSERT_EQUAL(k.ambiguous[0], 0);
	talk_unit_close(&k);
	/* The capture stores the replies behind the acknowledgments. */
	open_connection(12);
	query_acknowledging(k.side[0].data, 2, k.side[1].at[1] - 2, ACK);
	CU_ASSERT_EQUAL(k.count[0], 0);
	talk_segment(&k, true, 0, k.side[1].at[1] - 2);
	CU_ASSERT_EQUAL(k.count[0], 2);
	CU_ASSERT_EQUAL(k.count[1], 1);
	CU_ASSERT_EQUAL(k.early, 0);
	CU_ASSERT_EQUAL(k.ambiguous[0], 0);
	talk_unit_close(&k);
	/* The server sends nothing more. */
	open_connection(13);
	query_acknowledging(k.side[0].data, 1, 100, ACK);
	talk_expire(&k, TCP_BLIND_NS - 1);
	CU_ASSERT_EQUAL(k.count[0], 0);
	talk_expire(&k, 1 + TCP_GAP_NS);
	CU_ASSERT_EQUAL(k.count[0], 1);
	CU_ASSERT_EQUAL(k.ambiguous[0], 1);
	talk_unit_close(&k);
}

/* Acknowledgments of octets that were never sent neither move the window nor end a stream. */
static void test_acks_ahead(void)
{
	open_connection(14);
	k.guard = false;
	for (uint32_t off = 0; off < 3u << 20; off += 50000)
		query_acknowledging(NULL, 0, off, ACK);
	for (uint32_t off = 50000; off < 3u << 20; off += 50000)
		query_acknowledging(k.side[1].data, 1, off, ACK);
	talk_unit_send_all(&k, false);
	k.side[0].isn += k.side[0].len;
	talk_unit_send_all(&k, true);
	k.side[0].isn -= k.side[0].len;
	CU_ASSERT_EQUAL(k.count[0], 6);
	CU_ASSERT_EQUAL(k.count[1], 6);
	CU_ASSERT_EQUAL(k.m.tcp_gaps, 0);
	talk_unit_close(&k);
	open_connection(15);
	k.side[1].isn += 100;
	talk_send(&k, false, k.side[0].isn + 1, NULL, 0, ACK | FIN);
	k.side[1].isn -= 100;
	talk_unit_send_all(&k, false);
	CU_ASSERT_EQUAL(k.count[0], 6);
	talk_unit_close(&k);
}

void test_reasm_tcp_forged(void)
{
	CU_pSuite suite = CU_add_suite("reasm/tcp_forged", NULL, NULL);
	CU_add_test(suite, "without ACK", test_no_ack);
	CU_add_test(suite, "far from any window", test_far);
	CU_add_test(suite, "claims", test_claims);
	CU_add_test(suite, "RST", test_resets);
	CU_add_test(suite, "SYN", test_syns);
	CU_add_test(suite, "SYN before a SYN", test_half_open);
	CU_add_test(suite, "random numbers", test_blind);
	CU_add_test(suite, "floods of SYN", test_syn_flood);
	CU_add_test(suite, "unseen acknowledgments", test_unseen_acks);
	CU_add_test(suite, "acknowledgments ahead", test_acks_ahead);
}

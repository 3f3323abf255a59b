/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Overlapping segments with different octets. The reassembled stream is that of a model of Linux's
 * receiver (tcp_data_queue(), tcp_data_queue_ofo(), tcp_ofo_queue()), which queues whole segments.
 */
#include "packet/checksum.h"
#include "reasm/talk_unit.h"

void test_reasm_tcp_overlap(void);

enum { LENGTH = 120, TOTAL = LENGTH + 2, SEGMENTS = 400 };

/* Returns octet `at` of the stream as segment n has it; all have the same message length. */
static uint8_t octet_of(uint32_t at, uint32_t n)
{
	if (at < 4) /* and the same id, which is the message's number */
		return at == 1 ? LENGTH : 0;
	return (uint8_t)(n * 37 + at);
}

struct model_segment {
	uint32_t from, to, n;
};

struct model {
	uint32_t next; /* octets that are in order */
	uint8_t got[TOTAL];
	uint32_t waiting; /* segments, by their first octets */
	struct model_segment wait[SEGMENTS];
};

static void model_receive(struct model *m, const struct model_segment *s)
{
	for (uint32_t at = m->next; at < s->to; at++)
		m->got[at] = octet_of(at, s->n);
	if (s->to > m->next)
		m->next = s->to;
}

static void model_remove(struct model *m, uint32_t i)
{
	m->waiting--;
	memmove(&m->wait[i], &m->wait[i + 1], (m->waiting - i) * sizeof(m->wait[0]));
}

static void model_queue(struct model *m, const struct model_segment *s)
{
	uint32_t i = 0;
	for (uint32_t k = 0; k < m->waiting; k++) /* all octets are queued */
		if (s->from >= m->wait[k].from && s->to <= m->wait[k].to)
			return;
	while (i < m->waiting && m->wait[i].from < s->from)
		i++;
	while (i < m->waiting && m->wait[i].to <= s->to) /* covered */
		model_remove(m, i);
	memmove(&m->wait[i + 1], &m->wait[i], (m->waiting - i) * sizeof(m->wait[0]));
	m->wait[i] = *s;
	m->waiting++;
}

static void model_accept(struct model *m, const struct model_segment *s)
{
	if (s->from > m->next) {
		model_queue(m, s);
		return;
	}
	model_receive(m, s);
	while (m->waiting && m->wait[0].from <= m->next) {
		model_receive(m, &m->wait[0]);
		model_remove(m, 0);
	}
}

static void send(struct talk *k, const struct model_segment *s)
{
	uint8_t data[TOTAL];
	for (uint32_t at = s->from; at < s->to; at++)
		data[at] = octet_of(at, s->n);
	talk_send(k, false, k->side[0].isn + 1 + s->from, data + s->from, s->to - s->from, ACK);
}

/* Sends random segments until all octets were sent. */
static void run(uint64_t seed)
{
	struct talk_rng r = {seed};
	struct talk k;
	struct model m = {0};
	uint32_t n = 0;
	talk_unit_open(&k, seed, 1, 100);
	k.guard = false;
	talk_handshake(&k);
	free(k.side[0].data); /* the output is compared with the model's */
	k.side[0] = (struct talk_side){
		.data = m.got, .len = TOTAL, .messages = 1, .isn = k.side[0].isn};
	while (m.next < TOTAL && n < SEGMENTS) {
		uint32_t from = n > 60 && talk_below(&r, 9) == 0 ? m.next : talk_below(&r, TOTAL);
		uint32_t len = 1 + talk_below(&r, 40);
		if (len > TOTAL - from)
			len = TOTAL - from;
		if (n < 12 && from == 0) /* so that some segments are out of order */
			continue;
		struct model_segment s = {.from = from, .to = from + len, .n = n};
		n++;
		model_accept(&m, &s);
		k.side[0].at[0] = 2;
		k.side[0].size[0] = LENGTH;
		k.now_ns += 1000;
		send(&k, &s);
	}
	CU_ASSERT_EQUAL(k.count[0], 1);
	CU_ASSERT_EQUAL(k.garbled, 0);
	CU_ASSERT_EQUAL(k.ambiguous[0], k.m.tcp_conflicts > 0);
	talk_finish(&k);
	CU_ASSERT(talk_is_accounted(&k));
	k.side[0].data = NULL;
	talk_close(&k);
}

static void test_linux(void)
{
	for (uint64_t seed = 1; seed <= 2000; seed++)
		run(seed);
}

/* Sends `len` octets of the client's behind a header, with a right or wrong checksum. */
static void send_summed(struct talk *k, uint32_t len, uint8_t flags, bool right, bool other)
{
	uint8_t packet[20 + 160] = {0};
	const struct talk_side *s = &k->side[0];
	struct pkt pkt = {.payload = packet + 20,
		.len = len,
		.wire_len = len,
		.ts_ns = k->now_ns,
		.clock_ns = k->now_ns,
		.addrs.family = ADDR_IPV6,
		.addrs.octets = {[ADDR_SRC] = {[15] = 1}, [ADDR_DST] = {[15] = 2}},
		.sport = TALK_PORT,
		.dport = 53,
		.proto = PACKET_TCP,
		.tcp_flags = flags,
		.tcp_header = 20,
		.seq = s->isn + 1,
		.ack = k->side[1].isn + 1};
	memcpy(packet + 20, s->data, len);
	packet[20 + len - 1] ^= other;
	uint32_t sum = 0;
	do
		talk_put16(packet + 16, sum++);
	while (packet_checksum(&pkt) != PACKET_CHECKSUM_RIGHT);
	if (!right)
		packet[16] ^= 0x55;
	tcp_process(&k->t, &pkt, tcp_hash(&k->t, &pkt));
	talk_drain(k);
}

/* The client's query. */
static void ask(struct talk *k, bool right, bool other)
{
	send_summed(k, k->side[0].len, ACK, right, other);
}

/* Octets with a wrong checksum: forged, or captured before the NIC completed it. */
static void test_checksums(void)
{
	struct talk k;
	talk_unit_open(&k, 1, 1, 100);
	talk_handshake(&k);
	ask(&k, false, true);
	CU_ASSERT_EQUAL(k.count[0], 0);
	ask(&k, true, false);
	CU_ASSERT_EQUAL(k.count[0], 1);
	CU_ASSERT_EQUAL(k.ambiguous[0], 0); /* the checksum decides */
	CU_ASSERT_EQUAL(k.m.tcp_suspect, 1);
	CU_ASSERT_EQUAL(k.m.tcp_conflicts, 1);
	talk_unit_close(&k);
	/* Nothing contradicts it, and the server acknowledges it. */
	talk_unit_open(&k, 1, 1, 100);
	talk_handshake(&k);
	ask(&k, false, false);
	CU_ASSERT_EQUAL(k.count[0], 0);
	talk_ack(&k, true, k.side[0].len, ACK);
	CU_ASSERT_EQUAL(k.count[0], 1);
	CU_ASSERT_EQUAL(k.ambiguous[0], 0);
	talk_unit_close(&k);
	/* The server's acknowledgments are not captured. */
	talk_unit_open(&k, 1, 1, 100);
	talk_handshake(&k);
	ask(&k, false, false);
	talk_expire(&k, TCP_BLIND_NS - 1);
	CU_ASSERT_EQUAL(k.count[0], 0);
	talk_expire(&k, 1 + TCP_GAP_NS);
	CU_ASSERT_EQUAL(k.count[0], 1);
	CU_ASSERT_EQUAL(k.ambiguous[0], 1);
	CU_ASSERT_EQUAL(k.m.tcp_ambiguous, 1);
	talk_unit_close(&k);
	/* Checksums are ignored. */
	talk_unit_open(&k, 1, 1, 100);
	k.ports.checksum = PACKET_CHECKSUM_IGNORE;
	talk_handshake(&k);
	ask(&k, false, false);
	CU_ASSERT_EQUAL(k.count[0], 1);
	talk_unit_close(&k);
}

/* Control segments with a wrong checksum end nothing. */
static void test_control(void)
{
	static const uint8_t flags[] = {FIN | ACK, RST | ACK, RST};
	struct talk k;
	for (size_t i = 0; i < sizeof(flags); i++) {
		talk_unit_open(&k, 1, 1, 100);
		talk_handshake(&k);
		send_summed(&k, 0, flags[i], false, false);
		CU_ASSERT_EQUAL(k.m.tcp_reset + k.m.tcp_closed, 0);
		ask(&k, true, false);
		CU_ASSERT_EQUAL(k.count[0], 1);
		k.side[0].isn += k.side[0].len;
		send_summed(&k, 0, RST | ACK, true, false);
		k.side[0].isn -= k.side[0].len;
		CU_ASSERT_EQUAL(k.m.tcp_reset, 1);
		talk_unit_close(&k);
	}
	/* Nothing contradicts the FIN. */
	talk_unit_open(&k, 1, 1, 100);
	talk_handshake(&k);
	send_summed(&k, k.side[0].len, FIN | ACK, false, false);
	talk_ack(&k, true, k.side[0].len + 1, ACK | FIN);
	CU_ASSERT_EQUAL(k.count[0], 1);
	CU_ASSERT_EQUAL(k.m.tcp_gaps, 0);
	talk_unit_close(&k);
}

/* packet.checksum=require: a segment with a wrong checksum is dropped, whatever it carries. */
static void test_required(void)
{
	struct talk k;
	talk_unit_open(&k, 1, 1, 100);
	k.ports.checksum = PACKET_CHECKSUM_REQUIRE;
	send_summed(&k, 0, SYN, false, false);
	CU_ASSERT_EQUAL(k.t.slots.used, 0);
	talk_handshake(&k);
	ask(&k, false, false);
	talk_ack(&k, true, k.side[0].len, ACK);
	talk_expire(&k, 2 * TCP_BLIND_NS);
	CU_ASSERT_EQUAL(k.count[0], 0);
	CU_ASSERT_EQUAL(k.m.tcp_bad_checksums, 2);
	CU_ASSERT_EQUAL(k.m.tcp_refused, 1);
	ask(&k, true, false);
	CU_ASSERT_EQUAL(k.count[0], 1);
	CU_ASSERT_EQUAL(k.ambiguous[0], 0);
	CU_ASSERT_EQUAL(k.m.tcp_suspect, 0);
	talk_unit_close(&k);
}

void test_reasm_tcp_overlap(void)
{
	CU_pSuite suite = CU_add_suite("reasm/tcp_overlap", NULL, NULL);
	CU_add_test(suite, "as a model of Linux", test_linux);
	CU_add_test(suite, "wrong checksums", test_checksums);
	CU_add_test(suite, "control segments with a wrong checksum", test_control);
	CU_add_test(suite, "required checksums", test_required);
}

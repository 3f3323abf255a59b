/* SPDX-License-Identifier: BSD-3-Clause */
/* Encrypted DNS among other packets: order, owners, fragments. */
#include "pipeline/rig.h"

void test_pipeline_sight(void);

static const uint16_t ports[] = {853};

/* Makes a QUIC datagram of client n to port 853, or of the server. */
static struct frame *make_quic(struct made *m, int64_t ts_ns, unsigned n, bool reply)
{
	wire_clear(&m->wire);
	wire_ethernet(&m->wire, 0x0800);
	wire_ipv4(&m->wire, 17, 8 + 100);
	wire_udp(&m->wire, reply ? 853 : 4000 + n, reply ? 4000 + n : 853, 100);
	wire_hex(&m->wire, "c0 00000001");
	wire_fill(&m->wire, 8, 95);
	if (reply)
		turn_round(m);
	m->wire.octets[14 + (reply ? 16 : 12)] = (uint8_t)n;
	return close_frame(m, ts_ns);
}

/* Records have the order of their packets, in one burst or in many. */
static void in_turn(void)
{
	static struct made m[5];
	for (int together = 0; together < 2; together++) {
		begin(1);
		packet_encrypted_ports(&packets, ports, 1);
		struct frame *frames[] = {make_udp(&m[0], SECOND, 1, false),
			make_quic(&m[1], SECOND, 2, false), make_udp(&m[2], SECOND + 9, 1, true),
			make_quic(&m[3], SECOND + 10, 3, true),
			make_quic(&m[4], SECOND + 11, 2, true)};
		if (together)
			burst(frames, 5);
		for (int i = 0; i < 5 && !together; i++)
			one(frames[i]);
		struct worker *w = workers[0];
		CU_ASSERT_EQUAL_FATAL(w->count, 3);
		CU_ASSERT_EQUAL(w->seen[0]->status, RECORD_ENCRYPTED);
		CU_ASSERT_EQUAL(w->seen[1]->status, RECORD_ANSWERED);
		CU_ASSERT_EQUAL(w->seen[2]->status, RECORD_ENCRYPTED);
		CU_ASSERT(w->seen[0]->client_port == 4002 && w->seen[2]->client_port == 4003);
		CU_ASSERT(w->metrics.packet.encrypted == 3 && w->metrics.packet.dns == 2);
		CU_ASSERT_EQUAL(w->metrics.sight.flows, 2);
		end();
	}
}

/* Without sightings such packets are other traffic and have no owner. */
static void off(void)
{
	static struct made m;
	begin(1);
	one(make_quic(&m, SECOND, 1, false));
	CU_ASSERT_EQUAL(workers[0]->metrics.packet.other_port, 1);
	pipeline_finish(&workers[0]->pipeline);
	CU_ASSERT_EQUAL(workers[0]->count, 0);
	end();
	begin(WORKERS);
	CU_ASSERT_EQUAL(receive(0, make_quic(&m, SECOND, 1, false)), PIPELINE_NO_OWNER);
	end();
}

/* Both directions of a connection have one owner, whichever worker receives them. */
static void owners(void)
{
	static struct made m;
	unsigned records = 0, with = 0;
	begin(WORKERS);
	packet_encrypted_ports(&packets, ports, 1);
	for (unsigned n = 1; n <= 60; n++) {
		uint16_t there = receive((uint16_t)(n % WORKERS), make_quic(&m, n, n, false));
		uint16_t back = receive((uint16_t)((n + 1) % WORKERS), make_quic(&m, n, n, true));
		CU_ASSERT_EQUAL(there, back);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		pipeline_finish(&workers[i]->pipeline);
		records += workers[i]->count;
		with += workers[i]->count > 0;
	}
	CU_ASSERT_EQUAL(records, 60);
	CU_ASSERT_EQUAL(with, WORKERS);
	end();
}

/* A datagram in two fragments, at this worker and at another one than its tunnel's. */
static void fragments(void)
{
	static struct made whole, m;
	for (unsigned of = 1; of <= WORKERS; of += WORKERS - 1) {
		uint64_t records = 0, datagrams = 0;
		begin(of);
		packet_encrypted_ports(&packets, ports, 1);
		make_quic(&whole, SECOND, 1, false);
		for (unsigned at = 0; at < 108; at += 56) {
			unsigned n = at ? 52 : 56;
			wire_clear(&m.wire);
			wire_ethernet(&m.wire, 0x0800);
			wire_ipv4(&m.wire, 17, n);
			m.wire.octets[20] = at ? 0 : 0x20;
			m.wire.octets[21] = (uint8_t)(at / 8);
			wire_put(&m.wire, whole.wire.octets + 34 + at, n);
			if (of == 1)
				one(close_frame(&m, SECOND));
			else
				receive(at ? 1 : 0, close_frame(&m, SECOND));
		}
		for (unsigned i = 0; i < of; i++) {
			records += workers[i]->count;
			datagrams += workers[i]->metrics.reasm.frag_encrypted;
			CU_ASSERT_EQUAL(workers[i]->metrics.packet.encrypted, 0);
		}
		CU_ASSERT(records == 1 && datagrams == 1);
		end();
	}
}

void test_pipeline_sight(void)
{
	CU_pSuite s = CU_add_suite("pipeline/sight", NULL, NULL);
	CU_add_test(s, "in turn", in_turn);
	CU_add_test(s, "off", off);
	CU_add_test(s, "owners", owners);
	CU_add_test(s, "fragments", fragments);
}

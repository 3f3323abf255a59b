/* SPDX-License-Identifier: BSD-3-Clause */
/* QUIC and DTLS. */
#include "sight/rig.h"

void test_sight_datagrams(void);

/* Long headers of QUIC are recognised by their versions, and nothing else is. */
static void quic(void)
{
	static const uint32_t versions[] = {0, 1, 0x6b3343cf, 0xff00001d, 0x1a2a3a4a};
	static const uint32_t others[] = {2, 0x6b3343ce, 0xff01001d, 0x1a2a3a4b, 0x36666e76};
	begin(2 * FLOWS);
	for (unsigned n = 0; n < BITS_COUNT(versions); n++) {
		wire_clear(&w);
		wire_u8(&w, 0xc3);
		wire_u32(&w, versions[n]);
		wire_fill(&w, 8, 1195);
		CU_ASSERT_EQUAL(send(n, n == 0, n % 2 ? 853 : 443, &w), n + 1);
		expect(n, n % 2 ? RECORD_TRANSPORT_doq : RECORD_TRANSPORT_doh3, NULL);
		CU_ASSERT_EQUAL(send(n, n != 0, n % 2 ? 853 : 443, &w), n + 1);
	}
	CU_ASSERT_EQUAL(k.m.quic, BITS_COUNT(versions));
	for (unsigned n = 0; n < BITS_COUNT(others); n++) {
		w.len = 0;
		wire_u8(&w, 0xc3);
		wire_u32(&w, others[n]);
		wire_fill(&w, 8, 1195);
		send(10 + n, false, 853, &w);
		expect(10 + n, RECORD_TRANSPORT_none, NULL);
	}
	w.octets[0] = 0x43; /* a short header */
	send(16, false, 853, &w);
	expect(16, RECORD_TRANSPORT_none, NULL);
	w.len = 1;
	for (unsigned first = 0; first < 256; first++) {
		w.octets[0] = (uint8_t)first;
		send(17, false, 853, &w);
	}
	expect(17, RECORD_TRANSPORT_none, NULL);
	CU_ASSERT_EQUAL(k.m.strange, BITS_COUNT(others) + 2);
	end();
}

static void dtls(void)
{
	struct build b = {.name = "dns.example", .cookie = 1};
	begin(FLOWS);
	build_dtls(&w, &b);
	CU_ASSERT_EQUAL(send(1, false, 853, &w), 1);
	expect(1, RECORD_TRANSPORT_dodtls, "dns.example");
	CU_ASSERT_EQUAL(k.seen[0]->proto, PACKET_UDP);
	b.cookie = 21; /* after HelloVerifyRequest */
	build_dtls(&w, &b);
	CU_ASSERT_EQUAL(send(1, false, 853, &w), 1);
	CU_ASSERT_EQUAL(send(2, true, 853, &w), 2); /* a server sends no ClientHello */
	expect(2, RECORD_TRANSPORT_dodtls, NULL);
	b.name = NULL;
	build_dtls(&w, &b);
	send(3, false, 853, &w);
	expect(3, RECORD_TRANSPORT_dodtls, NULL);
	CU_ASSERT(k.m.sni == 1 && k.m.joined == 1 && k.m.unnamed == 1);
	struct pkt pkt = packet(4, false, PACKET_UDP, 853);
	pkt.wire_len = w.len;
	process(&pkt, w.octets, 60);
	expect(4, RECORD_TRANSPORT_dodtls, NULL);
	CU_ASSERT_EQUAL(k.m.cut, 1);
	wire_clear(&w); /* an empty datagram is ignored */
	CU_ASSERT_EQUAL(send(5, false, 853, &w), 4);
	CU_ASSERT_EQUAL(wait(SIGHT_WAIT_NS), 5);
	expect(5, RECORD_TRANSPORT_none, NULL);
	end();
}

void test_sight_datagrams(void)
{
	CU_pSuite s = CU_add_suite("sight/datagrams", NULL, NULL);
	CU_add_test(s, "QUIC", quic);
	CU_add_test(s, "DTLS", dtls);
}

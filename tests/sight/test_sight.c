/* SPDX-License-Identifier: BSD-3-Clause */
/* When the record of a connection is made, and its contents. */
#include "sight/rig.h"

void test_sight_sight(void);

static void handshake(unsigned n)
{
	client_segment(n, SYN, 0, 0);
	server_segment(n, SYN | ACK, 0, 0);
	client_segment(n, ACK, 0, 0);
}

static void one_record(void)
{
	begin(FLOWS);
	build_tls(&w, &named);
	int64_t first = k.now_ns;
	handshake(1);
	CU_ASSERT_EQUAL(k.count, 0);
	CU_ASSERT_EQUAL(client_segment(1, ACK, 0, w.len), 1);
	expect(1, RECORD_TRANSPORT_dot, "dns.example");
	CU_ASSERT_EQUAL(k.seen[0]->ts_ns, first);
	CU_ASSERT(k.seen[0]->proto == PACKET_TCP && k.seen[0]->server_port == 853);
	server_segment(1, ACK, w.len, 100);
	client_segment(1, ACK, w.len, 100);
	client_segment(1, SYN, 0, 0); /* late duplicates */
	client_segment(1, ACK, 0, w.len);
	server_segment(1, FIN | ACK, w.len, 0);
	CU_ASSERT_EQUAL(client_segment(1, FIN | ACK, w.len, 0), 1);
	CU_ASSERT_EQUAL(k.m.sni, 1);
	end();
}

/* In two segments, and octet by octet; with Fast Open, without a handshake, or with half of one. */
static void segments(void)
{
	build_tls(&w, &named);
	begin(1024);
	for (uint32_t at = 1; at < w.len; at++) {
		unsigned had = k.count;
		handshake(at);
		CU_ASSERT_EQUAL(client_segment(at, ACK, 0, at), had);
		CU_ASSERT_EQUAL(client_segment(at, ACK, 0, at), had); /* again */
		CU_ASSERT_EQUAL(client_segment(at, ACK, at / 2, w.len - at / 2), had + 1);
		expect(at, RECORD_TRANSPORT_dot, "dns.example");
	}
	CU_ASSERT_EQUAL(k.m.sni, w.len - 1);
	end();
	begin(FLOWS);
	client_segment(1, SYN, 0, 20);
	for (uint32_t at = 20; at + 1 < w.len; at++)
		CU_ASSERT_EQUAL(client_segment(1, ACK, at, 1), 0);
	CU_ASSERT_EQUAL(client_segment(1, ACK, w.len - 1, 1), 1);
	server_segment(2, SYN | ACK, 0, 0);
	CU_ASSERT_EQUAL(client_segment(2, ACK, 0, w.len), 2);
	expect(2, RECORD_TRANSPORT_dot, "dns.example");
	CU_ASSERT_EQUAL(client_segment(3, ACK, 0, w.len), 3);
	expect(3, RECORD_TRANSPORT_dot, "dns.example");
	CU_ASSERT_EQUAL(k.m.sni, 3);
	end();
}

/* Segments out of order are not stored; if they are retransmitted, the name is found. */
static void out_of_order(void)
{
	begin(FLOWS);
	build_tls(&w, &named);
	handshake(1);
	client_segment(1, ACK, 50, w.len - 50);
	client_segment(1, ACK, 0, 50);
	CU_ASSERT_EQUAL(k.m.ahead, 1);
	CU_ASSERT_EQUAL(k.count, 0);
	client_segment(1, ACK, 50, w.len - 50);
	expect(1, RECORD_TRANSPORT_dot, "dns.example");
	handshake(2);
	client_segment(2, ACK, 50, w.len - 50);
	client_segment(2, ACK, 0, 50);
	CU_ASSERT_EQUAL(wait(SIGHT_WAIT_NS - 100 * MS), 1);
	CU_ASSERT_EQUAL(wait(100 * MS), 2);
	expect(2, RECORD_TRANSPORT_dot, NULL);
	CU_ASSERT_EQUAL(k.m.silent, 1);
	end();
}

static void unnamed(void)
{
	begin(FLOWS);
	build_tls(&w, &(struct build){.padding = 1});
	handshake(1);
	CU_ASSERT_EQUAL(client_segment(1, ACK, 0, w.len), 1);
	expect(1, RECORD_TRANSPORT_dot, NULL);
	CU_ASSERT_EQUAL(k.m.unnamed, 1);
	struct pkt pkt = packet(2, false, PACKET_TCP, 443);
	process(&pkt, w.octets, w.len);
	expect(2, RECORD_TRANSPORT_doh, NULL);
	end();
}

/* Captured from the middle: the client's octets are no ClientHello, or only the server is seen. */
static void joined(void)
{
	begin(FLOWS);
	wire_clear(&w);
	wire_hex(&w, "17 0303 0100");
	wire_fill(&w, 0xd7, 256);
	client_segment(1, ACK, 0, 0);
	CU_ASSERT_EQUAL(client_segment(1, ACK, 0, w.len), 1);
	expect(1, RECORD_TRANSPORT_dot, NULL);
	CU_ASSERT_EQUAL(k.m.joined, 1);
	server_segment(2, ACK, 0, 100);
	server_segment(2, ACK, 0, 100);
	CU_ASSERT_EQUAL(wait(SIGHT_WAIT_NS), 2);
	expect(2, RECORD_TRANSPORT_dot, NULL);
	CU_ASSERT_EQUAL(k.m.silent, 1);
	end();
}

static void strange(void)
{
	begin(FLOWS);
	wire_clear(&w);
	wire_put(&w, "GET / HTTP/1.0\r\n", 16);
	handshake(1);
	CU_ASSERT_EQUAL(client_segment(1, ACK, 0, w.len), 1);
	expect(1, RECORD_TRANSPORT_none, NULL);
	CU_ASSERT_EQUAL(k.m.strange, 1);
	end();
}

static void ended(void)
{
	begin(FLOWS);
	build_tls(&w, &named);
	client_segment(1, SYN, 0, 0);
	CU_ASSERT_EQUAL(server_segment(1, RST | ACK, 0, 0), 1);
	expect(1, RECORD_TRANSPORT_dot, NULL);
	handshake(2);
	client_segment(2, ACK, 0, 30);
	CU_ASSERT_EQUAL(client_segment(2, FIN | ACK, 30, 0), 2);
	expect(2, RECORD_TRANSPORT_dot, NULL);
	CU_ASSERT_EQUAL(k.m.ended, 2);
	handshake(3);
	CU_ASSERT_EQUAL(client_segment(3, FIN | ACK, 0, w.len), 3); /* its octets first */
	expect(3, RECORD_TRANSPORT_dot, "dns.example");
	end();
}

/* The same ends begin a new connection: by a SYN with another number, or after idle_ns. */
static void reuse(void)
{
	begin(FLOWS);
	build_tls(&w, &named);
	handshake(1);
	client_segment(1, ACK, 0, w.len);
	struct pkt syn = packet(1, false, PACKET_TCP, 853);
	syn.tcp_flags = SYN;
	syn.seq = 1234;
	CU_ASSERT_EQUAL(process(&syn, w.octets, w.len), 2);
	expect(1, RECORD_TRANSPORT_dot, "dns.example");
	syn.seq = 9999;
	syn.wire_len = 0;
	process(&syn, w.octets, 0);
	syn.seq = 8888;
	CU_ASSERT_EQUAL(process(&syn, w.octets, 0), 3); /* the previous one ended */
	expect(1, RECORD_TRANSPORT_dot, NULL);
	CU_ASSERT_EQUAL(wait(SIGHT_WAIT_NS), 4);
	end();
	for (int swept = 0; swept < 2; swept++) { /* whether or not expiry has run */
		begin(FLOWS);
		client_segment(1, ACK, 0, w.len);
		k.now_ns += IDLE - 10 * MS;
		CU_ASSERT_EQUAL(client_segment(1, ACK, w.len, 10), 1);
		k.now_ns += IDLE - MS;
		if (swept)
			wait(0);
		CU_ASSERT_EQUAL(client_segment(1, ACK, w.len, 10), 1);
		k.now_ns += IDLE;
		if (swept)
			wait(0);
		CU_ASSERT_EQUAL(k.s.table.slots.used, !swept);
		CU_ASSERT_EQUAL(client_segment(1, ACK, 0, w.len), 2);
		client_segment(2, SYN, 0, 0);
		k.now_ns += SIGHT_WAIT_NS + MS;
		if (swept)
			wait(0);
		CU_ASSERT_EQUAL(client_segment(2, ACK, 0, w.len), 3);
		expect(2, RECORD_TRANSPORT_dot, NULL);
		end();
	}
}

static void cut(void)
{
	begin(FLOWS);
	build_tls(&w, &named);
	for (uint32_t n = 0; n < 2; n++) {
		struct pkt pkt = packet(n, false, PACKET_TCP, 853);
		pkt.wire_len = w.len;
		CU_ASSERT_EQUAL(process(&pkt, w.octets, n * 40), n + 1);
		expect(n, RECORD_TRANSPORT_dot, NULL);
	}
	CU_ASSERT_EQUAL(k.m.cut, 2);
	struct pkt pkt = packet(2, false, PACKET_TCP, 853);
	pkt.wire_len = w.len + 99;
	process(&pkt, w.octets, w.len); /* the captured part has the name */
	expect(2, RECORD_TRANSPORT_dot, "dns.example");
	end();
}

static void large(void)
{
	begin(FLOWS);
	build_tls(&w, &(struct build){.name = "dns.example", .padding = 6000});
	handshake(1);
	CU_ASSERT_EQUAL(client_segment(1, ACK, 0, w.len), 1);
	handshake(2);
	for (uint32_t at = 0; at < 4000; at += 1000)
		CU_ASSERT_EQUAL(client_segment(2, ACK, at, 1000), 1);
	CU_ASSERT_EQUAL(client_segment(2, ACK, 4000, 1000), 2);
	expect(2, RECORD_TRANSPORT_dot, NULL);
	CU_ASSERT_EQUAL(k.m.large, 2);
	/* as large as those with post-quantum keys */
	build_tls(&w, &(struct build){.name = "dns.example", .padding = 1900, .last = 1});
	handshake(3);
	client_segment(3, ACK, 0, 1400);
	CU_ASSERT_EQUAL(client_segment(3, ACK, 1400, w.len - 1400), 3);
	expect(3, RECORD_TRANSPORT_dot, "dns.example");
	end();
}

static void displaced(void)
{
	begin(2 * SIGHT_BUFFERS);
	build_tls(&w, &named);
	for (unsigned n = 0; n <= SIGHT_BUFFERS; n++)
		CU_ASSERT_EQUAL(client_segment(n, ACK, 0, 30), n == SIGHT_BUFFERS);
	expect(0, RECORD_TRANSPORT_dot, NULL);
	CU_ASSERT_EQUAL(k.m.displaced, 1);
	client_segment(1, ACK, 30, w.len - 30); /* the other buffers are unchanged */
	expect(1, RECORD_TRANSPORT_dot, "dns.example");
	client_segment(SIGHT_BUFFERS, ACK, 30, w.len - 30);
	expect(SIGHT_BUFFERS, RECORD_TRANSPORT_dot, "dns.example");
	end();
}

static void eviction(void)
{
	begin(FLOWS);
	build_tls(&w, &named);
	for (unsigned n = 0; n < FLOWS; n++)
		client_segment(n, SYN, 0, 0);
	CU_ASSERT_EQUAL(client_segment(FLOWS, SYN, 0, 0), 1);
	expect(0, RECORD_TRANSPORT_dot, NULL);
	CU_ASSERT(k.m.evicted == 1 && k.m.forgotten == 0);
	client_segment(5, ACK, 0, w.len);
	client_segment(3, ACK, 0, w.len);
	client_segment(5, ACK, w.len, 5);
	client_segment(100, SYN, 0,
		0); /* those with records are evicted first, the longest idle one of them */
	CU_ASSERT(k.m.evicted == 1 && k.m.forgotten == 1);
	CU_ASSERT_EQUAL(client_segment(5, ACK, w.len, 5), 3);
	CU_ASSERT_EQUAL(client_segment(3, ACK, 0, w.len), 4); /* a second one */
	CU_ASSERT_EQUAL(k.s.table.slots.used, FLOWS);
	end();
}

/* VLANs and the tunnel are of the first packet; IPv6, UDP and TCP are separate connections. */
static void keys(void)
{
	begin(FLOWS);
	build_tls(&w, &named);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct pkt pkt = packet(1, false, PACKET_TCP, 853);
		pkt.addrs.family = (uint8_t)v6;
		pkt.tcp_flags = SYN;
		pkt.vlans = 2;
		pkt.vlan[0] = 7;
		pkt.vlan[1] = 9;
		pkt.tunnel = (struct tunnel){.type = TUNNEL_gtp, .id = 5, .has_id = 1};
		process(&pkt, w.octets, 0);
		pkt.seq++;
		pkt.tcp_flags = ACK;
		pkt.vlans = 0;
		pkt.tunnel.type = TUNNEL_none;
		CU_ASSERT_EQUAL(process(&pkt, w.octets, w.len), v6 + 1);
		const struct record *r = k.seen[v6];
		CU_ASSERT(r->vlans == 2 && r->vlan[0] == 7 && r->vlan[1] == 9 &&
			  r->addrs.family == v6);
		CU_ASSERT(r->tunnel.type == TUNNEL_gtp && r->tunnel.id == 5 && r->tunnel.has_id);
	}
	CU_ASSERT_EQUAL(send(1, false, 853, &w), 3);
	CU_ASSERT_EQUAL(k.m.flows, 3);
	end();
}

/* The end of the capture; the limits of the clock; a record that does not fit is counted. */
static void limits(void)
{
	begin(FLOWS);
	client_segment(1, SYN, 0, 0);
	k.now_ns = INT64_MAX - MS;
	client_segment(2, SYN, 0, 0);
	k.now_ns = INT64_MIN;
	client_segment(3, SYN, 0, 0);
	client_segment(2, ACK, 0, 0);
	k.now_ns = 0;
	wait(0);
	end();
	begin(FLOWS);
	k.arena.tail_seen = k.arena.tail = 0;
	k.arena.head = k.arena.size; /* full, and nothing releases records */
	client_segment(1, SYN, 0, 0);
	server_segment(1, RST, 0, 0);
	CU_ASSERT(k.m.no_sni == 1 && k.records.made == 1 && k.records.dropped_full == 1);
	k.m.flows = k.m.no_sni = k.m.ended = k.records.made = 0;
	end();
}

void test_sight_sight(void)
{
	CU_pSuite s = CU_add_suite("sight/sight", NULL, NULL);
	CU_add_test(s, "one record", one_record);
	CU_add_test(s, "segments", segments);
	CU_add_test(s, "out of order", out_of_order);
	CU_add_test(s, "unnamed", unnamed);
	CU_add_test(s, "joined", joined);
	CU_add_test(s, "strange", strange);
	CU_add_test(s, "ended", ended);
	CU_add_test(s, "reuse", reuse);
	CU_add_test(s, "cut", cut);
	CU_add_test(s, "large", large);
	CU_add_test(s, "displaced", displaced);
	CU_add_test(s, "eviction", eviction);
	CU_add_test(s, "keys", keys);
	CU_add_test(s, "limits", limits);
}

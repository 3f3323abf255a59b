/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages in IP fragments and TCP segments. */
#include "pipeline/rig.h"

void test_pipeline_reasm(void);

/* Sends a large query in IPv4 fragments of `size` octets, to worker 0 or to the owner. */
static void send_fragments(
	struct made *m, const struct wire *datagram, unsigned size, unsigned protocol)
{
	for (unsigned at = 0; at < datagram->len; at += size) {
		unsigned n = datagram->len - at < size ? datagram->len - at : size;
		wire_clear(&m->wire);
		wire_ethernet(&m->wire, 0x0800);
		wire_ipv4(&m->wire, protocol, n);
		unsigned field = at / 8 | (at + n < datagram->len ? 0x2000 : 0);
		m->wire.octets[20] = (uint8_t)(field >> 8);
		m->wire.octets[21] = (uint8_t)field;
		wire_put(&m->wire, datagram->octets + at, n);
		struct frame *f = close_frame(m, SECOND + at);
		if (running == 1)
			one(f);
		else /* by any queue */
			receive((uint16_t)(at / size % running), f);
	}
}

/* Makes a query of the client 192.0.2.`host` with trailing octets. */
static void large_query(struct wire *datagram, struct wire *message, unsigned host, bool tunnel)
{
	wire_message(message, 7, 0x0100, "a.example", 1);
	wire_fill(message, 0xab, 3000);
	wire_clear(datagram);
	if (tunnel) {
		wire_ipv4(datagram, 17, message->len + 8);
		datagram->octets[15] = (uint8_t)host;
	}
	wire_udp(datagram, 4000, 53, message->len);
	wire_put(datagram, message->octets, message->len);
}

/* Checks that one of n workers has one record of the whole query. */
static void check_large(unsigned n, const struct wire *message, unsigned host, bool tunnel)
{
	unsigned records = 0;
	uint64_t fragments = 0;
	for (unsigned i = 0; i < n; i++) {
		struct worker *w = workers[i];
		pipeline_finish(&w->pipeline);
		records += w->count;
		fragments += w->metrics.packet.fragment;
		CU_ASSERT_EQUAL(w->metrics.packet.dns, 0);
		for (unsigned k = 0; k < w->count; k++) {
			const struct record *r = w->seen[k];
			CU_ASSERT_EQUAL_FATAL(r->query_len, message->len);
			CU_ASSERT_EQUAL(memcmp(r->data, message->octets, message->len), 0);
			CU_ASSERT_EQUAL(r->addrs.octets[ADDR_CLIENT][15], host);
			CU_ASSERT_EQUAL(r->tunnel.type == TUNNEL_ipip, tunnel);
		}
	}
	CU_ASSERT_EQUAL(records, 1);
	CU_ASSERT_EQUAL(fragments, 4);
}

/* Datagrams are reassembled whichever worker receives the fragments. In a tunnel the datagram may
 * have another owner than its fragments. */
static void fragments(void)
{
	static struct made m;
	static struct wire datagram, message;
	unsigned steers = 0;
	for (unsigned n = 1; n <= WORKERS; n++)
		for (unsigned host = 1; host < 9; host++) {
			for (int tunnel = 0; tunnel < 2; tunnel++) {
				begin(n);
				large_query(&datagram, &message, tunnel ? host : 1, tunnel);
				send_fragments(&m, &datagram, 1000, tunnel ? 4 : 17);
				check_large(n, &message, tunnel ? host : 1, tunnel);
				steers += steered;
				if (n == 1)
					CU_ASSERT_EQUAL(steered, 0);
				end();
			}
		}
	CU_ASSERT(steers > 0 && steers < 2 * 8 * 2);
}

static unsigned vlan; /* of the frames sent; 0: no tag */

static void put_ethernet(struct wire *w)
{
	wire_ethernet(w, vlan ? 0x8100 : 0x0800);
	if (vlan) {
		wire_u16(w, vlan);
		wire_u16(w, 0x0800);
	}
}

static void send_segment(struct made *m, int64_t ts_ns, bool reply, uint32_t seq, uint32_t ack,
	unsigned tcp_flags, const struct wire *payload)
{
	unsigned n = payload ? payload->len : 0;
	wire_clear(&m->wire);
	put_ethernet(&m->wire);
	wire_ipv4(&m->wire, 6, 20 + n);
	wire_u16(&m->wire, reply ? 53 : 4001);
	wire_u16(&m->wire, reply ? 4001 : 53);
	wire_u32(&m->wire, seq);
	wire_u32(&m->wire, ack);
	wire_u16(&m->wire, 0x5000 | tcp_flags);
	wire_hex(&m->wire, "ffff 0000 0000");
	if (payload)
		wire_put(&m->wire, payload->octets, n);
	if (reply)
		memcpy(m->wire.octets + m->wire.len - 20 - n - 8,
			"\xc0\x00\x02\x35\xc0\x00\x02\x01", 8);
	one(close_frame(m, ts_ns));
}

/* Two queries in one segment, replies in the other order; records have the handshake time. */
static void tcp(void)
{
	static struct made m;
	static struct wire stream, message;
	begin(1);
	send_segment(&m, SECOND, false, 99, 0, 0x02, NULL);
	send_segment(&m, SECOND + 20000, true, 499, 100, 0x12, NULL);
	send_segment(&m, SECOND + 30000, false, 100, 500, 0x10, NULL);
	for (int reply = 0; reply < 2; reply++) {
		wire_clear(&stream);
		for (unsigned i = 0; i < 2; i++) {
			wire_message(&message, reply ? 2 - i : 1 + i, reply ? 0x8180 : 0x0100,
				"a.example", 1);
			wire_u16(&stream, message.len);
			wire_put(&stream, message.octets, message.len);
		}
		send_segment(&m, SECOND + 40000 + reply * 5000, reply, reply ? 500 : 100,
			reply ? 100 + stream.len : 500, 0x18, &stream);
	}
	pipeline_finish(&workers[0]->pipeline);
	CU_ASSERT_EQUAL_FATAL(workers[0]->count, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct record *r = workers[0]->seen[i];
		CU_ASSERT(r->status == RECORD_ANSWERED && r->proto == PACKET_TCP);
		CU_ASSERT(r->latency_ns == 5000 && r->rtt_ns == 30000);
		CU_ASSERT_EQUAL(r->data[1], 2 - i);
		CU_ASSERT(r->client_port == 4001 && r->server_port == 53);
	}
	CU_ASSERT_EQUAL(workers[0]->metrics.packet.tcp_dns, 5);
	CU_ASSERT_EQUAL(workers[0]->metrics.packet.dns, 0);
	end();
}

/* Sends some octets of a query or reply in a segment, of the network with this VLAN. */
static void send_part(struct made *m, unsigned tag, bool reply, uint32_t from, uint32_t to)
{
	static struct wire stream, message, part;
	uint32_t base = tag * 0x10000000;
	wire_message(&message, 5, reply ? 0x8180 : 0x0100,
		tag == 1 ? "one.example" : "other.example", 1);
	wire_clear(&stream);
	wire_u16(&stream, message.len);
	wire_put(&stream, message.octets, message.len);
	to = to < stream.len ? to : stream.len;
	wire_clear(&part);
	wire_put(&part, stream.octets + from, to - from);
	vlan = tag;
	send_segment(m, SECOND + from, reply, base + 1 + from + reply * 5000,
		base + 1 + (reply ? stream.len : 5000), 0x18, &part);
	vlan = 0;
}

static void check_networks(void)
{
	pipeline_finish(&workers[0]->pipeline);
	CU_ASSERT_EQUAL_FATAL(workers[0]->count, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct record *r = workers[0]->seen[i];
		CU_ASSERT_EQUAL(r->status, RECORD_ANSWERED);
		CU_ASSERT(r->vlans == 1 && r->vlan[0] == i + 1);
	}
	end();
}

/* Two networks with the same addresses, ports and ids, in turn (txn.key_includes_vlan). */
static void networks(void)
{
	static struct made m;
	static struct wire datagram;
	static const unsigned flags[] = {0x02, 0x12, 0x10};
	begin(1);
	packets.wanted = PACKET_WANT_REALM;
	for (unsigned i = 0; i < 3; i++)
		for (vlan = 1; vlan < 3; vlan++)
			send_segment(&m, SECOND, i == 1,
				vlan * 0x10000000 + (i == 2) + (i == 1) * 5000,
				vlan * 0x10000000 + (i == 1 ? 1 : 5001), flags[i], NULL);
	vlan = 0;
	for (unsigned half = 0; half < 2; half++)
		for (unsigned tag = 1; tag < 3; tag++)
			send_part(&m, tag, false, half * 9, half ? 1000 : 9);
	for (unsigned half = 0; half < 2; half++)
		for (unsigned tag = 1; tag < 3; tag++)
			send_part(&m, tag, true, half * 9, half ? 1000 : 9);
	check_networks();

	begin(1);
	packets.wanted = PACKET_WANT_REALM;
	for (unsigned reply = 0; reply < 2; reply++)
		for (unsigned half = 0; half < 2; half++)
			for (unsigned tag = 1; tag < 3; tag++) {
				static struct wire message;
				wire_message(&message, 5, reply ? 0x8180 : 0x0100,
					tag == 1 ? "one.example" : "other.example", 1);
				wire_fill(&message, tag, 64);
				wire_clear(&datagram);
				wire_udp(&datagram, reply ? 53 : 4000, reply ? 4000 : 53,
					message.len);
				wire_put(&datagram, message.octets, message.len);
				unsigned n = half ? datagram.len - 32 : 32;
				wire_clear(&m.wire);
				vlan = tag;
				put_ethernet(&m.wire);
				wire_ipv4(&m.wire, 17, n);
				m.wire.octets[24] = half ? 0 : 0x20;
				m.wire.octets[25] = half ? 4 : 0;
				wire_put(&m.wire, datagram.octets + half * 32, n);
				if (reply)
					memcpy(m.wire.octets + 30,
						"\xc0\x00\x02\x35\xc0\x00\x02\x01", 8);
				one(close_frame(&m, SECOND));
			}
	vlan = 0;
	check_networks();
}

/* One 802.11 frame from `n` Ethernet frames of IPv4, each a subframe of its A-MSDU. */
static struct frame *make_amsdu(struct made *m, struct frame *const *frames, unsigned n)
{
	wire_clear(&m->wire);
	wire_hex(&m->wire, "8801 0000 020000000001 020000000002 020000000003 0010 8000");
	const unsigned header = m->wire.len;
	for (unsigned i = 0; i < n; i++) {
		wire_fill(&m->wire, 0, (header - m->wire.len) % 4);
		wire_put(&m->wire, frames[i]->data, 12);
		wire_u16(&m->wire, frames[i]->len - 14 + 8);
		wire_hex(&m->wire, "aaaa03000000 0800");
		wire_put(&m->wire, frames[i]->data + 14, frames[i]->len - 14);
	}
	struct frame *f = close_frame(m, SECOND);
	f->link_type = FRAME_LINK_IEEE802_11;
	return f;
}

/* More messages in an A-MSDU than a burst has packets, between two packets of their own: the reply
 * to the first, and the query of the last, stand within. */
static void aggregates(void)
{
	enum { PAIRS = 50 };
	static struct made parts[2 * PAIRS], whole;
	struct frame *frames[2 * PAIRS];

	for (unsigned n = 1; n <= WORKERS; n += WORKERS - 1) {
		unsigned answered = 0;
		struct metrics_reasm sum = {0};
		begin(n);
		for (unsigned i = 0; i < 2 * PAIRS; i++)
			frames[i] = make_udp(&parts[i], SECOND, 1 + i / 2, i % 2);
		struct frame *burst_of[] = {frames[0],
			make_amsdu(&whole, frames + 1, 2 * PAIRS - 2), frames[2 * PAIRS - 1]};
		if (n == 1)
			burst(burst_of, 3);
		for (unsigned i = 0; n > 1 && i < 3; i++)
			receive((uint16_t)i, burst_of[i]);
		for (unsigned i = 0; i < n; i++) {
			struct worker *w = workers[i];
			pipeline_finish(&w->pipeline);
			for (unsigned k = 0; k < w->count; k++)
				answered += w->seen[k]->status == RECORD_ANSWERED;
			sum.amsdu_dns += w->metrics.reasm.amsdu_dns;
			sum.amsdu_subframes += w->metrics.reasm.amsdu_subframes;
			CU_ASSERT_EQUAL(w->metrics.packet.aggregate, i == (n > 1));
		}
		CU_ASSERT_EQUAL(answered, PAIRS);
		CU_ASSERT_EQUAL(sum.amsdu_dns, 2 * PAIRS - 2);
		CU_ASSERT_EQUAL(sum.amsdu_subframes, 2 * PAIRS - 2);
		CU_ASSERT_EQUAL(steered > 0, n > 1);
		end();
	}
}

void test_pipeline_reasm(void)
{
	CU_pSuite s = CU_add_suite("pipeline/reasm", NULL, NULL);
	CU_add_test(s, "fragments", fragments);
	CU_add_test(s, "A-MSDUs", aggregates);
	CU_add_test(s, "TCP", tcp);
	CU_add_test(s, "networks with the same addresses", networks);
}

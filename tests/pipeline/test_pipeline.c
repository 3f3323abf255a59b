/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages of a core, joined: frames in, records out. */
#include "pipeline/pipeline.h"

#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

void test_pipeline_pipeline(void);

#define WORKERS 3
#define ARENA (1024 * 1024)
#define SECOND INT64_C(1000000000)

/* A worker, and what it emitted. */
struct worker {
	struct pipeline pipeline;
	struct metrics_worker metrics;
	struct record_arena arena;
	void *memory, *room;
	unsigned count;
	struct record *seen[512];
};

static struct packet_conf packets;
static struct worker *workers[WORKERS];
static unsigned running, steered;

static void pass(void *to, void **records, unsigned n)
{
	struct worker *w = to;
	for (unsigned i = 0; i < n; i++) {
		const struct record *r = records[i];
		size_t size = sizeof(*r) + r->query_len + r->reply_len;
		CU_ASSERT_FATAL(w->count < BITS_COUNT(w->seen));
		w->seen[w->count] = malloc(size);
		memcpy(w->seen[w->count++], r, size);
		record_release(&w->arena, r->end);
	}
}

/* A datagram that was put together by a worker which does not own its flow. */
static void steer(void *of, const struct frame *frame)
{
	struct frame copy = *frame;
	(void)of;
	steered++;
	CU_ASSERT_FATAL(frame->owner < running);
	CU_ASSERT_EQUAL(frame->link_type, FRAME_LINK_DATAGRAM);
	CU_ASSERT_EQUAL(pipeline_burst(&workers[frame->owner]->pipeline, &copy, 1, true), 0);
}

static struct worker *worker_new(uint16_t self, uint16_t of)
{
	struct worker *w = aligned_alloc(64, (sizeof(*w) + 63) & ~(size_t)63);
	struct pipeline_conf conf = {
		.txn = {.max_open = 1024, .timeout_ns = 5 * SECOND, .reorder_ns = SECOND},
		.tcp = {.max_streams = 64,
			.buffer_bytes = 1 << 20,
			.stream_bytes = 1 << 17,
			.idle_ns = 60 * SECOND},
		.frag = {.max_datagrams = 16, .timeout_ns = 30 * SECOND},
		.secret = hash_fixed(5),
		.self = self,
		.workers = of};
	size_t bytes = (pipeline_bytes(&conf) + 63) & ~(size_t)63;
	memset(w, 0, sizeof(*w));
	w->memory = aligned_alloc(64, bytes);
	w->room = aligned_alloc(64, ARENA);
	memset(w->memory, 0, bytes);
	record_arena_init(&w->arena, w->room, ARENA, &w->metrics.record);
	w->arena.pass = pass;
	w->arena.pass_to = w;
	pipeline_init(&w->pipeline, w->memory, &conf, &packets, &w->arena, &w->metrics);
	w->pipeline.steer = steer;
	return w;
}

static void begin(unsigned n)
{
	packet_conf_init(&packets);
	packet_port_add(&packets, 53);
	running = n;
	steered = 0;
	for (unsigned i = 0; i < n; i++)
		workers[i] = worker_new((uint16_t)i, (uint16_t)n);
}

static void end(void)
{
	for (unsigned i = 0; i < running; i++) {
		struct worker *w = workers[i];
		while (w->count)
			free(w->seen[--w->count]);
		free(w->memory);
		free(w->room);
		free(w);
	}
}

/* A frame in memory of its own. */
struct made {
	struct wire wire;
	struct frame frame;
};

static struct frame *close_frame(struct made *m, int64_t ts_ns)
{
	m->frame = (struct frame){.data = m->wire.octets,
		.len = m->wire.len,
		.wire_len = m->wire.len,
		.ts_ns = ts_ns,
		.clock_ns = ts_ns,
		.link_type = FRAME_LINK_ETHERNET};
	return &m->frame;
}

static void turn_round(struct made *m)
{
	memcpy(m->wire.octets + 14 + 12, "\xc0\x00\x02\x35\xc0\x00\x02\x01", 8);
}

/* Query n (or its reply) of a client's port over UDP. */
static struct frame *make_udp(struct made *m, int64_t ts_ns, unsigned n, bool reply)
{
	static struct wire message;
	wire_message(&message, n, reply ? 0x8180 : 0x0100, "a.example", 1);
	wire_clear(&m->wire);
	wire_ethernet(&m->wire, 0x0800);
	wire_ipv4(&m->wire, 17, message.len + 8);
	wire_udp(&m->wire, reply ? 53 : 4000 + n, reply ? 4000 + n : 53, message.len);
	wire_put(&m->wire, message.octets, message.len);
	if (reply)
		turn_round(m);
	return close_frame(m, ts_ns);
}

static unsigned burst(struct frame **frames, unsigned n)
{
	struct frame copies[PIPELINE_BURST];
	for (unsigned i = 0; i < n; i++)
		copies[i] = *frames[i];
	unsigned others = pipeline_burst(&workers[0]->pipeline, copies, n, false);
	for (unsigned i = 0; i < n; i++)
		frames[i]->owner = copies[i].owner;
	return others;
}

static void one(struct frame *frame)
{
	CU_ASSERT_EQUAL(burst(&frame, 1), 0);
	CU_ASSERT_EQUAL(frame->owner, 0);
}

static void pairs(void)
{
	static struct made q, a;
	for (int together = 0; together < 2; together++) {
		begin(1);
		struct frame *frames[] = {
			make_udp(&q, SECOND, 1, false), make_udp(&a, SECOND + 1500, 1, true)};
		if (together) {
			CU_ASSERT_EQUAL(burst(frames, 2), 0);
		} else {
			one(frames[0]);
			CU_ASSERT_EQUAL(workers[0]->count, 0);
			one(frames[1]);
		}
		CU_ASSERT_EQUAL_FATAL(workers[0]->count, 1);
		const struct record *r = workers[0]->seen[0];
		CU_ASSERT(r->status == RECORD_ANSWERED && r->latency_ns == 1500);
		CU_ASSERT(r->ts_ns == SECOND && r->proto == PACKET_UDP && r->client_port == 4001);
		CU_ASSERT_EQUAL(workers[0]->metrics.packet.dns, 2);
		CU_ASSERT_EQUAL(metrics_verdicts(&workers[0]->metrics), 2);
		end();
	}
}

/* What carries no DNS is counted and nothing else; an empty burst is one, too. */
static void others(void)
{
	static struct made m;
	begin(1);
	CU_ASSERT_EQUAL(burst(NULL, 0), 0);
	wire_clear(&m.wire);
	wire_ethernet(&m.wire, 0x0806);
	one(close_frame(&m, 1));
	m.wire.len = 3;
	one(close_frame(&m, 2));
	CU_ASSERT_EQUAL(workers[0]->metrics.packet.arp, 1);
	CU_ASSERT_EQUAL(workers[0]->metrics.packet.bad_frame, 1);
	CU_ASSERT_EQUAL(metrics_verdicts(&workers[0]->metrics), 2);
	CU_ASSERT_EQUAL(workers[0]->count, 0);
	pipeline_finish(&workers[0]->pipeline);
	CU_ASSERT_EQUAL(workers[0]->count, 0);
	end();
}

/* Too short for the QR bit: the ports tell the direction. Cut by the capture: said so. */
static void short_messages(void)
{
	static struct made m;
	for (unsigned len = 1; len < 12; len++)
		for (int reply = 0; reply < 2; reply++)
			for (int cut = 0; cut < 2; cut++) {
				begin(1);
				struct frame *f = make_udp(&m, SECOND, 7, reply);
				unsigned whole = m.wire.len - 42;
				f->len -= whole - len;
				if (!cut) { /* the headers say that it is as short */
					f->wire_len = f->len;
					m.wire.octets[17] = (uint8_t)(28 + len);
					m.wire.octets[39] = (uint8_t)(8 + len);
				}
				one(f);
				CU_ASSERT_EQUAL_FATAL(workers[0]->count, 1);
				const struct record *r = workers[0]->seen[0];
				CU_ASSERT_EQUAL(r->status, RECORD_MALFORMED);
				CU_ASSERT_EQUAL(r->error, cut ? DNS_SNAP : DNS_SHORT);
				CU_ASSERT(r->client_port == 4007 && r->server_port == 53);
				CU_ASSERT_EQUAL(r->reply_len, reply ? len : 0);
				CU_ASSERT_EQUAL(r->query_len, reply ? 0 : len);
				CU_ASSERT_EQUAL(r->query_wire + r->reply_wire, cut ? whole : len);
				CU_ASSERT_EQUAL(r->query_cut + r->reply_cut, cut);
				end();
			}
}

/* Later packets let go whose time is over, a bounded number a burst; the end lets all go. */
static void expiry(void)
{
	static struct made m;
	begin(1);
	for (unsigned i = 0; i < 300; i++)
		one(make_udp(&m, SECOND, i, false));
	one(make_udp(&m, 7 * SECOND, 300, false)); /* timeout and slack: not over */
	CU_ASSERT_EQUAL(workers[0]->count, 0);
	one(make_udp(&m, 7 * SECOND + 1, 301, false));
	unsigned first = workers[0]->count;
	CU_ASSERT(first >= PIPELINE_BURST && first < 300);
	for (unsigned i = 0; i < 10; i++)
		burst(NULL, 0);
	CU_ASSERT_EQUAL(workers[0]->count, 300);
	/* a packet of the past does not set the clock back */
	one(make_udp(&m, 2 * SECOND, 302, false));
	CU_ASSERT_EQUAL(workers[0]->pipeline.clock_ns, 7 * SECOND + 1);
	pipeline_finish(&workers[0]->pipeline);
	CU_ASSERT_EQUAL(workers[0]->count, 303);
	for (unsigned i = 0; i < workers[0]->count; i++)
		CU_ASSERT_EQUAL(workers[0]->seen[i]->status, RECORD_NO_REPLY);
	end();
}

/* Each flow has one owner, the same for both directions and on every worker; what is another's is
 * left alone, and what is handed over is taken. */
static void owners(void)
{
	static struct made m;
	unsigned records = 0, per[WORKERS] = {0};
	uint64_t dns = 0;
	begin(WORKERS);
	for (unsigned i = 0; i < 200; i++) {
		uint16_t owner[2 * WORKERS];
		for (unsigned k = 0; k < 2 * WORKERS; k++) {
			struct frame f = *make_udp(&m, SECOND + i, i, k % 2);
			struct worker *w = workers[k / 2];
			uint64_t before = metrics_verdicts(&w->metrics);
			if (k / 2 != 0 && owner[0] == k / 2)
				continue; /* it would take the messages twice */
			if (k / 2 == 0 && k == 1 && owner[0] == 0)
				continue;
			unsigned n = pipeline_burst(&w->pipeline, &f, 1, false);
			owner[k] = f.owner;
			CU_ASSERT_EQUAL(n, f.owner != k / 2);
			CU_ASSERT_EQUAL(metrics_verdicts(&w->metrics), before + (n == 0));
			if (k)
				CU_ASSERT_EQUAL(f.owner, owner[0]);
		}
		per[owner[0]]++;
		struct frame f = *make_udp(&m, SECOND + i, i, false);
		struct worker *w = workers[owner[0]];
		if (owner[0] != 0)
			CU_ASSERT_EQUAL(pipeline_burst(&w->pipeline, &f, 1, true), 0);
		f = *make_udp(&m, SECOND + i + 1, i, true);
		CU_ASSERT_EQUAL(pipeline_burst(&w->pipeline, &f, 1, true), 0);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		CU_ASSERT(per[i] > 200 / WORKERS / 2);
		records += workers[i]->count;
		dns += workers[i]->metrics.packet.dns;
		for (unsigned k = 0; k < workers[i]->count; k++)
			CU_ASSERT_EQUAL(workers[i]->seen[k]->status, RECORD_ANSWERED);
	}
	CU_ASSERT_EQUAL(records, 200);
	CU_ASSERT_EQUAL(dns, 400);
	end();
}

/* A large query in IPv4 fragments of `piece` octets, handed to worker 0 or to whom it says. */
static void send_fragments(struct made *m, const struct wire *datagram, unsigned piece)
{
	for (unsigned at = 0; at < datagram->len; at += piece) {
		unsigned n = datagram->len - at < piece ? datagram->len - at : piece;
		wire_clear(&m->wire);
		wire_ethernet(&m->wire, 0x0800);
		wire_ipv4(&m->wire, 17, n);
		unsigned field = at / 8 | (at + n < datagram->len ? 0x2000 : 0);
		m->wire.octets[20] = (uint8_t)(field >> 8);
		m->wire.octets[21] = (uint8_t)field;
		wire_put(&m->wire, datagram->octets + at, n);
		struct frame f = *close_frame(m, SECOND + at);
		if (pipeline_burst(&workers[0]->pipeline, &f, 1, false)) {
			unsigned owner = f.owner;
			f = m->frame;
			pipeline_burst(&workers[owner]->pipeline, &f, 1, true);
		}
	}
}

static void fragments(void)
{
	static struct made m;
	static struct wire datagram, message;
	unsigned steers = 0;
	for (unsigned n = 1; n <= WORKERS; n++)
		for (unsigned port = 4000; port < 4008; port++) {
			begin(n);
			wire_message(&message, 7, 0x0100, "a.example", 1);
			wire_fill(&message, 0xab, 3000);
			wire_clear(&datagram);
			wire_udp(&datagram, port, 53, message.len);
			wire_put(&datagram, message.octets, message.len);
			send_fragments(&m, &datagram, 1000);
			unsigned records = 0;
			uint64_t seen = 0;
			for (unsigned i = 0; i < n; i++) {
				struct worker *w = workers[i];
				pipeline_finish(&w->pipeline);
				records += w->count;
				seen += w->metrics.packet.fragment;
				CU_ASSERT_EQUAL(w->metrics.packet.dns, 0);
				for (unsigned k = 0; k < w->count; k++) {
					CU_ASSERT_EQUAL(w->seen[k]->query_len, message.len);
					CU_ASSERT_EQUAL(memcmp(w->seen[k]->data, message.octets,
								message.len),
						0);
					CU_ASSERT_EQUAL(w->seen[k]->client_port, port);
				}
			}
			CU_ASSERT_EQUAL(records, 1);
			CU_ASSERT_EQUAL(seen, 4);
			steers += steered;
			end();
		}
	CU_ASSERT(steers > 0 && steers < 2 * 8);
}

static void send_segment(struct made *m, int64_t ts_ns, bool reply, uint32_t seq, uint32_t ack,
	unsigned tcp_flags, const struct wire *payload)
{
	unsigned n = payload ? payload->len : 0;
	wire_clear(&m->wire);
	wire_ethernet(&m->wire, 0x0800);
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
		turn_round(m);
	one(close_frame(m, ts_ns));
}

/* Two queries in one segment, their replies in the other order; the handshake's time is with them.
 */
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

void test_pipeline_pipeline(void)
{
	CU_pSuite s = CU_add_suite("pipeline/pipeline", NULL, NULL);
	CU_add_test(s, "query and reply", pairs);
	CU_add_test(s, "other packets", others);
	CU_add_test(s, "short messages", short_messages);
	CU_add_test(s, "expiry", expiry);
	CU_add_test(s, "owners", owners);
	CU_add_test(s, "fragments", fragments);
	CU_add_test(s, "TCP", tcp);
}

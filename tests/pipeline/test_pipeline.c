/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages of a worker: frames in, records out. Fragments and TCP: test_reasm.c. */
#include "pipeline/rig.h"

void test_pipeline_pipeline(void);

static void pairs(void)
{
	static struct made q, a;
	for (int together = 0; together < 2; together++) {
		begin(1);
		struct frame *frames[] = {
			make_udp(&q, SECOND, 1, false), make_udp(&a, SECOND + 1500, 1, true)};
		if (together) {
			burst(frames, 2);
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

/* A packet without DNS is only counted; a burst may be empty. */
static void others(void)
{
	static struct made m;
	begin(1);
	burst(NULL, 0);
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

/* Too short for the QR bit: the ports give the direction. Truncated by the capture: the error says
 * so. Sent shorter than a header: no message. */
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
				if (!cut) { /* the headers have that length, too */
					f->wire_len = f->len;
					m.wire.octets[17] = (uint8_t)(28 + len);
					m.wire.octets[39] = (uint8_t)(8 + len);
				}
				one(f);
				if (!cut) {
					CU_ASSERT_EQUAL(workers[0]->metrics.packet.runt, 1);
					CU_ASSERT_EQUAL(workers[0]->count, 0);
					end();
					continue;
				}
				CU_ASSERT_EQUAL_FATAL(workers[0]->count, 1);
				const struct record *r = workers[0]->seen[0];
				CU_ASSERT_EQUAL(r->status, RECORD_MALFORMED);
				CU_ASSERT_EQUAL(r->error, DNS_SNAP);
				CU_ASSERT(r->client_port == 4007 && r->server_port == 53);
				CU_ASSERT_EQUAL(r->reply_len, reply ? len : 0);
				CU_ASSERT_EQUAL(r->query_len, reply ? 0 : len);
				CU_ASSERT_EQUAL(r->query_wire + r->reply_wire, whole);
				CU_ASSERT_EQUAL(r->query_cut + r->reply_cut, 1);
				end();
			}
}

/* Later packets expire queries, a bounded number for every PIPELINE_BURST frames; the end flushes
 * all. */
static void expiry(void)
{
	static struct made m;
	begin(1);
	for (unsigned i = 0; i < 300; i++)
		one(make_udp(&m, SECOND, i, false));
	one(make_udp(&m, 7 * SECOND, 300, false)); /* timeout and slack: not expired */
	CU_ASSERT_EQUAL(workers[0]->count, 0);
	one(make_udp(&m, 7 * SECOND + 1, 301, false));
	unsigned frames = 302;
	for (; frames % PIPELINE_BURST != 0; frames++) {
		CU_ASSERT_EQUAL(workers[0]->count, 0);
		one(make_udp(&m, 7 * SECOND + 1, 301, false)); /* retransmitted */
	}
	unsigned first = workers[0]->count;
	CU_ASSERT(first >= PIPELINE_BURST && first < 300);
	for (; workers[0]->count < 300 && frames < 1000; frames++)
		one(make_udp(&m, 7 * SECOND + 1, 301, false));
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

/* One worker writes the same records in the same order, however many frames a burst has. */
static void order_of_expiry(void)
{
	static struct made m[450];
	static uint64_t first[450];
	struct frame *frames[450];
	unsigned n = 0;

	for (unsigned size = 1; size <= PIPELINE_BURST; size += 5) {
		begin(1);
		for (unsigned i = 0; i < 450; i++)
			frames[i] = make_udp(&m[i], SECOND + i * (SECOND / 50), i, i % 3 == 0);
		for (unsigned i = 0; i < 450; i += size)
			burst(&frames[i], size < 450 - i ? size : 450 - i);
		pipeline_finish(&workers[0]->pipeline);
		if (size == 1)
			n = workers[0]->count;
		CU_ASSERT_EQUAL_FATAL(workers[0]->count, n);
		for (unsigned i = 0; i < n; i++) {
			const struct record *r = workers[0]->seen[i];
			uint64_t what = (uint64_t)r->ts_ns * 8 + r->status;
			if (size == 1)
				first[i] = what;
			CU_ASSERT_EQUAL(first[i], what);
		}
		end();
	}
}

/* Each flow has one owner, the same for both directions and all queues; the worker that received a
 * packet does not count it. */
static void owners(void)
{
	static struct made m;
	unsigned records = 0, per[WORKERS] = {0};
	uint64_t dns = 0;
	begin(WORKERS);
	for (unsigned i = 0; i < 200; i++) {
		uint16_t owner =
			receive((uint16_t)(i % WORKERS), make_udp(&m, SECOND + i, i, false));
		per[owner]++;
		for (unsigned k = 0; k < 2 * WORKERS; k++) {
			struct frame f = *make_udp(&m, SECOND + i, i, k % 2);
			struct worker *w = workers[k / 2];
			uint64_t before = metrics_verdicts(&w->metrics);
			pipeline_steer(&w->pipeline, &f, 1);
			CU_ASSERT_EQUAL(f.owner, owner);
			CU_ASSERT_FALSE(f.piece);
			CU_ASSERT_EQUAL(metrics_verdicts(&w->metrics), before);
		}
		CU_ASSERT_EQUAL(
			receive((uint16_t)(i / 7 % WORKERS), make_udp(&m, SECOND + i + 1, i, true)),
			owner);
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

/* Bursts of several owners: pipeline_receive() does what pipeline_steer() and then pipeline_burst()
 * of the worker's own frames do. */
static void at_once(void)
{
	static struct made m[PIPELINE_BURST];
	unsigned seed = 9;
	begin(WORKERS);
	for (unsigned round = 0; round < 40; round++) {
		struct frame once[PIPELINE_BURST], sorted[PIPELINE_BURST], own[PIPELINE_BURST];
		unsigned n = (unsigned)rand_r(&seed) % PIPELINE_BURST + 1, k = 0;
		struct worker *w = worker_new(1, WORKERS), *other = worker_new(1, WORKERS);
		for (unsigned i = 0; i < n; i++) {
			make_udp(
				&m[i], SECOND + i, (unsigned)rand_r(&seed) % 20, rand_r(&seed) % 2);
			if (rand_r(&seed) % 8 == 0)
				m[i].wire.octets[14 + 20 + 3] = 54; /* no DNS */
			once[i] = sorted[i] = m[i].frame;
		}
		pipeline_receive(&w->pipeline, once, n);
		pipeline_steer(&other->pipeline, sorted, n);
		for (unsigned i = 0; i < n; i++) {
			CU_ASSERT_EQUAL(once[i].owner, sorted[i].owner);
			CU_ASSERT_EQUAL(once[i].piece, sorted[i].piece);
			if (sorted[i].owner == 1)
				own[k++] = sorted[i];
		}
		pipeline_burst(&other->pipeline, own, k);
		pipeline_finish(&w->pipeline);
		pipeline_finish(&other->pipeline);
		for (size_t l = 0; l < BITS_COUNT(metrics_lists_worker); l++)
			for (size_t i = 0; i < metrics_lists_worker[l].count; i++) {
				const struct metrics_row *row = &metrics_lists_worker[l].rows[i];
				CU_ASSERT_EQUAL(metrics_at(&w->metrics, row),
					metrics_at(&other->metrics, row));
			}
		CU_ASSERT_EQUAL_FATAL(w->count, other->count);
		for (unsigned i = 0; i < w->count; i++) {
			CU_ASSERT_EQUAL(w->seen[i]->status, other->seen[i]->status);
			CU_ASSERT_EQUAL(w->seen[i]->ts_ns, other->seen[i]->ts_ns);
		}
		worker_free(w);
		worker_free(other);
	}
	end();
}

/* A packet without DNS has no owner and is counted once, where it was received. */
static void undecoded(void)
{
	static struct made m;
	begin(WORKERS);
	struct frame f = *make_udp(&m, SECOND, 1, false);
	m.wire.octets[14 + 20 + 3] = 54; /* the port */
	pipeline_steer(&workers[1]->pipeline, &f, 1);
	CU_ASSERT_EQUAL(f.owner, PIPELINE_NO_OWNER);
	CU_ASSERT_EQUAL(workers[1]->metrics.packet.other_port, 1);
	CU_ASSERT_EQUAL(metrics_verdicts(&workers[1]->metrics), 1);
	end();
}

void test_pipeline_pipeline(void)
{
	CU_pSuite s = CU_add_suite("pipeline/pipeline", NULL, NULL);
	CU_add_test(s, "query and reply", pairs);
	CU_add_test(s, "other packets", others);
	CU_add_test(s, "short messages", short_messages);
	CU_add_test(s, "expiry", expiry);
	CU_add_test(s, "order of expiry", order_of_expiry);
	CU_add_test(s, "owners", owners);
	CU_add_test(s, "received and processed at once", at_once);
	CU_add_test(s, "no DNS, several workers", undecoded);
}

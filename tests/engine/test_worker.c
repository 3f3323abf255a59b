/* SPDX-License-Identifier: BSD-3-Clause */
/* One worker over the fake input, without EAL: all functions of the interface. */
#include "engine/fake.h"

#include "engine/books.h"

#include <string.h>

void test_engine_worker(void);

static struct wire query, reply;
static struct sinks no_sinks;

static struct ledger ledger_of(void)
{
	return (struct ledger){.workers = 1,
		.worker = {&workers[0]->metrics},
		.sinks = &no_sinks,
		.input = &input};
}

/* With bursts of one frame: how often each function of the input is called. */
static void test_pair(void)
{
	void *records[4];

	fake_setup(&fake_ordered, 1, NULL);
	fake_message(&query, 1, false);
	fake_message(&reply, 1, true);
	const struct frame frames[] = {
		fake_frame_of(&query, SECOND), fake_frame_of(&reply, SECOND + 1500)};
	fake[0].frames = frames;
	fake[0].n = 2;
	fake[0].burst = 1;
	fake[0].linger = 3;
	CU_ASSERT_EQUAL(worker_main(workers[0]), 0);
	const struct metrics_worker *m = &workers[0]->metrics;
	CU_ASSERT_EQUAL(atomic_load(&ended), 1);
	CU_ASSERT_EQUAL(fake[0].begun, 1);
	CU_ASSERT_EQUAL(fake[0].polls, 6);
	CU_ASSERT_EQUAL(fake[0].done, 2);
	CU_ASSERT_EQUAL(fake[0].dropped, 2);
	CU_ASSERT_EQUAL(fake[0].rests, 6);
	CU_ASSERT_EQUAL(fake[0].idle, 4);
	CU_ASSERT_EQUAL(fake[0].stopped, 0);
	CU_ASSERT_EQUAL(m->rx.octets, query.len + reply.len);
	CU_ASSERT_EQUAL(m->txn.answered, 1);
	CU_ASSERT_EQUAL(queue_depth(&workers[0]->queue), 1);
	CU_ASSERT_EQUAL_FATAL(queue_dequeue(&workers[0]->queue, records, 4), 1);
	const struct record *r = records[0];
	CU_ASSERT(r->status == RECORD_ANSWERED && r->latency_ns == 1500);
	queue_release(&workers[0]->queue, r);
	CU_ASSERT_EQUAL(queue_depth(&workers[0]->queue), 0);
	fake_teardown();
}

/* Open queries expire when the input tells the time, not before. */
static void test_time(void)
{
	for (int due = 0; due < 2; due++) {
		fake_setup(&fake_ordered, 1, NULL);
		fake_message(&query, 1, false);
		const struct frame frame = fake_frame_of(&query, SECOND);
		fake[0].frames = &frame;
		fake[0].n = 1;
		fake[0].linger = 8;
		fake[0].now_ns = due ? 60 * SECOND : 0;
		worker_main(workers[0]);
		CU_ASSERT_EQUAL(fake[0].expired, (uint64_t)due);
		CU_ASSERT_EQUAL(workers[0]->metrics.txn.no_reply, 1); /* at the end anyway */
		fake_teardown();
	}
}

/* An input that does not end by itself is stopped. */
static void test_stop(void)
{
	fake_setup(&fake_unordered, 1, NULL);
	fake[0].stops = &stop;
	worker_main(workers[0]);
	CU_ASSERT_EQUAL(fake[0].polls, 1);
	CU_ASSERT_EQUAL(fake[0].stopped, 1);
	fake_teardown();
}

/* filter.bpf: rejected packets are dropped and counted, the others stay in order. */
static void test_filter(void)
{
	struct bpf *bpf = NULL;
	char why[256];

	if (bpf_open(&bpf, "src port 53", why, sizeof(why)))
		return; /* built without libpcap */
	fake_setup(&fake_ordered, 1, bpf);
	fake_message(&query, 1, false);
	fake_message(&reply, 1, true);
	const struct frame frames[] = {fake_frame_of(&query, SECOND),
		fake_frame_of(&reply, SECOND + 1), fake_frame_of(&query, SECOND + 2)};
	fake[0].frames = frames;
	fake[0].n = 3;
	worker_main(workers[0]);
	const struct metrics_worker *m = &workers[0]->metrics;
	CU_ASSERT_EQUAL(m->packet.filtered, 2);
	CU_ASSERT_EQUAL(m->txn.no_query, 1);
	CU_ASSERT_EQUAL(fake[0].dropped, 3);
	CU_ASSERT_EQUAL(metrics_verdicts(m), 3);
	fake_teardown();
	bpf_close(bpf);
}

/* A capture cannot use the link type of reassembled datagrams. */
static void test_reserved_link_type(void)
{
	fake_setup(&fake_ordered, 1, NULL);
	fake_message(&query, 1, false);
	struct frame frame = fake_frame_of(&query, SECOND);
	frame.link_type = FRAME_LINK_DATAGRAM;
	fake[0].frames = &frame;
	fake[0].n = 1;
	worker_main(workers[0]);
	CU_ASSERT_EQUAL(workers[0]->metrics.packet.other_link_type, 1);
	fake_teardown();
}

/* The counters of a run add up; a wrong one is found. */
static void test_books(void)
{
	static struct metrics_logger logger;
	uint64_t *lies[7];

	fake_setup(&fake_ordered, 1, NULL);
	fake_message(&query, 1, false);
	fake_message(&reply, 1, true);
	const struct frame frames[] = {
		fake_frame_of(&query, SECOND), fake_frame_of(&reply, SECOND + 1500)};
	fake[0].frames = frames;
	fake[0].n = 2;
	worker_main(workers[0]);
	struct metrics_worker *m = &workers[0]->metrics;
	struct ledger ledger = ledger_of();
	logger.sink.taken = 1;
	ledger.loggers = 1;
	ledger.logger[0] = &logger;
	CU_ASSERT_TRUE(books_balance(&ledger, true));
	lies[0] = &m->rx.packets;
	lies[1] = &m->packet.arp;
	lies[2] = &m->rx.handed_over;
	lies[3] = &m->txn.queries;
	lies[4] = &m->txn.answered;
	lies[5] = &m->record.made;
	lies[6] = &logger.sink.taken;
	for (unsigned i = 0; i < BITS_COUNT(lies); i++) {
		++*lies[i];
		CU_ASSERT_FALSE(books_balance(&ledger, true));
		--*lies[i];
	}
	CU_ASSERT_TRUE(books_balance(&ledger, true));
	fake_teardown();
}

void test_engine_worker(void)
{
	CU_pSuite suite = CU_add_suite("engine/worker", NULL, NULL);
	CU_add_test(suite, "a pair", test_pair);
	CU_add_test(suite, "time", test_time);
	CU_add_test(suite, "stop", test_stop);
	CU_add_test(suite, "filter", test_filter);
	CU_add_test(suite, "a reserved link type", test_reserved_link_type);
	CU_add_test(suite, "books", test_books);
}

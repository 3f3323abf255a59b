/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines about loss, from a ledger of the test; and a full queue. */
#include "engine/fake.h"

#include "engine/loss.h"

void test_engine_loss(void);

static void line(const struct loss *l, char buffer[4096])
{
	struct text t = text_of(buffer, 4095);
	CU_ASSERT(loss_write_line(l, "here", &t) > 0);
	*t.at = '\0';
}

static void test_lines(void)
{
	static struct metrics_worker m;
	static struct sinks sinks;
	struct input in = {.ops = &fake_unordered};
	const struct ledger ledger = {.workers = 1, .worker = {&m}, .sinks = &sinks, .input = &in};
	struct loss l = {.ledger = &ledger};
	char buffer[4096];

	CU_ASSERT_FALSE(loss_check(&l, false));
	atomic_store(&in.lost.missed, 5);
	atomic_store(&in.lost.no_mbuf, 2);
	atomic_store(&in.lost.blind, 2);
	m.record.dropped_full = 3;
	CU_ASSERT_TRUE_FATAL(loss_check(&l, true));
	line(&l, buffer);
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "\"loss\":\"begins\",\"device\":7"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "\"blind\":[\"fake1\"]"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "\"records\":3"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "\"by_worker\":[3]"));
	/* The line did not fit: it is made again. */
	loss_retry(&l);
	CU_ASSERT_TRUE_FATAL(loss_check(&l, true));
	line(&l, buffer);
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "\"loss\":\"begins\""));
	/* The run has ended. */
	CU_ASSERT_TRUE_FATAL(loss_check(&l, true));
	line(&l, buffer);
	CU_ASSERT_PTR_NOT_NULL(strstr(buffer, "\"loss\":\"ends\""));
	CU_ASSERT_FALSE(loss_check(&l, true));
}

/* A full queue drops records, and accepts others once some are released. */
static void test_queue(void)
{
	static struct queue q;
	static struct metrics_record m;
	const struct queue_conf conf = {.bytes = RECORD_ARENA_MIN};
	void *taken[64];
	unsigned made = 0, got = 0, n;
	struct record *r;

	CU_ASSERT_EQUAL_FATAL(queue_open(&q, &conf, &m), 0);
	while ((r = record_begin(&q.arena, 60000, 0))) {
		record_commit(&q.arena, r);
		made++;
	}
	record_flush(&q.arena);
	CU_ASSERT(made >= 4 && m.dropped_full == 1);
	CU_ASSERT_EQUAL(queue_depth(&q), made);
	while ((n = queue_dequeue(&q, taken, BITS_COUNT(taken)))) {
		got += n;
		queue_release(&q, taken[n - 1]);
	}
	CU_ASSERT_EQUAL(got, made);
	CU_ASSERT_PTR_NOT_NULL(record_begin(&q.arena, 60000, 0));
	queue_close(&q);
	queue_close(&q); /* closing twice is harmless */
}

void test_engine_loss(void)
{
	CU_pSuite suite = CU_add_suite("engine/loss", NULL, NULL);
	CU_add_test(suite, "lines", test_lines);
	CU_add_test(suite, "queue", test_queue);
}

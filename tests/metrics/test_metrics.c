/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/metrics.h"

#include <CUnit/CUnit.h>

void test_metrics_metrics(void);

#define WORDS(type) (sizeof(struct type) / sizeof(uint64_t))

/* The lists of an owner have each of its counters once, with a name and a help text of its own. An
 * owner consists of counters without gaps, and padding to a whole cache line. */
static void check_lists(const struct metrics_list *lists, size_t n, size_t words)
{
	unsigned seen[256] = {0};
	size_t rows = 0;
	CU_ASSERT_FATAL(words <= BITS_COUNT(seen));
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_NOT_EQUAL(lists[i].stage[0], '\0');
		for (size_t k = 0; k < lists[i].count; k++) {
			const struct metrics_row *row = &lists[i].rows[k];
			CU_ASSERT_EQUAL_FATAL(row->offset % sizeof(uint64_t), 0);
			CU_ASSERT_FATAL(row->offset / sizeof(uint64_t) < words);
			CU_ASSERT_EQUAL(seen[row->offset / sizeof(uint64_t)]++, 0);
			CU_ASSERT_NOT_EQUAL(row->name[0], '\0');
			CU_ASSERT_NOT_EQUAL(row->help[0], '\0');
			for (size_t m = 0; m < k; m++)
				CU_ASSERT_STRING_NOT_EQUAL(row->name, lists[i].rows[m].name);
			rows++;
		}
	}
	CU_ASSERT(rows <= words && words - rows < BITS_CACHE_LINE / sizeof(uint64_t));
	for (size_t i = 0; i < rows; i++)
		CU_ASSERT_EQUAL(seen[i], 1);
}

static void lists(void)
{
	check_lists(metrics_lists_worker, BITS_COUNT(metrics_lists_worker),
		offsetof(struct metrics_worker, ethertypes) / sizeof(uint64_t));
	check_lists(metrics_lists_logger, BITS_COUNT(metrics_lists_logger), WORDS(metrics_logger));
	CU_ASSERT_STRING_EQUAL(metrics_lists_worker[1].stage, "packet");
}

/* A row's offset is that of the counter of its name. */
static void rows_lead_to_counters(void)
{
	struct metrics_worker w = {0};
	metrics_add(&w.txn.mismatch, 3);
	metrics_add(&w.txn.mismatch, 4);
	CU_ASSERT_EQUAL(metrics_read(&w.txn.mismatch), 7);
	unsigned found = 0;
	for (size_t i = 0; i < BITS_COUNT(metrics_lists_worker); i++)
		for (size_t k = 0; k < metrics_lists_worker[i].count; k++) {
			const struct metrics_row *row = &metrics_lists_worker[i].rows[k];
			bool it = strcmp(metrics_lists_worker[i].stage, "txn") == 0 &&
				  strcmp(row->name, "mismatch") == 0;
			CU_ASSERT_EQUAL(metrics_at(&w, row), it ? 7 : 0);
			found += it;
		}
	CU_ASSERT_EQUAL(found, 1);
}

/* Sums add each counter to itself and leave the padding alone. */
static void sums(void)
{
	static struct metrics_worker a, b;
	static struct metrics_logger c, d;
	uint64_t *from = (uint64_t *)&a, *sum = (uint64_t *)&b;
	uint64_t verdicts = 0, *counters = (uint64_t *)&a.packet;
	for (size_t i = 0; i < WORDS(metrics_worker); i++)
		from[i] = (uint64_t)1 << (i % 50);
	metrics_sum_worker(&b, &a);
	metrics_sum_worker(&b, &a);
	for (size_t i = 0; i < BITS_COUNT(metrics_lists_worker); i++)
		for (size_t k = 0; k < metrics_lists_worker[i].count; k++) {
			size_t at = metrics_lists_worker[i].rows[k].offset / sizeof(uint64_t);
			CU_ASSERT_EQUAL(sum[at], 2 * from[at]);
		}
	for (size_t i = 0; i < WORDS(metrics_packet); i++)
		verdicts += counters[i];
	CU_ASSERT_EQUAL(metrics_verdicts(&a), verdicts);
	memset(&c, 0, sizeof(c));
	c.sink.written = 5;
	c.dns.error_snap = 6;
	metrics_sum_logger(&d, &c);
	metrics_sum_logger(&d, &c);
	CU_ASSERT_EQUAL(d.sink.written, 10);
	CU_ASSERT_EQUAL(d.dns.error_snap, 12);
	CU_ASSERT_EQUAL(d.sink.taken, 0);
}

void test_metrics_metrics(void)
{
	CU_pSuite s = CU_add_suite("metrics/metrics", NULL, NULL);
	CU_add_test(s, "lists", lists);
	CU_add_test(s, "rows lead to counters", rows_lead_to_counters);
	CU_add_test(s, "sums", sums);
}

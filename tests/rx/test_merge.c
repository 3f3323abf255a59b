/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/merge.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void test_rx_merge(void);

#define ITEMS 4000
#define JUMP (600 * (int64_t)WHEN_NS_PER_S)

static struct merge m;

static void begin(unsigned n)
{
	merge_start(&m, n, JUMP);
}

static uint64_t taken(void)
{
	const struct order_item *i = merge_dequeue(&m);
	return i ? i->number : 0;
}

/* Packets of random sources, read in bursts of any size, some of them late, are dequeued in order,
 * and none too early. */
static void dealt(void)
{
	static struct order_item items[ITEMS];
	unsigned seed = 3;
	for (unsigned n = 1; n <= ORDER_SOURCES; n = n * 2 + 1) {
		unsigned of[ITEMS], at[ORDER_SOURCES] = {0}, got = 0;
		begin(n);
		for (unsigned i = 0; i < ITEMS; i++)
			of[i] = (unsigned)rand_r(&seed) % n;
		while (got < ITEMS) {
			unsigned s = (unsigned)rand_r(&seed) % n;
			unsigned burst = (unsigned)rand_r(&seed) % 32 + 1;
			if (!merge_wants(&m, s) || rand_r(&seed) % 3 == 0)
				continue;
			for (; burst && at[s] < ITEMS; at[s]++)
				if (of[at[s]] == s) {
					merge_enqueue(&m, s, &items[at[s]], NULL, 10 + at[s]);
					burst--;
				}
			if (at[s] == ITEMS && merge_wants(&m, s))
				merge_end(&m, s);
			const struct order_item *item;
			while ((item = merge_dequeue(&m)))
				CU_ASSERT_PTR_EQUAL_FATAL(item, &items[got++]);
			CU_ASSERT(got == 0 || merge_passed(&m) >= 10 + got - 1);
			CU_ASSERT(got == ITEMS || merge_passed(&m) < 10 + got);
		}
		for (unsigned s = 0; s < n; s++)
			merge_end(&m, s);
		CU_ASSERT_EQUAL(merge_passed(&m), MERGE_ENDED);
		CU_ASSERT_PTR_NULL(merge_dequeue(&m));
	}
}

/* A source without packets makes the others wait, until it is read or has ended. */
static void waits(void)
{
	struct order_item a[2], b[3];
	begin(3);
	CU_ASSERT_EQUAL(merge_passed(&m), 0);
	merge_enqueue(&m, 0, &a[0], NULL, 5);
	CU_ASSERT(merge_wants(&m, 0)); /* is that timestamp broken? */
	merge_enqueue(&m, 0, &a[1], NULL, 9);
	merge_enqueue(&m, 1, &b[0], NULL, 6);
	merge_enqueue(&m, 1, &b[1], NULL, 7);
	CU_ASSERT_EQUAL(taken(), 0);
	CU_ASSERT(merge_wants(&m, 2) && !merge_wants(&m, 0));
	merge_end(&m, 2);
	CU_ASSERT_FALSE(merge_wants(&m, 2));
	CU_ASSERT_EQUAL(merge_passed(&m), 4);
	CU_ASSERT_EQUAL(taken(), 5);
	CU_ASSERT_EQUAL(taken(), 6);
	CU_ASSERT_EQUAL(taken(), 7);
	/* the next of source 1 may come before 9 */
	CU_ASSERT_EQUAL(taken(), 0);
	CU_ASSERT_EQUAL(merge_passed(&m), 7);
	merge_enqueue(&m, 1, &b[2], NULL, 8);
	CU_ASSERT_EQUAL(taken(), 8);
	CU_ASSERT_EQUAL(taken(), 0);
	merge_end(&m, 1);
	CU_ASSERT_PTR_EQUAL(merge_dequeue(&m), &a[1]);
	CU_ASSERT_PTR_NULL(merge_dequeue(&m));
}

/* Two sources of the same seconds, one of them with what is given; in which order do they come?
 * Rows: a second of source 0, and behind which second of source 1 it comes. */
static void beside(const int (*rows)[2], unsigned n)
{
	static struct order_item a[16], b[400];
	const int64_t from = 1000 * JUMP;
	unsigned next = 0;
	int second = -1;

	begin(2);
	for (unsigned i = 0; i < n; i++)
		merge_enqueue(&m, 0, &a[i], NULL, from + rows[i][0] * (JUMP / 10));
	merge_end(&m, 0);
	for (int i = 0; i < 400; i++)
		merge_enqueue(&m, 1, &b[i], NULL, from + i * (JUMP / 10));
	merge_end(&m, 1);
	for (const struct order_item *item; (item = merge_dequeue(&m));) {
		if (item->from == 1) {
			CU_ASSERT_PTR_EQUAL(item, &b[++second]);
			continue;
		}
		CU_ASSERT_PTR_EQUAL(item, &a[next]);
		CU_ASSERT_EQUAL(second + 1, rows[next++][1]);
	}
	CU_ASSERT_EQUAL(next, n);
}

/* A broken timestamp, the first or a later one, in the future or the past, misplaces its own packet
 * only. After a pause packets are in their place, and a capture that goes back in time continues
 * from where it was. (Steps of a tenth of the bound.) */
static void broken(void)
{
	static const int future[][2] = {{1, 1}, {1000000, 2}, {3, 3}, {4, 4}};
	static const int first[][2] = {{1000000, 3}, {3, 4}, {4, 4}, {5, 5}};
	static const int past[][2] = {{1, 1}, {-9000, 2}, {3, 3}, {4, 4}};
	static const int gap[][2] = {
		{1, 1}, {2, 2}, {300, 300}, {301, 301}, {302, 302}, {303, 303}};
	static const int back[][2] = {
		{1, 1}, {200, 200}, {201, 201}, {202, 202}, {1, 203}, {3, 203}, {2, 203}, {5, 204}};

	beside(future, BITS_COUNT(future));
	CU_ASSERT_EQUAL(merge_odd(&m), 1);
	beside(first, BITS_COUNT(first));
	CU_ASSERT_EQUAL(merge_odd(&m), 1);
	beside(past, BITS_COUNT(past));
	CU_ASSERT_EQUAL(merge_odd(&m), 1);
	beside(gap, BITS_COUNT(gap));
	CU_ASSERT_EQUAL(merge_odd(&m), 0);
	beside(back, BITS_COUNT(back));
	CU_ASSERT_EQUAL(merge_odd(&m), 0);
}

/* Equal timestamps, ones that go back, and negative ones: numbers rise, so that a mark can pass
 * them. */
static void numbers(void)
{
	struct order_item a[5], b;
	const int64_t times[5] = {100, 100, 50, -7, 200};
	begin(2);
	for (unsigned i = 0; i < 5; i++)
		merge_enqueue(&m, 0, &a[i], NULL, times[i]);
	merge_enqueue(&m, 1, &b, NULL, 101);
	merge_end(&m, 1);
	CU_ASSERT_EQUAL(taken(), 100);
	CU_ASSERT_EQUAL(merge_passed(&m), 100);
	CU_ASSERT_EQUAL(taken(), 101);
	CU_ASSERT_EQUAL(taken(), 101);
	CU_ASSERT_EQUAL(taken(), 102);
	CU_ASSERT_EQUAL(taken(), 103);
	CU_ASSERT_EQUAL(taken(), 200);
	CU_ASSERT_EQUAL(merge_passed(&m), 200);
}

void test_rx_merge(void)
{
	CU_pSuite s = CU_add_suite("rx/merge", NULL, NULL);
	CU_add_test(s, "dealt", dealt);
	CU_add_test(s, "waits", waits);
	CU_add_test(s, "numbers", numbers);
	CU_add_test(s, "broken timestamps", broken);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/merge.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void test_rx_merge(void);

#define ITEMS 4000

static struct merge m;

static void begin(unsigned n)
{
	merge_start(&m, 3600 * (int64_t)WHEN_NS_PER_S);
	m.n = n;
}

static uint64_t taken(void)
{
	const struct order_item *i = merge_take(&m);
	return i ? i->number : 0;
}

/* Packets dealt to sources at random, read in bursts of any size, by some sources late: they come
 * out as they were, and none is taken before it can be. */
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
					merge_put(&m, s, &items[at[s]], NULL, 10 + at[s]);
					burst--;
				}
			if (at[s] == ITEMS && merge_wants(&m, s))
				merge_end(&m, s);
			const struct order_item *item;
			while ((item = merge_take(&m)))
				CU_ASSERT_PTR_EQUAL_FATAL(item, &items[got++]);
			CU_ASSERT(got == 0 || merge_passed(&m) >= 10 + got - 1);
			CU_ASSERT(got == ITEMS || merge_passed(&m) < 10 + got);
		}
		for (unsigned s = 0; s < n; s++)
			merge_end(&m, s);
		CU_ASSERT_EQUAL(merge_passed(&m), MERGE_ENDED);
		CU_ASSERT_PTR_NULL(merge_take(&m));
	}
}

/* A source of which nothing is known holds the others up, until it is read or at its end. */
static void waits(void)
{
	struct order_item a[2], b[2];
	begin(3);
	CU_ASSERT_EQUAL(merge_passed(&m), 0);
	merge_put(&m, 0, &a[0], NULL, 5);
	merge_put(&m, 0, &a[1], NULL, 9);
	merge_put(&m, 1, &b[0], NULL, 7);
	CU_ASSERT_EQUAL(taken(), 0);
	CU_ASSERT(merge_wants(&m, 2) && !merge_wants(&m, 0));
	merge_end(&m, 2);
	CU_ASSERT_FALSE(merge_wants(&m, 2));
	CU_ASSERT_EQUAL(merge_passed(&m), 4);
	CU_ASSERT_EQUAL(taken(), 5);
	CU_ASSERT_EQUAL(taken(), 7);
	/* the next of source 1 may come before 9 */
	CU_ASSERT_EQUAL(taken(), 0);
	CU_ASSERT_EQUAL(merge_passed(&m), 7);
	merge_put(&m, 1, &b[1], NULL, 8);
	CU_ASSERT_EQUAL(taken(), 8);
	CU_ASSERT_EQUAL(taken(), 0);
	CU_ASSERT_PTR_EQUAL(merge_take_rest(&m), &a[1]);
	CU_ASSERT_PTR_NULL(merge_take_rest(&m));
}

/* Equal stamps, stamps that go back, and none at all: numbers rise, so that a mark can pass them.
 */
static void numbers(void)
{
	struct order_item a[5], b;
	const int64_t stamps[5] = {100, 100, 50, -7, 200};
	begin(2);
	for (unsigned i = 0; i < 5; i++)
		merge_put(&m, 0, &a[i], NULL, stamps[i]);
	merge_put(&m, 1, &b, NULL, 101);
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
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/order.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void test_rx_order(void);

#define ITEMS 5000

/* Items of random sources and orders are removed by their numbers, up to a limit. */
static void merge(void)
{
	static struct order_item items[ITEMS];
	static struct order orders[3];
	unsigned seed = 7, given = 0, got = 0;

	memset(orders, 0, sizeof(orders));
	CU_ASSERT_PTR_NULL(order_remove(orders, 3, UINT64_MAX));
	while (got < ITEMS) {
		for (unsigned n = (unsigned)rand_r(&seed) % 50; n && given < ITEMS; n--, given++) {
			struct order_item *i = &items[given];
			i->number = 10 + given;
			i->from = (uint16_t)(rand_r(&seed) % ORDER_SOURCES);
			order_insert(&orders[rand_r(&seed) % 3], i);
		}
		/* up to a number that was inserted, or to the last one */
		unsigned upto =
			given == ITEMS ? ITEMS : got + (unsigned)rand_r(&seed) % (given - got + 1);
		for (; got < upto; got++) {
			struct order_item *i = order_remove(orders, 3, 10 + upto - 1);
			CU_ASSERT_PTR_EQUAL_FATAL(i, &items[got]);
		}
		CU_ASSERT_PTR_NULL(order_remove(orders, 3, 10 + (uint64_t)upto - 1));
		for (unsigned k = 0; k < 3; k++)
			CU_ASSERT(order_is_empty(&orders[k]) || order_min(&orders[k]) >= 10 + upto);
	}
	for (unsigned k = 0; k < 3; k++)
		CU_ASSERT(order_is_empty(&orders[k]));
}

/* The highest and lowest source, and a mark below everything. */
static void edges(void)
{
	struct order_item a = {.number = 5, .from = 0},
			  b = {.number = 3, .from = ORDER_SOURCES - 1};
	struct order o = {.pending = 0};

	order_insert(&o, &a);
	order_insert(&o, &b);
	CU_ASSERT_EQUAL(order_min(&o), 3);
	CU_ASSERT_PTR_NULL(order_remove(&o, 1, 2));
	CU_ASSERT_PTR_EQUAL(order_remove(&o, 1, 3), &b);
	CU_ASSERT_PTR_NULL(order_remove(&o, 1, 4));
	CU_ASSERT_PTR_EQUAL(order_remove(&o, 1, UINT64_MAX), &a);
	CU_ASSERT(order_is_empty(&o));
}

void test_rx_order(void)
{
	CU_pSuite s = CU_add_suite("rx/order", NULL, NULL);
	CU_add_test(s, "merge", merge);
	CU_add_test(s, "edges", edges);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/recent.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void test_txn_recent(void);

static struct txn_recent fresh(uint32_t entries, int64_t window_ns)
{
	struct txn_recent r;
	txn_recent_init(&r, calloc(1, txn_recent_bytes(entries)), entries, window_ns);
	return r;
}

static void window(void)
{
	struct txn_recent r = fresh(64, 10);
	int64_t note = -1;
	CU_ASSERT_FALSE(txn_recent_find(&r, 7, 100, &note));
	txn_recent_add(&r, 7, 100, 42);
	CU_ASSERT(txn_recent_find(&r, 7, 100, &note) && note == 42);
	CU_ASSERT(txn_recent_find(&r, 7, 110, NULL));
	CU_ASSERT_FALSE(txn_recent_find(&r, 7, 111, NULL));
	CU_ASSERT(txn_recent_find(&r, 7, 90, NULL)); /* the capture reorders */
	CU_ASSERT_FALSE(txn_recent_find(&r, 7, 89, NULL));
	txn_recent_add(&r, 7, 120, 43);
	CU_ASSERT(txn_recent_find(&r, 7, 125, &note) && note == 43);
	CU_ASSERT_FALSE(txn_recent_find(&r, 7, 100, NULL));
	free(r.entries);
}

/* Hash 0 is valid, and an empty set finds no hash. */
static void zero(void)
{
	struct txn_recent r = fresh(16, 10);
	CU_ASSERT_FALSE(txn_recent_find(&r, 0, 0, NULL));
	txn_recent_add(&r, 0, 0, 0);
	CU_ASSERT(txn_recent_find(&r, 0, 0, NULL));
	free(r.entries);
}

/* A full bucket evicts its oldest entry. */
static void full(void)
{
	struct txn_recent r = fresh(1, 1000000);
	uint64_t step = (uint64_t)r.mask + 1; /* all in one bucket */
	for (int64_t i = 1; i <= 1000; i++) {
		txn_recent_add(&r, (uint64_t)i * step, i, i);
		for (int64_t k = i > 3 ? i - 3 : 1; k <= i; k++)
			CU_ASSERT(txn_recent_find(&r, (uint64_t)k * step, i, NULL));
		if (i > 4)
			CU_ASSERT_FALSE(txn_recent_find(&r, (uint64_t)(i - 4) * step, i, NULL));
	}
	free(r.entries);
}

void test_txn_recent(void)
{
	CU_pSuite s = CU_add_suite("txn/recent", NULL, NULL);
	CU_add_test(s, "window", window);
	CU_add_test(s, "hash 0", zero);
	CU_add_test(s, "full", full);
}

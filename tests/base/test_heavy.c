/* SPDX-License-Identifier: BSD-3-Clause */
/* The most frequent values. */
#include "base/heavy.h"

#include <CUnit/CUnit.h>
#include <stdbool.h>

void test_base_heavy(void);

static void few(void)
{
	struct heavy h = {0};
	uint16_t value = 1;

	CU_ASSERT_EQUAL(heavy_most(&h, &value), 0);
	for (unsigned i = 0; i < HEAVY_SLOTS; i++)
		heavy_add(&h, (uint16_t)i, i + 1);
	CU_ASSERT_EQUAL(heavy_most(&h, &value), HEAVY_SLOTS);
	CU_ASSERT_EQUAL(value, HEAVY_SLOTS - 1);
	heavy_add(&h, 0, 100); /* 0 is a value like any other */
	CU_ASSERT_EQUAL(heavy_most(&h, &value), 101);
	CU_ASSERT_EQUAL(value, 0);
}

/* Among thousands of others, in any order, a value of more than an eighth comes out, and its count
 * is not too low. */
static void many(void)
{
	struct heavy parts[3] = {{{0}}}, sum = {0};
	uint32_t random = 1;
	unsigned frequent = 0;
	uint16_t value;

	for (unsigned i = 0; i < 60000; i++) {
		random = random * 1664525u + 1013904223u;
		bool is = (random >> 16) % 5 == 0;
		frequent += is;
		heavy_add(&parts[i % 3], is ? 0x8137 : (uint16_t)(random >> 15), 1);
	}
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT(heavy_most(&parts[i], &value) > 0);
		CU_ASSERT_EQUAL(value, 0x8137);
		heavy_merge(&sum, &parts[i]);
	}
	CU_ASSERT(heavy_most(&sum, &value) >= frequent);
	CU_ASSERT_EQUAL(value, 0x8137);
}

void test_base_heavy(void)
{
	CU_pSuite s = CU_add_suite("base/heavy", NULL, NULL);
	CU_add_test(s, "few values", few);
	CU_add_test(s, "many values", many);
}

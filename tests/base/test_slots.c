/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/slots.h"

#include <CUnit/Basic.h>

void test_base_slots(void);

enum { CAPACITY = 100, BUCKETS = 4 };

struct entry {
	uint64_t key;
	struct slot slot;
};

static struct entry entries[CAPACITY + 1];
static uint32_t buckets[BUCKETS];

static struct slots begin(void)
{
	memset(entries, 0, sizeof(entries));
	memset(buckets, 0, sizeof(buckets));
	return (struct slots){.first = &entries[0].slot,
		.stride = sizeof(entries[0]),
		.buckets = buckets,
		.mask = BUCKETS - 1,
		.capacity = CAPACITY};
}

static unsigned chain(const struct slots *s, uint32_t hash)
{
	unsigned n = 0;
	for (uint32_t i = slots_bucket(s, hash); i; i = slots_at(s, i)->next)
		n++;
	return n;
}

/* Slots are taken in order while none is free, and the one released last comes back first. */
static void allocation(void)
{
	struct slots s = begin();
	for (uint32_t n = 1; n <= CAPACITY; n++)
		CU_ASSERT_EQUAL(slots_alloc(&s), n);
	CU_ASSERT_EQUAL(slots_alloc(&s), 0);
	CU_ASSERT_EQUAL(s.used, CAPACITY);
	slots_release(&s, 7);
	slots_release(&s, 70);
	CU_ASSERT_EQUAL(slots_alloc(&s), 70);
	CU_ASSERT_EQUAL(slots_alloc(&s), 7);
	CU_ASSERT_EQUAL(slots_alloc(&s), 0);
	CU_ASSERT_EQUAL(s.high_water, CAPACITY);
}

/* A full bucket names its oldest entry; removal from any place keeps the rest. */
static void chains(void)
{
	for (uint32_t gone = 1; gone <= HASH_CHAIN; gone++) {
		struct slots s = begin();
		for (uint32_t n = 1; n <= HASH_CHAIN; n++) {
			CU_ASSERT_EQUAL(slots_crowded(&s, 2), 0);
			slots_insert(&s, slots_alloc(&s), 2 + 4 * n);
		}
		CU_ASSERT_EQUAL(slots_crowded(&s, 6), 1);
		CU_ASSERT_EQUAL(slots_crowded(&s, 5), 0);
		slots_remove(&s, gone);
		slots_release(&s, gone);
		CU_ASSERT_EQUAL(chain(&s, 2), HASH_CHAIN - 1);
		CU_ASSERT_EQUAL(slots_crowded(&s, 2), 0);
		slots_insert(&s, slots_alloc(&s), 2);
		CU_ASSERT_EQUAL(slots_bucket(&s, 2), gone);
		CU_ASSERT_EQUAL(slots_crowded(&s, 2), gone == 1 ? 2 : 1);
	}
}

void test_base_slots(void)
{
	CU_pSuite s = CU_add_suite("base/slots", NULL, NULL);
	CU_add_test(s, "allocation", allocation);
	CU_add_test(s, "chains", chains);
}

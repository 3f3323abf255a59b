/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/hash.h"

#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdlib.h>

void test_base_hash(void);

static void secrets(void)
{
	struct hash_secret a, b, fixed = hash_fixed(7), again = hash_fixed(7),
				 other = hash_fixed(8);

	CU_ASSERT_EQUAL_FATAL(hash_draw(&a), 0);
	CU_ASSERT_EQUAL_FATAL(hash_draw(&b), 0);
	CU_ASSERT_NOT_EQUAL(memcmp(&a, &b, sizeof(a)), 0);
	CU_ASSERT_EQUAL(memcmp(&fixed, &again, sizeof(a)), 0);
	CU_ASSERT_NOT_EQUAL(memcmp(&fixed, &other, sizeof(a)), 0);
	CU_ASSERT_EQUAL(a.mix[3] & 1, 1);
	CU_ASSERT_EQUAL(fixed.mix[3] & 1, 1);
}

/* The hash depends on length, every octet, number and secret; no octet past the end is read. */
static void all_counts(void)
{
	struct hash_secret s = hash_fixed(1), other = hash_fixed(2);
	uint8_t data[80];
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37);
	for (size_t n = 0; n <= sizeof(data); n++) {
		uint8_t *p = guard_copy(data, n);
		uint64_t h = hash_bytes(&s, p, n, 5);
		CU_ASSERT_EQUAL(h, hash_bytes(&s, data, n, 5));
		CU_ASSERT_NOT_EQUAL(h, hash_bytes(&s, p, n, 6));
		CU_ASSERT_NOT_EQUAL(h, hash_bytes(&other, p, n, 5));
		for (size_t i = 0; i < n; i++) {
			p[i] ^= 0x20;
			CU_ASSERT_NOT_EQUAL(h, hash_bytes(&s, p, n, 5));
			p[i] ^= 0x20;
		}
		guard_free(p, n);
	}
	memset(data, 0, sizeof(data));
	for (size_t n = 0; n < 40; n++)
		CU_ASSERT_NOT_EQUAL(hash_bytes(&s, data, n, 0), hash_bytes(&s, data, n + 1, 0));
}

static int smaller(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* Similar keys fill the buckets evenly, by low and by high bits. */
static void even(void)
{
	enum { KEYS = 1 << 17, BUCKETS = 1 << 10 };
	static unsigned low[BUCKETS], high[BUCKETS];
	static uint64_t seen[KEYS];
	struct hash_secret s = hash_fixed(3);
	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t key[4] = {0, i, 0, i << 16};
		uint64_t h = hash_bytes(&s, key, sizeof(key), 0);
		low[h % BUCKETS]++;
		high[h >> 54]++;
		seen[i] = h;
	}
	for (unsigned i = 0; i < BUCKETS; i++) { /* 128 is expected, 11 the standard deviation */
		CU_ASSERT(low[i] > 60 && low[i] < 200);
		CU_ASSERT(high[i] > 60 && high[i] < 200);
	}
	qsort(seen, KEYS, sizeof(seen[0]), smaller);
	for (unsigned i = 1; i < KEYS; i++)
		CU_ASSERT_NOT_EQUAL(seen[i], seen[i - 1]);
}

/* Keys that share a bucket with one secret do not with another. */
static void secrets_part_collisions(void)
{
	enum { KEYS = 2048, MASK = 0xffff };
	struct hash_secret a = hash_fixed(4), b = hash_fixed(5);
	unsigned both = 0, one = 0;
	for (uint32_t i = 0; i < KEYS; i++)
		for (uint32_t k = 0; k < i; k++) {
			uint64_t x = hash_bytes(&a, &i, 4, 0) ^ hash_bytes(&a, &k, 4, 0);
			if (x & MASK)
				continue;
			one++;
			x = hash_bytes(&b, &i, 4, 0) ^ hash_bytes(&b, &k, 4, 0);
			both += (x & MASK) == 0;
		}
	CU_ASSERT(one > 5 && one < 100); /* 32 are expected */
	CU_ASSERT(both <= 1);
}

void test_base_hash(void)
{
	CU_pSuite s = CU_add_suite("base/hash", NULL, NULL);
	CU_add_test(s, "secrets", secrets);
	CU_add_test(s, "every octet counts", all_counts);
	CU_add_test(s, "even", even);
	CU_add_test(s, "another secret, other collisions", secrets_part_collisions);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/backoff.h"

#include <CUnit/CUnit.h>

void test_sink_backoff(void);

#define MS INT64_C(1000000)

/* Delays are between half and all of what is due, double, and stay at the bound. */
static void grows(void)
{
	for (uint64_t seed = 0; seed < 1000; seed++) {
		struct backoff b = backoff_of(100, 5000, seed);
		int64_t now = 0, due = 100 * MS;
		CU_ASSERT_FATAL(backoff_due(&b, 0));
		for (int i = 0; i < 20; i++) {
			backoff_failed(&b, now);
			CU_ASSERT_FATAL(b.next_ns >= now + due / 2 && b.next_ns <= now + due);
			CU_ASSERT_FATAL(!backoff_due(&b, b.next_ns - 1));
			CU_ASSERT_FATAL(backoff_due(&b, b.next_ns));
			now = b.next_ns;
			due = due * 2 > 5000 * MS ? 5000 * MS : due * 2;
		}
		backoff_worked(&b);
		backoff_failed(&b, now);
		CU_ASSERT_FATAL(b.next_ns >= now + 50 * MS && b.next_ns <= now + 100 * MS);
	}
}

/* Two that fail at the same time do not retry at the same time. */
static void jitter(void)
{
	struct backoff a = backoff_of(1000, 1000, 1), b = backoff_of(1000, 1000, 2000001);
	unsigned same = 0;
	for (int i = 0; i < 100; i++) {
		backoff_failed(&a, 0);
		backoff_failed(&b, 0);
		same += a.next_ns / MS == b.next_ns / MS;
	}
	CU_ASSERT(same < 10);
}

/* Bounds in the wrong order, of zero, and the largest. */
static void odd_bounds(void)
{
	struct backoff b = backoff_of(0, 0, 0);
	for (int i = 0; i < 100; i++) {
		backoff_failed(&b, 0);
		CU_ASSERT(b.next_ns > 0 && b.next_ns <= MS);
	}
	b = backoff_of(500, 100, 3);
	backoff_failed(&b, 0);
	backoff_failed(&b, 0);
	CU_ASSERT(b.next_ns >= 250 * MS && b.next_ns <= 500 * MS);
	b = backoff_of(UINT32_MAX, UINT32_MAX, 3);
	for (int i = 0; i < 100; i++)
		backoff_failed(&b, 0);
	CU_ASSERT(b.next_ns >= UINT32_MAX * MS / 2 && b.next_ns <= UINT32_MAX * MS);
}

void test_sink_backoff(void)
{
	CU_pSuite s = CU_add_suite("sink/backoff", NULL, NULL);
	CU_add_test(s, "grows between its bounds", grows);
	CU_add_test(s, "jitter", jitter);
	CU_add_test(s, "odd bounds", odd_bounds);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/clock.h"

#include "base/bits.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>

void test_rx_clock(void);

#define S 1000000000ll
#define EPOCH (1700000000 * S)
#define JUMP (3600 * S)

/* A counter of `hz` that is `ppm` faster than it says, ns after the start. */
static uint64_t counter(uint64_t hz, double ppm, int64_t ns)
{
	return 123456789u + (uint64_t)((double)ns * 1e-9 * (double)hz * (1 + ppm * 1e-6));
}

/* An hour with ten alignments a second: never back, and soon within a microsecond. */
static void hour(uint64_t hz, uint64_t said, double ppm)
{
	struct clock c;
	int64_t last = 0, worst = 0;

	clock_start(&c, counter(hz, ppm, 0), EPOCH, said);
	for (int64_t ns = 0; ns < 3600 * S; ns += S / 10) {
		for (int64_t more = 0; more < S / 10 && ns > S / 5; more += S / 50) {
			int64_t at = clock_of(&c, counter(hz, ppm, ns + more));
			int64_t off = llabs(at - EPOCH - ns - more);
			CU_ASSERT_TRUE(at >= last);
			last = at;
			if (ns > 30 * S && off > worst)
				worst = off;
		}
		CU_ASSERT_EQUAL(
			clock_align(&c, counter(hz, ppm, ns + S / 10), EPOCH + ns + S / 10), 0);
	}
	CU_ASSERT_TRUE(worst < 1000);
}

static void test_steady(void)
{
	hour(2500000000u, 2500000000u, 0);
	hour(2500000000u, 2500000000u, 37);
	hour(3000000000u, 3000000000u, -200);
	hour(156250000u, 156250000u, 10);
	hour(1000000000u, 0, 0); /* a NIC whose rate nobody tells */
}

/* A wall clock that is a little off is followed slowly, and time goes on meanwhile. */
static void test_slew(void)
{
	struct clock c;
	int64_t last = EPOCH, off = 50000000; /* 50 ms behind: 500 ppm take 100 s */

	clock_start(&c, 0, EPOCH, S);
	for (int64_t ns = S / 10; ns <= 90 * S; ns += S / 10) {
		CU_ASSERT_EQUAL(clock_align(&c, (uint64_t)ns, EPOCH + ns - off), 0);
		int64_t at = clock_of(&c, (uint64_t)ns + 1000);
		CU_ASSERT_TRUE(at > last);
		last = at;
		/* No difference of two stamps is wrong by more than it may. */
		int64_t length = clock_of(&c, (uint64_t)ns + 1000000) - clock_of(&c, (uint64_t)ns);
		CU_ASSERT_TRUE(llabs(length - 1000000) <= 1000000 / 1900);
	}
	int64_t left = clock_of(&c, 90 * (uint64_t)S) - (EPOCH + 90 * S - off);
	CU_ASSERT_TRUE(left > 0 && left < 10000000);
	for (int64_t ns = 90 * S; ns <= 120 * S; ns += S / 10)
		clock_align(&c, (uint64_t)ns, EPOCH + ns - off);
	CU_ASSERT_TRUE(llabs(clock_of(&c, 120 * (uint64_t)S) - (EPOCH + 120 * S - off)) < 1000);
}

static void test_set(void)
{
	struct clock c;

	clock_start(&c, 0, EPOCH, S);
	CU_ASSERT_EQUAL(clock_align(&c, S, EPOCH + S), 0);
	CU_ASSERT_EQUAL(clock_align(&c, 2 * S, EPOCH + 2 * S + 3600 * S), 3600 * S);
	CU_ASSERT_EQUAL(clock_of(&c, 2 * S), EPOCH + 3602 * S);
	/* The rate is the same: what was set was no measure of it. */
	CU_ASSERT_TRUE(llabs(clock_of(&c, 3 * S) - EPOCH - 3603 * S) < 10);
	CU_ASSERT_EQUAL(clock_align(&c, 3 * S, EPOCH + 3 * S), -3600 * S);
	CU_ASSERT_EQUAL(clock_of(&c, 3 * S), EPOCH + 3 * S);
	/* A disturbed reading, or the same one again, does no harm. */
	CU_ASSERT_EQUAL(clock_align(&c, 3 * S, EPOCH + 9 * S), 0);
	CU_ASSERT_EQUAL(clock_align(&c, 2 * S, EPOCH + 9 * S), 0);
	CU_ASSERT_EQUAL(clock_of(&c, 3 * S), EPOCH + 3 * S);
}

/* Stamps from before an alignment, and a counter that wraps. */
static void test_around(void)
{
	struct clock c;

	clock_start(&c, 1000, EPOCH, S);
	CU_ASSERT_EQUAL(clock_of(&c, 400), EPOCH - 600);
	clock_start(&c, UINT64_MAX - 10, EPOCH, S);
	CU_ASSERT_EQUAL(clock_of(&c, 89), EPOCH + 100);
}

static void test_latest(void)
{
	struct clock_latest l;

	clock_latest_start(&l, EPOCH, JUMP);
	/* Before the first packet there is no time to go on. */
	clock_latest_at(&l, EPOCH + 5);
	CU_ASSERT_EQUAL(clock_latest_take(&l, 500), 500);
	CU_ASSERT_EQUAL(clock_latest_take(&l, 400), 500);
	/* Nothing comes: time goes on by itself. */
	CU_ASSERT_EQUAL(clock_latest_at(&l, EPOCH + 15), 510);
	/* The machine's clock is set: it stands for a moment and goes on. */
	CU_ASSERT_EQUAL(clock_latest_at(&l, EPOCH - 3600 * S), 510);
	CU_ASSERT_EQUAL(clock_latest_at(&l, EPOCH - 3600 * S + 7), 517);
	CU_ASSERT_EQUAL(clock_latest_at(&l, EPOCH + 86400 * S), 517);
	CU_ASSERT_EQUAL(clock_latest_at(&l, EPOCH + 86400 * S + 3), 520);
	CU_ASSERT_EQUAL(clock_latest_take(&l, 3000), 3000);
}

static struct clock_guard guard;

/* Stamps in seconds, and where each leaves the clock. */
static void follow(const int *rows, unsigned n)
{
	for (unsigned i = 0; i + 1 < n; i += 2) {
		int64_t want = rows[i + 1] * S;
		CU_ASSERT_EQUAL(clock_guard_take(&guard, rows[i] * S), want);
	}
}

/* Within the bound it is the latest stamp, whatever their order. */
static void guard_plain(void)
{
	static const int rows[] = {5000, 5000, 4000, 5000, 5001, 5001, 8601, 8601, 5001, 8601, 9000,
		9000, 5400, 9000, 9001, 9001};
	clock_guard_start(&guard, JUMP);
	follow(rows, BITS_COUNT(rows));
	CU_ASSERT(guard.odd == 0 && guard.ahead == 0 && guard.backwards == 0);
}

/* What others do not confirm moves nothing, on either side; nor do two sides confirm each other. */
static void guard_odd(void)
{
	static const int rows[] = {100000, 100000, 200000, 100000, 100001, 100001, 103602, 100001,
		200000, 100001, 100002, 100002, 5, 100002, 7, 100002, 100003, 100003, 200000,
		100003, 5, 100003, 200000, 100003, 5, 100003, 100004, 100004};
	clock_guard_start(&guard, JUMP);
	follow(rows, BITS_COUNT(rows));
	CU_ASSERT_EQUAL(guard.odd, 9);
	CU_ASSERT(guard.ahead == 0 && guard.backwards == 0);
}

/* What others confirm: ahead, it goes to the lowest of them; back, it stands and goes on from
 * there. */
static void guard_jumps(void)
{
	static const int rows[] = {100000, 100000,
		/* a quiet night */
		150002, 100000, 150000, 100000, 900000, 150000, 150003, 150003,
		/* the files of the day before */
		50000, 150003, 50002, 150003, 50001, 150003, 50003, 150004, 50002, 150004, 50010,
		150011,
		/* and of the day before that, with a gap */
		7, 150011, 8, 150011, 9, 150011, 10, 150012, 5000, 150012, 5001, 150012, 5001,
		155002};
	clock_guard_start(&guard, JUMP);
	follow(rows, BITS_COUNT(rows));
	CU_ASSERT(guard.ahead == 2 && guard.backwards == 2 && guard.odd == 0);
}

/* Never back, whatever the stamps are, and it follows those that go on. */
static void guard_random(void)
{
	unsigned seed = 7;
	for (unsigned round = 0; round < 200; round++) {
		int64_t last = INT64_MIN;
		clock_guard_start(&guard, JUMP);
		for (unsigned i = 0; i < 200; i++) {
			int64_t ts = (int64_t)((uint64_t)rand_r(&seed) << 33 ^
					       (uint64_t)rand_r(&seed) << 11);
			if (rand_r(&seed) % 5 == 0)
				ts = rand_r(&seed) % 2 ? INT64_MAX - i : INT64_MIN + i;
			int64_t now = clock_guard_take(&guard, ts);
			CU_ASSERT_FATAL(now >= last);
			last = now;
		}
		CU_ASSERT(guard.odd + guard.run <= 200);
		for (int64_t i = 0; i < 10; i++)
			clock_guard_take(&guard, EPOCH + i);
		last = guard.ns;
		if (last < INT64_MAX - 100)
			CU_ASSERT_EQUAL(clock_guard_take(&guard, EPOCH + 50), last + 41);
	}
}

static void guard_all(void)
{
	guard_plain();
	guard_odd();
	guard_jumps();
	guard_random();
}

void test_rx_clock(void)
{
	CU_pSuite s = CU_add_suite("rx/clock", NULL, NULL);

	CU_add_test(s, "steady", test_steady);
	CU_add_test(s, "slew", test_slew);
	CU_add_test(s, "set", test_set);
	CU_add_test(s, "around", test_around);
	CU_add_test(s, "latest", test_latest);
	CU_add_test(s, "broken stamps", guard_all);
}

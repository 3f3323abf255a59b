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
	hour(1000000000u, 0, 0); /* a NIC of unknown rate */
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
		/* The difference of two timestamps is within the tolerance. */
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

/* Times before an alignment, and a counter that wraps. */
static void test_around(void)
{
	struct clock c;

	clock_start(&c, 1000, EPOCH, S);
	CU_ASSERT_EQUAL(clock_of(&c, 400), EPOCH - 600);
	clock_start(&c, UINT64_MAX - 10, EPOCH, S);
	CU_ASSERT_EQUAL(clock_of(&c, 89), EPOCH + 100);
}

/* A packet of a live device; the clock at it. */
static int64_t live(struct clock_latest *l, int64_t ts_ns)
{
	struct clock_settled settled;

	if (!clock_guard_follow(&l->guard, ts_ns))
		clock_guard_add(&l->guard, ts_ns, &settled);
	return l->guard.ns;
}

static void test_latest(void)
{
	struct clock_latest l;

	clock_latest_start(&l, EPOCH, JUMP);
	CU_ASSERT_EQUAL(clock_latest_at(&l, EPOCH + 5), EPOCH + 5);
	CU_ASSERT_EQUAL(live(&l, EPOCH + 7), EPOCH + 7);
	CU_ASSERT_EQUAL(live(&l, EPOCH + 6), EPOCH + 7);
	/* Without packets time advances, too. */
	CU_ASSERT_EQUAL(clock_latest_at(&l, EPOCH + 15), EPOCH + 17);
	/* A broken timestamp, also the first one. */
	CU_ASSERT_EQUAL(live(&l, EPOCH + 86400 * S), EPOCH + 17);
	CU_ASSERT_EQUAL(live(&l, EPOCH + 18), EPOCH + 18);
	CU_ASSERT_EQUAL(l.guard.odd, 1);
	/* The machine's clock is set, whichever way: no time has passed, and it goes on. */
	for (int64_t way = -1; way <= 1; way += 2) {
		int64_t now = EPOCH + 3601 * way * S, before = l.guard.ns;
		clock_latest_start(&l, EPOCH, JUMP);
		l.guard.ns = before;
		CU_ASSERT_EQUAL(clock_latest_at(&l, now), before);
		for (int i = 0; i < CLOCK_CONFIRM; i++)
			CU_ASSERT_EQUAL(live(&l, now), before);
		CU_ASSERT_EQUAL(clock_latest_at(&l, now + 7), before + 7);
		CU_ASSERT_EQUAL(live(&l, now + 9), before + 9);
		CU_ASSERT_EQUAL(l.guard.odd, 0);
	}
	/* A device that plays a capture of another year. */
	clock_latest_start(&l, EPOCH, JUMP);
	for (int64_t ts = 500; ts < 500 + CLOCK_CONFIRM; ts++)
		CU_ASSERT_EQUAL(live(&l, ts), EPOCH);
	CU_ASSERT_EQUAL(live(&l, 602), EPOCH + 100);
}

static struct clock_guard guard;
static int64_t clocks[4096]; /* of the timestamps that were settled */
static unsigned n_clocks;

static void note(const struct clock_settled *settled)
{
	for (unsigned i = 0; i < settled->n; i++)
		clocks[n_clocks++] = settled->ns[i];
}

static void add(int64_t ts_ns)
{
	struct clock_settled settled;

	if (clock_guard_follow(&guard, ts_ns)) {
		clocks[n_clocks++] = guard.ns;
		return;
	}
	clock_guard_add(&guard, ts_ns, &settled);
	CU_ASSERT_FATAL(guard.n_held < CLOCK_CONFIRM);
	note(&settled);
}

/* Pairs of a timestamp and the clock that it gets, in seconds; ends the capture. */
static void play(const int *rows, unsigned n)
{
	struct clock_settled settled;

	clock_guard_start(&guard, JUMP);
	n_clocks = 0;
	for (unsigned i = 0; i + 1 < n; i += 2)
		add(rows[i] * S);
	clock_guard_end(&guard, &settled);
	note(&settled);
	CU_ASSERT(guard.n_held == 0 && n_clocks == n / 2);
	for (unsigned i = 0; i < n_clocks && i < n / 2; i++)
		CU_ASSERT_EQUAL(clocks[i], rows[2 * i + 1] * S);
}

/* Within the bound it is the latest timestamp, whatever their order. */
static void guard_plain(void)
{
	static const int rows[] = {5000, 5000, 4000, 5000, 5001, 5001, 8601, 8601, 5001, 8601, 9000,
		9000, 5400, 9000, 9001, 9001};
	play(rows, BITS_COUNT(rows));
	CU_ASSERT(guard.odd == 0 && guard.ahead == 0 && guard.backwards == 0);
}

/* What others do not confirm moves nothing, on either side; nor do two sides confirm each other. */
static void guard_odd(void)
{
	static const int rows[] = {100000, 100000, 200000, 100000, 100001, 100001, 103602, 100001,
		200000, 100001, 100002, 100002, 5, 100002, 7, 100002, 100003, 100003, 200000,
		100003, 5, 100003, 200000, 100003, 5, 100003, 100004, 100004};
	play(rows, BITS_COUNT(rows));
	CU_ASSERT_EQUAL(guard.odd, 9);
	CU_ASSERT(guard.ahead == 0 && guard.backwards == 0);
}

/* What others confirm: all packets behind a gap get the clock behind it. Back, the clock stands and
 * goes on from there. */
static void guard_jumps(void)
{
	static const int rows[] = {100000, 100000,
		/* a quiet night, with a broken timestamp behind it */
		150002, 150002, 150000, 150002, 900000, 150002, 150003, 150003,
		/* the files of the day before */
		50000, 150003, 50002, 150003, 50001, 150003, 50003, 150004, 50002, 150004, 50010,
		150011,
		/* and of the day before that, with a gap */
		7, 150011, 8, 150011, 9, 150011, 10, 150012, 5000, 155002, 5001, 155003, 5001,
		155003};
	play(rows, BITS_COUNT(rows));
	CU_ASSERT(guard.ahead == 2 && guard.backwards == 2 && guard.odd == 1);
}

/* A pair of packets now and then: each pair gets its own time, those at the end too. */
static void guard_sparse(void)
{
	static const int pairs[] = {0, 0, 1, 1, 5000, 5000, 5001, 5001, 10000, 10000, 10001, 10001,
		15000, 15000, 15001, 15001};
	static const int single[] = {0, 0, 5000, 5000, 10000, 10000, 15000, 15000, 20000, 20000};
	play(pairs, BITS_COUNT(pairs));
	CU_ASSERT(guard.odd == 0 && guard.ahead == 3);
	play(single, BITS_COUNT(single));
	CU_ASSERT(guard.odd == 0 && guard.ahead == 4);
	play(single, 2);
	play(single, 0);
	CU_ASSERT_FALSE(guard.started);
}

/* The first timestamp may be the broken one. */
static void guard_first(void)
{
	static const int future[] = {900000, 100000, 100000, 100000, 100001, 100001};
	static const int past[] = {0, 0, 100000, 100000, 100001, 100001};
	static const int second[] = {100000, 100000, 900000, 100000, 100001, 100001};
	play(future, BITS_COUNT(future));
	CU_ASSERT_EQUAL(guard.odd, 1);
	play(past, BITS_COUNT(past));
	CU_ASSERT(guard.odd == 0 && guard.ahead == 1);
	play(second, BITS_COUNT(second));
	CU_ASSERT_EQUAL(guard.odd, 1);
}

/* A gap that the reader waited through needs no confirmation; a longer one does. */
static void guard_waited(void)
{
	struct clock_settled settled;

	clock_guard_start(&guard, JUMP);
	n_clocks = 0;
	add(EPOCH);
	add(EPOCH);
	guard.waited_ns = 5000 * S;
	add(EPOCH + 5000 * S);
	CU_ASSERT(n_clocks == 3 && clocks[2] == EPOCH + 5000 * S);
	add(EPOCH + 20000 * S);
	CU_ASSERT(n_clocks == 3);
	clock_guard_end(&guard, &settled);
	CU_ASSERT_EQUAL(settled.n, 1);
}

/* Never back, whatever the timestamps are; each is settled by the second one behind it at the
 * latest; and the clock follows those that go on. */
static void guard_random(void)
{
	unsigned seed = 7;
	for (unsigned round = 0; round < 200; round++) {
		int64_t last = INT64_MIN;
		clock_guard_start(&guard, JUMP);
		n_clocks = 0;
		for (unsigned i = 0; i < 200; i++) {
			int64_t ts = (int64_t)((uint64_t)rand_r(&seed) << 33 ^
					       (uint64_t)rand_r(&seed) << 11);
			if (rand_r(&seed) % 5 == 0)
				ts = rand_r(&seed) % 2 ? INT64_MAX - i : INT64_MIN + i;
			add(ts);
			CU_ASSERT_FATAL(n_clocks + CLOCK_CONFIRM > i + 1 && n_clocks <= i + 1);
		}
		for (unsigned i = 0; i < n_clocks; last = clocks[i++])
			CU_ASSERT_FATAL(clocks[i] >= last);
		CU_ASSERT(guard.odd <= 200);
		for (int64_t i = 0; i < 10; i++)
			add(EPOCH + i);
		last = guard.ns;
		if (last < INT64_MAX - 100) {
			add(EPOCH + 50);
			CU_ASSERT_EQUAL(guard.ns, last + 41);
		}
	}
}

static void guard_all(void)
{
	guard_plain();
	guard_odd();
	guard_jumps();
	guard_sparse();
	guard_first();
	guard_waited();
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
	CU_add_test(s, "broken timestamps", guard_all);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_ranges.h"

#include "reasm/talk.h"

#include <CUnit/Basic.h>

void test_reasm_tcp_ranges(void);

#define SPAN 600

/* The model: a flag for each octet. */
struct model {
	uint8_t have[SPAN];
	uint32_t base; /* sequence number of have[0] */
};

static bool add_one(struct tcp_ranges *r, uint32_t from, uint32_t to, int64_t ts_ns, uint32_t spare)
{
	return tcp_ranges_add(
		r, &(struct tcp_range){.from = from, .to = to, .ts_ns = ts_ns}, spare);
}

static int64_t drop(struct tcp_ranges *r, uint32_t end)
{
	uint8_t flags = 0;
	return tcp_ranges_remove(r, end, &flags);
}

static bool is_sound(const struct tcp_ranges *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		if (tcp_seq_diff(r->at[i].to, r->at[i].from) <= 0)
			return false;
		if (i && tcp_seq_diff(r->at[i].from, r->at[i - 1].to) < 0)
			return false;
	}
	return r->count <= TCP_RANGES_MAX;
}

static bool is_equal(const struct tcp_ranges *r, const struct model *m)
{
	uint8_t have[SPAN] = {0};
	for (uint32_t i = 0; i < r->count; i++)
		for (uint32_t s = r->at[i].from; s != r->at[i].to; s++)
			have[s - m->base] = r->at[i].ts_ns == TCP_RANGE_CUT ? 2 : 1;
	return memcmp(have, m->have, SPAN) == 0;
}

/* Adds the missing octets of [from, to), as the stream does. */
static bool add(struct tcp_ranges *r, struct model *m, uint32_t from, uint32_t to, int64_t ts_ns)
{
	uint32_t at = m->base + from, end, missing = 0, sum = 0;
	for (uint32_t i = from; i < to; i++)
		missing += !m->have[i];
	CU_ASSERT_EQUAL(tcp_ranges_gap_octets(r, m->base + from, m->base + to), missing);
	for (; tcp_ranges_gap(r, &at, m->base + to, &end); at = end) {
		CU_ASSERT(tcp_seq_diff(end, at) > 0);
		for (uint32_t s = at; s != end; s++)
			CU_ASSERT_EQUAL(m->have[s - m->base], 0);
		if (!add_one(r, at, end, ts_ns, 0))
			return false;
		memset(m->have + (at - m->base), ts_ns == TCP_RANGE_CUT ? 2 : 1, end - at);
		sum += end - at;
	}
	CU_ASSERT_EQUAL(sum, missing);
	return true;
}

static void check_against_model(uint64_t seed)
{
	struct talk_rng rng = {seed};
	struct tcp_ranges r = {0};
	struct model m = {.base = seed % 2 ? 0u - SPAN / 2 : talk_random(&rng)};
	uint32_t start = 0;

	for (int turn = 0; turn < 60; turn++) {
		uint32_t from = start + talk_below(&rng, SPAN - start);
		uint32_t to = from + 1 + talk_below(&rng, seed % 3 ? 8 : 90);
		if (to > SPAN)
			to = SPAN;
		bool cut = talk_below(&rng, 5) == 0;
		if (!add(&r, &m, from, to, cut ? TCP_RANGE_CUT : turn + 1))
			CU_ASSERT_EQUAL(r.count, TCP_RANGES_MAX);
		CU_ASSERT(is_sound(&r));
		if (talk_below(&rng, 6) == 0 && start < SPAN - 50) {
			start += talk_below(&rng, 40);
			drop(&r, m.base + start);
			memset(m.have, 0, start);
		}
		CU_ASSERT(is_equal(&r, &m));
		uint32_t run = 0;
		while (start + run < SPAN && m.have[start + run] == 1)
			run++;
		CU_ASSERT_EQUAL(tcp_ranges_run(&r, m.base + start), run);
		const struct tcp_range *behind = tcp_ranges_after(&r, m.base + start);
		CU_ASSERT_EQUAL(behind == NULL, r.count == 0);
	}
}

static void test_model(void)
{
	for (uint64_t seed = 1; seed <= 400; seed++)
		check_against_model(seed);
}

static void test_times(void)
{
	struct tcp_ranges r = {0};
	CU_ASSERT(add_one(&r, 10, 20, 5, 0));
	CU_ASSERT(add_one(&r, 20, 30, 3, 0));
	CU_ASSERT(add_one(&r, 40, 50, 1, 0));
	CU_ASSERT_EQUAL(r.count, 3);
	/* An octet cannot be used before those in front of it. */
	CU_ASSERT_EQUAL(drop(&r, 20), 5);
	CU_ASSERT_EQUAL(r.at[0].ts_ns, 5);
	CU_ASSERT_EQUAL(drop(&r, 25), 5);
	CU_ASSERT_EQUAL(drop(&r, 35), 5);
	CU_ASSERT_EQUAL(r.at[0].ts_ns, 1);
	CU_ASSERT_EQUAL(tcp_ranges_octets(&r), 10);
	CU_ASSERT_EQUAL(drop(&r, 35), INT64_MIN);
}

static void test_full(void)
{
	struct tcp_ranges r = {0};
	for (uint32_t i = 0; i < TCP_RANGES_MAX - 1; i++)
		CU_ASSERT(add_one(&r, 100 + 10 * i, 105 + 10 * i, i, 1));
	CU_ASSERT(!add_one(&r, 5000, 5001, 9, 1));
	/* The spare slot. */
	CU_ASSERT(add_one(&r, 50, 60, 9, 0));
	CU_ASSERT_EQUAL(r.count, TCP_RANGES_MAX);
	CU_ASSERT(!add_one(&r, 70, 71, 9, 0));
	/* Adjacent ranges are merged, with the later time. */
	CU_ASSERT(add_one(&r, 60, 65, 7, 0));
	CU_ASSERT_EQUAL(r.count, TCP_RANGES_MAX);
	CU_ASSERT_EQUAL(r.at[0].to, 65);
	CU_ASSERT_EQUAL(r.at[0].ts_ns, 9);
	CU_ASSERT(!add_one(&r, 65, 66, TCP_RANGE_CUT, 0));
}

void test_reasm_tcp_ranges(void)
{
	CU_pSuite suite = CU_add_suite("reasm/tcp_ranges", NULL, NULL);
	CU_add_test(suite, "the same as octet by octet, around the wrap too", test_model);
	CU_add_test(suite, "times follow the order of the stream", test_times);
	CU_add_test(suite, "a full list", test_full);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Conversations in segments, shuffled, duplicated and with losses, compared with what was sent. */
#include "reasm/talk.h"

#include <CUnit/Basic.h>

void test_reasm_tcp_talk(void);

#define GROUP 8 /* segments that are shuffled */

static const struct tcp_conf conf = {
	.max_streams = 16,
	.buffer_bytes = 1 << 22,
	.stream_bytes = TCP_WINDOW_MAX, /* at least a group of segments */
	.idle_ns = INT64_C(60000000000),
};

struct plan {
	bool handshake;
	uint32_t max_message; /* octets of a message */
	uint32_t max_segment; /* of a segment */
	uint32_t loss; /* one segment of so many; 0: none */
};

struct progress {
	uint32_t edge; /* all segments before it were shown, or lost */
	uint8_t *lost; /* by octet */
};

/* Shows a group of segments of a side in random order, some twice, some overlapping. */
static void show_group(
	struct talk *k, const struct plan *plan, bool reply, struct progress *p, struct talk_rng *r)
{
	const struct talk_side *s = &k->side[reply];
	uint32_t from[GROUP], to[GROUP], n = 0;
	bool first = p->edge == 0;
	while (n < GROUP && p->edge < s->len && !(first && n)) {
		uint32_t back = talk_below(r, 4) || plan->loss ? 0 : talk_below(r, 50);
		from[n] = back < p->edge ? p->edge - back : 0;
		uint32_t end = p->edge + 1 + talk_below(r, plan->max_segment);
		p->edge = end < s->len ? end : s->len;
		to[n] = p->edge;
		if (plan->loss && talk_below(r, plan->loss) == 0)
			memset(p->lost + from[n], 1, to[n] - from[n]);
		else
			n++;
	}
	while (n > 0) {
		uint32_t i = talk_below(r, n);
		k->now_ns += 1000;
		talk_segment(k, reply, from[i], to[i]);
		if (talk_below(r, 5) == 0)
			continue; /* it may be retransmitted */
		from[i] = from[--n];
		to[i] = to[n];
	}
}

static uint32_t count_whole(const struct talk_side *s, const uint8_t *lost)
{
	uint32_t whole = 0;
	for (uint32_t i = 0; i < s->messages; i++)
		whole += memchr(lost + s->at[i] - 2, 1, s->size[i] + 2) == NULL;
	return whole;
}

static void converse(const struct plan *plan, uint64_t seed)
{
	struct talk_rng r = {seed};
	struct talk k;
	struct progress p[2] = {{0}};
	talk_open(&k, &conf);
	k.guard = seed % 8 == 0;
	for (int reply = 0; reply < 2; reply++) {
		talk_fill(&k.side[reply], 1 + talk_below(&r, 40), plan->max_message, reply, &r);
		p[reply].lost = calloc(1, k.side[reply].len);
		if (seed % 2) /* sequence numbers wrap */
			k.side[reply].isn = 0u - talk_below(&r, k.side[reply].len);
	}
	if (plan->handshake)
		talk_handshake(&k);
	while (p[0].edge < k.side[0].len || p[1].edge < k.side[1].len) {
		bool reply = talk_below(&r, 2);
		show_group(&k, plan, reply, &p[reply], &r);
		/* The other side acknowledges all, in the last segment. */
		talk_ack(&k, !reply, p[reply].edge, 0x10);
		talk_expire(&k, 2 * TCP_GAP_NS);
	}
	talk_finish(&k);
	CU_ASSERT_EQUAL(k.garbled, 0);
	CU_ASSERT_EQUAL(k.disorder, 0);
	CU_ASSERT(talk_is_accounted(&k));
	for (int reply = 0; reply < 2; reply++) {
		if (k.count[reply] != count_whole(&k.side[reply], p[reply].lost))
			CU_FAIL("a message that was there did not come out");
		free(p[reply].lost);
	}
	talk_close(&k);
}

static void test_whole(void)
{
	static const struct plan plans[] = {
		{true, 200, 1460, 0},
		{true, 200, 40, 0},
		{true, 60000, 1460, 0},
		{true, 60000, 65000, 0},
		{false, 200, 1460, 0},
		{false, 3000, 300, 0},
		{false, 100, 3, 0},
	};
	for (size_t i = 0; i < BITS_COUNT(plans); i++)
		for (uint64_t seed = 1; seed <= 60; seed++)
			converse(&plans[i], seed);
}

static void test_losses(void)
{
	static const struct plan plans[] = {
		{true, 200, 1460, 5},
		{true, 200, 60, 10},
		{true, 20000, 1460, 10},
		{true, 400, 400, 2},
		{true, 100, 5, 30},
	};
	for (size_t i = 0; i < BITS_COUNT(plans); i++)
		for (uint64_t seed = 1; seed <= 100; seed++)
			converse(&plans[i], seed);
}

/* The stream's memory runs out: fewer messages, none garbled, all counted. */
static void test_scarce(void)
{
	static const struct tcp_conf scarce = {
		.max_streams = 32, .buffer_bytes = 1, .stream_bytes = 1, .idle_ns = 1000000000};
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct talk_rng r = {seed};
		struct talk k;
		talk_open(&k, &scarce);
		for (int reply = 0; reply < 2; reply++)
			talk_fill(&k.side[reply], 40, 9000, reply, &r);
		for (int i = 0; i < 3000; i++) {
			bool reply = talk_below(&r, 2);
			uint32_t from = talk_below(&r, k.side[reply].len);
			uint32_t to = from + 1 + talk_below(&r, 3000);
			k.port = (uint16_t)(TALK_PORT + talk_below(&r, 40));
			k.next[0] = k.next[1] = 0; /* of several connections */
			k.now_ns += 100000;
			talk_segment(
				&k, reply, from, to < k.side[reply].len ? to : k.side[reply].len);
		}
		talk_finish(&k);
		CU_ASSERT_EQUAL(k.garbled, 0);
		CU_ASSERT(k.m.tcp_evicted > 0);
		CU_ASSERT(k.m.tcp_windows_evicted > 0);
		CU_ASSERT(talk_is_accounted(&k));
		talk_close(&k);
	}
}

void test_reasm_tcp_talk(void)
{
	CU_pSuite suite = CU_add_suite("reasm/tcp_talk", NULL, NULL);
	CU_add_test(suite, "all messages are returned once, in order", test_whole);
	CU_add_test(suite, "with losses, all others are returned", test_losses);
	CU_add_test(suite, "without enough memory", test_scarce);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_stream.h"

#include "reasm/talk.h"

#include <CUnit/Basic.h>

void test_reasm_tcp_stream(void);

#define LIMIT 70000u

struct bench {
	struct tcp_store store;
	struct metrics_reasm m;
	struct tcp_stream s;
	struct talk_side side;
	struct pkt pkt;
	void *memory;
	uint32_t messages, garbled, cut, next;
	int64_t ts_ns; /* of the latest message */
	int64_t now_ns;
};

static void bench_open(struct bench *b, uint32_t chunks, uint32_t seq)
{
	memset(b, 0, sizeof(*b));
	b->memory = calloc(1, tcp_pool_bytes(chunks) + TCP_MESSAGE_MAX);
	tcp_pool_init(&b->store.pool, b->memory, chunks);
	b->store.buffer = (uint8_t *)b->memory + tcp_pool_bytes(chunks);
	b->store.limit = LIMIT;
	b->store.metrics = &b->m;
	b->side.isn = seq - 1;
	tcp_stream_start(&b->s, seq, TCP_SPLIT_FRAME);
}

static void bench_close(struct bench *b)
{
	tcp_stream_end(&b->store, &b->s);
	CU_ASSERT_EQUAL(b->store.pool.used, 0);
	CU_ASSERT_EQUAL(b->store.pool.windows.oldest, 0);
	free(b->memory);
	free(b->side.data);
}

static void note(struct bench *b, const struct tcp_output *output)
{
	uint32_t id = bits_be16(output->data);
	b->messages++;
	b->ts_ns = output->ts_ns;
	b->cut += output->len < output->wire_len;
	if (id >= b->side.messages || id < b->next || output->wire_len != b->side.size[id] ||
		memcmp(output->data, b->side.data + b->side.at[id], output->len) != 0)
		b->garbled++;
	b->next = id + 1;
}

static void pull(struct bench *b, uint32_t end)
{
	struct tcp_output output;
	while (tcp_stream_pull(&b->store, &b->s, TCP_SIDE_REPLIES, end, &output))
		note(b, &output);
}

/* Offers octets [from, to) of the side as a segment, the last `cut` of them truncated by the
 * capture. */
static void offer(struct bench *b, uint32_t from, uint32_t to, uint32_t cut)
{
	uint32_t n = to - from - cut;
	uint8_t *copy = guard_copy(b->side.data + from, n);
	struct tcp_input in = {
		.at = copy,
		.seq = b->side.isn + 1 + from,
		.left = n,
		.cut = cut,
		.from = b->side.isn + 1 + from,
		.to = b->side.isn + 1 + to,
		.ts_ns = b->now_ns,
		.pkt = &b->pkt,
		.side = TCP_SIDE_REPLIES,
	};
	while (in.left + in.cut) {
		struct tcp_output output;
		switch (tcp_stream_offer(&b->store, &b->s, &in, &output)) {
		case TCP_OFFER_MESSAGE:
			CU_ASSERT(output.data >= copy && output.data < copy + n);
			note(b, &output);
			break;
		case TCP_OFFER_STORED: pull(b, b->s.next); break;
		case TCP_OFFER_FULL:
			pull(b, in.seq);
			tcp_stream_skip_to(&b->store, &b->s, in.seq);
			break;
		}
	}
	guard_free(copy, n);
}

static void test_zero_copy(void)
{
	struct talk_rng r = {1};
	struct bench b;
	bench_open(&b, 40, 1000);
	talk_fill(&b.side, 30, 500, true, &r);
	b.side.isn = 999;
	offer(&b, 0, b.side.len, 0);
	CU_ASSERT_EQUAL(b.messages, 30);
	CU_ASSERT_EQUAL(b.garbled, 0);
	CU_ASSERT_EQUAL(b.store.pool.high_water, 0);
	bench_close(&b);
}

/* Random order, duplicates and overlaps, around the wrap of sequence numbers. */
static void shuffle_once(uint64_t seed)
{
	struct talk_rng r = {seed};
	struct bench b;
	uint32_t first = 0u - talk_below(&r, 6000);
	bench_open(&b, 60, first);
	talk_fill(&b.side, 1 + talk_below(&r, 30), seed % 4 ? 400 : 30000, true, &r);
	b.side.isn = first - 1;
	uint32_t edge = 0, max = 1 + talk_below(&r, seed % 3 ? 1500 : 60);
	while (edge < b.side.len) { /* all before edge was offered */
		uint32_t from[8], to[8], n = 1 + talk_below(&r, 8);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t back = talk_below(&r, 3) ? 0 : talk_below(&r, 100);
			from[i] = edge > back ? edge - back : 0;
			edge += 1 + talk_below(&r, max);
			edge = edge < b.side.len ? edge : b.side.len;
			to[i] = edge;
		}
		for (uint32_t i = n; i > 0; i--) {
			uint32_t k = talk_below(&r, i);
			offer(&b, from[k], to[k], 0);
			if (talk_below(&r, 4)) {
				from[k] = from[i - 1];
				to[k] = to[i - 1];
			} else {
				i++; /* some are offered twice */
			}
		}
	}
	CU_ASSERT_EQUAL(b.messages, b.side.messages);
	CU_ASSERT_EQUAL(b.garbled, 0);
	CU_ASSERT_EQUAL(b.m.tcp_gaps, 0);
	CU_ASSERT_EQUAL(b.s.window, 0);
	bench_close(&b);
}

static void test_shuffle(void)
{
	for (uint64_t seed = 1; seed <= 300; seed++)
		shuffle_once(seed);
}

/* Octets in order win against stored ones that contradict them. */
static void test_order_counts(void)
{
	struct talk_rng r = {5};
	struct bench b;
	bench_open(&b, 40, 1);
	talk_fill(&b.side, 2, 100, true, &r);
	b.side.isn = 0;
	uint32_t half = b.side.at[0] + 20;
	offer(&b, half, b.side.len, 0);
	memset(b.side.data + half, 0xee, b.side.at[1] - 2 - half);
	offer(&b, 0, b.side.len, 0); /* contradicts the stored octets */
	CU_ASSERT_EQUAL(b.messages, 2);
	CU_ASSERT_EQUAL(b.garbled, 0);
	CU_ASSERT_EQUAL(b.m.tcp_octets_repeated, b.side.len - half);
	CU_ASSERT_EQUAL(b.m.tcp_conflicts, 1);
	bench_close(&b);
}

static void test_times(void)
{
	struct talk_rng r = {6};
	struct bench b;
	bench_open(&b, 40, 1);
	talk_fill(&b.side, 3, 100, true, &r);
	b.side.isn = 0;
	b.now_ns = 10;
	offer(&b, b.side.at[1] - 2, b.side.at[2] - 2, 0);
	b.now_ns = 20;
	offer(&b, 0, 30, 0);
	b.now_ns = 30;
	offer(&b, 30, b.side.at[1] - 2, 0);
	/* The second was complete at 10, but usable only after the first. */
	CU_ASSERT_EQUAL(b.messages, 2);
	CU_ASSERT_EQUAL(b.ts_ns, 30);
	b.now_ns = 40;
	offer(&b, b.side.at[2] + 1, b.side.len, 0);
	b.now_ns = 50; /* only the length was missing */
	offer(&b, b.side.at[2] - 2, b.side.at[2] + 1, 0);
	CU_ASSERT_EQUAL(b.messages, 3);
	CU_ASSERT_EQUAL(b.ts_ns, 50);
	bench_close(&b);
}

/* A gap of any length at any place is skipped: all messages outside of it are returned. */
static void test_gaps(void)
{
	for (uint32_t from = 0; from < 400; from += 3) {
		for (uint32_t size = 1; size < 300; size += 1 + size / 3) {
			struct talk_rng r = {from + 1};
			struct bench b;
			bench_open(&b, 40, 77);
			talk_fill(&b.side, 9, 100, true, &r);
			b.side.isn = 76;
			uint32_t to = from + size, whole = 0;
			if (to >= b.side.len)
				to = b.side.len;
			for (uint32_t i = 0; i < b.side.messages; i++)
				whole += b.side.at[i] + b.side.size[i] <= from ||
					 b.side.at[i] - 2 >= to;
			if (from < b.side.len) {
				offer(&b, 0, from, 0);
				offer(&b, to, b.side.len, 0);
			}
			pull(&b, b.s.next + INT32_MAX);
			if (from < b.side.len) {
				CU_ASSERT_EQUAL(b.messages, whole);
				CU_ASSERT_EQUAL(b.garbled, 0);
				CU_ASSERT_EQUAL(b.m.tcp_gaps, to < b.side.len);
			}
			bench_close(&b);
		}
	}
}

/* Segments truncated behind n octets: each message is returned with its captured octets. */
static void test_cut(void)
{
	for (uint32_t keep = 0; keep < 120; keep++) {
		struct talk_rng r = {keep + 1};
		struct bench b;
		bench_open(&b, 40, 5);
		talk_fill(&b.side, 12, 300, true, &r);
		b.side.isn = 4;
		uint32_t whole = 0, heads = 0;
		for (uint32_t i = 0; i < 12; i++) {
			uint32_t from = b.side.at[i] - 2, to = b.side.at[i] + b.side.size[i];
			whole += keep >= to - from;
			heads += keep < to - from && keep >= 2 + TCP_SPLIT_HEADER;
			offer(&b, from, to, keep < to - from ? to - from - keep : 0);
		}
		CU_ASSERT_EQUAL(b.messages, whole + heads);
		CU_ASSERT_EQUAL(b.cut, heads);
		CU_ASSERT_EQUAL(b.garbled, 0);
		CU_ASSERT_EQUAL(b.m.tcp_gaps, 0);
		bench_close(&b);
	}
}

/* The stream continues behind gaps when the list of ranges is full. */
static void test_limits(void)
{
	struct talk_rng r = {9};
	struct bench b;
	bench_open(&b, 80, 1);
	talk_fill(&b.side, 200, 1500, true, &r);
	b.side.isn = 0;
	offer(&b, b.side.at[1] - 2, b.side.at[1] + 5, 0);
	offer(&b, b.side.at[100] - 2, b.side.at[150] - 2, 0);
	CU_ASSERT_EQUAL(b.messages, 0);
	/* With a gap before each. */
	for (uint32_t i = 151; i < 199; i++)
		offer(&b, b.side.at[i], b.side.at[i] + 9, 0);
	CU_ASSERT(b.messages >= 50);
	CU_ASSERT_EQUAL(b.garbled, 0);
	CU_ASSERT(b.m.tcp_gaps > 1);
	offer(&b, b.side.at[199] - 2, b.side.len, 0);
	pull(&b, b.s.next + INT32_MAX);
	CU_ASSERT_EQUAL(b.next, 200);
	bench_close(&b);
}

static void test_far(void)
{
	struct talk_rng r = {10};
	struct bench b;
	bench_open(&b, 80, 1);
	talk_fill(&b.side, 200, 9000, true, &r);
	b.side.isn = 0;
	CU_ASSERT_FATAL(b.side.at[199] > LIMIT + 40);
	offer(&b, 0, 40, 0);
	offer(&b, b.side.at[199] - 2, b.side.len, 0);
	CU_ASSERT_EQUAL(b.garbled, 0);
	CU_ASSERT_EQUAL(b.next, 200);
	CU_ASSERT_EQUAL(b.m.tcp_gap_octets, b.side.at[199] - 2 - 40);
	CU_ASSERT_EQUAL(b.s.window, 0);
	bench_close(&b);
}

/* In front of a gap, the possible beginning of a message that contains a complete one. */
static void test_search_to_gap(void)
{
	struct talk_rng r = {12};
	struct bench b;
	bench_open(&b, 40, 1);
	talk_fill(&b.side, 3, TALK_MIN + 1, true, &r);
	uint8_t *data = malloc(14 + 8 + b.side.len);
	/* A length, a header and a label of 60 octets: too few octets to reject it as a message. */
	memcpy(data, "\0\310\0\0\201\0\0\1\0\0\0\0\0\0\74zzzzzzz", 22);
	memcpy(data + 22, b.side.data, b.side.len);
	free(b.side.data);
	b.side.data = data;
	b.side.len += 22;
	for (uint32_t i = 0; i < 3; i++)
		b.side.at[i] += 22;
	b.side.isn = 0;
	tcp_stream_start(&b.s, 1, TCP_SPLIT_SEARCH);
	offer(&b, 0, b.side.at[1] - 2, 0);
	CU_ASSERT_EQUAL(b.messages, 0);
	offer(&b, b.side.at[2] - 2, b.side.len, 0);
	pull(&b, b.s.next + INT32_MAX);
	CU_ASSERT_EQUAL(b.messages, 2);
	CU_ASSERT_EQUAL(b.garbled, 0);
	bench_close(&b);
}

/* The window that was idle longest is evicted. */
static void test_evict(void)
{
	struct talk_rng r = {4};
	struct bench b;
	struct tcp_stream other[7];
	bench_open(&b, 9, 1);
	talk_fill(&b.side, 4, 3000, true, &r);
	b.side.isn = 0;
	for (size_t i = 0; i < BITS_COUNT(other); i++) {
		struct tcp_output output;
		struct tcp_input in = {.at = b.side.data, .seq = 101, .left = 20, .pkt = &b.pkt};
		tcp_stream_start(&other[i], 1, TCP_SPLIT_FRAME);
		CU_ASSERT_EQUAL(
			tcp_stream_offer(&b.store, &other[i], &in, &output), TCP_OFFER_STORED);
		CU_ASSERT(other[i].window != 0);
		if (i == 3) { /* the first is used again */
			in.at = b.side.data;
			in.seq = 141;
			in.left = 20;
			tcp_stream_offer(&b.store, &other[0], &in, &output);
		}
	}
	CU_ASSERT_EQUAL(b.m.tcp_windows_evicted, 3);
	for (size_t i = 0; i < BITS_COUNT(other); i++)
		CU_ASSERT_EQUAL(other[i].window != 0, i == 0 || i >= 4);
	CU_ASSERT_EQUAL(b.m.tcp_octets_evicted, 60);
	for (size_t i = 0; i < BITS_COUNT(other); i++)
		tcp_stream_end(&b.store, &other[i]);
	bench_close(&b);
}

void test_reasm_tcp_stream(void)
{
	CU_pSuite suite = CU_add_suite("reasm/tcp_stream", NULL, NULL);
	CU_add_test(suite, "in order: no copy, no memory", test_zero_copy);
	CU_add_test(suite, "any order, twice, overlapping, wrapped", test_shuffle);
	CU_add_test(suite, "octets in order win", test_order_counts);
	CU_add_test(suite, "times", test_times);
	CU_add_test(suite, "gaps of any place and length", test_gaps);
	CU_add_test(suite, "segments truncated by the capture", test_cut);
	CU_add_test(suite, "more ranges than a list holds", test_limits);
	CU_add_test(suite, "further ahead than the limit", test_far);
	CU_add_test(suite, "search up to a gap", test_search_to_gap);
	CU_add_test(suite, "the oldest window is evicted", test_evict);
}

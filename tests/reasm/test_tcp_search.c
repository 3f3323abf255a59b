/* SPDX-License-Identifier: BSD-3-Clause */
/* The search for messages in out-of-order octets. */
#include "reasm/tcp_stream.h"

#include "reasm/talk.h"

#include <CUnit/Basic.h>

void test_reasm_tcp_search(void);

enum { BAIT = 30000, CHUNKS = 60 };

/* Fills octets with many false beginnings of messages, and a few messages. */
static void fill_bait(uint8_t *data, struct talk_rng *r)
{
	static const uint8_t often[] = {0, 0, 0, 0, 1, 0x81, 0x80, 12, 63, 200};
	for (uint32_t i = 0; i < BAIT; i++)
		data[i] = often[talk_below(r, sizeof(often))];
	for (uint32_t n = 0; n < 40; n++) {
		uint32_t size = TALK_MIN + talk_below(r, 400), at = talk_below(r, BAIT - 600);
		talk_put16(data + at, size);
		talk_message(data + at + 2, n, size, true, r);
	}
}

/* A search across the pages of a window finds what a search in one buffer finds. */
static void test_bait(void)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct talk_rng r = {seed};
		struct tcp_store store = {.limit = 2 * BAIT};
		struct metrics_reasm m = {0};
		struct tcp_stream s;
		struct pkt pkt = {0};
		struct tcp_output got;
		struct tcp_split_result result;
		struct tcp_split split = {.mode = TCP_SPLIT_SEARCH};
		uint32_t first = talk_random(&r), at = 0;
		uint8_t *data = malloc(BAIT);
		fill_bait(data, &r);
		void *memory = calloc(1, tcp_pool_bytes(CHUNKS) + TCP_MESSAGE_MAX);
		tcp_pool_init(&store.pool, memory, CHUNKS);
		store.buffer = (uint8_t *)memory + tcp_pool_bytes(CHUNKS);
		store.metrics = &m;
		tcp_stream_start(&s, first - 1, TCP_SPLIT_SEARCH);
		struct tcp_input in = {.at = data, .seq = first, .left = BAIT, .pkt = &pkt};
		CU_ASSERT_EQUAL(tcp_stream_offer(&store, &s, &in, &got), TCP_OFFER_STORED);
		while (at < BAIT) {
			uint32_t used = tcp_split_parse(
				&split, data + at, BAIT - at, TCP_SIDE_REPLIES, true, &result);
			at += used;
			if (!result.data)
				break;
			bool more = tcp_stream_pull(
				&store, &s, TCP_SIDE_REPLIES, first + BAIT + 1, &got);
			CU_ASSERT_FATAL(more && got.len == result.len);
			CU_ASSERT_EQUAL(memcmp(got.data, result.data, got.len), 0);
		}
		tcp_stream_end(&store, &s);
		CU_ASSERT_EQUAL(store.pool.used, 0);
		free(memory);
		free(data);
	}
}

void test_reasm_tcp_search(void)
{
	CU_pSuite suite = CU_add_suite("reasm/tcp_search", NULL, NULL);
	CU_add_test(suite, "across pages", test_bait);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_split.h"

#include "reasm/talk.h"

#include <CUnit/Basic.h>

void test_reasm_tcp_split(void);

struct outcome {
	uint32_t next; /* lowest number that the next message may have */
	uint32_t messages, garbled, skipped, resyncs;
};

static void note(
	struct outcome *o, const struct talk_side *s, const struct tcp_split_result *result)
{
	o->skipped += result->skipped;
	o->resyncs += result->resync && result->skipped;
	if (!result->data)
		return;
	uint32_t id = bits_be16(result->data);
	if (id >= s->messages || id < o->next || result->len != s->size[id] ||
		memcmp(result->data, s->data + s->at[id], result->len) != 0) {
		o->garbled++;
		return;
	}
	o->next = id + 1;
	o->messages++;
}

/* Parses a stream from `at` on in steps of 1 to `max` octets, each before a guard page. */
static void run(struct tcp_split *split, const struct talk_side *s, uint32_t at, uint32_t max,
	enum tcp_side side, struct talk_rng *r, struct outcome *o)
{
	uint32_t kept = 0; /* octets not consumed yet */
	while (at + kept < s->len) {
		uint32_t n = kept + 1 + talk_below(r, max);
		if (n > s->len - at)
			n = s->len - at;
		uint8_t *copy = guard_copy(s->data + at, n);
		uint32_t used = 0;
		for (;;) {
			struct tcp_split_result result;
			uint32_t step =
				tcp_split_parse(split, copy + used, n - used, side, false, &result);
			CU_ASSERT(step <= n - used);
			used += step;
			note(o, s, &result);
			if (!result.data)
				break;
		}
		guard_free(copy, n);
		at += used;
		kept = n - used;
	}
}

static void test_cuts(void)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct talk_rng r = {seed};
		struct talk_side s;
		bool reply = seed % 2;
		talk_fill(&s, 20, 900, reply, &r);
		static const uint32_t max[] = {1, 3, 40, 1460, 100000};
		for (size_t i = 0; i < BITS_COUNT(max); i++) {
			struct tcp_split split = {.mode = TCP_SPLIT_FRAME};
			struct outcome o = {0};
			run(&split, &s, 0, max[i], TCP_SIDE_EITHER, &r, &o);
			CU_ASSERT_EQUAL(o.messages, 20);
			CU_ASSERT_EQUAL(o.garbled + o.skipped, 0);
		}
		free(s.data);
	}
}

/* From any octet on, the first complete message is found, and all behind it. */
static void test_resynchronise(void)
{
	struct talk_rng r = {3};
	for (int reply = 0; reply < 2; reply++) {
		struct talk_side s;
		talk_fill(&s, 8, 300, reply, &r);
		enum tcp_side side = reply ? TCP_SIDE_REPLIES : TCP_SIDE_QUERIES;
		for (uint32_t from = 0; from < s.len; from++) {
			uint32_t whole = 0;
			while (whole < s.messages && s.at[whole] - 2 < from)
				whole++;
			struct tcp_split split = {.mode = TCP_SPLIT_SEARCH};
			struct outcome o = {.next = whole};
			run(&split, &s, from, 1 + from % 50, side, &r, &o);
			CU_ASSERT_EQUAL(o.messages, s.messages - whole);
			CU_ASSERT_EQUAL(o.garbled, 0);
		}
		free(s.data);
	}
}

/* Noise is no message; messages behind it are found. */
static void test_noise(void)
{
	struct talk_rng r = {11};
	struct talk_side s;
	talk_fill(&s, 4, 100, true, &r);
	uint32_t noise = 200000;
	uint8_t *data = malloc(noise + s.len);
	for (uint32_t i = 0; i < noise; i++)
		data[i] = (uint8_t)talk_random(&r);
	memcpy(data + noise, s.data, s.len);
	struct tcp_split split = {.mode = TCP_SPLIT_SEARCH};
	uint32_t at = 0, skipped = 0, messages = 0;
	for (;;) {
		struct tcp_split_result result;
		at += tcp_split_parse(
			&split, data + at, noise + s.len - at, TCP_SIDE_REPLIES, false, &result);
		skipped += result.skipped;
		if (!result.data)
			break;
		CU_ASSERT_EQUAL(bits_be16(result.data), messages);
		messages++;
	}
	CU_ASSERT_EQUAL(messages, 4);
	CU_ASSERT_EQUAL(skipped, noise);
	/* Searched for the other side's messages, nothing is found. */
	struct tcp_split_result result;
	split = (struct tcp_split){.mode = TCP_SPLIT_SEARCH};
	at = tcp_split_parse(&split, s.data, s.len, TCP_SIDE_QUERIES, true, &result);
	CU_ASSERT_EQUAL(at, s.len);
	CU_ASSERT_PTR_NULL(result.data);
	free(data);
	free(s.data);
}

/* Messages at which a stream can be resynchronised. */
static const struct {
	const char *what;
	const char *octets; /* without the length */
	uint32_t len;
	bool reply, found;
} shapes[] = {
	{"a query", "\0\1\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, false, true},
	{"a query with an octet behind it", "\0\1\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1\0", 18, false,
		false},
	{"two questions", "\0\1\1\0\0\2\0\0\0\0\0\0\0\0\1\0\1\0\0\1\0\1", 22, false, false},
	{"class 2", "\0\1\1\0\0\1\0\0\0\0\0\0\0\0\1\0\2", 17, false, false},
	{"type 0", "\0\1\1\0\0\1\0\0\0\0\0\0\0\0\0\0\1", 17, false, false},
	{"a pointer to nowhere", "\0\1\1\0\0\1\0\0\0\0\0\0\300\14\0\1\0\1", 18, false, false},
	{"reserved bit Z", "\0\1\1\100\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, false, false},
	{"opcode 3", "\0\1\30\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, false, false},
	{"UPDATE", "\0\1\50\0\0\1\0\0\0\0\0\0\0\0\6\0\1", 17, false, true},
	{"a query with an rcode", "\0\1\1\5\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, false, false},
	{"rcode 12", "\0\1\201\14\0\1\0\0\0\0\0\0\0\0\1\0\1", 17, true, false},
	{"more records than fit", "\0\1\1\0\0\1\0\0\0\1\0\0\0\0\1\0\1", 17, false, false},
	{"FORMERR, the header alone", "\0\1\201\1\0\0\0\0\0\0\0\0", 12, true, true},
	{"FORMERR with OPT", "\0\1\201\1\0\0\0\0\0\0\0\1\0\0\51\4\320\0\0\0\0\0\0", 23, true, true},
	{"OPT with a name", "\0\1\201\1\0\0\0\0\0\0\0\1\1a\0\0\51\4\320\0\0\0\0\0\0", 25, true,
		false},
	{"zone transfer without question",
		"\0\1\204\0\0\0\0\1\0\0\0\0\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 27, true, true},
	{"RDATA longer than the message",
		"\0\1\204\0\0\0\0\1\0\0\0\0\0\0\1\0\1\0\0\0\0\0\5\1\2\3\4", 27, true, false},
	{"eleven octets", "\0\1\201\1\0\0\0\0\0\0\0", 11, true, false},
};

static void test_shapes(void)
{
	for (size_t i = 0; i < BITS_COUNT(shapes); i++) {
		uint8_t data[2 + 64];
		uint32_t n = shapes[i].len + 2;
		talk_put16(data, shapes[i].len);
		memcpy(data + 2, shapes[i].octets, shapes[i].len);
		for (int side = TCP_SIDE_EITHER; side <= TCP_SIDE_REPLIES; side++) {
			bool right = side == TCP_SIDE_EITHER ||
				     (side == TCP_SIDE_REPLIES) == shapes[i].reply;
			struct tcp_split split = {.mode = TCP_SPLIT_SEARCH};
			struct tcp_split_result result;
			uint8_t *copy = guard_copy(data, n);
			tcp_split_parse(&split, copy, n, side, true, &result);
			bool found = result.data == copy + 2 && result.len == shapes[i].len;
			if (found != (right && shapes[i].found))
				CU_FAIL(shapes[i].what);
			guard_free(copy, n);
			for (uint32_t cut = 0; cut < n; cut++) {
				copy = guard_copy(data, cut);
				split = (struct tcp_split){.mode = TCP_SPLIT_SEARCH};
				tcp_split_parse(&split, copy, cut, side, false, &result);
				CU_ASSERT_PTR_NULL(result.data);
				guard_free(copy, cut);
			}
		}
	}
}

/* After a search, what follows the message must look like a message, too. */
static void test_found(void)
{
	struct talk_rng r = {21};
	struct talk_side s;
	talk_fill(&s, 4, 100, false, &r);
	uint32_t second = s.at[1] - 2, noise = 300;
	uint8_t *data = malloc(s.len + noise);
	memcpy(data, s.data, second);
	memset(data + second, 0x99, noise);
	memcpy(data + second + noise, s.data + second, s.len - second);
	for (int found = 0; found < 2; found++) {
		struct tcp_split split = {.mode = found ? TCP_SPLIT_SEARCH : TCP_SPLIT_FRAME};
		struct tcp_split_result result;
		uint32_t at = 0, messages = 0;
		do {
			at += tcp_split_parse(&split, data + at, s.len + noise - at,
				TCP_SIDE_QUERIES, false, &result);
			messages += result.data != NULL;
		} while (result.data);
		CU_ASSERT_EQUAL(messages, found ? 4 : 1);
	}
	free(data);
	free(s.data);
}

static void test_gaps(void)
{
	struct tcp_split s = {.mode = TCP_SPLIT_FRAME, .have = 2, .len = 100};
	/* Within the message: its rest is skipped, then the next begins. */
	CU_ASSERT(tcp_split_gap(&s, 10, 20));
	CU_ASSERT_EQUAL(s.mode, TCP_SPLIT_DISCARD);
	CU_ASSERT_EQUAL(s.len, 70);
	CU_ASSERT(!tcp_split_gap(&s, 0, 70));
	CU_ASSERT_EQUAL(s.mode, TCP_SPLIT_FRAME);
	CU_ASSERT_EQUAL(s.have, 0);
	/* Beyond the message. */
	s = (struct tcp_split){.mode = TCP_SPLIT_FRAME, .have = 2, .len = 100};
	CU_ASSERT(tcp_split_gap(&s, 10, 91));
	CU_ASSERT_EQUAL(s.mode, TCP_SPLIT_SEARCH);
	/* Between the octets of the length, and between messages. */
	s = (struct tcp_split){.mode = TCP_SPLIT_FRAME, .have = 1, .len = 0x100};
	CU_ASSERT(tcp_split_gap(&s, 0, 5));
	CU_ASSERT_EQUAL(s.mode, TCP_SPLIT_SEARCH);
	s = (struct tcp_split){.mode = TCP_SPLIT_FRAME};
	CU_ASSERT(!tcp_split_gap(&s, 0, 5));
	CU_ASSERT_EQUAL(s.mode, TCP_SPLIT_SEARCH);
}

/* A length too short for a header is skipped, with the octets that it announces. */
static void test_short(void)
{
	uint8_t data[2 + 3 + 2 + 2 + 11 + 2 + TCP_SPLIT_HEADER] = {0, 3, 9, 9, 9, 0, 0, 0, 11};
	struct tcp_split s = {.mode = TCP_SPLIT_FRAME};
	struct tcp_split_result result;
	data[21] = TCP_SPLIT_HEADER;
	uint32_t used = tcp_split_parse(&s, data, sizeof(data), TCP_SIDE_EITHER, false, &result);
	CU_ASSERT_EQUAL(used, sizeof(data));
	CU_ASSERT_EQUAL(result.skipped, 20);
	CU_ASSERT_EQUAL(result.runts, 3);
	CU_ASSERT_EQUAL(result.len, TCP_SPLIT_HEADER);
	CU_ASSERT_PTR_EQUAL(result.data, data + 22);
	/* The same when cut at any octet. */
	for (uint32_t cut = 1; cut < sizeof(data); cut++) {
		s = (struct tcp_split){.mode = TCP_SPLIT_FRAME};
		used = tcp_split_parse(&s, data, cut, TCP_SIDE_EITHER, false, &result);
		uint32_t runts = result.runts, skipped = result.skipped;
		CU_ASSERT_PTR_NULL(result.data);
		used += tcp_split_parse(&s, data + used, (uint32_t)sizeof(data) - used,
			TCP_SIDE_EITHER, false, &result);
		CU_ASSERT_EQUAL(used, sizeof(data));
		CU_ASSERT_EQUAL(runts + result.runts, 3);
		CU_ASSERT_EQUAL(skipped + result.skipped, 20);
		CU_ASSERT_EQUAL(result.len, TCP_SPLIT_HEADER);
	}
}

void test_reasm_tcp_split(void)
{
	CU_pSuite suite = CU_add_suite("reasm/tcp_split", NULL, NULL);
	CU_add_test(suite, "cut at any octet", test_cuts);
	CU_add_test(suite, "resynchronised at any octet", test_resynchronise);
	CU_add_test(suite, "noise before messages", test_noise);
	CU_add_test(suite, "what a message looks like", test_shapes);
	CU_add_test(suite, "noise behind a message that was found", test_found);
	CU_add_test(suite, "gaps", test_gaps);
	CU_add_test(suite, "lengths too short", test_short);
}

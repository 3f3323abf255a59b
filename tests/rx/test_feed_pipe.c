/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed_pipe.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

void test_rx_feed_pipe(void);

enum { FRAMES = 60000 };

/* A length and octets that follow from the frame's number. */
static uint32_t length_of(uint64_t number)
{
	uint64_t h = number * 0x9e3779b97f4a7c15u >> 40;

	return h % 1000 == 0 ? (uint32_t)h % 200000 : (uint32_t)h % 1500;
}

static void fill(uint8_t *frame, uint64_t number, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(number * 31 + i * 7);
}

/* Reads exactly n octets, which must be there already. */
static void take(const struct feed_pipe *p, void *to, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = read(p->read_fd, (uint8_t *)to + got, n - got);
		CU_ASSERT_TRUE_FATAL(r > 0);
		got += (size_t)r;
	}
}

/* Reads a record and checks that it is the one with this number, octet for octet. */
static void take_record(const struct feed_pipe *p, uint64_t number)
{
	static uint8_t got[FEED_CAPTURE_MAX], want[FEED_CAPTURE_MAX];
	struct feed_preamble preamble;
	uint32_t head[4], len = length_of(number);

	take(p, head, sizeof(head));
	CU_ASSERT_EQUAL_FATAL(head[2], len + sizeof(preamble));
	take(p, &preamble, sizeof(preamble));
	CU_ASSERT_EQUAL_FATAL(preamble.number, number);
	take(p, got, len);
	fill(want, number, len);
	CU_ASSERT_TRUE_FATAL(memcmp(got, want, len) == 0);
}

/* The receiver reads `some` of the published records, or all if it is 0. */
static uint64_t take_some(const struct feed_pipe *p, uint64_t taken, uint64_t some)
{
	uint64_t there = atomic_load_explicit(&p->published, memory_order_acquire);

	if (some && there - taken > some)
		there = taken + some;
	while (taken < there)
		take_record(p, taken++);
	return taken;
}

/*
 * Much more than ring and pipe hold goes through, with batches of all sizes and a receiver that is
 * now faster, now slower: nothing that is in the pipe may change there.
 */
static void through(size_t bytes, bool splice)
{
	static uint8_t frame[FEED_CAPTURE_MAX];
	struct feed_pipe p;
	uint8_t head[24];
	uint64_t taken = 0;

	CU_ASSERT_EQUAL_FATAL(feed_pipe_open(&p, bytes, false), 0);
	p.splice = splice;
	take(&p, head, sizeof(head));
	for (uint64_t n = 0; n < FRAMES; n++) {
		struct feed_preamble preamble = {.number = n};
		uint32_t len = length_of(n);
		fill(frame, n, len);
		feed_pipe_enqueue(&p, &preamble, frame, len);
		bool flush = n < FRAMES / 4 && n % 3 == 0;
		if (!feed_pipe_is_full(&p) && !flush && n + 1 < FRAMES)
			continue;
		ssize_t left = feed_pipe_send(&p);
		while (left > 0) {
			uint64_t before = taken;
			taken = take_some(&p, taken, n / 1000 % 2 ? 1 + n % 40 : 0);
			left = feed_pipe_send(&p);
			/* Half a record in the pipe and nothing to read would be a deadlock. */
			CU_ASSERT_TRUE_FATAL(left == 0 || taken > before);
		}
		CU_ASSERT_EQUAL_FATAL(left, 0);
	}
	taken = take_some(&p, taken, 0);
	CU_ASSERT_EQUAL(taken, FRAMES);
	CU_ASSERT_EQUAL(p.splice, splice);
	feed_pipe_end(&p);
	CU_ASSERT_EQUAL(read(p.read_fd, head, 1), 0);
	feed_pipe_close(&p);
}

static void test_spliced(void)
{
	through(FEED_PIPE_BYTES, true);
	through(FEED_PIPE_ENOUGH, true);
}

static void test_written(void)
{
	through(FEED_PIPE_BYTES, false);
	through(FEED_PIPE_ENOUGH, false);
}

static void *feed_direct(void *arg)
{
	static uint8_t frame[FEED_CAPTURE_MAX];
	struct feed_pipe *p = arg;

	for (uint64_t n = 0; n < FRAMES; n++) {
		struct feed_preamble preamble = {.number = n, .ts_ns = (int64_t)n, .link_type = 1};
		uint32_t len = length_of(n);
		fill(frame, n, len);
		feed_pipe_enqueue(p, &preamble, frame, len);
		if (feed_pipe_is_full(p) || (n < FRAMES / 4 && n % 3 == 0) || n + 1 == FRAMES)
			while (feed_pipe_send(p) > 0)
				sched_yield();
	}
	return NULL;
}

/* One thread feeds, this one dequeues frames: none changes until it is released. */
static void test_direct(void)
{
	static uint8_t want[FEED_CAPTURE_MAX];
	static struct feed_pipe p;
	struct frame frames[40];
	uint64_t taken = 0;
	pthread_t thread;

	CU_ASSERT_EQUAL_FATAL(feed_pipe_open(&p, FEED_PIPE_BYTES, true), 0);
	CU_ASSERT_EQUAL(feed_pipe_dequeue(&p, frames, 40), 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, feed_direct, &p), 0);
	while (taken < FRAMES) {
		unsigned n = feed_pipe_dequeue(&p, frames, 1 + (unsigned)(taken / 500 % 40));
		for (unsigned i = 0; i < n; i++, taken++) {
			uint32_t len = length_of(taken);
			fill(want, taken, len);
			CU_ASSERT_EQUAL_FATAL(frames[i].len, len);
			CU_ASSERT_EQUAL_FATAL(frames[i].ts_ns, (int64_t)taken);
			CU_ASSERT_TRUE_FATAL(memcmp(frames[i].data, want, len) == 0);
		}
		feed_pipe_release(&p);
		if (n == 0)
			sched_yield();
	}
	CU_ASSERT_EQUAL(feed_pipe_dequeue(&p, frames, 40), 0);
	CU_ASSERT_EQUAL(atomic_load(&p.published), FRAMES);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(feed_pipe_level(&p), 0);
	feed_pipe_close(&p);
}

/* A record is published with its last octet, not with the one before. */
static void test_last_octet(void)
{
	static uint8_t frame[32000];
	enum { PIPE = 65536, OVERHEAD = FEED_RECORD_HEAD + sizeof(struct feed_preamble) };
	size_t space = PIPE - (size_t)sysconf(_SC_PAGESIZE); /* the file header has a page */

	for (int over = -1; over <= 1; over++) {
		struct feed_preamble preamble = {0};
		struct feed_pipe p;
		CU_ASSERT_EQUAL_FATAL(feed_pipe_open(&p, PIPE, false), 0);
		feed_pipe_enqueue(&p, &preamble, frame, 30000);
		uint32_t rest = (uint32_t)(space - 30000 - 2 * OVERHEAD) + (uint32_t)over;
		feed_pipe_enqueue(&p, &preamble, frame, rest);
		feed_pipe_enqueue(&p, &preamble, frame, 100);
		CU_ASSERT_TRUE(feed_pipe_send(&p) > 100);
		if (p.splice) {
			CU_ASSERT_EQUAL(p.sent, space);
			CU_ASSERT_EQUAL(atomic_load(&p.published), over <= 0 ? 2 : 1);
		}
		feed_pipe_close(&p);
	}
}

/* The reader has closed the pipe. */
static void test_broken(void)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN); /* the feeder's thread blocks it */

	for (int splice = 0; splice < 2; splice++) {
		struct feed_preamble preamble = {0};
		struct feed_pipe p;
		CU_ASSERT_EQUAL_FATAL(feed_pipe_open(&p, FEED_PIPE_BYTES, false), 0);
		p.splice = splice;
		feed_pipe_enqueue(&p, &preamble, (const uint8_t *)"x", 1);
		close(p.read_fd);
		p.read_fd = -1;
		CU_ASSERT_EQUAL(feed_pipe_send(&p), -EPIPE);
		CU_ASSERT_EQUAL(atomic_load(&p.published), 0);
		feed_pipe_close(&p);
	}
	signal(SIGPIPE, before);
}

void test_rx_feed_pipe(void)
{
	CU_pSuite s = CU_add_suite("rx_feed_pipe", NULL, NULL);

	CU_add_test(s, "spliced", test_spliced);
	CU_add_test(s, "written", test_written);
	CU_add_test(s, "direct", test_direct);
	CU_add_test(s, "last octet", test_last_octet);
	CU_add_test(s, "broken", test_broken);
}

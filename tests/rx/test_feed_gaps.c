/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock that the feeder gives to frames around gaps and broken timestamps. */
#include "rx/feed.h"

#include "rx/capmake.h"
#include "rx/tap.h"

#include <sys/mman.h>

void test_rx_feed_gaps(void);

#define MAGIC_US 0xa1b2c3d4u

static struct feed feed;
static struct tap t;

/* The frames behind a gap get the clock behind it, whichever queue they go to, one that breaks off
 * gets the clock before it, and all keep their order. */
static void test_gaps(void)
{
	static const uint32_t rows[][2] = {{1000, 1000}, {900, 1000}, {5000, 1000}, {1001, 1001},
		{9000, 9000}, {9001, 9001}, {9002, 9002}, {20000, 9002}, {5, 9002}, {9003, 9003},
		{1000, 9003}, {1001, 9003}, {1002, 9003}, {1003, 9004}, {8000, 16001},
		{8001, 16002}};
	struct capmake m = capmake_of(100000, false);
	struct feed_progress progress;
	char path[32];
	uint32_t len;

	put_file_head(&m, MAGIC_US, 2, 4, 1);
	for (unsigned i = 0; i < BITS_COUNT(rows); i++)
		put_record(&m, rows[i][0], 0, i, 60 + i, 60 + i);
	int fd = capmake_memfd(&m, path);
	for (unsigned queues = 1; queues <= 3; queues++) {
		struct feed_options o = {.queues = queues, .jump_ns = 600 * (int64_t)WHEN_NS_PER_S};
		CU_ASSERT_EQUAL_FATAL(feed_start(&feed, (const char *[]){path}, 1, &o), 0);
		for (unsigned q = 0; q < queues; q++) {
			tap_open(&t, &feed, q);
			for (unsigned i = q; i < BITS_COUNT(rows); i += queues) {
				struct feed_preamble p = tap_take(&t, &len);
				CU_ASSERT_EQUAL(p.number, i + 1);
				CU_ASSERT_EQUAL(p.ts_ns, rows[i][0] * (int64_t)WHEN_NS_PER_S);
				CU_ASSERT_EQUAL(p.clock_ns, rows[i][1] * (int64_t)WHEN_NS_PER_S);
				CU_ASSERT_TRUE(len == 60 + i && tap_counts_up(&t, i, len));
			}
			tap_end(&t);
		}
		feed_progress(&feed, &progress);
		CU_ASSERT(progress.stamps_odd == 3 && progress.clock_back == 1);
		feed_stop(&feed);
	}
	close(fd);
	capmake_free(&m);
}

void test_rx_feed_gaps(void)
{
	CU_pSuite s = CU_add_suite("rx/feed_gaps", NULL, NULL);
	CU_add_test(s, "gaps", test_gaps);
}

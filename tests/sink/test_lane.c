/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/lane.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <pthread.h>

void test_sink_lane(void);

static struct sink_lane lane;
static sem_t ready;

static void open_lane(size_t bytes, uint32_t room)
{
	sem_init(&ready, 0, 0);
	CU_ASSERT_EQUAL_FATAL(lane_init(&lane, bytes, room, &ready), 0);
}

static void close_lane(void)
{
	lane_free(&lane);
	sem_destroy(&ready);
}

/* Document number n in the block at hand; makes room as a fan does. */
static void put(uint32_t n)
{
	while (!lane.at && !lane_take(&lane))
		sched_yield();
	struct sink_block *b = lane.at;
	memcpy(b->data + b->len, &n, sizeof(n));
	b->len += sizeof(n);
	b->docs[b->n_docs++].end = (uint32_t)b->len;
	b->records++;
	if (b->n_docs == b->max_docs || b->room - b->len < sizeof(n))
		lane_pass(&lane);
}

static void blocks(void)
{
	open_lane(0, 4096);
	CU_ASSERT_EQUAL(lane.count, 3); /* at least */
	CU_ASSERT_EQUAL(lane.max_docs, 64);
	CU_ASSERT_PTR_NULL(lane_next(&lane));
	lane_pass(&lane); /* nothing at hand */
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_TRUE(lane_take(&lane));
		lane_pass(&lane); /* empty: stays */
		CU_ASSERT_PTR_NOT_NULL(lane.at);
		put((uint32_t)i);
		lane_pass(&lane);
	}
	CU_ASSERT_FALSE(lane_take(&lane));
	CU_ASSERT_PTR_NULL(lane.at);
	int posted = 0;
	sem_getvalue(&ready, &posted);
	CU_ASSERT_EQUAL(posted, 3);
	struct sink_block *b[3];
	for (uint32_t i = 0; i < 3; i++) {
		b[i] = lane_next(&lane);
		CU_ASSERT_PTR_NOT_NULL_FATAL(b[i]);
		CU_ASSERT_EQUAL(memcmp(b[i]->data, &i, sizeof(i)), 0);
	}
	CU_ASSERT_FALSE(lane_take(&lane));
	/* The one that came back last is used first, and is empty. */
	lane_return(b[0]);
	lane_return(b[2]);
	CU_ASSERT_TRUE(lane_take(&lane));
	CU_ASSERT_PTR_EQUAL(lane.at, b[2]);
	CU_ASSERT(lane.at->n_docs == 0 && lane.at->len == 0 && lane.at->records == 0);
	CU_ASSERT_FALSE(lane_is_done(&lane));
	put(7);
	lane_close(&lane);
	CU_ASSERT_FALSE(lane_is_done(&lane));
	CU_ASSERT_PTR_EQUAL(lane_next(&lane), b[2]);
	CU_ASSERT_TRUE(lane_is_done(&lane));
	close_lane();
}

/* A thread that waits gets one block that is not full, not all of them before it awakes. */
static void hungry(void)
{
	open_lane(0, 4096);
	CU_ASSERT_FALSE(lane_is_hungry(&lane));
	lane.hungry = true;
	CU_ASSERT_TRUE(lane_is_hungry(&lane));
	put(0);
	lane_pass(&lane);
	CU_ASSERT_FALSE(lane_is_hungry(&lane));
	lane_return(lane_next(&lane));
	CU_ASSERT_TRUE(lane_is_hungry(&lane));
	close_lane();
}

/* A block grows for a large document and is its old self when it comes back. */
static void grows(void)
{
	open_lane(0, 4096);
	CU_ASSERT_TRUE(lane_take(&lane));
	struct sink_block *b = lane.at;
	const char *home = b->data;
	size_t room = b->room;
	while (b->room < LANE_LARGEST) {
		CU_ASSERT_EQUAL_FATAL(lane_grow(&lane, false), 0);
		CU_ASSERT_EQUAL(b->room, 2 * room);
		room = b->room;
	}
	CU_ASSERT_EQUAL(lane_grow(&lane, false), -EFBIG);
	CU_ASSERT_EQUAL(lane_grow(&lane, true), 0);
	CU_ASSERT_EQUAL(lane_grow(&lane, true), 0);
	CU_ASSERT_EQUAL(b->max_docs, 256);
	for (uint32_t i = 0; i < 256; i++)
		put(i);
	CU_ASSERT_PTR_NULL(lane.at);
	CU_ASSERT_PTR_EQUAL(lane_next(&lane), b);
	lane_return(b);
	CU_ASSERT(b->data == home && b->room == 4096 && b->max_docs == 64);
	/* What is never passed on is freed with the lane. */
	CU_ASSERT_TRUE(lane_take(&lane));
	CU_ASSERT_EQUAL(lane_grow(&lane, false), 0);
	close_lane();
}

#define DOCS 1000000u

static void *take_all(void *arg)
{
	uint32_t *next = arg;
	while (!lane_is_done(&lane)) {
		const struct sink_block *b = lane_next(&lane);
		if (!b) {
			sem_wait(&ready);
			continue;
		}
		for (uint32_t i = 0; i < b->n_docs; i++, (*next)++)
			if (memcmp(b->data + sink_doc_start(b, i), next, sizeof(*next)) != 0)
				return next;
		lane_return((struct sink_block *)b);
	}
	return NULL;
}

/* Two threads: everything arrives, in order, though there is room for little of it. */
static void two_threads(void)
{
	uint32_t next = 0;
	pthread_t thread;
	void *wrong;
	open_lane(5 * 5120, 4096);
	CU_ASSERT_EQUAL(lane.count, 5);
	pthread_create(&thread, NULL, take_all, &next);
	for (uint32_t i = 0; i < DOCS; i++) {
		put(i);
		if (i % 1009 == 0)
			lane_pass(&lane);
	}
	lane_close(&lane);
	pthread_join(thread, &wrong);
	CU_ASSERT_PTR_NULL(wrong);
	CU_ASSERT_EQUAL(next, DOCS);
	close_lane();
}

void test_sink_lane(void)
{
	CU_pSuite s = CU_add_suite("sink/lane", NULL, NULL);
	CU_add_test(s, "blocks", blocks);
	CU_add_test(s, "a hungry thread", hungry);
	CU_add_test(s, "a large document", grows);
	CU_add_test(s, "two threads", two_threads);
}

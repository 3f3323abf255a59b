/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/queue.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <pthread.h>

void test_sink_queue(void);

static struct sink_queue queue;
static sem_t ready;

static void open_queue(size_t bytes, uint32_t block_size)
{
	sem_init(&ready, 0, 0);
	CU_ASSERT_EQUAL_FATAL(sink_queue_init(&queue, bytes, block_size, &ready), 0);
}

static void close_queue(void)
{
	sink_queue_free(&queue);
	sem_destroy(&ready);
}

/* Appends document number n; allocates and enqueues blocks as a fan-out does. */
static void put(uint32_t n)
{
	while (!queue.at && !sink_queue_alloc(&queue))
		sched_yield();
	struct sink_block *b = queue.at;
	memcpy(b->data + b->len, &n, sizeof(n));
	b->len += sizeof(n);
	b->docs[b->n_docs++].end = (uint32_t)b->len;
	b->records++;
	if (b->n_docs == b->max_docs || b->size - b->len < sizeof(n))
		sink_queue_enqueue(&queue);
}

static void blocks(void)
{
	open_queue(0, 4096);
	CU_ASSERT_EQUAL(queue.count, 3); /* at least */
	CU_ASSERT_EQUAL(queue.max_docs, 64);
	CU_ASSERT_PTR_NULL(sink_queue_dequeue(&queue));
	sink_queue_enqueue(&queue); /* there is no block */
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_TRUE(sink_queue_alloc(&queue));
		sink_queue_enqueue(&queue); /* the block is empty: it stays */
		CU_ASSERT_PTR_NOT_NULL(queue.at);
		put((uint32_t)i);
		sink_queue_enqueue(&queue);
	}
	CU_ASSERT_FALSE(sink_queue_alloc(&queue));
	CU_ASSERT_PTR_NULL(queue.at);
	int posted = 0;
	sem_getvalue(&ready, &posted);
	CU_ASSERT_EQUAL(posted, 3);
	struct sink_block *b[3];
	for (uint32_t i = 0; i < 3; i++) {
		b[i] = sink_queue_dequeue(&queue);
		CU_ASSERT_PTR_NOT_NULL_FATAL(b[i]);
		CU_ASSERT_EQUAL(memcmp(b[i]->data, &i, sizeof(i)), 0);
	}
	CU_ASSERT_FALSE(sink_queue_alloc(&queue));
	/* The block released last is used first, and is empty. */
	sink_queue_release(b[0]);
	sink_queue_release(b[2]);
	CU_ASSERT_TRUE(sink_queue_alloc(&queue));
	CU_ASSERT_PTR_EQUAL(queue.at, b[2]);
	CU_ASSERT(queue.at->n_docs == 0 && queue.at->len == 0 && queue.at->records == 0);
	CU_ASSERT_FALSE(sink_queue_is_drained(&queue));
	put(7);
	sink_queue_close(&queue);
	CU_ASSERT_FALSE(sink_queue_is_drained(&queue));
	CU_ASSERT_PTR_EQUAL(sink_queue_dequeue(&queue), b[2]);
	CU_ASSERT_TRUE(sink_queue_is_drained(&queue));
	close_queue();
}

/* An idle thread gets one block that is not full, not all of them before it wakes up. */
static void starved(void)
{
	open_queue(0, 4096);
	CU_ASSERT_FALSE(sink_queue_is_starved(&queue));
	queue.idle = true;
	CU_ASSERT_TRUE(sink_queue_is_starved(&queue));
	put(0);
	sink_queue_enqueue(&queue);
	CU_ASSERT_FALSE(sink_queue_is_starved(&queue));
	sink_queue_release(sink_queue_dequeue(&queue));
	CU_ASSERT_TRUE(sink_queue_is_starved(&queue));
	close_queue();
}

/* A block grows for a large document and shrinks when it is released. */
static void grows(void)
{
	open_queue(0, 4096);
	CU_ASSERT_TRUE(sink_queue_alloc(&queue));
	struct sink_block *b = queue.at;
	const char *base = b->data;
	size_t size = b->size;
	while (b->size < SINK_QUEUE_BLOCK_MAX) {
		CU_ASSERT_EQUAL_FATAL(sink_queue_grow(&queue, false), 0);
		CU_ASSERT_EQUAL(b->size, 2 * size);
		size = b->size;
	}
	CU_ASSERT_EQUAL(sink_queue_grow(&queue, false), -EFBIG);
	CU_ASSERT_EQUAL(sink_queue_grow(&queue, true), 0);
	CU_ASSERT_EQUAL(sink_queue_grow(&queue, true), 0);
	CU_ASSERT_EQUAL(b->max_docs, 256);
	for (uint32_t i = 0; i < 256; i++)
		put(i);
	CU_ASSERT_PTR_NULL(queue.at);
	CU_ASSERT_PTR_EQUAL(sink_queue_dequeue(&queue), b);
	sink_queue_release(b);
	CU_ASSERT(b->data == base && b->size == 4096 && b->max_docs == 64);
	/* A block that is never enqueued is freed with the queue. */
	CU_ASSERT_TRUE(sink_queue_alloc(&queue));
	CU_ASSERT_EQUAL(sink_queue_grow(&queue, false), 0);
	close_queue();
}

#define DOCS 1000000u

static void *dequeue_all(void *arg)
{
	uint32_t *next = arg;
	while (!sink_queue_is_drained(&queue)) {
		const struct sink_block *b = sink_queue_dequeue(&queue);
		if (!b) {
			sem_wait(&ready);
			continue;
		}
		for (uint32_t i = 0; i < b->n_docs; i++, (*next)++)
			if (memcmp(b->data + sink_doc_start(b, i), next, sizeof(*next)) != 0)
				return next;
		sink_queue_release((struct sink_block *)b);
	}
	return NULL;
}

/* Two threads: a small queue passes everything on, in order. */
static void two_threads(void)
{
	uint32_t next = 0;
	pthread_t thread;
	void *wrong;
	open_queue(5 * 5120, 4096);
	CU_ASSERT_EQUAL(queue.count, 5);
	pthread_create(&thread, NULL, dequeue_all, &next);
	for (uint32_t i = 0; i < DOCS; i++) {
		put(i);
		if (i % 1009 == 0)
			sink_queue_enqueue(&queue);
	}
	sink_queue_close(&queue);
	pthread_join(thread, &wrong);
	CU_ASSERT_PTR_NULL(wrong);
	CU_ASSERT_EQUAL(next, DOCS);
	close_queue();
}

void test_sink_queue(void)
{
	CU_pSuite s = CU_add_suite("sink/lane", NULL, NULL);
	CU_add_test(s, "blocks", blocks);
	CU_add_test(s, "an idle thread", starved);
	CU_add_test(s, "a large document", grows);
	CU_add_test(s, "two threads", two_threads);
}

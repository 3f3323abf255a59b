/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue between one logger and one sink's thread: a fixed number of blocks. The logger fills
 * blocks and enqueues them in order through a ring; the thread releases them onto a stack of free
 * blocks. Free blocks are reused last in, first out: while the thread keeps up, few of them are in
 * use and stay in the caches. Neither side takes a lock.
 */
#ifndef SINK_QUEUE_H
#define SINK_QUEUE_H

#include "sink/sink.h"

#include <semaphore.h>

#define SINK_QUEUE_BLOCK (256u * 1024) /* octets of a block, unless the kind says otherwise */
#define SINK_QUEUE_BLOCK_MAX (256u * 1024 * 1024) /* of a block that grows for one document */
#define SINK_QUEUE_SPARE 64 /* a block with less than 1/64 of its capacity left is enqueued */
#define SINK_QUEUE_PREFAULT_MAX (32u * 1024 * 1024)

struct queue_block {
	struct sink_block b; /* first: a block is its queue_block */
	struct queue_block *next; /* on the stack of free blocks */
	struct sink_queue *queue;
	char *base; /* its own memory, which it has again when a large document is gone */
	struct sink_doc *base_docs;
};

struct sink_queue {
	/* the logger's */
	struct sink_block *at; /* the block being filled; NULL: none */
	uint32_t high_water; /* blocks from this number on were never used */
	struct metrics_sink metrics;
	/* set at the start */
	uint32_t count __attribute__((aligned(BITS_CACHE_LINE))); /* of blocks */
	uint32_t block_size, max_docs; /* of a block */
	struct queue_block *blocks;
	struct queue_block **ring; /* count rounded up to a power of two */
	uint32_t mask;
	char *memory;
	size_t memory_bytes;
	sem_t *ready; /* posted for each block that is enqueued */
	/* written by the logger, read by the thread */
	uint32_t head __attribute__((aligned(BITS_CACHE_LINE)));
	bool closed; /* nothing more will be enqueued */
	/* written by the thread, read by the logger */
	uint32_t tail __attribute__((aligned(BITS_CACHE_LINE)));
	bool idle; /* the thread has nothing to do */
	bool failed; /* the sink has failed for good: do not enqueue */
	bool spool_full; /* the queue is full because the spool is */
	/* written by both */
	struct queue_block *free __attribute__((aligned(BITS_CACHE_LINE)));
} __attribute__((aligned(BITS_CACHE_LINE)));

/*
 * Makes a queue of `bytes` of memory in blocks of block_size octets, at least three of them.
 * Touches none of the memory. `ready` is borrowed. Returns 0 or -ENOMEM.
 */
int sink_queue_init(struct sink_queue *queue, size_t bytes, uint32_t block_size, sem_t *ready);

/* Populates up to SINK_QUEUE_PREFAULT_MAX octets of the memory, so that a logger under load takes
 * no page faults just when the receiver is slow. */
void sink_queue_prefault(struct sink_queue *queue);
void sink_queue_free(struct sink_queue *queue);

/* The logger's side. */

/* Makes a free block queue->at, empty. False: the thread holds all of them. */
bool sink_queue_alloc(struct sink_queue *queue);

/* Enqueues queue->at; does nothing if that is NULL or has no document. */
void sink_queue_enqueue(struct sink_queue *queue);

/*
 * True if the thread is idle and nothing is enqueued for it: then the logger enqueues even a block
 * that is not full. Only one, or all memory could go into blocks of one document each before the
 * thread wakes up.
 */
static inline bool sink_queue_is_starved(const struct sink_queue *queue)
{
	/* The thread clears `idle` before it dequeues: read both in the opposite order. */
	uint32_t tail = __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE);

	return tail == queue->head && __atomic_load_n(&queue->idle, __ATOMIC_RELAXED);
}

/*
 * Doubles the capacity of queue->at, which is empty, for one large document: in octets, or in
 * documents if `docs`. Returns 0, -EFBIG or -ENOMEM. The one place where a logger allocates.
 */
int sink_queue_grow(struct sink_queue *queue, bool docs);

/* Flushes the queue and closes it. */
void sink_queue_close(struct sink_queue *queue);

/* The thread's side. */

/* Returns the next block, the thread's until sink_queue_release(); NULL: the queue is empty. */
struct sink_block *sink_queue_dequeue(struct sink_queue *queue);
void sink_queue_release(struct sink_block *block);

/* True if the logger has closed the queue and everything was dequeued. */
bool sink_queue_is_drained(const struct sink_queue *queue);

#endif

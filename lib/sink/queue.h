/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue between one logger and one sink's thread: a fixed number of blocks, which the logger
 * fills and passes on in order through a ring, and the thread gives back onto a stack. The block
 * that was given back last is used next: while the thread keeps up, few blocks are touched and the
 * caches hold them. Neither side takes a lock.
 */
#ifndef SINK_QUEUE_H
#define SINK_QUEUE_H

#include "sink/sink.h"

#include <semaphore.h>

#define SINK_QUEUE_BLOCK                                                                           \
	(256u * 1024) /* octets of a block, where the kind of sink says nothing else */
#define SINK_QUEUE_BLOCK_MAX                                                                       \
	(256u * 1024 * 1024) /* of a block that one document needs for itself */
#define SINK_QUEUE_SPARE 64 /* a block with less than this part of its room left is passed on */

struct queue_block {
	struct sink_block b; /* first: a block is its queue_block */
	struct queue_block *next; /* on the stack of free ones */
	struct sink_queue *queue;
	char *home; /* its own room, to which it returns when a large document is gone */
	struct sink_doc *home_docs;
};

struct sink_queue {
	/* the logger's */
	struct sink_block *at; /* being filled; NULL: none */
	uint32_t fresh; /* blocks from this number on were never used */
	struct metrics_sink metrics;
	/* set at the start */
	uint32_t count __attribute__((aligned(BITS_CACHE_LINE))); /* of blocks */
	uint32_t room, max_docs; /* of a block */
	struct queue_block *blocks;
	struct queue_block **ring; /* count rounded up to a power of two */
	uint32_t mask;
	char *memory;
	size_t memory_bytes;
	sem_t *ready; /* posted for each block that is passed on */
	/* written by the logger, read by the thread */
	uint32_t head __attribute__((aligned(BITS_CACHE_LINE)));
	bool closed; /* nothing more will come */
	/* written by the thread, read by the logger */
	uint32_t tail __attribute__((aligned(BITS_CACHE_LINE)));
	bool hungry; /* the thread has nothing to do */
	bool ended; /* the sink has failed for good: do not write */
	bool spool_full; /* there is no room because the spool has none */
	/* written by both */
	struct queue_block *free __attribute__((aligned(BITS_CACHE_LINE)));
} __attribute__((aligned(BITS_CACHE_LINE)));

/*
 * Makes a queue of `bytes` of memory in blocks of `room` octets, at least three, and touches none
 * of it. `ready` is borrowed. 0 or -ENOMEM.
 */
int sink_queue_init(struct sink_queue *queue, size_t bytes, uint32_t room, sem_t *ready);

/* Has its memory made present, up to SINK_QUEUE_PREFAULT_MAX octets, so that a logger under load
 * need not wait for the kernel just when the receiver is slow. */
#define SINK_QUEUE_PREFAULT_MAX (32u * 1024 * 1024)
void sink_queue_prefault(struct sink_queue *queue);
void sink_queue_free(struct sink_queue *queue);

/* The logger's side. */

/* A free block as queue->at, empty; false: all are with the thread. */
bool sink_queue_alloc(struct sink_queue *queue);

/* Passes queue->at on; nothing where it is NULL or has no document. */
void sink_queue_enqueue(struct sink_queue *queue);

/* Does the thread wait, and nothing is on its way to it? Then even a block that is not full is
 * passed on; only one, or all memory could go into blocks of a document each before the thread
 * awakes. */
static inline bool sink_queue_is_starved(const struct sink_queue *queue)
{
	/* The thread says that it waits no more before it takes a block: look at both in turn. */
	uint32_t tail = __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE);

	return tail == queue->head && __atomic_load_n(&queue->hungry, __ATOMIC_RELAXED);
}

/*
 * Doubles the room of queue->at, which is empty, for one large document: of octets, or of documents
 * where `docs`. 0, -EFBIG, -ENOMEM. The one place where a logger allocates.
 */
int sink_queue_grow(struct sink_queue *queue, bool docs);

/* Passes on what there is and says that nothing more will come. */
void sink_queue_close(struct sink_queue *queue);

/* The thread's side. */

/* The next block, the thread's until sink_queue_release(); NULL: none now. */
struct sink_block *sink_queue_dequeue(struct sink_queue *queue);
void sink_queue_release(struct sink_block *block);

/* Has the logger closed it, and was all of it taken? */
bool sink_queue_is_drained(const struct sink_queue *queue);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The records between one worker and its logger: an arena, and a ring of pointers into it. */
#ifndef ENGINE_QUEUE_H
#define ENGINE_QUEUE_H

#include "engine/memory.h"
#include "record/record.h"

struct rte_ring;

struct queue {
	struct memory ring_memory, arena_memory; /* set before the threads start, like `ring` */
	struct rte_ring *ring;
	struct record_arena arena;
	unsigned idle; /* turns that the worker has waited for the logger */
} __attribute__((aligned(BITS_CACHE_LINE)));

_Static_assert(offsetof(struct queue, ring) / BITS_CACHE_LINE !=
			       offsetof(struct queue, arena) / BITS_CACHE_LINE &&
		       offsetof(struct queue, idle) / BITS_CACHE_LINE !=
			       offsetof(struct queue, arena.tail) / BITS_CACHE_LINE,
	"the worker writes to no cache line that the logger polls");

struct queue_conf {
	size_t bytes; /* of records, RECORD_ARENA_MIN or more */
	bool populate; /* allocate all pages at the start */
	bool waits; /* a full queue makes the worker wait; false: it drops the record */
};

/* Opens a queue, which must not be moved, with the worker's metrics. Returns 0 or -ENOMEM; the
 * caller calls queue_close() in both cases. */
int queue_open(struct queue *q, const struct queue_conf *conf, struct metrics_record *metrics);
void queue_close(struct queue *q);

/* Dequeues up to n records; they are valid until queue_release(). Returns how many. Logger only. */
unsigned queue_dequeue(struct queue *q, void **records, unsigned n);

/* Releases r and all records that were dequeued before r. Logger only. */
static inline void queue_release(struct queue *q, const struct record *r)
{
	record_release(&q->arena, r->end);
}

/* Returns how many records are pending. Any thread. */
unsigned queue_depth(const struct queue *q);

#endif

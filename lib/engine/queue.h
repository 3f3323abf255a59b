/* SPDX-License-Identifier: BSD-3-Clause */
/* Records on their way from one worker to one logger: an arena, and a ring of pointers into it. */
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
	"what the logger reads all the time stands in no cache line that the worker writes");

struct queue_conf {
	size_t bytes; /* of records, RECORD_ARENA_MIN or more */
	bool now; /* make the memory present at the start */
	bool waits; /* a full queue makes the worker wait; false: the record is dropped */
};

/* The queue must not be moved. metrics: the worker's. 0 or -ENOMEM; queue_close() in both cases. */
int queue_open(struct queue *q, const struct queue_conf *conf, struct metrics_record *metrics);
void queue_close(struct queue *q);

/* The logger takes up to n records. How many. They stay until queue_release(). */
unsigned queue_take(struct queue *q, void **records, unsigned n);

/* The logger is done with r and with all records that it took before r. */
static inline void queue_release(struct queue *q, const struct record *r)
{
	record_release(&q->arena, r->end);
}

/* How many records wait. Any thread. */
unsigned queue_depth(const struct queue *q);

#endif

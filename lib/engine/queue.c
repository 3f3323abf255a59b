/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/queue.h"

#include "base/log.h"
#include "rx/idle.h"

#include <errno.h>
#include <rte_ring.h>
#include <string.h>

static void pass(void *to, void **records, unsigned n)
{
	/* The ring holds more records than the arena does: it cannot be full. */
	if (rte_ring_sp_enqueue_bulk(to, records, n, NULL) != n)
		log_error("internal error: the record ring is smaller than its arena");
}

static void wait_for_logger(void *of)
{
	struct queue *q = of;
	idle_turn(&q->idle);
}

int queue_open(struct queue *q, const struct queue_conf *conf, struct metrics_record *metrics)
{
	const unsigned slots = bits_pow2((uint32_t)(conf->bytes / RECORD_SMALLEST) + 1);
	const ssize_t ring_bytes = rte_ring_get_memsize(slots);

	memset(q, 0, sizeof(*q));
	if (ring_bytes < 0 || memory_open(&q->ring_memory, (size_t)ring_bytes, conf->populate) ||
		memory_open(&q->arena_memory, conf->bytes, conf->populate))
		return -ENOMEM;
	q->ring = q->ring_memory.at;
	if (rte_ring_init(q->ring, "records", slots, RING_F_SP_ENQ | RING_F_SC_DEQ))
		return -ENOMEM;
	record_arena_init(&q->arena, q->arena_memory.at, conf->bytes, metrics);
	q->arena.pass = pass;
	q->arena.pass_to = q->ring;
	q->arena.wait = conf->waits ? wait_for_logger : NULL;
	q->arena.wait_of = q;
	return 0;
}

void queue_close(struct queue *q)
{
	q->ring = NULL;
	memory_close(&q->ring_memory);
	memory_close(&q->arena_memory);
}

unsigned queue_dequeue(struct queue *q, void **records, unsigned n)
{
	return rte_ring_sc_dequeue_burst(q->ring, records, n, NULL);
}

unsigned queue_depth(const struct queue *q)
{
	return q->ring ? rte_ring_count(q->ring) : 0;
}

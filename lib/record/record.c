/* SPDX-License-Identifier: BSD-3-Clause */
#include "record/record.h"

void record_arena_init(
	struct record_arena *a, void *base, uint64_t size, struct metrics_record *metrics)
{
	memset(a, 0, sizeof(*a));
	a->base = base;
	a->size = size & ~(uint64_t)(RECORD_MIN - 1);
	a->metrics = metrics;
}

static bool fits(struct record_arena *a, uint64_t end)
{
	if (bits_likely(end - a->tail_seen <= a->size))
		return true;
	a->tail_seen = __atomic_load_n(&a->tail, __ATOMIC_ACQUIRE);
	return end - a->tail_seen <= a->size;
}

struct record *record_begin(struct record_arena *a, uint32_t query_len, uint32_t reply_len)
{
	uint64_t need = sizeof(struct record) + query_len + reply_len + a->trailer;
	need = (need + RECORD_MIN - 1) & ~(uint64_t)(RECORD_MIN - 1);

	uint64_t at = a->head, offset = a->offset;
	if (offset + need > a->size) { /* a record does not wrap around */
		at += a->size - offset;
		offset = 0;
	}
	metrics_add(&a->metrics->made, 1);
	if (bits_unlikely(!fits(a, at + need))) {
		record_flush(a);
		while (a->wait && !fits(a, at + need)) {
			metrics_add(&a->metrics->waits, 1);
			a->wait(a->wait_of);
		}
		if (!fits(a, at + need)) {
			metrics_add(&a->metrics->dropped_full, 1);
			return NULL;
		}
	}
	struct record *r = (struct record *)(a->base + offset);
	memset(r, 0, sizeof(*r));
	a->begun = at;
	r->end = at + need;
	r->query_len = query_len;
	r->reply_len = reply_len;
	return r;
}

/* Octets behind a record to prefetch: these lines are in the logger's cache, and one transaction
 * takes less time than fetching them. */
#define RECORD_AHEAD 1024

void record_commit(struct record_arena *a, struct record *r)
{
	const char *ahead = (const char *)r + RECORD_AHEAD;

	a->offset = (uint64_t)((uint8_t *)r - a->base) + (r->end - a->begun);
	a->head = r->end;
	for (const char *end = (const char *)a->base + a->offset + RECORD_AHEAD; ahead < end;
		ahead += BITS_CACHE_LINE)
		__builtin_prefetch(ahead, 1);
	a->batch[a->pending++] = r;
	if (a->pending == RECORD_BATCH)
		record_flush(a);
}

void record_flush(struct record_arena *a)
{
	if (a->pending) {
		a->pass(a->pass_to, a->batch, a->pending);
		__atomic_store_n(&a->passed, a->head, __ATOMIC_RELAXED);
		a->pending = 0;
	}
}

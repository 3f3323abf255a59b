/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When to try again: after each failure twice as late as before, between two bounds, with jitter so
 * that many appliances do not come back to a server all at once. Pure arithmetic; time is an
 * argument.
 */
#ifndef SINK_BACKOFF_H
#define SINK_BACKOFF_H

#include "base/bits.h"

#include <stdbool.h>
#include <stdint.h>

struct backoff {
	int64_t min_ns; /* the first delay, > 0 */
	int64_t max_ns; /* the largest, >= min_ns */
	int64_t delay_ns; /* of the next failure; 0: as after a success */
	int64_t next_ns; /* not before; as the caller's clock */
	uint64_t random; /* state of the jitter, never 0 */
};

static inline struct backoff backoff_of(uint32_t min_ms, uint32_t max_ms, uint64_t seed)
{
	int64_t min = (int64_t)(min_ms ? min_ms : 1) * 1000000;
	int64_t max = (int64_t)max_ms * 1000000;
	return (struct backoff){.min_ns = min, .max_ns = max < min ? min : max, .random = seed | 1};
}

/* A failure at now_ns: the next try is due half to one delay later. */
static inline void backoff_failed(struct backoff *b, int64_t now_ns)
{
	int64_t delay = b->delay_ns ? b->delay_ns : b->min_ns;
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	b->next_ns = now_ns + delay - (int64_t)(b->random % (uint64_t)(delay / 2 + 1));
	b->delay_ns = delay > b->max_ns / 2 ? b->max_ns : 2 * delay;
}

/* It works: the next failure is the first again. */
static inline void backoff_worked(struct backoff *b)
{
	b->delay_ns = 0;
}

static inline bool backoff_due(const struct backoff *b, int64_t now_ns)
{
	return now_ns >= b->next_ns;
}

#endif

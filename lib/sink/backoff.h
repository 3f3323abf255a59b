/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exponential back-off between two bounds, with jitter so that many appliances do not reconnect to
 * a server at the same time. Time is an argument.
 */
#ifndef SINK_BACKOFF_H
#define SINK_BACKOFF_H

#include "base/bits.h"
#include "base/when.h"

#include <stdbool.h>
#include <stdint.h>

struct backoff {
	int64_t min_ns; /* the first delay, > 0 */
	int64_t max_ns; /* the largest, >= min_ns */
	int64_t delay_ns; /* after the next failure; 0: the first */
	int64_t next_ns; /* when the next try is due, on the caller's clock */
	uint64_t random; /* state of the jitter, never 0 */
};

static inline struct backoff backoff_of(uint32_t min_ms, uint32_t max_ms, uint64_t seed)
{
	int64_t min = (int64_t)(min_ms ? min_ms : 1) * WHEN_NS_PER_MS;
	int64_t max = (int64_t)max_ms * WHEN_NS_PER_MS;
	return (struct backoff){.min_ns = min, .max_ns = max < min ? min : max, .random = seed | 1};
}

/* Handles a failure at now_ns: the next try is due half to one delay later, and the delay doubles.
 */
static inline void backoff_failed(struct backoff *b, int64_t now_ns)
{
	int64_t delay = b->delay_ns ? b->delay_ns : b->min_ns;
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	b->next_ns = now_ns + delay - (int64_t)(b->random % (uint64_t)(delay / 2 + 1));
	b->delay_ns = delay > b->max_ns / 2 ? b->max_ns : 2 * delay;
}

/* Resets the delay after a success. */
static inline void backoff_worked(struct backoff *b)
{
	b->delay_ns = 0;
}

static inline bool backoff_due(const struct backoff *b, int64_t now_ns)
{
	return now_ns >= b->next_ns;
}

#endif

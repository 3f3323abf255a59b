/* SPDX-License-Identifier: BSD-3-Clause */
/* Timestamps in nanoseconds since the epoch: differences, and RFC 3339 text in UTC. */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include "base/bits.h"
#include "base/text.h"

#define WHEN_NS_PER_S 1000000000
#define WHEN_NS_PER_MS 1000000
#define WHEN_NS_PER_US 1000
#define WHEN_LEN 30 /* characters of "2015-10-10T12:13:32.628222000Z" */

/*
 * Returns the nanoseconds from `then` to `now`, negative if `now` is earlier. A capture can hold
 * any 64-bit timestamps, so a difference that overflows saturates.
 */
static inline int64_t when_since(int64_t now_ns, int64_t then_ns)
{
	int64_t ns;
	if (bits_unlikely(__builtin_sub_overflow(now_ns, then_ns, &ns)))
		return now_ns > then_ns ? INT64_MAX : INT64_MIN;
	return ns;
}

/* Returns the time `ns` after `then`, or before it if negative; saturates on overflow. */
static inline int64_t when_after(int64_t then_ns, int64_t ns)
{
	int64_t sum;
	if (bits_unlikely(__builtin_add_overflow(then_ns, ns, &sum)))
		return ns > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

/* Caches the text of the latest second, which consecutive lines share. One per writer; zeroed. */
struct when {
	int64_t second_ns; /* its start */
	char text[20]; /* "2015-10-10T12:13:32." */
	bool filled;
};

/* Appends ns (may be before 1970) with nine decimals and Z. Years beyond 9999 show as 9999. */
void when_text(struct when *w, struct text *t, int64_t ns);

/* Writes the same at `at`, where WHEN_LEN octets must be reserved. Returns its end. */
char *when_text_at(struct when *w, char *at, int64_t ns);

#endif

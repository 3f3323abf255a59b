/* SPDX-License-Identifier: BSD-3-Clause */
/* Nanoseconds since the epoch: <-> RFC 3339 text in UTC, and the time between two of them. */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include "base/bits.h"
#include "base/text.h"

#define WHEN_NS_PER_S 1000000000
#define WHEN_NS_PER_MS 1000000
#define WHEN_NS_PER_US 1000
#define WHEN_LEN 30 /* characters of "2015-10-10T12:13:32.628222000Z" */

/*
 * Nanoseconds from `then` to `now`, negative if that is the earlier one. A capture may claim any
 * stamp that 64 bits hold: a difference that they do not hold is the greatest, or the least, that
 * they do.
 */
static inline int64_t when_since(int64_t now_ns, int64_t then_ns)
{
	int64_t ns;
	if (bits_unlikely(__builtin_sub_overflow(now_ns, then_ns, &ns)))
		return now_ns > then_ns ? INT64_MAX : INT64_MIN;
	return ns;
}

/* `ns` later, or earlier if it is negative; no further than 64 bits go. */
static inline int64_t when_after(int64_t then_ns, int64_t ns)
{
	int64_t sum;
	if (bits_unlikely(__builtin_add_overflow(then_ns, ns, &sum)))
		return ns > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

/* Remembers the second last shown: neighbours in a log share it. One per writer; zero to start. */
struct when {
	int64_t second_ns; /* its start */
	char text[20]; /* "2015-10-10T12:13:32." */
	bool filled;
};

/* Appends ns (may be before 1970) with nine decimals and Z. Years beyond 9999 show as 9999. */
void when_text(struct when *w, struct text *t, int64_t ns);

/* The same without asking for the room of WHEN_LEN. Where to go on. */
char *when_text_at(struct when *w, char *at, int64_t ns);

#endif

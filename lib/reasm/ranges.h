/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which octets of a stream have arrived: a short sorted list of stretches of sequence numbers, each
 * with the time of its segment. Arithmetic only. Sequence numbers wrap (RFC 9293 section 3.4): all
 * numbers of one list lie within 2^31 of each other.
 */
#ifndef REASM_RANGES_H
#define REASM_RANGES_H

#include "base/bits.h"

#include <stdbool.h>

#define RANGES_MAX 32 /* bounds the steps that a segment can cost */

/* In the place of a time: octets that were on the wire and will never be seen. */
#define RANGE_CUT INT64_MIN

enum {
	RANGE_SUSPECT = 1, /* its segment's checksum was wrong */
	RANGE_UNSEEN_ACK = 4, /* its segment acknowledged octets that the capture does not hold */
	RANGE_DOUBT = RANGE_SUSPECT | RANGE_UNSEEN_ACK, /* not used while it may be a forgery */
	RANGE_AMBIGUOUS = 2, /* sent with other octets, too, or accepted despite its checksum */
};

struct range {
	uint32_t from, to; /* first octet, one past the last */
	int64_t ts_ns; /* when it arrived; RANGE_CUT */
	/* the segment that brought it: other segments may have taken octets at its ends */
	uint16_t before, behind;
	uint8_t flags;
};

struct ranges {
	uint32_t count;
	struct range at[RANGES_MAX]; /* ascending, not overlapping, none empty */
};

/* How far a stands behind b in the stream; negative: before it. */
static inline int32_t ranges_ahead(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/*
 * The first stretch of [*from, to) that is in no range: true, and the stretch in *from and *end; or
 * false where there is none.
 */
bool ranges_missing(const struct ranges *r, uint32_t *from, uint32_t to, uint32_t *end);

/* Octets of [from, to) that are in no range. */
uint32_t ranges_missing_octets(const struct ranges *r, uint32_t from, uint32_t to);

/*
 * Adds a stretch that is in no range yet and leaves `spare` places of the list free. Where the list
 * is full, neighbours that touch become one, with the later of their times. False, and nothing but
 * that changed, where it stays full.
 */
bool ranges_add(struct ranges *r, const struct range *new, uint32_t spare);

/*
 * Gives what [new->from, new->to) has of the range that holds it to a new one. False, and nothing
 * changed, where there is no place left in the list.
 */
bool ranges_replace(struct ranges *r, const struct range *new);

/* Octets that stand without a hole from `base` on, up to the first that is absent, cut or in doubt.
 */
uint32_t ranges_run(const struct ranges *r, uint32_t base);

/* The first range that does not end before or at seq, or NULL. */
struct range *ranges_behind(struct ranges *r, uint32_t seq);

/*
 * Forgets everything before `upto`. Returns the latest time of what is forgotten, and adds its
 * flags to *flags. What follows without a hole takes over that time if it is later: an octet is of
 * use once all before it are.
 */
int64_t ranges_drop(struct ranges *r, uint32_t upto, uint8_t *flags);

/* Octets that have arrived: of all ranges that are not cut. */
uint32_t ranges_octets(const struct ranges *r);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which octets of a stream have arrived: a short sorted list of ranges of sequence numbers, each
 * with the time of its segment. Arithmetic only. Sequence numbers wrap (RFC 9293 section 3.4): all
 * numbers of one list lie within 2^31 of each other.
 */
#ifndef REASM_TCP_RANGES_H
#define REASM_TCP_RANGES_H

#include "base/bits.h"

#include <stdbool.h>

#define TCP_RANGES_MAX 32 /* bounds the steps that a segment can cost */

/* Instead of a time: octets that were sent, and that the capture truncated. */
#define TCP_RANGE_CUT INT64_MIN

enum {
	TCP_RANGE_SUSPECT = 1, /* its segment's checksum was wrong */
	TCP_RANGE_AMBIGUOUS = 2, /* sent with other octets, too, or accepted in spite of a doubt */
	TCP_RANGE_UNSEEN_ACK = 4, /* its segment acknowledged octets that the capture lacks */
	/* not used while it may be a forgery */
	TCP_RANGE_DOUBT = TCP_RANGE_SUSPECT | TCP_RANGE_UNSEEN_ACK,
};

struct tcp_range {
	uint32_t from, to; /* first octet, one past the last */
	int64_t ts_ns; /* of its segment; TCP_RANGE_CUT */
	/* octets of its segment in front of it and behind it, which may belong to other ranges */
	uint16_t before, behind;
	uint8_t flags;
};

struct tcp_ranges {
	uint32_t count;
	uint32_t loose; /* neighbours may touch, so that compaction may find some to join */
	struct tcp_range at[TCP_RANGES_MAX]; /* ascending, disjoint, none empty */
};

/* Returns how far a is behind b in the stream; negative if it is before b. */
static inline int32_t tcp_seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/*
 * Finds the first gap in [*from, to). Returns true and the gap in *from and *end, or false if there
 * is none.
 */
bool tcp_ranges_gap(const struct tcp_ranges *r, uint32_t *from, uint32_t to, uint32_t *end);

/* Returns the octets of [from, to) that are in no range. */
uint32_t tcp_ranges_gap_octets(const struct tcp_ranges *r, uint32_t from, uint32_t to);

/*
 * Adds a range that overlaps no other, and leaves `spare` places of the list free. If the list is
 * full, neighbours that touch are joined, with the later of their times. Returns false, and changes
 * nothing else, if it stays full.
 */
bool tcp_ranges_add(struct tcp_ranges *r, const struct tcp_range *new, uint32_t spare);

/*
 * Replaces [new->from, new->to), which one range holds, by a new range. Returns false, and changes
 * nothing, if the list is full.
 */
bool tcp_ranges_replace(struct tcp_ranges *r, const struct tcp_range *new);

/* Returns the octets without a gap from `base` on, up to the first that is cut or in doubt. */
uint32_t tcp_ranges_run(const struct tcp_ranges *r, uint32_t base);

/* Returns the first range that ends behind seq, or NULL; the search begins at the first range. */
struct tcp_range *tcp_ranges_after(struct tcp_ranges *r, uint32_t seq);

/* The same, but the search begins at the last range. */
struct tcp_range *tcp_ranges_after_late(struct tcp_ranges *r, uint32_t seq);

/* Clears flags of the ranges that begin before `end`. */
void tcp_ranges_clear(struct tcp_ranges *r, uint32_t end, uint8_t flags);

/*
 * Removes everything before `end`. Returns the latest time of what it removes, and adds the flags
 * to *flags. A range that follows without a gap gets that time if it is later than its own: an
 * octet can be used once all octets before it have arrived.
 */
int64_t tcp_ranges_remove(struct tcp_ranges *r, uint32_t end, uint8_t *flags);

/* Returns the octets of all ranges that are not cut. */
uint32_t tcp_ranges_octets(const struct tcp_ranges *r);

#endif

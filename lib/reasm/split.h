/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream of octets into DNS messages: each stands behind its length, two octets in network order
 * (RFC 1035 section 4.2.2, RFC 7766 section 8). Where the place in the stream is not known (joined
 * in the middle, octets lost) the next octets that look like a length and a DNS message are found.
 */
#ifndef REASM_SPLIT_H
#define REASM_SPLIT_H

#include "base/bits.h"

#include <stdbool.h>
#include <stddef.h>

#define SPLIT_HEADER 12 /* octets of a DNS header */
#define SPLIT_MESSAGE_MAX 65535

/*
 * No more octets than these are looked at to tell a message: length, header, name, fixed part.
 * Given so many, split_take() moves on.
 */
#define SPLIT_LOOK (2 + SPLIT_HEADER + 255 + 10)

enum split_mode {
	SPLIT_FRAME, /* at a length, or in the message behind it */
	SPLIT_DISCARD, /* in the rest of a message of which a part is lost */
	SPLIT_SEARCH, /* anywhere */
};

/* What may be found in a stream: decides on the QR bit. */
enum split_side { SPLIT_EITHER, SPLIT_QUERIES, SPLIT_REPLIES };

struct split {
	uint16_t len; /* of the message, once have is 2; SPLIT_DISCARD: octets to go */
	uint8_t have; /* octets of the length that were read */
	uint8_t mode : 4; /* enum split_mode */
	uint8_t found : 4; /* the place was found by search: a header must look like one */
};

struct split_piece {
	const uint8_t *data; /* a whole message; NULL: none yet */
	uint32_t len;
	uint32_t skipped; /* octets that were no message, or the rest of a lost one */
	uint32_t runts; /* lengths too short for a DNS header: skipped with what they announce */
	bool resync; /* the place was found */
};

/*
 * Reads on in n octets that stand without a hole; `last`: no more will join them. Returns how many
 * were used, with at most one message, at their end. The rest must be given again, with what
 * follows it; less than split_need() octets are not looked at.
 */
uint32_t split_take(struct split *s, const uint8_t *data, uint32_t n, enum split_side side,
	bool last, struct split_piece *piece);

/* Octets without which split_take() can do nothing; at least 1. */
static inline uint32_t split_need(const struct split *s)
{
	return s->mode == SPLIT_FRAME && s->have == 2 ? s->len : 1;
}

/* Is a message in hand? Then more than its octets are of no use to the next split_take(). */
static inline bool split_in_message(const struct split *s)
{
	return s->mode == SPLIT_FRAME && s->have == 2;
}

/*
 * Behind `read` octets of the message in hand (not yet taken), `gone` octets are missing for good.
 * Goes on behind them: in the same message, at the next, or in search of it. True if a message that
 * had begun lost a part.
 */
bool split_gap(struct split *s, uint32_t read, uint32_t gone);

#endif

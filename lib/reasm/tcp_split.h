/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Splits a stream of octets into DNS messages: each follows its length, two octets in network order
 * (RFC 1035 section 4.2.2, RFC 7766 section 8). Where the place in the stream is unknown (joined in
 * the middle, octets lost) it searches the next octets that look like a length and a DNS message.
 */
#ifndef REASM_TCP_SPLIT_H
#define REASM_TCP_SPLIT_H

#include "base/bits.h"

#include <stdbool.h>
#include <stddef.h>

#define TCP_SPLIT_HEADER 12 /* octets of a DNS header */
#define TCP_MESSAGE_MAX 65535

/*
 * Octets that suffice to recognise a message: length, header, name, fixed part of a record. Given
 * so many, tcp_split_parse() makes progress.
 */
#define TCP_SPLIT_LOOK (2 + TCP_SPLIT_HEADER + 255 + 10)

enum tcp_split_mode {
	TCP_SPLIT_FRAME, /* at a length, or in the message behind it */
	TCP_SPLIT_DISCARD, /* in the rest of a message that lost octets */
	TCP_SPLIT_SEARCH, /* anywhere */
};

/* Which messages a stream carries: decides on the QR bit. */
enum tcp_side { TCP_SIDE_EITHER, TCP_SIDE_QUERIES, TCP_SIDE_REPLIES };

struct tcp_split {
	uint16_t len; /* of the message, once have is 2; TCP_SPLIT_DISCARD: octets to skip */
	uint8_t have; /* octets of the length that were read */
	uint8_t mode : 4; /* enum tcp_split_mode */
	uint8_t found : 4; /* the place was found by search: the next header must be plausible */
};

struct tcp_split_result {
	const uint8_t *data; /* a whole message, or NULL */
	uint32_t len;
	uint32_t skipped; /* octets that were no message, or the rest of a lost one */
	uint32_t runts; /* lengths below a DNS header: skipped with what they announce */
	bool resync; /* a search found a message */
};

/*
 * Parses n octets without a gap. `last` says that no more octets will join them. Returns how many
 * octets it consumed, with at most one message, which ends them. The caller passes the others again
 * together with what follows; fewer than tcp_split_need() octets have no effect. The work is linear
 * in n.
 */
uint32_t tcp_split_parse(struct tcp_split *s, const uint8_t *data, uint32_t n, enum tcp_side side,
	bool last, struct tcp_split_result *result);

/* True if the length of a message was read, and the message was not returned yet. */
static inline bool tcp_split_in_message(const struct tcp_split *s)
{
	return s->mode == TCP_SPLIT_FRAME && s->have == 2;
}

/* Returns the octets without which tcp_split_parse() has no effect; at least 1. */
static inline uint32_t tcp_split_need(const struct tcp_split *s)
{
	return tcp_split_in_message(s) ? s->len : 1;
}

/*
 * Skips `lost` octets behind the first `read` octets of the current message, which the caller did
 * not consume. Parsing continues in the same message, at the next, or in search of one. Returns
 * true if a message that had begun lost octets.
 */
bool tcp_split_gap(struct tcp_split *s, uint32_t read, uint32_t lost);

#endif

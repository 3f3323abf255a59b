/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Domain names on the wire (RFC 1035 sections 3.1 and 4.1.4). A compression pointer must point
 * before the labels that it continues, so every walk ends; a name has at most 255 octets and a walk
 * follows at most NAME_JUMPS pointers, so every walk is short.
 */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include "base/text.h"
#include "dns/const.h"

#define NAME_WIRE_MAX 255
#define NAME_JUMPS 128
/* What name_text() reserves: 254 octets, each at most 5 characters ("\\\\DDD"), and a dot. */
#define NAME_TEXT_MAX 1280

/* The octets of a message that names point into. */
struct name_space {
	const uint8_t *data; /* first octet of the header */
	uint32_t len; /* octets captured; at most 65535 */
};

/*
 * Skips the name at `at`. Returns the offset behind it (behind its first pointer, if it has one),
 * or 0 with *error set to DNS_SHORT (the message ends within it) or DNS_NAME (malformed).
 */
uint32_t name_skip(const struct name_space *space, uint32_t at, enum dns_error *error);

/*
 * A cache of names that the text being written already has, as most owners are a pointer to one of
 * them. Zero it for each message. The text must not move meanwhile.
 */
#define NAME_MEMO 8
struct name_memo {
	uint16_t at[NAME_MEMO]; /* offset of the name; 0: empty */
	uint16_t len[NAME_MEMO]; /* characters */
	const char *text[NAME_MEMO];
	bool compressed; /* rdata_text() found compression where RFC 3597 section 4 forbids it */
};

/*
 * Appends the name at `at` in presentation form (RFC 1035 section 5.1: \. \\ \DDD), in the case of
 * the wire, the root as ".". With `dot` it has the form of zone files, as in RDATA: a trailing dot,
 * and a backslash before " ( ) ; @ $ too. Returns as name_skip(); on an error nothing is appended.
 * memo may be NULL.
 */
uint32_t name_text(struct text *t, const struct name_space *space, uint32_t at, bool dot,
	struct name_memo *memo, enum dns_error *error);

/* Returns the offset of the labels that the pointer at `at` leads to; `at` if there is no pointer.
 */
static inline uint32_t name_labels(const struct name_space *space, uint32_t at)
{
	if (at + 2 > space->len || space->data[at] < 0xc0)
		return at;
	uint32_t target = bits_be16(space->data + at) & 0x3fffu;
	return target >= 12 && target < at ? target : at;
}

/* True if the name from `at` to `after` (name_skip()) ends with a pointer. */
bool name_is_compressed(const struct name_space *space, uint32_t at, uint32_t after);

/* True if two uncompressed names of n octets are equal without regard to ASCII case. */
bool name_equal_fold(const uint8_t *a, const uint8_t *b, size_t n);

/* Copies n octets of an uncompressed name in lower case. */
void name_fold(uint8_t *to, const uint8_t *from, size_t n);

#endif

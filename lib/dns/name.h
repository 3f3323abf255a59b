/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Domain names on the wire (RFC 1035 sections 3.1 and 4.1.4). A compression pointer must point
 * strictly before the labels that it continues, so every walk ends; a name has at most 255 octets
 * and a walk at most NAME_JUMPS pointers, so every walk is short.
 */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include "base/text.h"
#include "dns/const.h"

#define NAME_WIRE_MAX 255
#define NAME_JUMPS 128
/* Room that name_text() asks for: 254 octets, each at most 5 characters ("\\\\DDD"), and a dot. */
#define NAME_TEXT_MAX 1280

/* A message, or the part of it that is at hand, as names see it. */
struct name_space {
	const uint8_t *data; /* first octet of the message's header */
	uint32_t len; /* octets at hand; at most 65535 */
};

/*
 * Walks the name at `at`. Returns the offset behind it (behind its first pointer, if it has one),
 * or 0 with *error set to DNS_SHORT (the message ends inside it) or DNS_NAME (broken).
 */
uint32_t name_skip(const struct name_space *space, uint32_t at, enum dns_error *error);

/*
 * Names of one message that stand already in the text being written: most owners are a pointer to
 * one of them. Zero it for each message; only for text that keeps its place meanwhile.
 */
#define NAME_MEMO 8
struct name_memo {
	uint16_t at[NAME_MEMO]; /* offset of the name; 0: empty */
	uint16_t len[NAME_MEMO]; /* characters */
	const char *text[NAME_MEMO];
	bool compressed; /* rdata_text() met compression where RFC 3597 section 4 forbids it */
};

/*
 * Appends the name at `at` in presentation form (RFC 1035 section 5.1: \. \\ \DDD), case as on the
 * wire, root as ".". `dot` asks for the form of zone files, which RDATA has: with the trailing dot,
 * and with a backslash before " ( ) ; @ $ too. Returns as name_skip(); on an error nothing is
 * appended. memo may be NULL.
 */
uint32_t name_text(struct text *t, const struct name_space *space, uint32_t at, bool dot,
	struct name_memo *memo, enum dns_error *error);

/* Where the labels of the name at `at` begin, if it is a bare pointer to labels; else `at`. */
static inline uint32_t name_labels(const struct name_space *space, uint32_t at)
{
	if (at + 2 > space->len || space->data[at] < 0xc0)
		return at;
	uint32_t target = bits_be16(space->data + at) & 0x3fffu;
	return target >= 12 && target < at ? target : at;
}

/* Does the name at `at`, which ends before `after` as name_skip() said, end with a pointer? */
bool name_is_compressed(const struct name_space *space, uint32_t at, uint32_t after);

/* Are two uncompressed names (or questions) of n octets equal without regard to ASCII case? */
bool name_equal_fold(const uint8_t *a, const uint8_t *b, size_t n);

/* Copies n octets of an uncompressed name with A-Z made a-z. */
void name_fold(uint8_t *to, const uint8_t *from, size_t n);

#endif

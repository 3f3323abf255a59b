/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bounded writer of text with a sticky `full`. It never writes past `end` and never ends with a
 * zero octet. Every function that appends does all of its piece or nothing of it, and after the
 * first that did not fit, none does: `full` is asked once, at the end.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bits.h"

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *at; /* next octet to write */
	char *end; /* one past the room */
	char *start; /* first octet */
	bool full; /* something did not fit */
	bool quoted; /* what text_graph appends stands inside a JSON string: escape " and \ */
};

static inline struct text text_of(char *room, size_t size)
{
	return (struct text){.at = room, .end = room + size, .start = room};
}

static inline size_t text_len(const struct text *t)
{
	return (size_t)(t->at - t->start);
}

/* Is there room for n further octets? If not, the writer is full from now on. */
static inline bool text_room(struct text *t, size_t n)
{
	if (bits_likely((size_t)(t->end - t->at) >= n))
		return true;
	t->full = true;
	t->end = t->at;
	return false;
}

static inline void text_put(struct text *t, const void *p, size_t n)
{
	if (text_room(t, n)) {
		memcpy(t->at, p, n);
		t->at += n;
	}
}

/*
 * The first n octets of an array, copied by stores of the array's whole size, for which room is
 * asked.
 */
#define text_padded_put(t, constant, n)                                                            \
	do {                                                                                       \
		if (text_room((t), sizeof(constant))) {                                            \
			memcpy((t)->at, (constant), sizeof(constant));                             \
			(t)->at += (n);                                                            \
		}                                                                                  \
	} while (0)

static inline void text_char(struct text *t, char c)
{
	if (text_room(t, 1))
		*t->at++ = c;
}

/* The writer as it was before text_clamp(). */
struct text_clamp {
	char *start, *end;
	bool tighter; /* than what the writer had anyway */
};

/* Limits the writer to at most n further octets until text_unclamp(). */
static inline struct text_clamp text_clamp(struct text *t, size_t n)
{
	struct text_clamp c = {t->at, t->end, !t->full && (size_t)(t->end - t->at) > n};
	if (c.tighter)
		t->end = t->at + n;
	return c;
}

/*
 * Lifts the limit. False: what was appended since did not fit within it, and is removed. The writer
 * is full afterwards only if it would have been without the limit.
 */
static inline bool text_unclamp(struct text *t, const struct text_clamp *c)
{
	if (!c->tighter)
		return true;
	bool fits = !t->full;
	if (!fits) {
		t->at = c->start;
		t->full = false;
	}
	t->end = c->end;
	return fits;
}

/* A string literal: its length is known at compile time, so this is a few stores. */
#define text_lit(t, literal) text_put((t), "" literal, sizeof(literal) - 1)

static inline void text_str(struct text *t, const char *s)
{
	text_put(t, s, strlen(s));
}

/* One graphic ASCII character of presentation format, escaped where `quoted` asks for it. */
static inline void text_graph(struct text *t, char c)
{
	const char escaped[2] = {'\\', c};
	if (t->quoted && (c == '"' || c == '\\'))
		text_put(t, escaped, sizeof(escaped));
	else
		text_char(t, c);
}

/* "00" to "99", two octets each. */
extern const char text_digits[201];
/* Powers of ten that fit 64 bits: 10^0 to 10^19. */
extern const uint64_t text_tens[20];

/* How many decimal digits v has: 1 to 20. */
static inline unsigned text_width(uint64_t v)
{
	unsigned guess = ((64 - (unsigned)__builtin_clzll(v | 1)) * 1233) >> 12;
	return guess + 1 - (guess < 20 && (v | 1) < text_tens[guess]);
}

/* v in decimal, padded with zeros to exactly n digits (n 1 to 20; v < 10^n), no bounds check. */
static inline void text_digits_at(char *at, uint64_t v, unsigned n)
{
	while (n >= 2) {
		uint64_t q = v / 100;
		memcpy(at + n - 2, text_digits + 2 * (v - q * 100), 2);
		v = q;
		n -= 2;
	}
	if (n)
		at[0] = (char)('0' + v % 10);
}

/*
 * Writing without asking for room, for pieces that many small ones make up: the caller has asked
 * for the room of all of them at once. Each returns where to go on.
 */
#define text_lit_at(at, literal)                                                                   \
	((char *)memcpy((at), "" literal, sizeof(literal) - 1) + sizeof(literal) - 1)

/* v in decimal; room for 20. Below 10^8 all eight digits are made at once, then the zeros in front
 * are shifted out. */
static inline char *text_u64_at(char *at, uint64_t v)
{
	if (bits_likely(v < 100000000)) {
		uint32_t high = (uint32_t)v / 10000, low = (uint32_t)v % 10000;
		const uint32_t pairs[4] = {high / 100, high % 100, low / 100, low % 100};
		uint64_t word = 0;
		for (int i = 0; i < 4; i++) {
			uint16_t two;
			memcpy(&two, text_digits + 2 * pairs[i], sizeof(two));
			word |= (uint64_t)two << 16 * i;
		}
		unsigned zeros =
			(unsigned)__builtin_ctzll((word ^ 0x3030303030303030) | (uint64_t)1 << 56) &
			56;
		word >>= zeros;
		memcpy(at, &word, sizeof(word));
		return at + 8 - zeros / 8;
	}
	unsigned n = text_width(v);
	text_digits_at(at, v, n);
	return at + n;
}

/* n octets in blocks of sixteen; up to fifteen more are read behind them, and written. */
static inline char *text_blocks_at(char *at, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i += 16) {
		char block[16]; /* it may reach into where it goes */
		memcpy(block, from + i, sizeof(block));
		memcpy(at + i, block, sizeof(block));
	}
	return at + n;
}

static inline void text_u64(struct text *t, uint64_t v)
{
	if (bits_likely((size_t)(t->end - t->at) >= 20)) {
		t->at = text_u64_at(t->at, v);
		return;
	}
	unsigned n = text_width(v);
	if (text_room(t, n)) {
		text_digits_at(t->at, v, n);
		t->at += n;
	}
}

/* v in decimal with exactly n digits, zeros in front. */
static inline void text_padded(struct text *t, uint64_t v, unsigned n)
{
	if (text_room(t, n)) {
		text_digits_at(t->at, v, n);
		t->at += n;
	}
}

void text_i64(struct text *t, int64_t v);
/* Octets as lower-case or upper-case hexadecimal digits, without separators. */
void text_hex(struct text *t, const uint8_t *p, size_t n);
void text_hex_upper(struct text *t, const uint8_t *p, size_t n);
/* Octets in base64 (RFC 4648 section 4, padded) and base32hex (section 7, not padded, as NSEC3). */
void text_base64(struct text *t, const uint8_t *p, size_t n);
void text_base32hex(struct text *t, const uint8_t *p, size_t n);
/* Appends as printf does; for messages, not for the hot path. */
void text_format(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

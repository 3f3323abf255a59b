/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bounded writer of text with a sticky `full`. It never writes past `end` and adds no zero octet.
 * Each function appends its piece whole or not at all; after the first piece that did not fit,
 * nothing is appended any more, so that one check of `full` at the end suffices.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bits.h"

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *at; /* next octet to write */
	char *end; /* one past the buffer */
	char *start; /* first octet */
	bool full; /* a piece did not fit */
	bool quoted; /* within a JSON string: text_graph() escapes " and \ */
};

static inline struct text text_of(char *buffer, size_t size)
{
	return (struct text){.at = buffer, .end = buffer + size, .start = buffer};
}

static inline size_t text_len(const struct text *t)
{
	return (size_t)(t->at - t->start);
}

/* Reserves n octets. On failure the writer is full for good. */
static inline bool text_reserve(struct text *t, size_t n)
{
	if (bits_likely((size_t)(t->end - t->at) >= n))
		return true;
	t->full = true;
	t->end = t->at;
	return false;
}

static inline void text_put(struct text *t, const void *p, size_t n)
{
	if (text_reserve(t, n)) {
		memcpy(t->at, p, n);
		t->at += n;
	}
}

/* Appends the first n octets of an array by stores of its whole size, which it reserves: a constant
 * size costs a few stores instead of a call. */
#define text_padded_put(t, constant, n)                                                            \
	do {                                                                                       \
		if (text_reserve((t), sizeof(constant))) {                                         \
			memcpy((t)->at, (constant), sizeof(constant));                             \
			(t)->at += (n);                                                            \
		}                                                                                  \
	} while (0)

static inline void text_char(struct text *t, char c)
{
	if (text_reserve(t, 1))
		*t->at++ = c;
}

/* The writer as it was before text_clamp(). */
struct text_clamp {
	char *start, *end;
	bool tighter; /* the limit is below what the buffer had left */
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
 * Lifts the limit. Returns false if what was appended since exceeded it; that is removed then, and
 * the writer is not full. A writer that was full before text_clamp() stays so.
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

/* Appends a string literal: its length is a constant, so this is a few stores. */
#define text_lit(t, literal) text_put((t), "" literal, sizeof(literal) - 1)

static inline void text_str(struct text *t, const char *s)
{
	text_put(t, s, strlen(s));
}

/* Appends a graphic ASCII character of the presentation format, escaped if `quoted` is set. */
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

/* Returns the number of decimal digits of v: 1 to 20. */
static inline unsigned text_width(uint64_t v)
{
	unsigned guess = ((64 - (unsigned)__builtin_clzll(v | 1)) * 1233) >> 12;
	return guess + 1 - (guess < 20 && (v | 1) < text_tens[guess]);
}

/* Writes v in decimal, padded with zeros to n digits (1 to 20; v < 10^n), without a bounds check.
 */
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
 * The functions ..._at() write without a bounds check, for pieces made of many small ones: the
 * caller has reserved the octets of all of them. Each returns the end of what it wrote.
 */
#define text_lit_at(at, literal)                                                                   \
	((char *)memcpy((at), "" literal, sizeof(literal) - 1) + sizeof(literal) - 1)

/* Writes v in decimal: 20 octets must be reserved. Below 10^8 all eight digits are made at once,
 * then the leading zeros are shifted out. */
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

/* Copies n octets in blocks of sixteen: up to fifteen more are read behind them, and written. */
static inline char *text_blocks_at(char *at, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i += 16) {
		char block[16]; /* source and destination may overlap */
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
	if (text_reserve(t, n)) {
		text_digits_at(t->at, v, n);
		t->at += n;
	}
}

/* Appends v in decimal, padded with zeros to n digits. */
static inline void text_padded(struct text *t, uint64_t v, unsigned n)
{
	if (text_reserve(t, n)) {
		text_digits_at(t->at, v, n);
		t->at += n;
	}
}

void text_i64(struct text *t, int64_t v);
/* Append octets as lower-case or upper-case hexadecimal digits, without separators. */
void text_hex(struct text *t, const uint8_t *p, size_t n);
void text_hex_upper(struct text *t, const uint8_t *p, size_t n);
/* Append octets in base64 (RFC 4648 section 4, padded), and in base32hex (section 7, unpadded). */
void text_base64(struct text *t, const uint8_t *p, size_t n);
void text_base32hex(struct text *t, const uint8_t *p, size_t n);
/* Appends as printf does; for messages, not for the hot path. */
void text_format(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

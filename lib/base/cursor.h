/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bounded reader with a sticky error: read all fields of a format, then check `bad` once. A read
 * past the end returns zero, does not advance and sets `bad`, after which no read advances.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include "base/bits.h"

#include <stdbool.h>
#include <stddef.h>

struct cursor {
	const uint8_t *at; /* next octet */
	const uint8_t *end; /* one past the last */
	bool bad; /* a read went past the end */
};

static inline struct cursor cursor_of(const uint8_t *data, size_t len)
{
	return (struct cursor){.at = data, .end = data + len, .bad = false};
}

static inline size_t cursor_remaining(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

/* Returns the address of the next n octets and advances, or NULL with `bad` set if fewer are left.
 */
static inline const uint8_t *cursor_read(struct cursor *c, size_t n)
{
	if (bits_unlikely(c->bad || cursor_remaining(c) < n)) {
		c->bad = true;
		return NULL;
	}
	const uint8_t *p = c->at;
	c->at += n;
	return p;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_read(c, 1);
	return p ? *p : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_read(c, 2);
	return p ? bits_be16(p) : 0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_read(c, 4);
	return p ? bits_be32(p) : 0;
}

#endif

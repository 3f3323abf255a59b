/* SPDX-License-Identifier: BSD-3-Clause */
/* Branch hints, array length, cache lines, unaligned big-endian loads, copies of messages. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define bits_likely(x) __builtin_expect(!!(x), 1)
#define bits_unlikely(x) __builtin_expect(!!(x), 0)
#define BITS_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BITS_CACHE_LINE 64

/* Rounds up to whole cache lines. */
#define BITS_WHOLE_LINES(octets)                                                                   \
	(((size_t)(octets) + BITS_CACHE_LINE - 1) & ~(size_t)(BITS_CACHE_LINE - 1))

/* Load a number in network byte order from any alignment. The caller has checked the bounds. */
static inline uint16_t bits_be16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return __builtin_bswap16(v);
}

static inline uint32_t bits_be32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint64_t bits_be64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

/*
 * Copies n octets, as memcpy() does, but in blocks of sixteen of which the last overlaps the one
 * before it. Compilers turn a bounded memcpy() into `rep movs`, which starts slowly, and a call
 * costs more than most messages do.
 */
static inline void bits_copy(void *to, const void *from, size_t n)
{
	typedef uint64_t block __attribute__((vector_size(16)));
	uint8_t *d = (uint8_t *)to;
	const uint8_t *s = (const uint8_t *)from;
	block v, last;

	if (bits_unlikely(n < 16 || n > 512)) {
		memcpy(d, s, n);
		return;
	}
	memcpy(&last, s + n - 16, 16);
	for (size_t i = 0; i < n - 16; i += 16) {
		memcpy(&v, s + i, 16);
		memcpy(d + i, &v, 16);
	}
	memcpy(d + n - 16, &last, 16);
}

/* Returns the least power of two that is not below v, which is 1 to 2^31. */
static inline uint32_t bits_pow2(uint32_t v)
{
	return v <= 1 ? 1 : 1u << (32 - __builtin_clz(v - 1));
}

#endif

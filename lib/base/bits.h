/* SPDX-License-Identifier: BSD-3-Clause */
/* Small helpers of the compiler: branch hints, array length, unaligned big-endian loads. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdint.h>
#include <string.h>

#define bits_likely(x) __builtin_expect(!!(x), 1)
#define bits_unlikely(x) __builtin_expect(!!(x), 0)
#define BITS_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BITS_CACHE_LINE 64

/* Loads of network byte order from any alignment. The caller has checked the bounds. */
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

/* The next power of two that is not below v; v is 1 to 2^31. */
static inline uint32_t bits_pow2(uint32_t v)
{
	return v <= 1 ? 1 : 1u << (32 - __builtin_clz(v - 1));
}

#endif

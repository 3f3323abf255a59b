/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A keyed hash for tables that strangers fill: 64 x 64 -> 128 bit multiplications folded with a
 * secret, in the manner of wyhash. Unlike a CRC it is not linear, so two keys that collide under
 * one secret do not collide under another, and nobody outside can choose keys that share a bucket.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/bits.h"

#include <stddef.h>

struct hash_secret {
	uint64_t word[4]; /* random, odd, drawn at start */
};

/* Draws a secret from the kernel. 0 or -errno. */
int hash_draw(struct hash_secret *secret);

/* A fixed secret, for tests that want the same buckets twice. */
struct hash_secret hash_fixed(uint64_t seed);

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Sixteen octets and a running value. */
static inline uint64_t hash_16(const struct hash_secret *s, const void *p, uint64_t h)
{
	uint64_t w[2];
	memcpy(w, p, sizeof(w));
	return hash_mix(w[0] ^ s->word[0], w[1] ^ s->word[1] ^ h);
}

/* Any number of octets. */
uint64_t hash_bytes(const struct hash_secret *s, const void *p, size_t n, uint64_t h);

#endif

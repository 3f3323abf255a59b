/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keyed hashes for tables whose keys an attacker can choose.
 *
 * Keys of a fixed size are hashed by NH, the universal hash of UMAC (Black, Halevi, Krawczyk,
 * Krovetz, Rogaway, CRYPTO '99), over 64-bit words: the sum modulo 2^128 of (a + k) * (b + k') over
 * the pairs of words, each word with a secret word of its own. For any two different keys, chosen
 * without the secret, the sums differ by a given value with a probability of at most 2^-64. Two
 * folded multiplications in the manner of wyhash turn the sum into the hash, so that consecutive
 * keys do not fall into consecutive buckets; both operands of the first are secret. Neither a hash
 * nor the time of a lookup is visible from outside.
 *
 * Octets of any number are hashed by SipHash-1-3 (Aumasson, Bernstein), a pseudorandom function,
 * over the NH sums of whole blocks and over the rest.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/bits.h"

#include <stddef.h>

/* The entries of a bucket at most: with as many buckets as entries, a longer chain has a
 * probability of 10^-35. A table evicts the oldest entry of a full bucket. */
#define HASH_CHAIN 32

#define HASH_PAIRS 4 /* pairs of words of a key at most */

typedef unsigned __int128 hash_sum;

struct hash_secret {
	uint64_t nh[2 * HASH_PAIRS];
	uint64_t mix[4]; /* of the hash of a sum; the last is odd */
	uint64_t sip[2];
};

/* Draws a secret from the kernel. Returns 0 or -errno. */
int hash_draw(struct hash_secret *secret);

/* Returns a fixed secret, for tests that need the same buckets twice. */
struct hash_secret hash_fixed(uint64_t seed);

/* Returns the two halves of the product, combined by XOR. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Returns the term of a key's pair i of words; the sum of its terms goes to hash_of_sum(). */
static inline hash_sum hash_pair(const struct hash_secret *s, unsigned i, uint64_t a, uint64_t b)
{
	return (hash_sum)(uint64_t)(a + s->nh[2 * i]) * (uint64_t)(b + s->nh[2 * i + 1]);
}

/* Returns the term of the sixteen octets at p, as pair i. */
static inline hash_sum hash_16(const struct hash_secret *s, unsigned i, const void *p)
{
	uint64_t w[2];
	memcpy(w, p, sizeof(w));
	return hash_pair(s, i, w[0], w[1]);
}

/* Returns the hash of a key, given the sum of its terms. */
static inline uint32_t hash_of_sum(const struct hash_secret *s, hash_sum sum)
{
	uint64_t h = hash_mix((uint64_t)sum ^ s->mix[0], (uint64_t)(sum >> 64) ^ s->mix[1]);
	return (uint32_t)(hash_mix(h ^ s->mix[2], s->mix[3]) >> 32);
}

/* Returns the hash of n octets and of the number h. */
uint64_t hash_bytes(const struct hash_secret *s, const void *p, size_t n, uint64_t h);

#endif

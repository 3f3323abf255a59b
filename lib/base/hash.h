/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keyed hashes for tables that strangers fill.
 *
 * Keys of a fixed size: NH, the universal hash of UMAC (Black, Halevi, Krawczyk, Krovetz, Rogaway,
 * CRYPTO '99), over 64-bit words: the sum modulo 2^128 of (a + k) * (b + k') over the pairs of
 * words, each word with a secret word of its own, added and not combined by XOR with another part
 * of the key. Whatever two different keys somebody chooses who does not know the secret, their sums
 * differ by any given value with a probability of 2^-64 at most; that covers operands that are
 * zero, equal differences in several words, words that change places. Two folded multiplications in
 * the manner of wyhash make the hash of the sum, so that keys in a row do not fall into buckets in
 * a row; of the first, both operands are secret, and an operand that is zero has the same 2^-64.
 * Nobody outside learns a hash or what a lookup took.
 *
 * Octets of any number: SipHash-1-3 (Aumasson, Bernstein), a pseudorandom function, over the NH
 * sums of whole blocks and over what is left.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/bits.h"

#include <stddef.h>

/* Entries of one bucket that a table looks at: with as many buckets as entries, more than so many
 * have a probability of 10^-35. Who would make it more loses the oldest of the bucket. */
#define HASH_CHAIN 32

#define HASH_PAIRS 4 /* pairs of words that NH takes at most */

typedef unsigned __int128 hash_sum;

struct hash_secret {
	uint64_t nh[2 * HASH_PAIRS];
	uint64_t mix[4]; /* of the hash of a sum; the last is odd */
	uint64_t sip[2];
};

/* Draws a secret from the kernel. 0 or -errno. */
int hash_draw(struct hash_secret *secret);

/* A fixed secret, for tests that want the same buckets twice. */
struct hash_secret hash_fixed(uint64_t seed);

/* Both halves of the product, folded. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* The share of pair i of a key's words in its sum; pairs of one key are added. */
static inline hash_sum hash_pair(const struct hash_secret *s, unsigned i, uint64_t a, uint64_t b)
{
	return (hash_sum)(uint64_t)(a + s->nh[2 * i]) * (uint64_t)(b + s->nh[2 * i + 1]);
}

/* The same of sixteen octets at p. */
static inline hash_sum hash_16(const struct hash_secret *s, unsigned i, const void *p)
{
	uint64_t w[2];
	memcpy(w, p, sizeof(w));
	return hash_pair(s, i, w[0], w[1]);
}

/* The hash of a key by the sum of its pairs. */
static inline uint32_t hash_of_sum(const struct hash_secret *s, hash_sum sum)
{
	uint64_t h = hash_mix((uint64_t)sum ^ s->mix[0], (uint64_t)(sum >> 64) ^ s->mix[1]);
	return (uint32_t)(hash_mix(h ^ s->mix[2], s->mix[3]) >> 32);
}

/* Any number of octets, and a number besides. */
uint64_t hash_bytes(const struct hash_secret *s, const void *p, size_t n, uint64_t h);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys that an attacker chooses so that a weak hash puts them into one bucket: parts of the key
 * cancel each other, operands of a multiplication are zero, words change places. A family may use
 * the form of the hash and other secrets, but not the secret itself.
 */
#ifndef TESTS_SUPPORT_HOSTILE_H
#define TESTS_SUPPORT_HOSTILE_H

#include "base/hash.h"

#include <stdbool.h>

#define HOSTILE_WORDS 6 /* 64-bit words of a key */
#define HOSTILE_KEYS 4096 /* of a family */
#define HOSTILE_BUCKETS 4096

enum hostile_family {
	HOSTILE_XOR, /* the same bits changed in two words */
	HOSTILE_ADD, /* added to two words */
	HOSTILE_SUB, /* added to one, taken from another */
	HOSTILE_SHIFTED, /* the same in two words, at other places */
	HOSTILE_SWAPPED, /* small values that change places */
	HOSTILE_NEGATED, /* a word and its negative */
	HOSTILE_ZERO, /* one word is zero with another secret, another one counts up */
	HOSTILE_TOP, /* the highest bits only */
	HOSTILE_FAMILIES,
};

/* Writes the i-th key of a family, which differs in words a and b. */
static inline void hostile_draw(
	uint64_t w[HOSTILE_WORDS], enum hostile_family family, unsigned a, unsigned b, uint64_t i)
{
	struct hash_secret other = hash_fixed(1234);
	uint64_t x = i << (i % 4 * 16); /* in octets of all places */

	for (unsigned k = 0; k < HOSTILE_WORDS; k++)
		w[k] = 0x0101010101010101u * k;
	switch (family) {
	case HOSTILE_XOR: w[a] ^= x, w[b] ^= x; break;
	case HOSTILE_ADD: w[a] += i, w[b] += i; break;
	case HOSTILE_SUB: w[a] += i, w[b] -= i; break;
	case HOSTILE_SHIFTED: w[a] ^= i, w[b] ^= i << 48; break;
	case HOSTILE_SWAPPED: w[a] = i & 63, w[b] = i >> 6 & 63; break;
	case HOSTILE_NEGATED: w[a] = i, w[b] = -i; break;
	case HOSTILE_ZERO:
		w[a] = i % 3 ? -other.nh[a] : other.nh[a];
		w[b] = i;
		break;
	case HOSTILE_TOP: w[a] = i << 52, w[b] = i % 7 << 61; break;
	case HOSTILE_FAMILIES: break;
	}
}

/* Makes a valid key of the words, in place (ports have 16 bits), and returns its hash. */
typedef uint32_t hostile_hash(const struct hash_secret *s, uint64_t w[HOSTILE_WORDS]);

/* Returns the largest number of different keys of a family in one bucket. */
static inline unsigned hostile_longest(const struct hash_secret *s, hostile_hash *hash,
	enum hostile_family family, unsigned a, unsigned b)
{
	static uint64_t keys[HOSTILE_KEYS][HOSTILE_WORDS];
	static unsigned next[HOSTILE_KEYS], first[HOSTILE_BUCKETS];
	unsigned longest = 0;

	memset(first, 0, sizeof(first));
	for (unsigned i = 1; i < HOSTILE_KEYS; i++) {
		hostile_draw(keys[i], family, a, b, i);
		unsigned *bucket = &first[hash(s, keys[i]) % HOSTILE_BUCKETS], n = 1;
		bool known = false;
		for (unsigned k = *bucket; k && !known; k = next[k], n++)
			known = memcmp(keys[k], keys[i], sizeof(keys[i])) == 0;
		if (known)
			continue;
		next[i] = *bucket;
		*bucket = i;
		longest = n > longest ? n : longest;
	}
	return longest;
}

/* Returns the same for all families, all pairs of words and some secrets. For random keys it
 * reaches 12 with a probability of one in 1,000. */
static inline unsigned hostile_worst(hostile_hash *hash)
{
	unsigned worst = 0;

	for (unsigned seed = 0; seed < 3; seed++) {
		struct hash_secret s = hash_fixed(seed);
		for (int family = 0; family < HOSTILE_FAMILIES; family++)
			for (unsigned a = 0; a < HOSTILE_WORDS; a++)
				for (unsigned b = 0; b < HOSTILE_WORDS; b++) {
					unsigned n =
						a == b ? 0
						       : hostile_longest(&s, hash,
								 (enum hostile_family)family, a, b);
					worst = n > worst ? n : worst;
				}
	}
	return worst;
}

/* The limit for hostile_worst(): the longest chain of 2,880,000 keys is random. */
#define HOSTILE_MAX 16

#endif

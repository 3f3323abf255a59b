/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/hash.h"

#include <errno.h>
#include <sys/random.h>

int hash_draw(struct hash_secret *secret)
{
	if (getrandom(secret, sizeof(*secret), 0) != sizeof(*secret))
		return errno ? -errno : -EIO;
	for (size_t i = 0; i < BITS_COUNT(secret->word); i++)
		secret->word[i] |= 1;
	return 0;
}

struct hash_secret hash_fixed(uint64_t seed)
{
	struct hash_secret s;
	for (size_t i = 0; i < BITS_COUNT(s.word); i++) {
		seed += 0x9e3779b97f4a7c15u;
		s.word[i] = hash_mix(seed, 0xbf58476d1ce4e5b9u) | 1;
	}
	return s;
}

uint64_t hash_bytes(const struct hash_secret *s, const void *p, size_t n, uint64_t h)
{
	const uint8_t *at = p;
	uint8_t tail[16] = {0};

	h ^= n;
	for (; n >= 16; n -= 16, at += 16)
		h = hash_16(s, at, h);
	memcpy(tail, at, n);
	h = hash_16(s, tail, h);
	return hash_mix(h ^ s->word[2], s->word[3]);
}

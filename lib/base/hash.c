/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/hash.h"

#include <errno.h>
#include <sys/random.h>

#define BLOCK ((size_t)16 * HASH_PAIRS)

int hash_draw(struct hash_secret *secret)
{
	if (getrandom(secret, sizeof(*secret), 0) != sizeof(*secret))
		return errno ? -errno : -EIO;
	secret->mix[3] |= 1;
	return 0;
}

struct hash_secret hash_fixed(uint64_t seed)
{
	uint64_t word[sizeof(struct hash_secret) / sizeof(uint64_t)] = {0};
	struct hash_secret s;

	for (size_t i = 0; i < BITS_COUNT(word); i++) { /* SplitMix64 */
		uint64_t z = seed += 0x9e3779b97f4a7c15u;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		word[i] = z ^ z >> 31;
	}
	memcpy(&s, word, sizeof(s));
	s.mix[3] |= 1;
	return s;
}

struct sip {
	uint64_t v[4];
};

static inline uint64_t rotated(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(struct sip *s)
{
	uint64_t *v = s->v;

	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotated(v[1], 13) ^ v[0];
	v[3] = rotated(v[3], 16) ^ v[2];
	v[0] = rotated(v[0], 32) + v[3];
	v[2] += v[1];
	v[1] = rotated(v[1], 17) ^ v[2];
	v[3] = rotated(v[3], 21) ^ v[0];
	v[2] = rotated(v[2], 32);
}

static inline void sip_add(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	sip_round(s);
	s->v[0] ^= word;
}

uint64_t hash_bytes(const struct hash_secret *s, const void *p, size_t n, uint64_t h)
{
	struct sip sip = {{s->sip[0] ^ 0x736f6d6570736575u, s->sip[1] ^ 0x646f72616e646f6du,
		s->sip[0] ^ 0x6c7967656e657261u, s->sip[1] ^ 0x7465646279746573u}};
	const uint8_t *at = p;
	size_t left = n;
	uint64_t word;

	sip_add(&sip, h);
	for (; left >= BLOCK; left -= BLOCK, at += BLOCK) {
		hash_sum sum = 0;
		for (unsigned i = 0; i < HASH_PAIRS; i++)
			sum += hash_16(s, i, at + (size_t)16 * i);
		sip_add(&sip, (uint64_t)sum);
		sip_add(&sip, (uint64_t)(sum >> 64));
	}
	for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sip_add(&sip, word);
	}
	word = 0;
	memcpy(&word, at, left);
	sip_add(&sip, word);
	sip_add(&sip, n);
	sip.v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&sip);
	return sip.v[0] ^ sip.v[1] ^ sip.v[2] ^ sip.v[3];
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive-side scaling that steers both directions of a conversation to one queue, and the same
 * hash in software. The key repeats 0x6d5a, so that the Toeplitz hash depends on the exclusive or
 * of all 16-bit words of the input only: swapping source and destination changes nothing, and
 * software needs two tables of 256. Only addresses are hashed, because fragments have no ports.
 *
 * The software hash decides the owner of a packet; the NIC only saves the hand-off. A NIC that
 * hashes otherwise costs hand-offs between workers and never separates a query from its reply.
 */
#ifndef RX_RSS_H
#define RX_RSS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RSS_KEY_MAX 64
#define RSS_RETA_MAX 2048

struct rss {
	uint16_t high[256], low[256]; /* hash of a word's upper and lower octet */
	uint16_t mask; /* entries of the smallest redirection table of all ports, minus 1 */
	uint16_t queues;
};

/* Writes a key of any length. */
void rss_key(uint8_t *key, size_t len);

/* Initialises the tables. reta_size: entries of the redirection table, a power of 2. */
void rss_init(struct rss *r, uint16_t reta_size, uint16_t queues);

/*
 * Returns the queue of entry i of any port's redirection table: evenly spread, and the same for
 * tables of all sizes.
 */
static inline uint16_t rss_reta(const struct rss *r, uint16_t i)
{
	return (uint16_t)((i & r->mask) % r->queues);
}

/* Returns the hash of one word of the input, in network byte order: each half of the 32-bit hash is
 * XORed with it. */
static inline uint16_t rss_hash_word(const struct rss *r, uint16_t folded)
{
	/* The first octet of a pair is a word's upper one. */
	uint8_t word[2];
	memcpy(word, &folded, sizeof(word));
	return r->high[word[0]] ^ r->low[word[1]];
}

/* Returns the hash of two addresses of 16 octets, IPv4 as ::ffff:0:0/96 or not. Both halves of the
 * 32-bit hash are equal to it. */
static inline uint16_t rss_hash(const struct rss *r, const void *src, const void *dst)
{
	uint64_t a[2], b[2];
	memcpy(a, src, sizeof(a));
	memcpy(b, dst, sizeof(b));
	uint64_t x = a[0] ^ a[1] ^ b[0] ^ b[1];
	x ^= x >> 32;
	x ^= x >> 16;
	return rss_hash_word(r, (uint16_t)x);
}

/* Returns the worker that owns packets between two addresses. */ static inline uint16_t rss_owner(
	const struct rss *r, const void *src, const void *dst)
{
	return rss_reta(r, rss_hash(r, src, dst) & r->mask);
}

#endif

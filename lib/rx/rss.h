/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive-side scaling that brings both directions of a conversation to one queue, and the same
 * hash in software. The key repeats 0x6d5a, so that Toeplitz' hash depends on the exclusive or of
 * all 16-bit words of the input only: swapping source and destination changes nothing, and the
 * software needs two tables of 256. Only addresses are hashed: fragments have no ports.
 *
 * The hash in software decides which worker owns a packet; the NIC's saves handing it off. A NIC
 * that hashes otherwise costs hand-overs between workers and never separates a query from its
 * reply.
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

/* Fills a key of any length. */
void rss_key(uint8_t *key, size_t len);

/* reta_size: a power of two. */
void rss_init(struct rss *r, uint16_t reta_size, uint16_t queues);

/*
 * The queue that entry i of any port's redirection table leads to: evenly spread, and the same for
 * tables of all sizes.
 */
static inline uint16_t rss_reta(const struct rss *r, uint16_t i)
{
	return (uint16_t)((i & r->mask) % r->queues);
}

/* What one word of the input, as it stands in the packet, adds to both halves of the hash. */
static inline uint16_t rss_hash_word(const struct rss *r, uint16_t folded)
{
	/* The first octet of a pair is a word's upper one. */
	uint8_t word[2];
	memcpy(word, &folded, sizeof(word));
	return r->high[word[0]] ^ r->low[word[1]];
}

/* Both halves of the 32-bit hash of two addresses of 16 octets, IPv4 as ::ffff:0:0/96 or not. */
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

static inline uint16_t rss_owner(const struct rss *r, const void *src, const void *dst)
{
	return rss_reta(r, rss_hash(r, src, dst) & r->mask);
}

#endif

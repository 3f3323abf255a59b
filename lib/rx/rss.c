/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/rss.h"

#define RSS_WORD 0x6d5au

void rss_key(uint8_t *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		key[i] = (uint8_t)(i & 1 ? RSS_WORD & 0xff : RSS_WORD >> 8);
}

/* Returns the Toeplitz hash of one 16-bit word: XORs the key's window at each set bit, the most
 * significant first. */
static uint16_t word_hash(unsigned word)
{
	unsigned hash = 0;
	for (unsigned bit = 0; bit < 16; bit++)
		if (word & 0x8000u >> bit)
			hash ^= RSS_WORD << bit | RSS_WORD >> (16 - bit);
	return (uint16_t)hash;
}

void rss_init(struct rss *r, uint16_t reta_size, uint16_t queues)
{
	for (unsigned i = 0; i < 256; i++) {
		r->high[i] = word_hash(i << 8);
		r->low[i] = word_hash(i);
	}
	r->mask = (uint16_t)(reta_size - 1);
	r->queues = queues;
}

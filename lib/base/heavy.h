/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which values are the most frequent, in constant memory: the space-saving counter of Metwally,
 * Agrawal and El Abbadi (2005). A value that makes up more than one in HEAVY_SLOTS of all is always
 * among those counted, and no count is too low. One thread writes, others may read, a little late.
 */
#ifndef BASE_HEAVY_H
#define BASE_HEAVY_H

#include <stdint.h>

#define HEAVY_SLOTS 8
#define HEAVY_COUNT_BITS 48

/* Zeroed: nothing was counted. A slot is a value above HEAVY_COUNT_BITS of its count. */
struct heavy {
	uint64_t slot[HEAVY_SLOTS];
};

static inline uint64_t heavy_count(uint64_t slot)
{
	return slot & ((UINT64_C(1) << HEAVY_COUNT_BITS) - 1);
}

static inline uint64_t heavy_load(const struct heavy *h, unsigned i)
{
	return __atomic_load_n(&h->slot[i], __ATOMIC_RELAXED);
}

/* Counts a value n times: in its slot, or in that of the least frequent, which it replaces. */
static inline void heavy_add(struct heavy *h, uint16_t value, uint64_t n)
{
	unsigned best = 0;

	for (unsigned i = 0; i < HEAVY_SLOTS; i++) {
		uint64_t slot = heavy_load(h, i);
		if (slot >> HEAVY_COUNT_BITS == value && heavy_count(slot)) {
			best = i;
			break;
		}
		if (heavy_count(slot) < heavy_count(heavy_load(h, best)))
			best = i;
	}
	uint64_t count = heavy_count(heavy_load(h, best)) + n;
	__atomic_store_n(
		&h->slot[best], (uint64_t)value << HEAVY_COUNT_BITS | count, __ATOMIC_RELAXED);
}

/* Adds the counts of another. */
static inline void heavy_merge(struct heavy *h, const struct heavy *from)
{
	for (unsigned i = 0; i < HEAVY_SLOTS; i++) {
		uint64_t slot = heavy_load(from, i);
		if (heavy_count(slot))
			heavy_add(h, (uint16_t)(slot >> HEAVY_COUNT_BITS), heavy_count(slot));
	}
}

/* Returns the count of the most frequent value, and writes it to *value. 0: nothing was counted. */
static inline uint64_t heavy_most(const struct heavy *h, uint16_t *value)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < HEAVY_SLOTS; i++) {
		uint64_t slot = heavy_load(h, i);
		if (heavy_count(slot) > heavy_count(most))
			most = slot;
	}
	*value = (uint16_t)(most >> HEAVY_COUNT_BITS);
	return heavy_count(most);
}

#endif

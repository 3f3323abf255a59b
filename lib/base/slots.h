/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The slots of a bounded, preallocated hash table with chained buckets, and their free list. Slots
 * are numbered from 1, and 0 means none. Each entry of the table embeds a struct slot. The owner
 * compares keys and keeps the entries in lists by age (base/agelist.h).
 */
#ifndef BASE_SLOTS_H
#define BASE_SLOTS_H

#include "base/agelist.h"
#include "base/bits.h"
#include "base/hash.h"

struct slot {
	uint32_t hash;
	uint32_t next; /* in its bucket, or in the free list */
	struct agelink age; /* the owner's */
};

struct slots {
	struct slot *first; /* that of entry 0, which is not used */
	size_t stride; /* octets from one to the next */
	uint32_t *buckets;
	uint32_t mask; /* of a hash; one less than the number of buckets */
	uint32_t capacity;
	uint32_t high_water; /* the highest slot ever used: memory behind it was never touched */
	uint32_t free; /* the slot that was released last */
	uint32_t used;
};

static inline struct slot *slots_at(const struct slots *s, uint32_t n)
{
	return (struct slot *)(void *)((char *)s->first + s->stride * n);
}

/* Returns the first entry of a bucket; the others follow by slot.next. */
static inline uint32_t slots_bucket(const struct slots *s, uint32_t hash)
{
	return s->buckets[hash & s->mask];
}

/* Returns the links of the owner's lists by age. */
static inline struct agelinks slots_ages(const struct slots *s)
{
	return (struct agelinks){&s->first->age, s->stride};
}

/* Returns the oldest entry of a bucket that holds HASH_CHAIN entries, or 0 if it holds fewer. */
static inline uint32_t slots_crowded(const struct slots *s, uint32_t hash)
{
	uint32_t oldest = 0;
	unsigned n = 0;

	for (uint32_t i = slots_bucket(s, hash); i; i = slots_at(s, i)->next, n++)
		oldest = i;
	return n < HASH_CHAIN ? 0 : oldest;
}

/* Takes a free slot, the one released last if there is one. Returns 0 if none is free. */
static inline uint32_t slots_alloc(struct slots *s)
{
	uint32_t n = s->free;

	if (n)
		s->free = slots_at(s, n)->next;
	else if (s->high_water < s->capacity)
		n = ++s->high_water;
	else
		return 0;
	s->used++;
	return n;
}

/* Returns a slot that is in no bucket to the free list. */
static inline void slots_release(struct slots *s, uint32_t n)
{
	slots_at(s, n)->next = s->free;
	s->free = n;
	s->used--;
}

/* Inserts an entry as the youngest of its bucket. */
static inline void slots_insert(struct slots *s, uint32_t n, uint32_t hash)
{
	struct slot *slot = slots_at(s, n);
	slot->hash = hash;
	slot->next = s->buckets[hash & s->mask];
	s->buckets[hash & s->mask] = n;
}

/* Removes an entry from its bucket. */
static inline void slots_remove(struct slots *s, uint32_t n)
{
	const struct slot *slot = slots_at(s, n);
	uint32_t *link = &s->buckets[slot->hash & s->mask];

	while (*link != n)
		link = &slots_at(s, *link)->next;
	*link = slot->next;
}

#endif

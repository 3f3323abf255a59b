/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hash of names in a filter (FNV-1a), computed octet by octet from the end, so that one pass
 * gives the hash of every suffix of a name. It needs no key: the table holds only the operator's
 * names, so names from the network cannot lengthen its probes.
 */
#ifndef SINK_FILTER_INNER_H
#define SINK_FILTER_INNER_H

#include "sink/filter.h"

#define FILTER_HASH 0xcbf29ce484222325ull

static inline uint64_t filter_hash(uint64_t h, uint8_t octet)
{
	return (h ^ octet) * 0x100000001b3ull;
}

/* Returns the slot where the probing for a hash begins. */
static inline size_t filter_slot(const struct filter_domains *d, uint64_t h)
{
	return (size_t)(h >> 32 ^ h) & d->mask;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hash of names in a filter: taken octet by octet from the end, so that one pass gives it for
 * every suffix of a name. The names that it is probed with are a stranger's, those in the table the
 * operator's: nobody can make the table slow.
 */
#ifndef SINK_FILTER_INNER_H
#define SINK_FILTER_INNER_H

#include "sink/filter.h"

#define FILTER_HASH 0xcbf29ce484222325ull

static inline uint64_t filter_hash(uint64_t h, uint8_t octet)
{
	return (h ^ octet) * 0x100000001b3ull;
}

/* Where in the table a hash is looked for first. */
static inline size_t filter_slot(const struct filter_domains *d, uint64_t h)
{
	return (size_t)(h >> 32 ^ h) & d->mask;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bounded set of keyed hashes with their times, for events within a short window, in memory given
 * by the caller. A full bucket evicts its oldest entry.
 */
#ifndef TXN_RECENT_H
#define TXN_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct txn_recent_entry {
	uint64_t hash; /* 0: empty */
	int64_t ts_ns;
	int64_t note; /* of the caller */
};

struct txn_recent {
	struct txn_recent_entry *entries;
	uint32_t mask; /* of the buckets */
	int64_t window_ns;
};

/* Octets of memory for a set of `entries`. */
size_t txn_recent_bytes(uint32_t entries);

/* Starts an empty set. `memory`: zeroed, txn_recent_bytes(entries) octets, the caller's. */
void txn_recent_init(struct txn_recent *r, void *memory, uint32_t entries, int64_t window_ns);

/* Is a hash in the set with a time within the window around ts_ns? Sets *note, unless NULL, to the
 * note it was added with. */
bool txn_recent_find(const struct txn_recent *r, uint64_t hash, int64_t ts_ns, int64_t *note);

/* Adds a hash, or replaces its time and note. */
void txn_recent_add(struct txn_recent *r, uint64_t hash, int64_t ts_ns, int64_t note);

#endif

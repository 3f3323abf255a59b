/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happened within the last moments: a bounded set of keyed hashes with their times, in memory
 * given by the caller. When it is full, the oldest of a bucket makes room, so that it forgets
 * early rather than growing.
 */
#ifndef TXN_RECENT_H
#define TXN_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct txn_recent_entry {
	uint64_t hash; /* 0: empty */
	int64_t ts_ns;
	int64_t note; /* the caller's */
};

struct txn_recent {
	struct txn_recent_entry *entries;
	uint32_t mask; /* of the buckets */
	int64_t window_ns;
};

/* Octets of memory for `entries` of them. */
size_t txn_recent_bytes(uint32_t entries);

/* `memory`: zeroed, txn_recent_bytes(entries) octets, the caller's. */
void txn_recent_init(struct txn_recent *r, void *memory, uint32_t entries, int64_t window_ns);

/* Was it put down within the window around ts_ns? Then *note, if wanted, is what was noted. */
bool txn_recent_find(const struct txn_recent *r, uint64_t hash, int64_t ts_ns, int64_t *note);

/* Puts it down, or anew. */
void txn_recent_add(struct txn_recent *r, uint64_t hash, int64_t ts_ns, int64_t note);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who holds the table of open queries: counts of slots by holder, so that a full table can evict
 * from the holder of most slots, as fair queueing does, at a constant cost. A query has a holder of
 * each kind. The counts are a count-min sketch: cells by keyed hash, two rows for each kind, and
 * the lower of the two is the count. Two holders rarely share both cells, and to make them do so is
 * as hard as a collision of keys (base/hash.h).
 */
#ifndef TXN_HOLDERS_H
#define TXN_HOLDERS_H

#include "base/addr.h"
#include "base/hash.h"

enum txn_holder_kind {
	TXN_HOLDER_SERVER, /* one domain at one server */
	TXN_HOLDER_DOMAIN, /* one domain at all servers */
	TXN_HOLDER_CLIENT, /* one network of clients */
	TXN_HOLDER_KINDS,
};

#define TXN_HOLDERS_ROWS 2

/* The holders of one query, one of each kind, as hashes. */
struct txn_holder_keys {
	uint32_t key[TXN_HOLDER_KINDS];
};

struct txn_holders {
	uint32_t *cells; /* slots, by kind, row and cell */
	uint32_t mask; /* of the cells of a row */
	uint32_t top[TXN_HOLDER_KINDS]; /* key of the holder of most slots of each kind */
	struct hash_secret secret;
};

/* The holder whose queries are evicted. */
struct txn_holders_heaviest {
	enum txn_holder_kind kind; /* its kind */
	enum txn_holder_kind other; /* the kind that tells its queries apart */
	uint32_t slots; /* that it holds */
};

/* Octets of memory for a table of `capacity` slots. */
size_t txn_holders_bytes(uint32_t capacity);

/* Starts with empty counts. `memory`: zeroed, txn_holders_bytes() octets, the caller's. */
void txn_holders_init(
	struct txn_holders *h, void *memory, uint32_t capacity, const struct hash_secret *secret);

/*
 * Returns the holders of a query of `addrs` (client, server) for a name (wire form, uncompressed,
 * len octets; 0: no question). A client counts as its network; a name as its registered domain: the
 * last two labels, three below registries such as co.uk, more in the reverse trees.
 */
struct txn_holder_keys txn_holders_of(const struct txn_holders *h, const struct addr_pair *addrs,
	const uint8_t *name, unsigned len);

/* Add slots to the counts of these holders, and subtract them. */
void txn_holders_add(struct txn_holders *h, const struct txn_holder_keys *keys, uint32_t slots);
void txn_holders_remove(struct txn_holders *h, const struct txn_holder_keys *keys, uint32_t slots);

/* Returns the slots of the holder of one kind. */
static inline uint32_t txn_holders_count(
	const struct txn_holders *h, const struct txn_holder_keys *keys, enum txn_holder_kind kind)
{
	uint32_t key = keys->key[kind], turned = key >> 16 | key << 16;
	const uint32_t *row = h->cells + (size_t)kind * TXN_HOLDERS_ROWS * (h->mask + 1);
	uint32_t a = row[key & h->mask], b = row[h->mask + 1 + (turned & h->mask)];
	return a < b ? a : b;
}

/* Returns the holder of most slots. */
struct txn_holders_heaviest txn_holders_heaviest(const struct txn_holders *h);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who holds the table of open queries: counts of slots by holder, so that a full table can evict
 * from whoever holds most, as fair queueing does, at a constant cost. A query has a holder of each
 * kind. Counts stand in cells by keyed hash, two rows of them for each kind, and the lower of the
 * two counts (a count-min sketch): that two holders share both cells is rare, and that a stranger
 * makes them do so is as hard as to collide with somebody's key (base/hash.h).
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

/* The holders of one query, one of each kind, by their hashes. */
struct txn_holder_keys {
	uint32_t name[TXN_HOLDER_KINDS];
};

struct txn_holders {
	uint32_t *cells; /* of each kind, each row: slots held */
	uint32_t mask; /* of a row's cells */
	uint32_t top[TXN_HOLDER_KINDS]; /* the holder that holds most of its kind */
	struct hash_secret secret;
};

/* Whose queries are to be evicted: of the heaviest holder, and among them by the kind that tells
 * more. */
struct txn_holders_heaviest {
	enum txn_holder_kind kind, other;
	uint32_t most; /* slots that it holds */
};

/* Octets of memory beside a table of `capacity` slots. */
size_t txn_holders_bytes(uint32_t capacity);

/* `memory`: zeroed, txn_holders_bytes() octets, the caller's. */
void txn_holders_init(
	struct txn_holders *h, void *memory, uint32_t capacity, const struct hash_secret *secret);

/*
 * Who holds a query of `addrs` (client, server) for the name (wire form, uncompressed, `len`
 * octets; 0: no question). Clients are told by network, names by the domain that somebody
 * registered: the last two labels, three below registries such as co.uk, more in the reverse trees.
 */
struct txn_holder_keys txn_holders_of(const struct txn_holders *h, const struct addr_pair *addrs,
	const uint8_t *name, unsigned len);

/* Slots that these holders take more, or give back. */
void txn_holders_add(struct txn_holders *h, const struct txn_holder_keys *n, uint32_t slots);
void txn_holders_remove(struct txn_holders *h, const struct txn_holder_keys *n, uint32_t slots);

/* Slots that the holder of a kind has. */
static inline uint32_t txn_holders_count(
	const struct txn_holders *h, const struct txn_holder_keys *n, enum txn_holder_kind kind)
{
	uint32_t name = n->name[kind], turned = name >> 16 | name << 16;
	const uint32_t *row = h->cells + (size_t)kind * TXN_HOLDERS_ROWS * (h->mask + 1);
	uint32_t a = row[name & h->mask], b = row[h->mask + 1 + (turned & h->mask)];
	return a < b ? a : b;
}

struct txn_holders_heaviest txn_holders_heaviest(const struct txn_holders *h);

#endif

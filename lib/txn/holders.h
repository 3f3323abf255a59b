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

enum holder_kind {
	HOLDER_SERVER, /* one domain at one server */
	HOLDER_DOMAIN, /* one domain at all servers */
	HOLDER_CLIENT, /* one network of clients */
	HOLDER_KINDS,
};

#define HOLDERS_ROWS 2

/* The holders of one query, one of each kind, by their hashes. */
struct holder_names {
	uint32_t name[HOLDER_KINDS];
};

struct holders {
	uint32_t *cells; /* of each kind, each row: slots held */
	uint32_t mask; /* of a row's cells */
	uint32_t top[HOLDER_KINDS]; /* the holder that holds most of its kind */
	struct hash_secret secret;
};

/* Whose queries are to be evicted: of the heaviest holder, and among them by the kind that tells
 * more. */
struct holders_heaviest {
	enum holder_kind kind, other;
	uint32_t most; /* slots that it holds */
};

/* Octets of memory beside a table of `capacity` slots. */
size_t holders_bytes(uint32_t capacity);

/* `memory`: zeroed, holders_bytes() octets, the caller's. */
void holders_init(
	struct holders *h, void *memory, uint32_t capacity, const struct hash_secret *secret);

/*
 * Who holds a query of this client and server for the name (wire form, uncompressed, `len` octets;
 * 0: no question). Clients are told by network, names by the domain that somebody registered: the
 * last two labels, three below registries such as co.uk, more in the reverse trees.
 */
struct holder_names holders_of(const struct holders *h, const struct addr *client,
	const struct addr *server, bool v6, const uint8_t *name, unsigned len);

/* Slots that these holders take more, or give back. */
void holders_take(struct holders *h, const struct holder_names *n, uint32_t slots);
void holders_give(struct holders *h, const struct holder_names *n, uint32_t slots);

/* Slots that the holder of a kind has. */
static inline uint32_t holders_count(
	const struct holders *h, const struct holder_names *n, enum holder_kind kind)
{
	uint32_t name = n->name[kind], turned = name >> 16 | name << 16;
	const uint32_t *row = h->cells + (size_t)kind * HOLDERS_ROWS * (h->mask + 1);
	uint32_t a = row[name & h->mask], b = row[h->mask + 1 + (turned & h->mask)];
	return a < b ? a : b;
}

struct holders_heaviest holders_heaviest(const struct holders *h);

#endif

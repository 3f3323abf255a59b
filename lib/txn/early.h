/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replies that came before their queries: where packets come by several queues, two of one
 * conversation may be taken in another order than they were sent. Such replies wait here, copied,
 * in a ring of fixed size, oldest first; whoever is pressed for room lets the oldest go. A packet
 * that is in order never comes here.
 */
#ifndef TXN_EARLY_H
#define TXN_EARLY_H

#include "txn/message.h"

#define TXN_EARLY_OCTETS (4u << 20) /* of the ring: some 8,000 replies over UDP */
#define TXN_EARLY_BUCKETS 8192
/* Replies that wait with one hash: so nobody can make a lookup slow by sending many. */
#define TXN_EARLY_CHAIN 16

struct txn_early_reply {
	uint32_t size; /* octets of the ring, to the next one */
	uint32_t next; /* of the same bucket, younger; a place as in struct txn_early */
	bool gone; /* or no more than room left out at the ring's end: of that, no field follows */
	bool mismatch; /* another question of its base was open when it came */
	struct txn_message m; /* m.pkt is the following, whose payload stands behind it */
	struct pkt pkt;
};

/* A place in the ring is its offset + 1; 0: none. */
struct txn_early {
	uint8_t *ring; /* NULL: no reply waits */
	uint32_t *buckets; /* the oldest of each */
	uint64_t from, upto; /* octets ever freed and ever used; both in whole cache lines */
	uint32_t waiting;
	int64_t wait_ns;
};

/* Octets of memory. */
size_t txn_early_bytes(void);

/* `memory`: zeroed, txn_early_bytes() octets, aligned to a cache line, the caller's. wait_ns: how
 * long a reply waits. */
void txn_early_init(struct txn_early *e, void *memory, int64_t wait_ns);

/* Is there room for a copy of this reply? Else the oldest (txn_early_due(), which then is one) has
 * to go first. */
bool txn_early_has_space(struct txn_early *e, const struct txn_message *m);

/* Copies a reply; txn_early_has_space() said yes. false: too many of its hash wait. */
bool txn_early_enqueue(struct txn_early *e, const struct txn_message *m, bool mismatch);

/* The next reply of this base that waits behind `after` (NULL: from the first on), or NULL. */
struct txn_early_reply *txn_early_next(const struct txn_early *e, const struct txn_table_key *key,
	uint32_t hash, const struct txn_early_reply *after);

/* The oldest, if it came longer ago than it may wait, by the capture's clock; or NULL. With
 * INT64_MAX, whatever is there. */
struct txn_early_reply *txn_early_due(struct txn_early *e, int64_t clock_ns);

/* Takes one out. It stays readable until the next txn_early_enqueue(). */
void txn_early_remove(struct txn_early *e, struct txn_early_reply *r);

#endif

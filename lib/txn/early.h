/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replies that are processed before their queries: where packets come by several queues or from
 * several taps, two of one conversation may arrive in another order than they were sent. A ring of
 * fixed size holds copies of such replies, oldest first. Packets in order never come here.
 */
#ifndef TXN_EARLY_H
#define TXN_EARLY_H

#include "txn/local.h"
#include "txn/message.h"

#define TXN_EARLY_OCTETS (4u << 20) /* of the ring: some 8,000 replies over UDP */
#define TXN_EARLY_BUCKETS 8192
/* Replies in a bucket: many replies with one key cannot make a lookup slow. */
#define TXN_EARLY_CHAIN 16

struct txn_early_reply {
	uint32_t size; /* octets of the ring, up to the next reply */
	uint32_t next; /* younger reply in the same bucket: its place in the ring + 1; 0: none */
	bool removed; /* or padding at the end of the ring, which has no further fields */
	bool mismatch; /* its base had an open query with another question */
	bool duplicate; /* of `query`, unless a later query matches */
	uint32_t hash; /* chooses the bucket */
	struct txn_local_query query;
	struct txn_message m; /* m.pkt points to `pkt`, whose payload follows this struct */
	struct pkt pkt;
};

struct txn_early {
	uint8_t *ring; /* NULL: early replies are not stored */
	uint32_t *buckets; /* place in the ring + 1 of the oldest reply of each; 0: none */
	uint64_t freed, used; /* octets since the start, in whole cache lines */
	uint32_t count; /* replies */
	int64_t wait_ns;
};

/* Octets of memory. */
size_t txn_early_bytes(void);

/*
 * Starts an empty ring. `memory`: zeroed, txn_early_bytes() octets, aligned to a cache line, the
 * caller's. wait_ns: how long a reply waits.
 */
void txn_early_init(struct txn_early *e, void *memory, int64_t wait_ns);

/* True if a copy of this reply fits; if not, evict txn_early_due() first, of which there is one. */
bool txn_early_has_space(struct txn_early *e, const struct txn_message *m);

/*
 * Copies a reply, after txn_early_has_space() returned true, into the bucket of `hash`. Returns the
 * copy, with neither `mismatch` nor `duplicate` set; NULL if the bucket is full.
 */
struct txn_early_reply *txn_early_enqueue(
	struct txn_early *e, const struct txn_message *m, uint32_t hash);

/*
 * Returns the next younger reply with this key behind `after` (NULL: the oldest), or NULL. Finds
 * those that were enqueued with the same hash.
 */
struct txn_early_reply *txn_early_next(const struct txn_early *e, const struct txn_table_key *key,
	uint32_t hash, const struct txn_early_reply *after);

/* Converts a reply into its offset, which no later reply has, */
uint64_t txn_early_offset(const struct txn_early *e, const struct txn_early_reply *r);

/* and an offset into the reply, or NULL if that was removed. */
struct txn_early_reply *txn_early_at(const struct txn_early *e, uint64_t offset);

/*
 * Returns the oldest reply if it has waited too long by the capture's clock, or NULL. INT64_MAX:
 * returns the oldest in any case.
 */
struct txn_early_reply *txn_early_due(struct txn_early *e, int64_t clock_ns);

/* Removes a reply. It stays readable until the next txn_early_enqueue(). */
void txn_early_remove(struct txn_early *e, struct txn_early_reply *r);

#endif

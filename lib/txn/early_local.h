/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Early replies of the local link (local.h) by their names, so that a query to a group finds the
 * replies of hosts that it does not name. A full bucket evicts its oldest entry.
 */
#ifndef TXN_EARLY_LOCAL_H
#define TXN_EARLY_LOCAL_H

#include "txn/early.h"

#define TXN_EARLY_LOCAL_ENTRIES 8192
#define TXN_EARLY_LOCAL_FOUND 64 /* entries that one query finds at most */

struct txn_early_local_entry {
	uint64_t hash; /* of service, realm and name; 0: the entry is empty */
	uint64_t offset; /* txn_early_offset() of the reply */
	uint16_t type; /* of the question or answer with that name */
};

struct txn_early_local {
	struct txn_early_local_entry *entries;
};

/* Octets of memory. */
size_t txn_early_local_bytes(void);

/* Starts an empty index. `memory`: zeroed, txn_early_local_bytes() octets, the caller's. */
void txn_early_local_init(struct txn_early_local *l, void *memory);

/* Indexes a reply by its names. */
void txn_early_local_add(
	struct txn_early_local *l, uint64_t offset, const struct txn_local_names *names);

/*
 * Finds the replies that answer a query, in no order; a reply is found once for each name that
 * matches. Returns how many it wrote to `found`.
 */
unsigned txn_early_local_find(const struct txn_early_local *l, const struct txn_early *early,
	const struct txn_local_query *query, const struct txn_local_names *names,
	struct txn_early_reply *found[TXN_EARLY_LOCAL_FOUND]);

#endif

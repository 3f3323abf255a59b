/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of the local link: multicast DNS (RFC 6762), LLMNR (RFC 4795) and the NetBIOS name service
 * (RFC 1002), where a query goes to a group, any host replies, and replies often repeat no
 * question. What was asked is remembered here by name, so that a reply finds its query by the names
 * that it has; the open queries themselves are table.h's. When a bucket is full its oldest gives
 * way.
 */
#ifndef TXN_LOCAL_H
#define TXN_LOCAL_H

#include "txn/message.h"

#define TXN_LOCAL_ENTRIES 4096
#define TXN_LOCAL_NAMES 16 /* questions of a query, and answers of a reply, that are looked at */

struct txn_local_query {
	uint64_t hash; /* of service, network and name; 0: empty */
	int64_t ts_ns;
	struct txn_table_key key; /* of the query */
	uint32_t slot; /* where it was opened: it may be closed since, and another be there */
	uint16_t qtype;
	bool group; /* it went to a group, or was broadcast */
};

struct txn_local {
	struct txn_local_query *asked;
	const struct txn_table *table;
	struct hash_secret secret;
	int64_t timeout_ns;
};

size_t txn_local_bytes(void);

/* `memory`: zeroed, txn_local_bytes() octets, the caller's, as is the table. */
void txn_local_init(struct txn_local *l, void *memory, const struct txn_table *table,
	const struct hash_secret *secret, int64_t timeout_ns);

/* Does a message belong here? */
static inline bool txn_is_local(const struct txn_message *m)
{
	return dns_port_is_local(m->key.server_port) && m->key.proto == PACKET_UDP;
}

/* A query was opened in a slot. */
void txn_local_add_query(struct txn_local *l, const struct txn_message *m, uint32_t slot);

/*
 * The query that a reply answers, or has answered another reply to within the timeout: *open says
 * which. NULL: none. Of several the oldest; open ones first.
 */
const struct txn_local_query *txn_local_find_query(
	const struct txn_local *l, const struct txn_message *m, bool *open);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of the local link: multicast DNS (RFC 6762), LLMNR (RFC 4795) and the NetBIOS name service
 * (RFC 1002), where a query goes to a group, any host replies, and replies often repeat no
 * question. Queries are indexed here by name, so that a reply finds its query by its own names; the
 * open queries themselves are stored in table.h. A full bucket evicts its oldest entry.
 */
#ifndef TXN_LOCAL_H
#define TXN_LOCAL_H

#include "txn/message.h"

#define TXN_LOCAL_QUERIES 4096 /* entries of the index */
#define TXN_LOCAL_NAMES 16 /* questions and answers of a message that are indexed or looked up */

struct txn_local_query {
	uint64_t hash; /* of service, realm and name; 0: the entry is empty */
	int64_t ts_ns;
	struct txn_table_key key; /* of the query */
	uint32_t slot; /* where it was opened; another query may have taken that slot since */
	uint16_t qtype;
	bool group; /* it was sent to a group or broadcast */
};

struct txn_local {
	struct txn_local_query *queries;
	const struct txn_table *table;
	struct hash_secret secret;
	int64_t timeout_ns;
};

/* The names of a message: a query's questions; a reply's questions and answers. */
struct txn_local_names {
	unsigned count;
	uint64_t hash[TXN_LOCAL_NAMES]; /* of service, realm and name; never 0 */
	uint16_t type[TXN_LOCAL_NAMES];
};

/* Octets of memory. */
size_t txn_local_bytes(void);

/* Starts an empty index. `memory`: zeroed, txn_local_bytes() octets, the caller's, as is the table.
 */
void txn_local_init(struct txn_local *l, void *memory, const struct txn_table *table,
	const struct hash_secret *secret, int64_t timeout_ns);

/* Is this a message of a local-link service? */
static inline bool txn_is_local(const struct txn_message *m)
{
	return dns_port_is_local(m->key.server_port) && m->key.proto == PACKET_UDP;
}

/* Reads the first TXN_LOCAL_NAMES names of a message. */
void txn_local_read_names(
	const struct txn_local *l, const struct txn_message *m, struct txn_local_names *names);

/* Describes a query that was opened in `slot`, with no name yet. */
struct txn_local_query txn_local_query_of(const struct txn_message *m, uint32_t slot);

/* Indexes a query by its names. */
void txn_local_add_query(struct txn_local *l, const struct txn_local_query *query,
	const struct txn_local_names *names);

/*
 * Returns the query that a reply answers, or that another reply has answered within the timeout;
 * *open says which. Prefers open queries, then the oldest. NULL: none. The query is valid until the
 * next txn_local_add_query().
 */
const struct txn_local_query *txn_local_find_query(const struct txn_local *l,
	const struct txn_message *m, const struct txn_local_names *names, bool *open);

/* Does a reply, by its name of this type, answer a query, by its name of type qtype? */
bool txn_local_matches(const struct txn_local_query *query, uint16_t qtype,
	const struct txn_message *m, uint16_t type);

#endif

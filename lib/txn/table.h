/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The open queries of one worker: a bounded, preallocated table.
 *
 * A base (addresses, ports, transport, id) hashes to a bucket; the open queries of one base form a
 * group, oldest first, because a reply without question goes to the oldest and a reply with another
 * question must be told from one that nobody asked for. Groups of more than TXN_TABLE_SCAN also
 * have their later members in a second index by base and question, so that no choice of questions
 * by a stranger makes a lookup slow. All open queries form a list by the time of their latest copy.
 * Of a full table whoever holds most of it loses a query (holders.h).
 */
#ifndef TXN_TABLE_H
#define TXN_TABLE_H

#include "base/addr.h"
#include "base/agelist.h"
#include "base/hash.h"
#include "dns/msg.h"
#include "packet/tunnel.h"
#include "txn/holders.h"

#include <stddef.h>

#define TXN_TABLE_SLOT 512 /* octets of an open query, all told but the two indices (8 octets) */
#define TXN_TABLE_SCAN 8 /* members of a group that are looked at one by one */
#define TXN_TABLE_VLANS 4
#define TXN_TABLE_INLINE 296 /* octets of a query in its first slot */

struct txn_table_key {
	union {
		struct {
			struct addr_pair addrs; /* client, server */
			uint8_t proto;
			uint16_t client_port, server_port;
			uint16_t id;
		};
		struct {
			uint8_t octets[2][ADDR_OCTETS]; /* those of `addrs` */
			uint64_t rest; /* all the others, for one store and one load */
		};
	};
	uint64_t realm; /* VLANs and tunnel, where address plans overlap; else 0 */
};

_Static_assert(sizeof(struct txn_table_key) == 48 && offsetof(struct txn_table_key, rest) == 32 &&
		       offsetof(struct txn_table_key, id) == 38,
	"compared and hashed as octets: no padding");

/*
 * Three cache lines are touched where nothing is unusual: finding a query takes the first, its
 * times and lists are in the second, its header and question in the third. What is rare stands
 * behind.
 */
struct txn_table_entry {
	struct txn_table_key key;
	uint32_t hash; /* of the key */
	uint32_t bucket_next; /* next group in the bucket; of a group's first member only */
	uint32_t group_next; /* next member, younger; 0: none */
	uint32_t group_prev; /* 0: this is the first member */
	/* second cache line */
	uint32_t age_next, age_prev;
	int64_t ts_ns; /* the first copy */
	int64_t last_ns; /* the latest copy */
	int64_t clock_ns; /* the capture's clock at the latest copy */
	uint32_t retries;
	uint32_t query_len, query_wire;
	uint32_t more; /* first of the chained slots that hold the rest of the query; 0: none */
	uint32_t group_last; /* of the first member only */
	uint32_t group_count; /* of the first member only */
	uint16_t name_len; /* octets of the first question's name; 0: no question */
	uint8_t cut;
	uint8_t indexed : 1;
	uint8_t held : 1; /* `holders` is set, and counted */
	uint8_t ambiguous : 2; /* RECORD_AMBIGUOUS_*, of the messages so far */
	uint8_t transfer; /* the caller's: number of its zone transfer; 0: none */
	uint8_t vlans;
	uint8_t tunnelled; /* `tunnel` is set */
	uint8_t timed; /* `rtt_ns` is set */
	/* third cache line */
	uint8_t query[TXN_TABLE_INLINE]; /* the query's first octets */
	struct tunnel tunnel;
	int64_t rtt_ns; /* of the TCP handshake */
	uint32_t index_next; /* in the second index */
	uint32_t question_hash; /* with the key's; where indexed */
	uint16_t vlan[TXN_TABLE_VLANS];
	struct txn_holder_keys holders;
	struct agelink long_link; /* of queries that take several slots */
};

_Static_assert(sizeof(struct txn_table_entry) == TXN_TABLE_SLOT, "an entry fills its slot");
_Static_assert(offsetof(struct txn_table_entry, age_next) == BITS_CACHE_LINE &&
		       offsetof(struct txn_table_entry, query) == 2 * BITS_CACHE_LINE,
	"lines as the comment says");
/* Header, the longest name, type and class stand in the first slot. */
_Static_assert(TXN_TABLE_INLINE >= DNS_HEADER_LEN + NAME_WIRE_MAX + 4, "a question is contiguous");

struct txn_table {
	uint8_t *slots; /* numbered from 1; 0 means none */
	uint32_t *buckets; /* by key: first member of the first group */
	uint32_t *index; /* by key and question */
	uint32_t mask; /* of both */
	uint32_t capacity; /* slots */
	uint32_t
		virgin; /* the last slot that was ever used: no memory is touched before its time */
	uint32_t *returned; /* stack of slots that were given back: the next is taken while it is
			       warm */
	uint32_t free; /* how many are on it */
	uint32_t oldest, youngest;
	uint32_t hand; /* whose turn it is to be looked at by txn_table_victim(); 0: the oldest's */
	uint32_t pressed; /* slots; where more are used, holders are counted */
	uint32_t other_most; /* txn_table_victim()'s, and the next one */
	uint32_t looks;
	uint32_t long_slots; /* slots of queries that take several */
	struct agelist longs; /* these, by when they came */
	struct txn_holders holders;
	uint32_t used; /* slots */
	uint32_t open; /* queries */
	struct hash_secret secret;
};

/* Octets of memory for a table of `capacity` slots. */
size_t txn_table_bytes(uint32_t capacity);

/* Starts an empty table in zeroed memory of txn_table_bytes(), aligned to a cache line. */
void txn_table_init(
	struct txn_table *t, void *memory, uint32_t capacity, const struct hash_secret *secret);

static inline struct txn_table_entry *txn_table_at(const struct txn_table *t, uint32_t slot)
{
	return (struct txn_table_entry *)(t->slots + (size_t)slot * TXN_TABLE_SLOT);
}

uint32_t txn_table_hash(const struct txn_table *t, const struct txn_table_key *key);

/* Ask for the memory of a later txn_table_group(): first call, some work, second call, some work.
 */
static inline void txn_table_prefetch(const struct txn_table *t, uint32_t hash)
{
	__builtin_prefetch(&t->buckets[hash & t->mask]);
}

/* The slot that is taken after `ahead` others. */
static inline uint32_t txn_table_next_slot(const struct txn_table *t, uint32_t ahead)
{
	return ahead < t->free ? t->returned[t->free - 1 - ahead] : t->virgin + 1 + ahead - t->free;
}

/* *ahead: how many queries that are not in the table this was called for; one more if this is
 * another. */
static inline void txn_table_prefetch_entry(
	const struct txn_table *t, uint32_t hash, uint32_t *ahead)
{
	uint32_t slot = t->buckets[hash & t->mask];
	const char *entry =
		(const char *)txn_table_at(t, slot ? slot : txn_table_next_slot(t, *ahead));
	*ahead += slot == 0;
	__builtin_prefetch(entry, 1);
	__builtin_prefetch(entry + BITS_CACHE_LINE, 1);
	__builtin_prefetch(entry + 2 * BITS_CACHE_LINE, 1);
}

/* The oldest open query of a base, or 0. */
uint32_t txn_table_group(const struct txn_table *t, const struct txn_table_key *key, uint32_t hash);

/* The open query of the group `first` with the same question as msg at data, or 0. */
uint32_t txn_table_find(
	const struct txn_table *t, uint32_t first, const struct dns_msg *msg, const uint8_t *data);

/* A chained slot of a long query: the number of the next, then octets. */
#define TXN_TABLE_CHAINED (TXN_TABLE_SLOT - sizeof(uint32_t))

/* Slots that a query of len octets takes. */
static inline uint32_t txn_table_slots(uint32_t len)
{
	if (bits_likely(len <= TXN_TABLE_INLINE))
		return 1;
	return 1 + (uint32_t)((len - TXN_TABLE_INLINE + TXN_TABLE_CHAINED - 1) / TXN_TABLE_CHAINED);
}

/* Why a query has to go before its time: who it is that holds most, or what else. */
enum txn_evict_cause {
	TXN_EVICT_SERVER, /* a domain at one server holds most */
	TXN_EVICT_DOMAIN, /* a domain at all servers does */
	TXN_EVICT_CLIENT, /* a network of clients does */
	TXN_EVICT_LONG, /* queries that take several slots do */
	TXN_EVICT_OLDEST, /* none holds much: the oldest of some */
	TXN_EVICT_BUCKET, /* txn_table_bucket_victim() */
};

/* Can a query of len octets be taken without letting another go? */
bool txn_table_has_space(const struct txn_table *t, uint32_t len);

/*
 * Adds a query (txn_table_has_space() said yes) as the youngest of its base and of all; `first` is
 * what txn_table_group() says now. The caller fills times, lengths on the wire and VLANs.
 */
uint32_t txn_table_add(struct txn_table *t, const struct txn_table_key *key, uint32_t hash,
	uint32_t first, const struct dns_msg *msg, const uint8_t *data, uint32_t len);

/*
 * The query that has to go (txn_table_remove()) because the one that txn_table_add() just gave made
 * its bucket or its bucket of the second index too full (base/hash.h): the oldest there; or 0. To
 * be asked again until then.
 */
uint32_t txn_table_find_bucket_victim(const struct txn_table *t, uint32_t slot);

static inline uint32_t txn_table_bucket_victim(const struct txn_table *t, uint32_t slot)
{
	const struct txn_table_entry *e = txn_table_at(t, slot);
	if (bits_likely(!e->indexed && (e->group_prev || !e->bucket_next)))
		return 0;
	return txn_table_find_bucket_victim(t, slot);
}

/*
 * The query that has to go first so that the table has room, and why; there is one. Takes a few
 * steps on average and a bounded number at most: one where a flood holds the table. Several of one
 * domain or network go in the order in which they came.
 */
uint32_t txn_table_victim(struct txn_table *t, enum txn_evict_cause *cause);

/* Counts a query for its holders, and no longer: txn_table_add()'s and txn_table_remove()'s. */
void txn_table_add_holders(struct txn_table *t, uint32_t slot);
void txn_table_remove_holders(struct txn_table *t, uint32_t slot);

/* Makes a query the youngest: another copy of it was seen. */
void txn_table_touch(struct txn_table *t, uint32_t slot);

/* Copies the query of an entry, query_len octets. */
void txn_table_copy_query(const struct txn_table *t, const struct txn_table_entry *e, uint8_t *to);

/* Removes a query and frees its slots. */
void txn_table_remove(struct txn_table *t, uint32_t slot);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The open queries of one worker: a bounded, preallocated table.
 *
 * A base (addresses, ports, transport, id) hashes to a bucket. The open queries of one base form a
 * group, oldest first: a reply without a question matches the oldest, and a reply with another
 * question is a mismatch only if the base has an open query. Groups of more than TXN_TABLE_SCAN
 * index their later members by base and question, so that many questions cannot make a lookup slow.
 * An age list has all open queries by the time of their latest copy. A full table evicts from the
 * holder of most slots (holders.h).
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

#define TXN_TABLE_SLOT 512 /* octets of an open query, without its 8 octets of the two indices */
#define TXN_TABLE_SCAN 8 /* members of a group that a lookup compares one by one */
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
			uint64_t rest; /* the other fields, for one store and one load */
		};
	};
	uint64_t realm; /* VLANs and tunnel, where address plans overlap; else 0 */
};

_Static_assert(sizeof(struct txn_table_key) == 48 && offsetof(struct txn_table_key, rest) == 32 &&
		       offsetof(struct txn_table_key, id) == 38,
	"compared and hashed as octets: no padding");

/*
 * An ordinary transaction touches three cache lines: the first finds the query, the second has its
 * times and lists, the third its header and question. Rare fields come last.
 */
struct txn_table_entry {
	struct txn_table_key key;
	uint32_t hash; /* of the key */
	uint32_t bucket_next; /* next group in the bucket; of a group's first member only */
	uint32_t group_next; /* next member, younger; 0: none */
	uint32_t group_prev; /* 0: this is the first member */
	/* second cache line */
	struct agelink age;
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
	uint8_t counted : 1; /* `holders` is set and has this query in its counts */
	uint8_t ambiguous : 2; /* RECORD_AMBIGUOUS_*, of the messages so far */
	uint8_t transfer; /* written by the caller: number of its zone transfer; 0: none */
	uint8_t vlans;
	uint8_t tunnelled; /* `tunnel` is set */
	uint8_t timed; /* `rtt_ns` is set */
	/* third cache line */
	uint8_t query[TXN_TABLE_INLINE]; /* first octets of the query */
	struct tunnel tunnel;
	int64_t rtt_ns; /* of the TCP handshake */
	uint32_t index_next; /* in the second index */
	uint32_t question_hash; /* of base and question; if indexed */
	uint16_t vlan[TXN_TABLE_VLANS];
	struct txn_holder_keys holders;
	struct agelink long_age; /* if the query takes several slots */
};

_Static_assert(sizeof(struct txn_table_entry) == TXN_TABLE_SLOT, "an entry fills its slot");
_Static_assert(offsetof(struct txn_table_entry, age) == BITS_CACHE_LINE &&
		       offsetof(struct txn_table_entry, query) == 2 * BITS_CACHE_LINE,
	"cache lines as described");
/* Header, the longest name, type and class fit into the first slot. */
_Static_assert(TXN_TABLE_INLINE >= DNS_HEADER_LEN + NAME_WIRE_MAX + 4, "a question is contiguous");

struct txn_table {
	uint8_t *slots; /* numbered from 1; 0: none */
	uint32_t *buckets; /* by key: first member of the first group */
	uint32_t *index; /* by key and question */
	uint32_t mask; /* of both */
	uint32_t capacity; /* slots */
	uint32_t high_water; /* the last slot ever used: memory behind it was never touched */
	uint32_t *free_slots; /* stack: slots are reused last in, first out, while in the cache */
	uint32_t free_count;
	struct agelist ages; /* open queries by their latest copy */
	uint32_t hand; /* the query that txn_table_victim() examines next; 0: the oldest */
	uint32_t count_above; /* holders are counted while more slots are used */
	uint32_t other_max; /* of txn_table_victim(): high count of the second kind of holder */
	uint32_t budget; /* of txn_table_victim(): queries it may still examine */
	uint32_t long_slots; /* slots of queries that take several */
	struct agelist long_ages; /* these queries by their first copy */
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

/* Prefetches the bucket for a later txn_table_group(). */
static inline void txn_table_prefetch(const struct txn_table *t, uint32_t hash)
{
	__builtin_prefetch(&t->buckets[hash & t->mask]);
}

/* Returns the slot that the query after `ahead` further ones will take. */
static inline uint32_t txn_table_next_slot(const struct txn_table *t, uint32_t ahead)
{
	return ahead < t->free_count ? t->free_slots[t->free_count - 1 - ahead]
				     : t->high_water + 1 + ahead - t->free_count;
}

/*
 * Prefetches the entry of a message, after txn_table_prefetch(): its bucket's, or the slot that a
 * new query will take. *ahead: how many new queries it was called for; counts this one.
 */
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

/* Returns the oldest open query of a base, or 0. */
uint32_t txn_table_group(const struct txn_table *t, const struct txn_table_key *key, uint32_t hash);

/* Returns the open query of the group `first` with the question of msg, which was read from data;
 * or 0. */
uint32_t txn_table_find(
	const struct txn_table *t, uint32_t first, const struct dns_msg *msg, const uint8_t *data);

/* Octets in a chained slot of a long query, behind the number of the next slot. */
#define TXN_TABLE_CHAINED (TXN_TABLE_SLOT - sizeof(uint32_t))

/* Returns how many slots a query of len octets takes. */
static inline uint32_t txn_table_slots(uint32_t len)
{
	if (bits_likely(len <= TXN_TABLE_INLINE))
		return 1;
	return 1 + (uint32_t)((len - TXN_TABLE_INLINE + TXN_TABLE_CHAINED - 1) / TXN_TABLE_CHAINED);
}

/* Why a query is evicted. */
enum txn_evict_cause {
	TXN_EVICT_SERVER, /* one domain at one server holds most slots */
	TXN_EVICT_DOMAIN, /* one domain at all servers does */
	TXN_EVICT_CLIENT, /* one network of clients does */
	TXN_EVICT_LONG, /* queries that take several slots do */
	TXN_EVICT_OLDEST, /* no holder has many: the oldest of some queries */
	TXN_EVICT_BUCKET, /* txn_table_bucket_victim() */
};

/* True if a query of len octets fits; if not, evict txn_table_victim() first. */
bool txn_table_has_space(const struct txn_table *t, uint32_t len);

/*
 * Adds a query, after txn_table_has_space() returned true, as the youngest of its base and of all.
 * `first`: what txn_table_group() returns now. Returns its slot. The caller sets times, lengths on
 * the wire and VLANs.
 */
uint32_t txn_table_add(struct txn_table *t, const struct txn_table_key *key, uint32_t hash,
	uint32_t first, const struct dns_msg *msg, const uint8_t *data, uint32_t len);

/*
 * Returns the oldest query of the bucket that the query in `slot`, just added, overfilled
 * (base/hash.h), or of its bucket in the second index; or 0. The caller removes it and asks again.
 */
uint32_t txn_table_find_bucket_victim(const struct txn_table *t, uint32_t slot);

/* Does the same; fast if `slot` is alone in its bucket. */
static inline uint32_t txn_table_bucket_victim(const struct txn_table *t, uint32_t slot)
{
	const struct txn_table_entry *e = txn_table_at(t, slot);
	if (bits_likely(!e->indexed && (e->group_prev || !e->bucket_next)))
		return 0;
	return txn_table_find_bucket_victim(t, slot);
}

/*
 * Returns the query to evict from a full table, and why. Examines a few queries on average, a
 * bounded number at most, and one if a flood holds the table. Queries of one domain or network are
 * evicted oldest first.
 */
uint32_t txn_table_victim(struct txn_table *t, enum txn_evict_cause *cause);

/* Add a query to the counts of its holders, and subtract it. For table.c. */
void txn_table_add_holders(struct txn_table *t, uint32_t slot);
void txn_table_remove_holders(struct txn_table *t, uint32_t slot);

/* Makes a query the youngest, after another copy of it. */
void txn_table_touch(struct txn_table *t, uint32_t slot);

/* Copies the query of an entry, query_len octets. */
void txn_table_copy_query(const struct txn_table *t, const struct txn_table_entry *e, uint8_t *to);

/* Removes a query and frees its slots. */
void txn_table_remove(struct txn_table *t, uint32_t slot);

#endif

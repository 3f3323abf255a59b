/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/table.h"

static uint32_t bucket_count(uint32_t capacity)
{
	return bits_pow2(capacity);
}

size_t txn_table_bytes(uint32_t capacity)
{
	return ((size_t)capacity + 1) * TXN_TABLE_SLOT +
	       (2 * (size_t)bucket_count(capacity) + capacity) * sizeof(uint32_t) +
	       txn_holders_bytes(capacity);
}

void txn_table_init(
	struct txn_table *t, void *memory, uint32_t capacity, const struct hash_secret *secret)
{
	memset(t, 0, sizeof(*t));
	t->slots = memory;
	t->buckets = (uint32_t *)(t->slots + ((size_t)capacity + 1) * TXN_TABLE_SLOT);
	t->index = t->buckets + bucket_count(capacity);
	t->free_slots = t->index + bucket_count(capacity);
	t->mask = bucket_count(capacity) - 1;
	t->capacity = capacity;
	t->count_above = capacity / 2;
	t->secret = *secret;
	txn_holders_init(&t->holders, t->free_slots + capacity, capacity, secret);
}

uint32_t txn_table_hash(const struct txn_table *t, const struct txn_table_key *key)
{
	return hash_of_sum(&t->secret, hash_16(&t->secret, 0, key->octets[ADDR_CLIENT]) +
					       hash_16(&t->secret, 1, key->octets[ADDR_SERVER]) +
					       hash_pair(&t->secret, 2, key->rest, key->realm));
}

static inline bool key_equal(const struct txn_table_key *a, const struct txn_table_key *b)
{
	typedef uint64_t words __attribute__((vector_size(16)));
	words x[3], y[3];
	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	words other = (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]);
	return (other[0] | other[1]) == 0;
}

uint32_t txn_table_group(const struct txn_table *t, const struct txn_table_key *key, uint32_t hash)
{
	uint32_t slot = t->buckets[hash & t->mask];
	while (slot) {
		const struct txn_table_entry *e = txn_table_at(t, slot);
		if (e->hash == hash && key_equal(&e->key, key))
			return slot;
		slot = e->bucket_next;
	}
	return 0;
}

static bool question_equal(
	const struct txn_table_entry *e, const struct dns_msg *msg, const uint8_t *data)
{
	if (e->name_len != msg->name_len)
		return false;
	if (e->name_len == 0)
		return true;
	const uint8_t *a = e->query + DNS_HEADER_LEN, *b = data + DNS_HEADER_LEN;
	return memcmp(a + e->name_len, b + e->name_len, 4) == 0 &&
	       name_equal_fold(a, b, e->name_len);
}

/* Hashes base and question, the name without regard to case. */
static uint32_t question_hash(
	const struct txn_table *t, uint32_t hash, const struct dns_msg *msg, const uint8_t *data)
{
	uint8_t folded[NAME_WIRE_MAX + 4];
	name_fold(folded, data + DNS_HEADER_LEN, msg->name_len);
	if (msg->name_len)
		memcpy(folded + msg->name_len, data + DNS_HEADER_LEN + msg->name_len, 4);
	return (uint32_t)(hash_bytes(&t->secret, folded, dns_question_len(msg), hash) >> 32);
}

uint32_t txn_table_find(
	const struct txn_table *t, uint32_t first, const struct dns_msg *msg, const uint8_t *data)
{
	uint32_t slot = first;
	for (int i = 0; slot && i < TXN_TABLE_SCAN; i++) {
		const struct txn_table_entry *e = txn_table_at(t, slot);
		if (question_equal(e, msg, data))
			return slot;
		slot = e->group_next;
	}
	if (slot == 0)
		return 0;
	/* Members are indexed if the group has TXN_TABLE_SCAN before them when they are added.
	 * They only move towards the front, so the ones just compared include all others. */
	const struct txn_table_entry *head = txn_table_at(t, first);
	uint32_t hash = question_hash(t, head->hash, msg, data);
	for (slot = t->index[hash & t->mask]; slot; slot = txn_table_at(t, slot)->index_next) {
		const struct txn_table_entry *e = txn_table_at(t, slot);
		if (e->question_hash == hash && key_equal(&e->key, &head->key) &&
			question_equal(e, msg, data))
			return slot;
	}
	return 0;
}

bool txn_table_has_space(const struct txn_table *t, uint32_t len)
{
	return t->capacity - t->used >= txn_table_slots(len);
}

static uint32_t allocate_slot(struct txn_table *t)
{
	t->used++;
	return t->free_count ? t->free_slots[--t->free_count] : ++t->high_water;
}

static void free_slot(struct txn_table *t, uint32_t slot)
{
	t->free_slots[t->free_count++] = slot;
	t->used--;
}

static struct agelinks age_links(const struct txn_table *t)
{
	return (struct agelinks){&txn_table_at(t, 0)->age, TXN_TABLE_SLOT};
}

static struct agelinks long_age_links(const struct txn_table *t)
{
	return (struct agelinks){&txn_table_at(t, 0)->long_age, TXN_TABLE_SLOT};
}

static void age_remove(struct txn_table *t, uint32_t slot)
{
	if (bits_unlikely(t->hand == slot))
		t->hand = txn_table_at(t, slot)->age.younger;
	agelist_remove(&t->ages, age_links(t), slot);
}

void txn_table_touch(struct txn_table *t, uint32_t slot)
{
	if (t->ages.youngest == slot)
		return;
	age_remove(t, slot);
	agelist_append(&t->ages, age_links(t), slot);
}

static void long_append(struct txn_table *t, uint32_t slot)
{
	agelist_append(&t->long_ages, long_age_links(t), slot);
	t->long_slots += txn_table_slots(txn_table_at(t, slot)->query_len);
}

static void long_remove(struct txn_table *t, uint32_t slot)
{
	agelist_remove(&t->long_ages, long_age_links(t), slot);
	t->long_slots -= txn_table_slots(txn_table_at(t, slot)->query_len);
}

static void group_append(struct txn_table *t, uint32_t slot, uint32_t first)
{
	struct txn_table_entry *e = txn_table_at(t, slot);
	e->group_next = 0;
	if (first == 0) {
		uint32_t *bucket = &t->buckets[e->hash & t->mask];
		e->group_prev = 0;
		e->group_last = slot;
		e->group_count = 1;
		e->bucket_next = *bucket;
		*bucket = slot;
		return;
	}
	struct txn_table_entry *head = txn_table_at(t, first);
	e->group_prev = head->group_last;
	txn_table_at(t, head->group_last)->group_next = slot;
	head->group_last = slot;
	head->group_count++;
}

static void store_query(
	struct txn_table *t, struct txn_table_entry *e, const uint8_t *data, uint32_t len)
{
	uint32_t n = len < TXN_TABLE_INLINE ? len : (uint32_t)TXN_TABLE_INLINE;
	bits_copy(e->query, data, n);
	e->query_len = len;
	e->more = 0;
	uint32_t *link = &e->more;
	while (n < len) {
		uint32_t slot = allocate_slot(t), part = len - n;
		uint8_t *chained = (uint8_t *)txn_table_at(t, slot);
		if (part > TXN_TABLE_CHAINED)
			part = TXN_TABLE_CHAINED;
		memcpy(chained + sizeof(uint32_t), data + n, part);
		*link = slot;
		link = (uint32_t *)chained;
		*link = 0;
		n += part;
	}
}

void txn_table_copy_query(const struct txn_table *t, const struct txn_table_entry *e, uint8_t *to)
{
	uint32_t n = e->query_len < TXN_TABLE_INLINE ? e->query_len : (uint32_t)TXN_TABLE_INLINE;
	bits_copy(to, e->query, n);
	for (uint32_t slot = e->more; slot && n < e->query_len;) {
		const uint8_t *chained = (const uint8_t *)txn_table_at(t, slot);
		uint32_t part = e->query_len - n;
		if (part > TXN_TABLE_CHAINED)
			part = TXN_TABLE_CHAINED;
		memcpy(to + n, chained + sizeof(uint32_t), part);
		n += part;
		memcpy(&slot, chained, sizeof(slot));
	}
}

uint32_t txn_table_add(struct txn_table *t, const struct txn_table_key *key, uint32_t hash,
	uint32_t first, const struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	uint32_t slot = allocate_slot(t);
	struct txn_table_entry *e = txn_table_at(t, slot);

	e->key = *key;
	e->hash = hash;
	e->name_len = msg->name_len;
	e->retries = 0;
	e->indexed = 0;
	e->counted = 0;
	e->transfer = 0;
	store_query(t, e, data, len);
	if (bits_unlikely(first && txn_table_at(t, first)->group_count >= TXN_TABLE_SCAN)) {
		e->question_hash = question_hash(t, hash, msg, data);
		e->index_next = t->index[e->question_hash & t->mask];
		t->index[e->question_hash & t->mask] = slot;
		e->indexed = 1;
	}
	group_append(t, slot, first);
	agelist_append(&t->ages, age_links(t), slot);
	t->open++;
	if (bits_unlikely(e->more))
		long_append(t, slot);
	if (bits_unlikely(t->used > t->count_above))
		txn_table_add_holders(t, slot);
	return slot;
}

uint32_t txn_table_find_bucket_victim(const struct txn_table *t, uint32_t slot)
{
	const struct txn_table_entry *e = txn_table_at(t, slot);
	uint32_t at, oldest = 0;
	unsigned n = 0;

	if (e->group_prev == 0)
		for (at = slot; at; at = txn_table_at(t, at)->bucket_next, n++)
			oldest = at;
	if (n > HASH_CHAIN)
		return oldest;
	if (e->indexed)
		for (n = 0, at = slot; at; at = txn_table_at(t, at)->index_next, n++)
			oldest = at;
	return n > HASH_CHAIN ? oldest : 0;
}

/* Returns the link in the bucket that points to `slot`. */
static uint32_t *bucket_link(struct txn_table *t, uint32_t slot)
{
	uint32_t *link = &t->buckets[txn_table_at(t, slot)->hash & t->mask];
	while (*link != slot)
		link = &txn_table_at(t, *link)->bucket_next;
	return link;
}

static void group_remove(struct txn_table *t, uint32_t slot)
{
	struct txn_table_entry *e = txn_table_at(t, slot);
	if (e->group_prev == 0) {
		uint32_t *link = bucket_link(t, slot);
		if (e->group_next == 0) {
			*link = e->bucket_next;
			return;
		}
		struct txn_table_entry *next = txn_table_at(t, e->group_next);
		next->group_prev = 0;
		next->group_last = e->group_last;
		next->group_count = e->group_count - 1;
		next->bucket_next = e->bucket_next;
		*link = e->group_next;
		return;
	}
	struct txn_table_entry *head = txn_table_at(t, txn_table_group(t, &e->key, e->hash));
	txn_table_at(t, e->group_prev)->group_next = e->group_next;
	if (e->group_next)
		txn_table_at(t, e->group_next)->group_prev = e->group_prev;
	else
		head->group_last = e->group_prev;
	head->group_count--;
}

static void index_remove(struct txn_table *t, uint32_t slot)
{
	const struct txn_table_entry *e = txn_table_at(t, slot);
	uint32_t *link = &t->index[e->question_hash & t->mask];
	while (*link != slot)
		link = &txn_table_at(t, *link)->index_next;
	*link = e->index_next;
}

void txn_table_remove(struct txn_table *t, uint32_t slot)
{
	struct txn_table_entry *e = txn_table_at(t, slot);
	group_remove(t, slot);
	age_remove(t, slot);
	if (e->indexed)
		index_remove(t, slot);
	if (bits_unlikely(e->counted))
		txn_table_remove_holders(t, slot);
	if (bits_unlikely(e->more))
		long_remove(t, slot);
	for (uint32_t more = e->more; more;) {
		uint32_t next;
		memcpy(&next, txn_table_at(t, more), sizeof(next));
		free_slot(t, more);
		more = next;
	}
	free_slot(t, slot);
	t->open--;
}

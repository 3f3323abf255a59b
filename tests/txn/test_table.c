/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of open queries alone: its lists, groups, indices and chains stay consistent. */
#include "txn/table.h"

#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

void test_txn_table(void);

static struct txn_table table;
static void *memory;

static void begin(uint32_t capacity)
{
	struct hash_secret secret = hash_fixed(capacity);
	size_t bytes = (txn_table_bytes(capacity) + 63) & ~(size_t)63;
	memory = aligned_alloc(64, bytes);
	memset(memory, 0, bytes);
	txn_table_init(&table, memory, capacity, &secret);
}

static struct txn_table_key key_of(unsigned n)
{
	static const uint8_t client[4] = {192, 0, 2, 1}, server[4] = {192, 0, 2, 53};
	return (struct txn_table_key){.addrs = addr_pair_of(addr_of_v4(client), addr_of_v4(server)),
		.client_port = (uint16_t)(1000 + n),
		.server_port = 53,
		.id = 7,
		.proto = 17};
}

/* Returns the length of a list of slots, which ends within the capacity of the table. */
static unsigned chain_length(uint32_t slot)
{
	unsigned n = 0;
	while (slot) {
		CU_ASSERT_FATAL(slot <= table.high_water && n <= table.capacity);
		memcpy(&slot, txn_table_at(&table, slot), sizeof(slot));
		n++;
	}
	return n;
}

static bool indexed(uint32_t slot)
{
	const struct txn_table_entry *e = txn_table_at(&table, slot);
	uint32_t at = table.index[e->question_hash & table.mask];
	for (unsigned n = 0; at && n <= table.capacity; n++) {
		if (at == slot)
			return true;
		at = txn_table_at(&table, at)->index_next;
	}
	return false;
}

/* Checks a group: links, key, last member, count, and which members are indexed. */
static unsigned check_group(uint32_t first)
{
	const struct txn_table_entry *head = txn_table_at(&table, first);
	uint32_t before = 0;
	unsigned n = 0;
	for (uint32_t slot = first; slot; slot = txn_table_at(&table, slot)->group_next) {
		const struct txn_table_entry *e = txn_table_at(&table, slot);
		CU_ASSERT_FATAL(n < table.capacity);
		CU_ASSERT_EQUAL_FATAL(e->group_prev, before);
		CU_ASSERT_EQUAL_FATAL(e->hash, head->hash);
		CU_ASSERT_EQUAL_FATAL(memcmp(&e->key, &head->key, sizeof(e->key)), 0);
		CU_ASSERT_FATAL(n < TXN_TABLE_SCAN || e->indexed);
		CU_ASSERT_FATAL(!e->indexed || indexed(slot));
		before = slot;
		n++;
	}
	CU_ASSERT_EQUAL_FATAL(head->group_last, before);
	CU_ASSERT_EQUAL_FATAL(head->group_count, n);
	CU_ASSERT_EQUAL_FATAL(txn_table_group(&table, &head->key, head->hash), first);
	return n;
}

/* Checks the whole table. */
static void check_table(void)
{
	unsigned members = 0, aged = 0, slots = 0, in_index = 0, flagged = 0;
	for (uint32_t b = 0; b <= table.mask; b++) {
		uint32_t slot = table.buckets[b];
		for (; slot; slot = txn_table_at(&table, slot)->bucket_next) {
			CU_ASSERT_EQUAL_FATAL(txn_table_at(&table, slot)->hash & table.mask, b);
			members += check_group(slot);
			CU_ASSERT_FATAL(members <= table.open);
		}
		for (slot = table.index[b]; slot; slot = txn_table_at(&table, slot)->index_next)
			CU_ASSERT_FATAL(in_index++ <= table.open);
	}
	uint32_t before = 0;
	for (uint32_t slot = table.ages.oldest; slot;
		slot = txn_table_at(&table, slot)->age.younger) {
		const struct txn_table_entry *e = txn_table_at(&table, slot);
		CU_ASSERT_EQUAL_FATAL(e->age.older, before);
		before = slot;
		aged++;
		slots += 1 + chain_length(e->more);
		flagged += e->indexed;
		CU_ASSERT_FATAL(aged <= table.open);
	}
	CU_ASSERT_EQUAL_FATAL(table.ages.youngest, before);
	CU_ASSERT_EQUAL_FATAL(members, table.open);
	CU_ASSERT_EQUAL_FATAL(aged, table.open);
	CU_ASSERT_EQUAL_FATAL(in_index, flagged);
	CU_ASSERT_EQUAL_FATAL(slots, table.used);
	CU_ASSERT_EQUAL_FATAL(table.used + table.free_count, table.high_water);
	CU_ASSERT_FATAL(table.high_water <= table.capacity);
}

static uint32_t add(const struct txn_table_key *key, const struct wire *w)
{
	struct dns_msg msg;
	uint32_t hash = txn_table_hash(&table, key);
	CU_ASSERT_EQUAL_FATAL(dns_msg_read(&msg, w->octets, w->len), DNS_OK);
	CU_ASSERT_TRUE_FATAL(txn_table_has_space(&table, w->len));
	return txn_table_add(
		&table, key, hash, txn_table_group(&table, key, hash), &msg, w->octets, w->len);
}

static uint32_t find(const struct txn_table_key *key, const struct wire *w)
{
	struct dns_msg msg;
	uint32_t first = txn_table_group(&table, key, txn_table_hash(&table, key));
	CU_ASSERT_EQUAL_FATAL(dns_msg_read(&msg, w->octets, w->len), DNS_OK);
	return first ? txn_table_find(&table, first, &msg, w->octets) : 0;
}

static void draw_query(struct wire *w, unsigned question)
{
	char name[32];
	snprintf(name, sizeof(name), "n%u.example", question);
	wire_message(w, 7, 0, name, 1);
	if (random() % 4 == 0)
		wire_fill(w, question, (size_t)random() % 2000);
}

/* Random adds, lookups, touches and removals on few bases, checked after each. */
static void random_work(void)
{
	enum { BASES = 4, QUESTIONS = 40 };
	static struct wire w;
	uint32_t held[BASES][QUESTIONS] = {0};
	srandom(11);
	begin(150);
	for (int i = 0; i < 12000; i++) {
		unsigned b = (unsigned)random() % BASES, q = (unsigned)random() % QUESTIONS;
		struct txn_table_key key = key_of(b);
		draw_query(&w, q);
		CU_ASSERT_EQUAL_FATAL(find(&key, &w), held[b][q]);
		/* phases: mostly adding, mostly removing */
		bool grow = random() % 8 < (i / 500 % 2 ? 2 : 6);
		if (held[b][q] && !grow) {
			txn_table_remove(&table, held[b][q]);
			held[b][q] = 0;
		} else if (held[b][q]) {
			txn_table_touch(&table, held[b][q]);
			CU_ASSERT_EQUAL(table.ages.youngest, held[b][q]);
		} else if (grow && txn_table_has_space(&table, w.len)) {
			held[b][q] = add(&key, &w);
			CU_ASSERT_EQUAL(table.ages.youngest, held[b][q]);
		}
		check_table();
	}
	while (table.ages.oldest)
		txn_table_remove(&table, table.ages.oldest);
	check_table();
	CU_ASSERT_EQUAL(table.used, 0);
	free(memory);
}

/* A group keeps the order of arrival, whichever member is removed. */
static void order_in_group(void)
{
	enum { MANY = 30 };
	static struct wire w;
	struct txn_table_key key = key_of(0);
	uint32_t slots[MANY];
	for (unsigned leave = 0; leave < MANY; leave++) {
		begin(512);
		for (unsigned i = 0; i < MANY; i++) {
			draw_query(&w, i);

			slots[i] = add(&key, &w);
		}
		for (unsigned i = 0; i < MANY; i += 3)
			txn_table_touch(&table, slots[i]);
		txn_table_remove(&table, slots[leave]);
		check_table();
		uint32_t at = txn_table_group(&table, &key, txn_table_hash(&table, &key));
		for (unsigned i = 0; i < MANY; i++) {
			if (i == leave)
				continue;
			CU_ASSERT_EQUAL_FATAL(at, slots[i]);
			at = txn_table_at(&table, at)->group_next;
		}
		CU_ASSERT_EQUAL(at, 0);
		free(memory);
	}
}

static void draw_long(struct wire *w, uint32_t len)
{
	wire_clear(w);
	wire_header(w, 7, 0, 0, 0, 0, 0);
	while (w->len < len)
		wire_u8(w, (unsigned)random());
}

/* Every length around the ends of slots; txn_table_has_space() is exact. */
static void lengths(void)
{
	enum { CAPACITY = 140 };
	static struct wire w;
	static uint8_t copy[65535];
	struct txn_table_key key = key_of(1);
	begin(CAPACITY);
	CU_ASSERT_TRUE(txn_table_has_space(&table, 65535));
	for (uint32_t len = DNS_HEADER_LEN; len <= 65535;
		len += len < 1600 || len > 65000 ? 1 : 499) {
		draw_long(&w, len);
		uint32_t slot = add(&key, &w);
		const struct txn_table_entry *e = txn_table_at(&table, slot);
		CU_ASSERT_EQUAL_FATAL(e->query_len, len);
		memset(copy, 0, len);
		txn_table_copy_query(&table, e, copy);
		CU_ASSERT_EQUAL_FATAL(memcmp(copy, w.octets, len), 0);
		/* a second query of the same length fits exactly if there are slots */
		uint32_t used = table.used;
		CU_ASSERT_EQUAL(txn_table_has_space(&table, len), 2 * used <= CAPACITY);
		txn_table_remove(&table, slot);
		CU_ASSERT_EQUAL(table.used, 0);
	}
	check_table();
	free(memory);
}

static void full(void)
{
	static struct wire w;
	for (uint32_t capacity = 1; capacity < 70; capacity++) {
		begin(capacity);
		for (unsigned i = 0; i < capacity; i++) {
			struct txn_table_key key = key_of(i);
			draw_long(&w, 20);
			CU_ASSERT_EQUAL(table.high_water, i); /* memory is untouched until needed */
			add(&key, &w);
		}
		check_table();
		CU_ASSERT_FALSE(txn_table_has_space(&table, 12));
		txn_table_remove(&table, table.ages.oldest);
		CU_ASSERT_TRUE(txn_table_has_space(&table, 12));
		CU_ASSERT_FALSE(txn_table_has_space(&table, 1000));
		free(memory);
	}
}

/* Each field of the key counts, in equality and in the hash. */
static void keys(void)
{
	static struct wire w;
	begin(64);
	struct txn_table_key key = key_of(0);
	uint8_t *octets = (uint8_t *)&key;
	wire_message(&w, 7, 0, "a.example", 1);
	uint32_t slot = add(&key, &w), hash = txn_table_hash(&table, &key);
	CU_ASSERT_EQUAL(find(&key, &w), slot);
	for (size_t i = 0; i < sizeof(key); i++) {
		octets[i] ^= 1;
		CU_ASSERT_EQUAL(find(&key, &w), 0);
		CU_ASSERT_EQUAL(txn_table_group(&table, &key, hash), 0);
		CU_ASSERT_NOT_EQUAL(txn_table_hash(&table, &key), hash);
		octets[i] ^= 1;
	}
	free(memory);
}

/* An open query, indices and all, takes at most 532 octets. */
static void octets_each(void)
{
	static const uint32_t capacities[] = {131072, 500000, 1000000, 1 << 20, 16777216};
	for (size_t i = 0; i < BITS_COUNT(capacities); i++)
		CU_ASSERT_TRUE(txn_table_bytes(capacities[i]) / capacities[i] <= 532);
}

void test_txn_table(void)
{
	CU_pSuite s = CU_add_suite("txn/table", NULL, NULL);
	CU_add_test(s, "keys", keys);
	CU_add_test(s, "random work", random_work);
	CU_add_test(s, "order in a group", order_in_group);
	CU_add_test(s, "lengths", lengths);
	CU_add_test(s, "full", full);
	CU_add_test(s, "octets of an open query", octets_each);
}

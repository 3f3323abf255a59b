/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys and questions that are chosen so that open queries share a bucket. */
#include "txn/rig.h"

#include "support/hostile.h"

void test_txn_hostile(void);

#define MANY 1000

static uint32_t key_hash(const struct hash_secret *s, uint64_t w[HOSTILE_WORDS])
{
	struct txn_table t = {.secret = *s};
	struct txn_table_key key;
	_Static_assert(sizeof(key) == HOSTILE_WORDS * sizeof(*w), "all of a key");
	memcpy(&key, w, sizeof(key));
	return txn_table_hash(&t, &key);
}

/* Any octets: questions of the second index, fragments, duplicates. */
static uint32_t octets_hash(const struct hash_secret *s, uint64_t w[HOSTILE_WORDS])
{
	return (uint32_t)(hash_bytes(s, w, HOSTILE_WORDS * sizeof(*w), 0) >> 32);
}

/* The same with a whole block in front. */
static uint32_t long_hash(const struct hash_secret *s, uint64_t w[HOSTILE_WORDS])
{
	uint64_t octets[2 * HOSTILE_WORDS];
	memcpy(octets, w, sizeof(octets) / 2);
	memcpy(octets + HOSTILE_WORDS, w, sizeof(octets) / 2);
	return (uint32_t)(hash_bytes(s, octets, sizeof(octets), 0) >> 32);
}

static void keys(void)
{
	CU_ASSERT(hostile_worst(key_hash) <= HOSTILE_MAX);
}

static void octets(void)
{
	CU_ASSERT(hostile_worst(octets_hash) <= HOSTILE_MAX);
	CU_ASSERT(hostile_worst(long_hash) <= HOSTILE_MAX);
}

static unsigned longest_chain(const struct txn_table *t)
{
	unsigned longest = 0;
	for (uint32_t b = 0; b <= t->mask; b++) {
		unsigned keyed = 0, indexed = 0;
		for (uint32_t s = t->buckets[b]; s; s = txn_table_at(t, s)->bucket_next)
			keyed++;
		for (uint32_t s = t->index[b]; s; s = txn_table_at(t, s)->index_next)
			indexed++;
		longest = keyed > longest ? keyed : longest;
		longest = indexed > longest ? indexed : longest;
	}
	return longest;
}

/* Even with one bucket for all keys and one for all questions, searches are bounded and evictions
 * are counted. */
static void one_bucket(void)
{
	static struct wire w;
	char name[32];
	for (unsigned one_base = 0; one_base < 2; one_base++) {
		struct rig *rig = rig_new(2 * MANY, RIG_TIMEOUT, RIG_REORDER);
		rig->x.table.mask = 0;
		for (unsigned i = 0; i < MANY; i++) {
			snprintf(name, sizeof(name), "n%u.example", i);
			wire_message(&w, one_base ? 1 : i, 0x0100, name, 1);
			struct pkt pkt = rig_pkt(&w, 100);
			rig_process_pkt(rig, &pkt);
			if (rig->count)
				rig_one(rig, RECORD_NO_REPLY, 100);
		}
		CU_ASSERT_EQUAL(longest_chain(&rig->x.table), HASH_CHAIN);
		CU_ASSERT_EQUAL(
			rig->metrics.evicted, MANY - HASH_CHAIN - (one_base ? TXN_TABLE_SCAN : 0));
		wire_message(&w, one_base ? 1 : MANY - 1, 0x8100, name, 1);
		rig_process(rig, &w, 101);
		rig_one(rig, RECORD_ANSWERED, 100);
		rig_finish(rig);
		rig_balance(rig);
		rig_free(rig);
	}
}

/* Questions that differ only in length, case, or trailing zeros. */
static void lengths(void)
{
	struct hash_secret s = hash_fixed(3);
	uint8_t zero[300] = {0};
	uint64_t seen[300];
	for (unsigned n = 0; n < BITS_COUNT(seen); n++) {
		seen[n] = hash_bytes(&s, zero, n, 0);
		for (unsigned k = 0; k < n; k++)
			CU_ASSERT_NOT_EQUAL(seen[k], seen[n]);
	}
}

void test_txn_hostile(void)
{
	CU_pSuite s = CU_add_suite("txn/hostile", NULL, NULL);
	CU_add_test(s, "keys", keys);
	CU_add_test(s, "octets", octets);
	CU_add_test(s, "lengths", lengths);
	CU_add_test(s, "one bucket", one_bucket);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Which open query a full table evicts. */
#include "txn/table.h"

/*
 * Queries that an eviction examines: EXAMINED on average, EXAMINED_MAX at most. What one eviction
 * does not need, later ones may use, because many honest queries may follow each other.
 */
#define EXAMINED 4
#define EXAMINED_MAX 256
#define EXAMINED_LONG 16 /* of long queries */

static struct txn_holder_keys keys_of(const struct txn_table *t, const struct txn_table_entry *e)
{
	if (e->counted)
		return e->holders;
	return txn_holders_of(&t->holders, &e->key.addrs, e->query + DNS_HEADER_LEN, e->name_len);
}

void txn_table_add_holders(struct txn_table *t, uint32_t slot)
{
	struct txn_table_entry *e = txn_table_at(t, slot);

	e->holders = keys_of(t, e);
	e->counted = 1;
	txn_holders_add(&t->holders, &e->holders, txn_table_slots(e->query_len));
}

void txn_table_remove_holders(struct txn_table *t, uint32_t slot)
{
	const struct txn_table_entry *e = txn_table_at(t, slot);

	txn_holders_remove(&t->holders, &e->holders, txn_table_slots(e->query_len));
}

/* How much of the table the holders of a query have; the query with the highest is evicted. */
struct load {
	uint32_t slots; /* of its holder of the heaviest holder's kind */
	uint32_t other; /* of its holder of the other kind */
	bool heavy; /* `slots` is at least half of the heaviest holder's */
};

static struct load load_of(
	const struct txn_table *t, const struct txn_holders_heaviest *top, uint32_t slot)
{
	struct txn_holder_keys keys = keys_of(t, txn_table_at(t, slot));
	struct load load = {.slots = txn_holders_count(&t->holders, &keys, top->kind),
		.other = txn_holders_count(&t->holders, &keys, top->other)};
	load.heavy = load.slots >= top->slots / 2;
	return load;
}

static bool is_higher(const struct load *a, const struct load *b)
{
	if (a->heavy != b->heavy)
		return a->heavy;
	return a->heavy ? a->other > b->other : a->slots > b->slots;
}

static enum txn_evict_cause cause_of(const struct txn_holders_heaviest *top, bool heavy)
{
	if (!heavy)
		return TXN_EVICT_OLDEST;
	switch (top->kind) {
	case TXN_HOLDER_SERVER: return TXN_EVICT_SERVER;
	case TXN_HOLDER_DOMAIN: return TXN_EVICT_DOMAIN;
	case TXN_HOLDER_CLIENT:
	case TXN_HOLDER_KINDS: break;
	}
	return TXN_EVICT_CLIENT;
}

/* Returns the query of the heaviest holder among the oldest long queries. */
static uint32_t long_victim(const struct txn_table *t, const struct txn_holders_heaviest *top)
{
	uint32_t slot = t->long_ages.oldest, victim = slot;
	struct load max = {0};

	for (int i = 0; slot && i < EXAMINED_LONG; i++) {
		struct load load = load_of(t, top, slot);
		if (is_higher(&load, &max)) {
			max = load;
			victim = slot;
		}
		if (load.heavy)
			break;
		slot = txn_table_at(t, slot)->long_age.younger;
	}
	return victim;
}

/* Returns the next query to examine, from the oldest to the youngest and over again. */
static uint32_t advance_hand(struct txn_table *t)
{
	uint32_t slot = t->hand ? t->hand : t->ages.oldest;

	t->hand = txn_table_at(t, slot)->age.younger;
	return slot;
}

/*
 * Is the holder of the other kind heavy, too, compared with the latest victims'? The heaviest
 * holder alone may be the flood or, behind one resolver, everybody.
 */
static bool other_is_heavy(struct txn_table *t, uint32_t other)
{
	if (other < t->other_max / 2) {
		t->other_max -= (t->other_max + 15) / 16;
		return false;
	}
	t->other_max = other;
	return true;
}

uint32_t txn_table_victim(struct txn_table *t, enum txn_evict_cause *cause)
{
	struct txn_holders_heaviest top = txn_holders_heaviest(&t->holders);
	struct load max = {0};
	uint32_t victim = 0;

	if (t->long_slots && t->long_slots >= top.slots / 2) {
		*cause = TXN_EVICT_LONG;
		return long_victim(t, &top);
	}
	t->budget = t->budget + EXAMINED < EXAMINED_MAX ? t->budget + EXAMINED : EXAMINED_MAX;
	while (t->budget) {
		t->budget--;
		uint32_t slot = advance_hand(t);
		struct load load = load_of(t, &top, slot);
		if (victim == 0 || is_higher(&load, &max)) {
			max = load;
			victim = slot;
		}
		if (load.heavy && other_is_heavy(t, load.other))
			break;
	}
	if (t->hand) { /* for the next eviction */
		__builtin_prefetch(&txn_table_at(t, t->hand)->age);
		__builtin_prefetch(&txn_table_at(t, t->hand)->holders);
	}
	*cause = cause_of(&top, max.heavy);
	return victim;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Which open query goes where the table is full. */
#include "txn/table.h"

/* Queries that are looked at for an eviction: so many on average, and at most, as what earlier ones
 * did not need is kept: honest queries may come many in a row. */
#define LOOKS 4
#define LOOKS_MOST 256
#define LOOKS_LONG 16 /* among long queries */

static struct txn_holder_keys names_of(const struct txn_table *t, const struct txn_table_entry *e)
{
	if (e->held)
		return e->holders;
	return txn_holders_of(&t->holders, &e->key.addrs, e->query + DNS_HEADER_LEN, e->name_len);
}

void txn_table_add_holders(struct txn_table *t, uint32_t slot)
{
	struct txn_table_entry *e = txn_table_at(t, slot);

	e->holders = names_of(t, e);
	e->held = 1;
	txn_holders_add(&t->holders, &e->holders, txn_table_slots(e->query_len));
}

void txn_table_remove_holders(struct txn_table *t, uint32_t slot)
{
	const struct txn_table_entry *e = txn_table_at(t, slot);

	txn_holders_remove(&t->holders, &e->holders, txn_table_slots(e->query_len));
}

/* What makes one query go rather than another one: higher goes first. */
struct guilt {
	uint32_t has, other; /* slots of its holder of the heaviest's kind, and of the other kind */
	bool heavy; /* it is a holder as heavy as the heaviest, or half as heavy */
};

static struct guilt guilt_of(
	const struct txn_table *t, const struct txn_holders_heaviest *top, uint32_t slot)
{
	struct txn_holder_keys n = names_of(t, txn_table_at(t, slot));
	struct guilt g = {.has = txn_holders_count(&t->holders, &n, top->kind),
		.other = txn_holders_count(&t->holders, &n, top->other)};
	g.heavy = g.has >= top->most / 2;
	return g;
}

static bool guiltier(const struct guilt *a, const struct guilt *b)
{
	if (a->heavy != b->heavy)
		return a->heavy;
	return a->heavy ? a->other > b->other : a->has > b->has;
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

/* Of the long queries that have waited longest, that of the heaviest holder. */
static uint32_t long_victim(const struct txn_table *t, const struct txn_holders_heaviest *top)
{
	uint32_t slot = t->longs.oldest, victim = slot;
	struct guilt most = {0};

	for (int i = 0; slot && i < LOOKS_LONG; i++) {
		struct guilt g = guilt_of(t, top, slot);
		if (guiltier(&g, &most)) {
			most = g;
			victim = slot;
		}
		if (g.heavy)
			break;
		slot = txn_table_at(t, slot)->long_link.younger;
	}
	return victim;
}

/* The next query in turn: from the one that has waited longest to the latest, and over again. */
static uint32_t take_turn(struct txn_table *t)
{
	uint32_t slot = t->hand ? t->hand : t->oldest;

	t->hand = txn_table_at(t, slot)->age_next;
	return slot;
}

/* Most queries of the heaviest holder may be the flood's or, where all come by one resolver,
 * everybody's: then the other kind parts them, by what was seen of late. */
static bool also_heavy(struct txn_table *t, uint32_t other)
{
	if (other < t->other_most / 2) {
		t->other_most -= (t->other_most + 15) / 16;
		return false;
	}
	t->other_most = other;
	return true;
}

uint32_t txn_table_victim(struct txn_table *t, enum txn_evict_cause *cause)
{
	struct txn_holders_heaviest top = txn_holders_heaviest(&t->holders);
	struct guilt most = {0};
	uint32_t victim = 0;

	if (t->long_slots && t->long_slots >= top.most / 2) {
		*cause = TXN_EVICT_LONG;
		return long_victim(t, &top);
	}
	t->looks = t->looks + LOOKS < LOOKS_MOST ? t->looks + LOOKS : LOOKS_MOST;
	while (t->looks) {
		t->looks--;
		uint32_t slot = take_turn(t);
		struct guilt g = guilt_of(t, &top, slot);
		if (victim == 0 || guiltier(&g, &most)) {
			most = g;
			victim = slot;
		}
		if (g.heavy && also_heavy(t, g.other))
			break;
	}
	if (t->hand) { /* who is looked at next */
		__builtin_prefetch(&txn_table_at(t, t->hand)->age_next);
		__builtin_prefetch(&txn_table_at(t, t->hand)->holders);
	}
	*cause = cause_of(&top, most.heavy);
	return victim;
}

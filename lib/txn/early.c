/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/early.h"

#include "base/when.h"

_Static_assert((TXN_EARLY_BUCKETS & (TXN_EARLY_BUCKETS - 1)) == 0, "a mask chooses");
_Static_assert((TXN_EARLY_OCTETS & (TXN_EARLY_OCTETS - 1)) == 0, "a mask finds the place");
_Static_assert(offsetof(struct txn_early_reply, m) <= BITS_CACHE_LINE,
	"the head stands in any room that is left out");

static uint32_t whole_lines(size_t octets)
{
	return (uint32_t)((octets + BITS_CACHE_LINE - 1) & ~(size_t)(BITS_CACHE_LINE - 1));
}

static uint32_t size_of(const struct txn_message *m)
{
	return whole_lines(sizeof(struct txn_early_reply) + m->pkt->len);
}

size_t txn_early_bytes(void)
{
	return TXN_EARLY_OCTETS + TXN_EARLY_BUCKETS * sizeof(uint32_t);
}

void txn_early_init(struct txn_early *e, void *memory, int64_t wait_ns)
{
	*e = (struct txn_early){.ring = memory, .wait_ns = wait_ns};
	e->buckets = (uint32_t *)(e->ring + TXN_EARLY_OCTETS);
}

static struct txn_early_reply *at(const struct txn_early *e, uint32_t place)
{
	return (struct txn_early_reply *)(e->ring + place - 1);
}

static uint32_t *bucket(const struct txn_early *e, uint32_t hash)
{
	return &e->buckets[hash & (TXN_EARLY_BUCKETS - 1)];
}

/* Octets up to the ring's end. */
static uint32_t to_end(uint64_t upto)
{
	return TXN_EARLY_OCTETS - (uint32_t)(upto & (TXN_EARLY_OCTETS - 1));
}

/* Octets that a copy takes: it stands in one piece, so the end may be left out. */
static uint64_t takes(const struct txn_early *e, uint32_t size)
{
	uint32_t end = to_end(e->upto);
	return size <= end ? size : (uint64_t)end + size;
}

/* Frees what is gone, up to the oldest that waits. That, or NULL. */
static struct txn_early_reply *oldest(struct txn_early *e)
{
	while (e->from != e->upto) {
		struct txn_early_reply *r = at(e, (uint32_t)(e->from & (TXN_EARLY_OCTETS - 1)) + 1);
		if (!r->gone)
			return r;
		e->from += r->size;
	}
	return NULL;
}

bool txn_early_has_space(struct txn_early *e, const struct txn_message *m)
{
	oldest(e);
	return e->upto - e->from + takes(e, size_of(m)) <= TXN_EARLY_OCTETS;
}

static struct txn_early_reply *append(struct txn_early *e, uint32_t size)
{
	struct txn_early_reply *r = at(e, (uint32_t)(e->upto & (TXN_EARLY_OCTETS - 1)) + 1);
	r->size = size;
	e->upto += size;
	return r;
}

bool txn_early_enqueue(struct txn_early *e, const struct txn_message *m, bool mismatch)
{
	uint32_t *last = bucket(e, m->hash), size = size_of(m);
	unsigned before = 0;

	for (; *last; last = &at(e, *last)->next)
		if (++before == TXN_EARLY_CHAIN)
			return false;
	if (size > to_end(e->upto))
		append(e, to_end(e->upto))->gone = true;
	*last = (uint32_t)(e->upto & (TXN_EARLY_OCTETS - 1)) + 1;
	struct txn_early_reply *r = append(e, size);
	r->m = *m;
	r->pkt = *m->pkt;
	r->m.pkt = &r->pkt;
	r->pkt.payload = (const uint8_t *)(r + 1);
	memcpy(r + 1, m->pkt->payload, m->pkt->len);
	r->next = 0;
	r->mismatch = mismatch;
	r->gone = false;
	e->waiting++;
	return true;
}

struct txn_early_reply *txn_early_next(const struct txn_early *e, const struct txn_table_key *key,
	uint32_t hash, const struct txn_early_reply *after)
{
	uint32_t place = after ? after->next : *bucket(e, hash);

	for (; place; place = at(e, place)->next)
		if (memcmp(&at(e, place)->m.key, key, sizeof(*key)) == 0)
			return at(e, place);
	return NULL;
}

struct txn_early_reply *txn_early_due(struct txn_early *e, int64_t clock_ns)
{
	struct txn_early_reply *r = oldest(e);

	if (r && clock_ns != INT64_MAX && when_since(clock_ns, r->pkt.clock_ns) <= e->wait_ns)
		return NULL;
	return r;
}

void txn_early_remove(struct txn_early *e, struct txn_early_reply *r)
{
	uint32_t *link = bucket(e, r->m.hash);

	while (at(e, *link) != r)
		link = &at(e, *link)->next;
	*link = r->next;
	r->gone = true;
	e->waiting--;
}

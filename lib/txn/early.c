/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/early.h"

#include "base/when.h"

#define RING_MASK (TXN_EARLY_OCTETS - 1)

_Static_assert((TXN_EARLY_BUCKETS & (TXN_EARLY_BUCKETS - 1)) == 0, "a mask chooses the bucket");
_Static_assert((TXN_EARLY_OCTETS & RING_MASK) == 0, "a mask finds the place");
_Static_assert(offsetof(struct txn_early_reply, mismatch) <= BITS_CACHE_LINE,
	"padding of one cache line has size and removed");

static uint32_t size_of(const struct txn_message *m)
{
	return (uint32_t)BITS_WHOLE_LINES(sizeof(struct txn_early_reply) + m->pkt->len);
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

static struct txn_early_reply *reply_at(const struct txn_early *e, uint64_t offset)
{
	return (struct txn_early_reply *)(e->ring + (offset & RING_MASK));
}

static uint32_t *bucket(const struct txn_early *e, uint32_t hash)
{
	return &e->buckets[hash & (TXN_EARLY_BUCKETS - 1)];
}

static uint32_t octets_to_end(uint64_t offset)
{
	return TXN_EARLY_OCTETS - (uint32_t)(offset & RING_MASK);
}

/* A copy is contiguous, so the rest of the ring may become padding. */
static uint64_t octets_needed(const struct txn_early *e, uint32_t size)
{
	uint32_t end = octets_to_end(e->used);
	return size <= end ? size : (uint64_t)end + size;
}

/* Frees removed replies up to the oldest that waits. Returns that, or NULL. */
static struct txn_early_reply *oldest(struct txn_early *e)
{
	while (e->freed != e->used) {
		struct txn_early_reply *r = reply_at(e, e->freed);
		if (!r->removed)
			return r;
		e->freed += r->size;
	}
	return NULL;
}

bool txn_early_has_space(struct txn_early *e, const struct txn_message *m)
{
	oldest(e);
	return e->used - e->freed + octets_needed(e, size_of(m)) <= TXN_EARLY_OCTETS;
}

static struct txn_early_reply *append(struct txn_early *e, uint32_t size)
{
	struct txn_early_reply *r = reply_at(e, e->used);
	r->size = size;
	e->used += size;
	return r;
}

struct txn_early_reply *txn_early_enqueue(
	struct txn_early *e, const struct txn_message *m, uint32_t hash)
{
	uint32_t *last = bucket(e, hash), size = size_of(m);
	unsigned before = 0;

	for (; *last; last = &reply_at(e, *last - 1)->next)
		if (++before == TXN_EARLY_CHAIN)
			return NULL;
	if (size > octets_to_end(e->used))
		append(e, octets_to_end(e->used))->removed = true;
	*last = (uint32_t)(e->used & RING_MASK) + 1;
	struct txn_early_reply *r = append(e, size);
	r->m = *m;
	r->pkt = *m->pkt;
	r->m.pkt = &r->pkt;
	r->pkt.payload = (const uint8_t *)(r + 1);
	memcpy(r + 1, m->pkt->payload, m->pkt->len);
	r->next = 0;
	r->hash = hash;
	r->mismatch = false;
	r->duplicate = false;
	r->removed = false;
	e->count++;
	return r;
}

struct txn_early_reply *txn_early_next(const struct txn_early *e, const struct txn_table_key *key,
	uint32_t hash, const struct txn_early_reply *after)
{
	uint32_t place = after ? after->next : *bucket(e, hash);

	while (place) {
		struct txn_early_reply *r = reply_at(e, place - 1);
		if (memcmp(&r->m.key, key, sizeof(*key)) == 0)
			return r;
		place = r->next;
	}
	return NULL;
}

uint64_t txn_early_offset(const struct txn_early *e, const struct txn_early_reply *r)
{
	uint64_t place = (uint64_t)((const uint8_t *)r - e->ring);
	return e->freed + ((place - e->freed) & RING_MASK);
}

struct txn_early_reply *txn_early_at(const struct txn_early *e, uint64_t offset)
{
	if (offset < e->freed || offset >= e->used)
		return NULL;
	struct txn_early_reply *r = reply_at(e, offset);
	return r->removed ? NULL : r;
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
	uint32_t *link = bucket(e, r->hash);

	while (reply_at(e, *link - 1) != r)
		link = &reply_at(e, *link - 1)->next;
	*link = r->next;
	r->removed = true;
	e->count--;
}

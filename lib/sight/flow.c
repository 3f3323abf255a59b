/* SPDX-License-Identifier: BSD-3-Clause */
#include "sight/flow.h"

static size_t flows_bytes(uint32_t capacity)
{
	return BITS_WHOLE_LINES(((size_t)capacity + 1) * sizeof(struct flow));
}

static size_t buckets_bytes(uint32_t capacity)
{
	return BITS_WHOLE_LINES((size_t)bits_pow2(capacity) * sizeof(uint32_t));
}

size_t flow_bytes(uint32_t capacity)
{
	if (capacity == 0)
		return 0;
	return flows_bytes(capacity) + buckets_bytes(capacity) +
	       BITS_WHOLE_LINES((FLOW_BUFFERS + 1) * sizeof(struct flow_buffer));
}

void flow_init(struct flow_table *t, void *memory, uint32_t capacity)
{
	uint8_t *at = memory;

	memset(t, 0, sizeof(*t));
	t->capacity = capacity;
	if (capacity == 0)
		return;
	t->flows = memory;
	at += flows_bytes(capacity);
	t->buckets = (uint32_t *)(void *)at;
	t->mask = bits_pow2(capacity) - 1;
	at += buckets_bytes(capacity);
	t->buffers = (struct flow_buffer *)(void *)at;
}

static struct agelinks links_of(const struct flow_table *t)
{
	return (struct agelinks){&t->flows->link, sizeof(struct flow)};
}

uint32_t flow_find(
	const struct flow_table *t, const struct pkt *pkt, uint32_t hash, bool *from_client)
{
	uint32_t slot = t->buckets[hash & t->mask];
	for (; slot; slot = t->flows[slot].bucket_next) {
		const struct flow *f = &t->flows[slot];
		if (f->hash != hash || f->proto != pkt->proto || f->realm != pkt->realm)
			continue;
		*from_client = true;
		if (f->client_port == pkt->sport && f->server_port == pkt->dport &&
			addr_pair_equal(&f->addrs, &pkt->addrs))
			return slot;
		*from_client = false;
		if (f->server_port == pkt->sport && f->client_port == pkt->dport &&
			addr_pair_is_reverse(&f->addrs, &pkt->addrs))
			return slot;
	}
	return 0;
}

uint32_t flow_crowded(const struct flow_table *t, uint32_t hash)
{
	uint32_t oldest = 0;
	unsigned n = 0;

	for (uint32_t slot = t->buckets[hash & t->mask]; slot; n++) {
		oldest = slot;
		slot = t->flows[slot].bucket_next;
	}
	return n < HASH_CHAIN ? 0 : oldest;
}

uint32_t flow_add(struct flow_table *t, const struct pkt *pkt, uint32_t hash, bool from_client)
{
	uint32_t slot = t->free;
	if (slot)
		t->free = t->flows[slot].bucket_next;
	else
		slot = ++t->virgin;
	t->used++;
	t->flows[slot] = (struct flow){
		.addrs = from_client ? pkt->addrs : addr_pair_reverse(&pkt->addrs),
		.realm = pkt->realm,
		.client_port = from_client ? pkt->sport : pkt->dport,
		.server_port = from_client ? pkt->dport : pkt->sport,
		.vlans = pkt->vlans,
		.proto = pkt->proto,
		.list = FLOW_WAITING,
		.hash = hash,
		.bucket_next = t->buckets[hash & t->mask],
		.ts_ns = pkt->ts_ns,
		.began_ns = pkt->clock_ns,
		.last_ns = pkt->clock_ns,
		.tunnel = pkt->tunnel,
	};
	memcpy(t->flows[slot].vlan, pkt->vlan, pkt->vlans * sizeof(pkt->vlan[0]));
	t->buckets[hash & t->mask] = slot;
	agelist_append(&t->list[FLOW_WAITING], links_of(t), slot);
	return slot;
}

void flow_move(struct flow_table *t, uint32_t slot, enum flow_list list)
{
	struct flow *f = &t->flows[slot];
	agelist_remove(&t->list[f->list], links_of(t), slot);
	f->list = list;
	agelist_append(&t->list[list], links_of(t), slot);
}

void flow_remove(struct flow_table *t, uint32_t slot)
{
	struct flow *f = &t->flows[slot];
	uint32_t *link = &t->buckets[f->hash & t->mask];
	while (*link != slot)
		link = &t->flows[*link].bucket_next;
	*link = f->bucket_next;
	agelist_remove(&t->list[f->list], links_of(t), slot);
	flow_buffer_drop(t, slot);
	f->bucket_next = t->free;
	t->free = slot;
	t->used--;
}

uint32_t flow_buffer_take(struct flow_table *t, uint32_t slot)
{
	t->latest = t->latest % FLOW_BUFFERS + 1;
	struct flow_buffer *b = &t->buffers[t->latest];
	uint32_t loser = b->owner;
	if (loser)
		flow_buffer_drop(t, loser);
	b->owner = slot;
	t->flows[slot].buffer = t->latest;
	return loser;
}

void flow_buffer_drop(struct flow_table *t, uint32_t slot)
{
	struct flow *f = &t->flows[slot];
	if (f->buffer)
		t->buffers[f->buffer].owner = 0;
	f->buffer = 0;
}

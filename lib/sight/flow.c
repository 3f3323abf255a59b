/* SPDX-License-Identifier: BSD-3-Clause */
#include "sight/flow.h"

static size_t flows_bytes(uint32_t capacity)
{
	return BITS_WHOLE_LINES(((size_t)capacity + 1) * sizeof(struct sight_flow));
}

static size_t buckets_bytes(uint32_t capacity)
{
	return BITS_WHOLE_LINES((size_t)bits_pow2(capacity) * sizeof(uint32_t));
}

size_t sight_table_bytes(uint32_t capacity)
{
	if (capacity == 0)
		return 0;
	return flows_bytes(capacity) + buckets_bytes(capacity) +
	       BITS_WHOLE_LINES((SIGHT_BUFFERS + 1) * sizeof(struct sight_buffer));
}

void sight_table_init(struct sight_table *t, void *memory, uint32_t capacity)
{
	uint8_t *at = memory;

	memset(t, 0, sizeof(*t));
	if (capacity == 0)
		return;
	t->flows = memory;
	at += flows_bytes(capacity);
	t->slots = (struct slots){.first = &t->flows->slot,
		.stride = sizeof(struct sight_flow),
		.buckets = (uint32_t *)(void *)at,
		.mask = bits_pow2(capacity) - 1,
		.capacity = capacity};
	at += buckets_bytes(capacity);
	t->buffers = (struct sight_buffer *)(void *)at;
}

uint32_t sight_flow_find(
	const struct sight_table *t, const struct pkt *pkt, uint32_t hash, bool *from_client)
{
	uint32_t slot = slots_bucket(&t->slots, hash);
	for (; slot; slot = t->flows[slot].slot.next) {
		const struct sight_flow *f = &t->flows[slot];
		if (f->slot.hash != hash || f->proto != pkt->proto || f->realm != pkt->realm)
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

uint32_t sight_flow_add(
	struct sight_table *t, const struct pkt *pkt, uint32_t hash, bool from_client)
{
	uint32_t slot = slots_alloc(&t->slots);

	t->flows[slot] = (struct sight_flow){
		.addrs = from_client ? pkt->addrs : addr_pair_reverse(&pkt->addrs),
		.realm = pkt->realm,
		.client_port = from_client ? pkt->sport : pkt->dport,
		.server_port = from_client ? pkt->dport : pkt->sport,
		.vlans = pkt->vlans,
		.proto = pkt->proto,
		.list = SIGHT_PENDING,
		.ts_ns = pkt->ts_ns,
		.began_ns = pkt->clock_ns,
		.last_ns = pkt->clock_ns,
		.tunnel = pkt->tunnel,
	};
	memcpy(t->flows[slot].vlan, pkt->vlan, pkt->vlans * sizeof(pkt->vlan[0]));
	slots_insert(&t->slots, slot, hash);
	agelist_append(&t->list[SIGHT_PENDING], slots_ages(&t->slots), slot);
	return slot;
}

void sight_flow_move(struct sight_table *t, uint32_t slot, enum sight_list list)
{
	struct sight_flow *f = &t->flows[slot];
	agelist_remove(&t->list[f->list], slots_ages(&t->slots), slot);
	f->list = list;
	agelist_append(&t->list[list], slots_ages(&t->slots), slot);
}

void sight_flow_remove(struct sight_table *t, uint32_t slot)
{
	agelist_remove(&t->list[t->flows[slot].list], slots_ages(&t->slots), slot);
	slots_remove(&t->slots, slot);
	sight_buffer_release(t, slot);
	slots_release(&t->slots, slot);
}

static uint32_t next_buffer(const struct sight_table *t)
{
	return t->latest % SIGHT_BUFFERS + 1;
}

uint32_t sight_buffer_owner(const struct sight_table *t)
{
	return t->buffers[next_buffer(t)].owner;
}

void sight_buffer_assign(struct sight_table *t, uint32_t slot)
{
	t->latest = next_buffer(t);
	if (t->buffers[t->latest].owner)
		sight_buffer_release(t, t->buffers[t->latest].owner);
	t->buffers[t->latest].owner = slot;
	t->flows[slot].buffer = t->latest;
}

void sight_buffer_release(struct sight_table *t, uint32_t slot)
{
	struct sight_flow *f = &t->flows[slot];
	if (f->buffer)
		t->buffers[f->buffer].owner = 0;
	f->buffer = 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_table_inner.h"

#define LIMIT_LEAST (SPLIT_MESSAGE_MAX + 1 + TCP_CHUNK) /* a whole message, and more */

static uint32_t bucket_count(const struct tcp_conf *conf)
{
	return bits_pow2(conf->max_streams);
}

static uint32_t stream_limit(const struct tcp_conf *conf)
{
	if (conf->stream_bytes < LIMIT_LEAST)
		return LIMIT_LEAST;
	return conf->stream_bytes < TCP_WINDOW_MAX ? conf->stream_bytes : TCP_WINDOW_MAX;
}

/* Chunks of the pool: at least what one window can need, so that no stream can be stuck. */
static uint32_t chunk_count(const struct tcp_conf *conf)
{
	uint64_t least = stream_limit(conf) / TCP_CHUNK + 3, n = conf->buffer_bytes / TCP_CHUNK;
	if (n < least)
		n = least;
	return n < UINT32_MAX / 2 ? (uint32_t)n : UINT32_MAX / 2;
}

static size_t flows_bytes(const struct tcp_conf *conf)
{
	return ((size_t)conf->max_streams + 1) * sizeof(struct tcp_flow);
}

static size_t buckets_bytes(const struct tcp_conf *conf)
{
	return BITS_WHOLE_LINES((size_t)bucket_count(conf) * sizeof(uint32_t));
}

size_t tcp_bytes(const struct tcp_conf *conf)
{
	return flows_bytes(conf) + buckets_bytes(conf) + tcp_pool_bytes(chunk_count(conf)) +
	       BITS_WHOLE_LINES(SPLIT_MESSAGE_MAX);
}

void tcp_init(struct tcp_table *t, void *memory, const struct tcp_conf *conf,
	const struct packet_conf *ports, const struct hash_secret *secret,
	struct metrics_reasm *metrics)
{
	uint8_t *at = memory;

	memset(t, 0, sizeof(*t));
	t->flows = memory;
	at += flows_bytes(conf);
	t->buckets = (uint32_t *)(void *)at;
	at += buckets_bytes(conf);
	tcp_pool_init(&t->store.pool, at, chunk_count(conf));
	at += tcp_pool_bytes(chunk_count(conf));
	t->store.room = at;
	t->store.limit = stream_limit(conf);
	t->store.metrics = metrics;
	t->mask = bucket_count(conf) - 1;
	t->capacity = conf->max_streams;
	t->idle_ns = conf->idle_ns;
	t->unordered = conf->unordered;
	t->hole_ns = TCP_HOLE_NS;
	if (t->unordered && conf->reorder_ns > t->hole_ns)
		t->hole_ns = conf->reorder_ns;
	t->ports = ports;
	t->secret = *secret;
}

uint32_t tcp_flow_find(
	const struct tcp_table *t, const struct pkt *pkt, uint32_t hash, uint8_t *dir)
{
	uint32_t slot = t->buckets[hash & t->mask];
	for (; slot; slot = t->flows[slot].bucket_next) {
		const struct tcp_flow *f = &t->flows[slot];
		if (f->hash != hash || f->realm != pkt->realm)
			continue;
		*dir = 0;
		if (f->sport == pkt->sport && f->dport == pkt->dport &&
			addr_pair_equal(&f->addrs, &pkt->addrs))
			return slot;
		*dir = 1;
		if (f->dport == pkt->sport && f->sport == pkt->dport &&
			addr_pair_is_reverse(&f->addrs, &pkt->addrs))
			return slot;
	}
	return 0;
}

bool tcp_knows(const struct tcp_table *t, const struct pkt *pkt, uint32_t hash)
{
	uint8_t dir;
	return tcp_flow_find(t, pkt, hash, &dir);
}

static void list_append(struct tcp_table *t, uint32_t slot, enum tcp_list list)
{
	struct tcp_flow *f = &t->flows[slot];
	f->list = list;
	f->listed_ns = t->clock_ns;
	f->younger = 0;
	f->older = t->youngest[list];
	if (t->youngest[list])
		t->flows[t->youngest[list]].younger = slot;
	else
		t->oldest[list] = slot;
	t->youngest[list] = slot;
}

static void list_remove(struct tcp_table *t, const struct tcp_flow *f)
{
	if (f->older)
		t->flows[f->older].younger = f->younger;
	else
		t->oldest[f->list] = f->younger;
	if (f->younger)
		t->flows[f->younger].older = f->older;
	else
		t->youngest[f->list] = f->older;
}

void tcp_flow_list(struct tcp_table *t, uint32_t slot, enum tcp_list list)
{
	list_remove(t, &t->flows[slot]);
	list_append(t, slot, list);
}

void tcp_flow_drop(struct tcp_table *t, uint32_t slot)
{
	tcp_stream_end(&t->store, &t->flows[slot].stream[0]);
	tcp_stream_end(&t->store, &t->flows[slot].stream[1]);
}

void tcp_flow_remove(struct tcp_table *t, uint32_t slot)
{
	struct tcp_flow *f = &t->flows[slot];
	uint32_t *link = &t->buckets[f->hash & t->mask];
	while (*link != slot)
		link = &t->flows[*link].bucket_next;
	*link = f->bucket_next;
	list_remove(t, f);
	f->bucket_next = t->free;
	t->free = slot;
	t->used--;
}

static void evict(struct tcp_table *t, uint32_t slot)
{
	if (t->flows[slot].list != TCP_LINGER)
		metrics_add(&t->store.metrics->tcp_evicted, 1);
	tcp_flow_drop(t, slot);
	tcp_flow_remove(t, slot);
}

/* The oldest connection of a bucket that is full (base/hash.h), or 0. */
static uint32_t crowded(const struct tcp_table *t, uint32_t hash)
{
	uint32_t oldest = 0;
	unsigned n = 0;

	for (uint32_t slot = t->buckets[hash & t->mask]; slot; n++) {
		oldest = slot;
		slot = t->flows[slot].bucket_next;
	}
	return n < HASH_CHAIN ? 0 : oldest;
}

/* Ended connections go first, then those of which one side alone was heard, then the oldest. */
static void make_room(struct tcp_table *t)
{
	static const uint8_t order[TCP_LISTS] = {
		TCP_LINGER, TCP_HALF, TCP_HALF_WAITING, TCP_ACTIVE, TCP_WAITING};
	uint32_t slot = 0;
	for (unsigned i = 0; slot == 0; i++)
		slot = t->oldest[order[i]];
	evict(t, slot);
}

uint32_t tcp_flow_add(struct tcp_table *t, const struct pkt *pkt, uint32_t hash)
{
	uint32_t full = crowded(t, hash);
	if (full)
		evict(t, full);
	else if (t->used == t->capacity)
		make_room(t);
	uint32_t slot = t->free;
	if (slot)
		t->free = t->flows[slot].bucket_next;
	else
		slot = ++t->virgin;
	t->used++;
	struct tcp_flow *f = &t->flows[slot];
	bool server = packet_port_is(t->ports, pkt->sport);
	*f = (struct tcp_flow){
		.addrs = pkt->addrs,
		.sport = pkt->sport,
		.dport = pkt->dport,
		.realm = pkt->realm,
		.scale = {TCP_SCALE_UNKNOWN, TCP_SCALE_UNKNOWN},
		.side = server ? SPLIT_REPLIES : SPLIT_QUERIES,
		.hash = hash,
		.bucket_next = t->buckets[hash & t->mask],
	};
	if (server == packet_port_is(t->ports, pkt->dport))
		f->side = SPLIT_EITHER;
	t->buckets[hash & t->mask] = slot;
	list_append(t, slot, TCP_HALF);
	return slot;
}

void tcp_flow_restart(struct tcp_table *t, uint32_t slot)
{
	struct tcp_flow *f = &t->flows[slot];
	memset(f->stream, 0, sizeof(f->stream));
	memset(f->flags, 0, sizeof(f->flags));
	memset(f->scale, TCP_SCALE_UNKNOWN, sizeof(f->scale));
	f->handshake = 0;
	f->proven = 0;
	tcp_flow_list(t, slot, TCP_HALF);
}

void tcp_flow_end(struct tcp_table *t, enum tcp_end end)
{
	struct tcp_flow *f = &t->flows[t->slot];
	t->end = end;
	for (unsigned n = 0; n < 2; n++)
		if (f->stream[n].window)
			tcp_pull_upto(t, n, f->stream[n].next + INT32_MAX);
}

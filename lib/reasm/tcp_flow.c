/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_table_inner.h"

#define LIMIT_MIN (TCP_MESSAGE_MAX + 1 + TCP_CHUNK) /* more than a whole message */

static uint32_t bucket_count(const struct tcp_conf *conf)
{
	return bits_pow2(conf->max_streams);
}

static uint32_t stream_limit(const struct tcp_conf *conf)
{
	if (conf->stream_bytes < LIMIT_MIN)
		return LIMIT_MIN;
	return conf->stream_bytes < TCP_WINDOW_MAX ? conf->stream_bytes : TCP_WINDOW_MAX;
}

/* Returns the chunks of the pool: at least those of one window, so that no stream gets stuck. */
static uint32_t chunk_count(const struct tcp_conf *conf)
{
	uint64_t min = stream_limit(conf) / TCP_CHUNK + 3, n = conf->buffer_bytes / TCP_CHUNK;
	if (n < min)
		n = min;
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
	       BITS_WHOLE_LINES(TCP_MESSAGE_MAX);
}

void tcp_init(struct tcp_table *t, void *memory, const struct tcp_conf *conf,
	const struct packet_conf *ports, const struct hash_secret *secret,
	struct metrics_reasm *metrics)
{
	uint8_t *at = memory;

	memset(t, 0, sizeof(*t));
	t->flows = memory;
	at += flows_bytes(conf);
	t->slots = (struct slots){.first = &t->flows->slot,
		.stride = sizeof(struct tcp_flow),
		.buckets = (uint32_t *)(void *)at,
		.mask = bucket_count(conf) - 1,
		.capacity = conf->max_streams};
	at += buckets_bytes(conf);
	tcp_pool_init(&t->store.pool, at, chunk_count(conf));
	at += tcp_pool_bytes(chunk_count(conf));
	t->store.buffer = at;
	t->store.limit = stream_limit(conf);
	t->store.metrics = metrics;
	t->idle_ns = conf->idle_ns;
	t->unordered = conf->unordered;
	t->gap_ns = TCP_GAP_NS;
	if (t->unordered && conf->reorder_ns > t->gap_ns)
		t->gap_ns = conf->reorder_ns;
	t->ports = ports;
	t->secret = *secret;
}

uint32_t tcp_flow_find(
	const struct tcp_table *t, const struct pkt *pkt, uint32_t hash, uint8_t *dir)
{
	uint32_t slot = slots_bucket(&t->slots, hash);
	for (; slot; slot = t->flows[slot].slot.next) {
		const struct tcp_flow *f = &t->flows[slot];
		if (f->slot.hash != hash || f->realm != pkt->realm)
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

bool tcp_has_flow(const struct tcp_table *t, const struct pkt *pkt, uint32_t hash)
{
	uint8_t dir;
	return tcp_flow_find(t, pkt, hash, &dir);
}

static void append(struct tcp_table *t, uint32_t slot, enum tcp_list list)
{
	struct tcp_flow *f = &t->flows[slot];
	f->list = list;
	f->listed_ns = t->clock_ns;
	agelist_append(&t->list[list], slots_ages(&t->slots), slot);
}

void tcp_flow_list(struct tcp_table *t, uint32_t slot, enum tcp_list list)
{
	agelist_remove(&t->list[t->flows[slot].list], slots_ages(&t->slots), slot);
	append(t, slot, list);
}

void tcp_flow_drop(struct tcp_table *t, uint32_t slot)
{
	tcp_stream_end(&t->store, &t->flows[slot].stream[0]);
	tcp_stream_end(&t->store, &t->flows[slot].stream[1]);
}

void tcp_flow_remove(struct tcp_table *t, uint32_t slot)
{
	agelist_remove(&t->list[t->flows[slot].list], slots_ages(&t->slots), slot);
	slots_remove(&t->slots, slot);
	slots_release(&t->slots, slot);
}

static void evict(struct tcp_table *t, uint32_t slot)
{
	if (t->flows[slot].list != TCP_LINGER)
		metrics_add(&t->store.metrics->tcp_evicted, 1);
	tcp_flow_drop(t, slot);
	tcp_flow_remove(t, slot);
}

/* Returns the connection to evict first: an ended one, a half-open one, then the oldest. */
static uint32_t victim(const struct tcp_table *t)
{
	static const uint8_t order[TCP_LISTS] = {
		TCP_LINGER, TCP_HALF, TCP_HALF_STALLED, TCP_ACTIVE, TCP_STALLED};
	uint32_t slot = 0;
	for (unsigned i = 0; slot == 0; i++)
		slot = t->list[order[i]].oldest;
	return slot;
}

uint32_t tcp_flow_add(struct tcp_table *t, const struct pkt *pkt, uint32_t hash)
{
	uint32_t crowded = slots_crowded(&t->slots, hash);
	if (crowded)
		evict(t, crowded);
	else if (t->slots.used == t->slots.capacity)
		evict(t, victim(t));
	uint32_t slot = slots_alloc(&t->slots);
	struct tcp_flow *f = &t->flows[slot];
	bool server = packet_port_is(t->ports, pkt->sport);
	*f = (struct tcp_flow){
		.addrs = pkt->addrs,
		.sport = pkt->sport,
		.dport = pkt->dport,
		.realm = pkt->realm,
		.scale = {TCP_SCALE_UNKNOWN, TCP_SCALE_UNKNOWN},
		.side = server ? TCP_SIDE_REPLIES : TCP_SIDE_QUERIES,
	};
	if (server == packet_port_is(t->ports, pkt->dport))
		f->side = TCP_SIDE_EITHER;
	slots_insert(&t->slots, slot, hash);
	append(t, slot, TCP_HALF);
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

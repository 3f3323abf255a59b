/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/txn.h"

#include "txn/repeat.h"

_Static_assert(RECORD_VLANS == TABLE_VLANS && RECORD_VLANS == PACKET_VLANS, "one VLAN stack");

#define RECENT_ENTRIES 65536 /* of each kind: 50 ms at 1.3 million messages a second */

size_t txn_bytes(const struct txn_conf *conf)
{
	return table_bytes(conf->max_open) +
	       (conf->duplicate_ns ? 2 * recent_bytes(RECENT_ENTRIES) + BITS_CACHE_LINE : 0);
}

void txn_init(struct txn *x, void *memory, const struct txn_conf *conf,
	const struct hash_secret *secret, struct record_arena *out, struct metrics_txn *metrics)
{
	memset(x, 0, sizeof(*x));
	table_init(&x->table, memory, conf->max_open, secret);
	if (conf->duplicate_ns) {
		uint8_t *at = (uint8_t *)memory + table_bytes(conf->max_open);
		at += -(uintptr_t)at & (BITS_CACHE_LINE - 1);
		recent_init(&x->copies, at, RECENT_ENTRIES, conf->duplicate_ns);
		at += recent_bytes(RECENT_ENTRIES);
		recent_init(&x->replies, at, RECENT_ENTRIES, conf->duplicate_ns);
	}
	x->conf = *conf;
	x->secret = *secret;
	x->out = out;
	x->metrics = metrics;
}

/* Two VLAN ids, the tunnel's kind, and its id where both directions have the same one. */
static uint64_t realm_of(const struct pkt *pkt)
{
	uint64_t realm = (uint64_t)pkt->tunnel.type << 32;
	switch ((enum tunnel_type)pkt->tunnel.type) {
	case TUNNEL_gre:
	case TUNNEL_vxlan:
	case TUNNEL_geneve:
	case TUNNEL_pppoe: realm |= pkt->tunnel.id; break;
	default: break; /* GTP, L2TP, MPLS: each end chooses its own */
	}
	for (int i = 0; i < pkt->vlans && i < 2; i++)
		realm |= (uint64_t)pkt->vlan[i] << (52 - 12 * i);
	return realm;
}

void txn_key(const struct txn *x, struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	uint64_t client_port = m->reply ? pkt->dport : pkt->sport;
	uint64_t server_port = m->reply ? pkt->sport : pkt->dport;
	m->key.client = m->reply ? pkt->dst : pkt->src;
	m->key.server = m->reply ? pkt->src : pkt->dst;
	/* in the order of the fields: the hash, soon to come, reads all of them at once */
	m->key.ends = client_port | server_port << 16 | (uint64_t)m->msg.id << 32 |
		      (uint64_t)pkt->proto << 48 | (uint64_t)pkt->v6 << 56;
	m->key.realm = x->conf.key_realm ? realm_of(pkt) : 0;
	m->hash = table_hash(&x->table, &m->key);
}

static void record_key(struct record *r, const struct table_key *key)
{
	r->client = key->client;
	r->server = key->server;
	r->client_port = key->client_port;
	r->server_port = key->server_port;
	r->proto = key->proto;
	r->v6 = key->v6;
}

/* The way that a message came. */
static void record_path(struct record *r, const struct pkt *pkt)
{
	r->vlans = pkt->vlans;
	if (bits_unlikely(pkt->vlans))
		memcpy(r->vlan, pkt->vlan, pkt->vlans * sizeof(r->vlan[0]));
	if (pkt->tunnel.type != TUNNEL_none)
		r->tunnel = pkt->tunnel;
}

static void record_reply_of(struct record *r, const struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	bits_copy(r->data + r->query_len, pkt->payload, pkt->len);
	r->reply_name = m->msg.name_len;
	r->reply_wire = pkt->wire_len;
	r->reply_frame = pkt->frame_len;
	r->reply_cut = pkt->cut;
}

/* A record of one message that belongs to no open query. asked_ns: when a RECORD_DUPLICATE's query
 * was seen. */
static void emit_message(
	struct txn *x, const struct txn_message *m, enum record_status status, int64_t asked_ns)
{
	const struct pkt *pkt = m->pkt;
	struct record *r = record_begin(x->out, m->reply ? 0 : pkt->len, m->reply ? pkt->len : 0);
	if (!r)
		return;
	record_key(r, &m->key);
	r->status = status;
	r->ts_ns = pkt->ts_ns;
	if (status == RECORD_DUPLICATE) {
		r->ts_ns = asked_ns;
		r->latency_ns = pkt->ts_ns - asked_ns;
	}
	r->error = m->error;
	r->rtt_ns = m->rtt_ns;
	record_path(r, pkt);
	if (m->reply) {
		record_reply_of(r, m);
	} else {
		r->query_name = m->msg.name_len;
		bits_copy(r->data, pkt->payload, pkt->len);
		r->query_wire = pkt->wire_len;
		r->query_cut = pkt->cut;
	}
	record_commit(x->out, r);
}

/* What every record of an open query has. */
static void record_entry(const struct txn *x, struct record *r, const struct table_entry *e)
{
	record_key(r, &e->key);
	r->ts_ns = e->ts_ns;
	r->retries = e->retries;
	r->query_wire = e->query_wire;
	r->query_cut = e->cut;
	r->query_name = e->name_len;
	if (bits_unlikely(e->vlans)) {
		r->vlans = e->vlans;
		memcpy(r->vlan, e->vlan, sizeof(r->vlan));
	}
	if (bits_unlikely(e->tunnelled))
		r->tunnel = e->tunnel;
	r->rtt_ns = e->timed ? e->rtt_ns : 0;
	table_query(&x->table, e, r->data);
}

/* Closes the query of a zone transfer of several messages. */
static void emit_transfer(struct txn *x, uint32_t slot, bool complete)
{
	const struct table_entry *e = table_at(&x->table, slot);
	struct txn_transfer *t = &x->transfers[e->transfer - 1];
	struct record_sum sum = {.records = t->sum.records,
		.octets = t->sum.octets,
		.duration_ns = t->last_ns - t->first_ns,
		.messages = t->sum.messages,
		.serial = t->sum.serial,
		.incomplete = !complete};
	struct record *r = record_begin(x->out, e->query_len, sizeof(t->header) + sizeof(sum));
	if (r) {
		record_entry(x, r, e);
		r->status = RECORD_ANSWERED;
		r->transfer = RECORD_TRANSFER_SUM;
		r->latency_ns = t->first_ns - e->ts_ns;
		r->reply_wire = t->first_wire;
		memcpy(r->data + r->query_len, t->header, sizeof(t->header));
		memcpy(r->data + r->query_len + sizeof(t->header), &sum, sizeof(sum));
		record_commit(x->out, r);
	}
	metrics_add(&x->metrics->answered, 1);
	t->slot = 0;
	table_remove(&x->table, slot);
}

/* Closes an open query: with its reply, or without (m NULL). */
static void emit_entry(struct txn *x, uint32_t slot, const struct txn_message *m)
{
	const struct pkt *reply = m ? m->pkt : NULL;
	const struct table_entry *e = table_at(&x->table, slot);

	if (bits_unlikely(e->transfer)) {
		emit_transfer(x, slot, false);
		return;
	}
	struct record *r = record_begin(x->out, e->query_len, reply ? reply->len : 0);
	if (r) {
		record_entry(x, r, e);
		r->status = reply ? RECORD_ANSWERED : RECORD_NO_REPLY;
		if (reply) {
			r->rtt_ns = m->rtt_ns ? m->rtt_ns : r->rtt_ns;
			r->latency_ns = reply->ts_ns - e->ts_ns;
			r->transfer = m->transfer;
			record_reply_of(r, m);
		}
		record_commit(x->out, r);
	}
	metrics_add(reply ? &x->metrics->answered : &x->metrics->no_reply, 1);
	table_remove(&x->table, slot);
}

/* Is this query's time over when pkt arrives? By the packet's own time; by the capture's clock only
 * with the slack for reordering, so that it does not matter when txn_expire() last ran. */
static bool expired(const struct txn *x, const struct table_entry *e, const struct pkt *pkt)
{
	return pkt->ts_ns - e->last_ns > x->conf.timeout_ns ||
	       pkt->clock_ns - e->clock_ns > x->conf.timeout_ns + x->conf.reorder_ns;
}

/* The oldest query of the base that still waits; lets go those before it whose time is over. */
static uint32_t oldest_waiting(struct txn *x, const struct txn_message *m)
{
	uint32_t slot;
	while ((slot = table_group(&x->table, &m->key, m->hash)) &&
		expired(x, table_at(&x->table, slot), m->pkt))
		emit_entry(x, slot, NULL);
	return slot;
}

static void take_query(struct txn *x, const struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	struct table *t = &x->table;
	uint32_t first = oldest_waiting(x, m);
	uint32_t slot = first ? table_find(t, first, &m->msg, pkt->payload) : 0;
	uint32_t open = t->open;

	metrics_add(&x->metrics->queries, 1);
	if (slot && expired(x, table_at(t, slot), pkt)) {
		emit_entry(x, slot, NULL);
		slot = 0;
	}
	if (slot) {
		struct table_entry *e = table_at(t, slot);
		e->retries++;
		e->last_ns = pkt->ts_ns;
		e->clock_ns = pkt->clock_ns;
		table_touch(t, slot);
		metrics_add(&x->metrics->retries, 1);
		return;
	}
	while (!table_has_room(t, pkt->len)) {
		metrics_add(&x->metrics->evicted, 1);
		emit_entry(x, t->oldest, NULL);
	}
	if (t->open != open) /* others of the group may have gone */
		first = table_group(t, &m->key, m->hash);
	slot = table_add(t, &m->key, m->hash, first, &m->msg, pkt->payload, pkt->len);
	struct table_entry *e = table_at(t, slot);
	e->ts_ns = pkt->ts_ns;
	e->last_ns = pkt->ts_ns;
	e->clock_ns = pkt->clock_ns;
	e->query_wire = pkt->wire_len;
	e->cut = pkt->cut;
	e->vlans = pkt->vlans;
	if (bits_unlikely(pkt->vlans))
		memcpy(e->vlan, pkt->vlan, sizeof(e->vlan));
	e->tunnelled = pkt->tunnel.type != TUNNEL_none;
	if (bits_unlikely(e->tunnelled))
		e->tunnel = pkt->tunnel;
	e->timed = m->rtt_ns != 0;
	if (bits_unlikely(e->timed))
		e->rtt_ns = m->rtt_ns;
	metrics_add(&x->metrics->opened, 1);
}

/* The first message of a zone transfer's reply. true: more will come, and the query stays open. */
static bool begin_transfer(struct txn *x, uint32_t slot, struct txn_message *m, uint16_t qtype)
{
	struct table_entry *e = table_at(&x->table, slot);
	uint32_t len = e->query_len < TABLE_INLINE ? e->query_len : (uint32_t)TABLE_INLINE;
	const struct pkt *pkt = m->pkt;
	unsigned free = 0;
	struct dns_msg query;

	while (free < TXN_TRANSFERS && x->transfers[free].slot)
		free++;
	if (free == TXN_TRANSFERS || dns_msg_read(&query, e->query, len) != DNS_OK)
		return false;
	struct txn_transfer *t = &x->transfers[free];
	transfer_begin(&t->sum, qtype, &query, e->query, len);
	if (transfer_take(&t->sum, &m->msg, pkt->payload, pkt->len, pkt->wire_len)) {
		m->transfer = RECORD_TRANSFER_WHOLE;
		return false;
	}
	t->slot = slot;
	t->first_ns = t->last_ns = pkt->ts_ns;
	t->first_wire = pkt->wire_len;
	memset(t->header, 0, sizeof(t->header));
	memcpy(t->header, pkt->payload, 4); /* id and flags */
	e->transfer = (uint8_t)(free + 1);
	return true;
}

/* A reply to the query of a zone transfer. true: the query stays open, or its record is made. */
static bool take_transfer(struct txn *x, uint32_t slot, struct txn_message *m)
{
	struct table_entry *e = table_at(&x->table, slot);
	const struct pkt *pkt = m->pkt;
	uint16_t qtype = e->name_len ? bits_be16(e->query + DNS_HEADER_LEN + e->name_len) : 0;

	if (!transfer_is(qtype) || e->key.proto != PACKET_TCP)
		return false;
	if (e->transfer) {
		struct txn_transfer *t = &x->transfers[e->transfer - 1];
		t->last_ns = pkt->ts_ns;
		metrics_add(&x->metrics->transfer_messages, 1);
		if (transfer_take(&t->sum, &m->msg, pkt->payload, pkt->len, pkt->wire_len)) {
			emit_transfer(x, slot, dns_rcode(m->msg.flags) == 0);
			return true;
		}
	} else if (dns_rcode(m->msg.flags) != 0 || m->msg.count[DNS_ANSWER] == 0 ||
		   !begin_transfer(x, slot, m, qtype)) {
		return false;
	}
	e->last_ns = pkt->ts_ns;
	e->clock_ns = pkt->clock_ns;
	table_touch(&x->table, slot);
	return true;
}

static void take_reply(struct txn *x, struct txn_message *m)
{
	struct table *t = &x->table;
	uint32_t first = oldest_waiting(x, m), slot = first;
	int64_t asked_ns = 0;

	metrics_add(&x->metrics->replies, 1);
	if (first && m->msg.name_len) {
		slot = table_find(t, first, &m->msg, m->pkt->payload);
		if (slot && expired(x, table_at(t, slot), m->pkt)) {
			emit_entry(x, slot, NULL);
			slot = 0;
		}
	}
	if (slot) {
		if (bits_unlikely(x->conf.duplicate_ns))
			repeat_answered(x, m, table_at(t, slot)->ts_ns);
		if (!x->conf.sum_transfers || !take_transfer(x, slot, m))
			emit_entry(x, slot, m);
	} else if (x->conf.duplicate_ns && repeat_reply(x, m, &asked_ns)) {
		metrics_add(&x->metrics->duplicate, 1);
		emit_message(x, m, RECORD_DUPLICATE, asked_ns);
	} else {
		metrics_add(first ? &x->metrics->mismatch : &x->metrics->no_query, 1);
		emit_message(x, m, first ? RECORD_MISMATCH : RECORD_NO_QUERY, 0);
	}
}

void txn_take(struct txn *x, struct txn_message *m)
{
	if (bits_unlikely(x->conf.duplicate_ns) && repeat_datagram(x, m)) {
		metrics_add(&x->metrics->copies, 1);
	} else if (bits_unlikely(m->error != DNS_OK)) {
		metrics_add(&x->metrics->malformed, 1);
		emit_message(x, m, RECORD_MALFORMED, 0);
	} else if (m->reply) {
		take_reply(x, m);
	} else {
		take_query(x, m);
	}
}

unsigned txn_expire(struct txn *x, int64_t clock_ns, unsigned most)
{
	int64_t age = x->conf.timeout_ns + x->conf.reorder_ns;
	unsigned n = 0;
	while (n < most && x->table.oldest &&
		clock_ns - table_at(&x->table, x->table.oldest)->clock_ns > age) {
		emit_entry(x, x->table.oldest, NULL);
		n++;
	}
	return n;
}

void txn_finish(struct txn *x)
{
	while (x->table.oldest)
		emit_entry(x, x->table.oldest, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/txn.h"

#include "dns/edns.h"
#include "packet/checksum.h"
#include "txn/txn_inner.h"

#define RECENT_ENTRIES 65536 /* of each kind: 50 ms at 1.3 million messages a second */

size_t txn_bytes(const struct txn_conf *conf)
{
	return BITS_WHOLE_LINES(txn_table_bytes(conf->max_open)) +
	       (conf->duplicate_ns ? 2 * txn_recent_bytes(RECENT_ENTRIES) : 0) +
	       (conf->early.wait_ns ? txn_early_bytes() + txn_early_local_bytes() : 0) +
	       (conf->checksum == TXN_CHECKSUM_PREFER ? txn_early_bytes() : 0) + txn_local_bytes() +
	       (conf->macs ? ((size_t)conf->max_open + 1) * sizeof(struct mac_pair) : 0);
}

void txn_init(struct txn *x, void *memory, const struct txn_conf *conf,
	const struct hash_secret *secret, struct record_arena *out, struct metrics_txn *metrics)
{
	uint8_t *at = (uint8_t *)memory + BITS_WHOLE_LINES(txn_table_bytes(conf->max_open));

	memset(x, 0, sizeof(*x));
	txn_table_init(&x->table, memory, conf->max_open, secret);
	if (conf->duplicate_ns) {
		txn_recent_init(&x->copies, at, RECENT_ENTRIES, conf->duplicate_ns);
		at += txn_recent_bytes(RECENT_ENTRIES);
		txn_recent_init(&x->replies, at, RECENT_ENTRIES, conf->duplicate_ns);
		at += txn_recent_bytes(RECENT_ENTRIES);
	}
	if (conf->early.wait_ns) {
		txn_early_init(&x->early, at, conf->early.wait_ns);
		at += txn_early_bytes();
		txn_early_local_init(&x->early_local, at);
		at += txn_early_local_bytes();
	}
	if (conf->checksum == TXN_CHECKSUM_PREFER) {
		txn_early_init(&x->held, at,
			conf->duplicate_ns ? conf->duplicate_ns : (int64_t)TXN_HOLD_NS);
		at += txn_early_bytes();
	}
	txn_local_init(&x->local, at, &x->table, secret, conf->timeout_ns);
	if (conf->macs) {
		x->macs = (struct mac_pair *)(at + txn_local_bytes());
		record_arena_want_macs(out);
	}
	x->conf = *conf;
	if (x->conf.early.later_ns > conf->timeout_ns)
		x->conf.early.later_ns = conf->timeout_ns;
	x->secret = *secret;
	x->out = out;
	x->metrics = metrics;
}

void txn_key(const struct txn *x, struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	uint64_t client_port = m->reply ? pkt->dport : pkt->sport;
	uint64_t server_port = m->reply ? pkt->sport : pkt->dport;
	memcpy(m->key.octets[ADDR_CLIENT], pkt->addrs.octets[m->reply], ADDR_OCTETS);
	memcpy(m->key.octets[ADDR_SERVER], pkt->addrs.octets[!m->reply], ADDR_OCTETS);
	/* in the order of the fields: the hash, soon to come, reads all of them at once */
	m->key.rest = pkt->addrs.family | (uint64_t)pkt->proto << 8 | client_port << 16 |
		      server_port << 32 | (uint64_t)m->msg.id << 48;
	m->key.realm = pkt->realm;
	m->hash = txn_table_hash(&x->table, &m->key);
}

/* Is this query's time over when pkt arrives? By the packet's own time; by the capture's clock only
 * with the slack for reordering, so that it does not matter when txn_expire() last ran. */
static bool expired(const struct txn *x, const struct txn_table_entry *e, const struct pkt *pkt)
{
	return when_since(pkt->ts_ns, e->last_ns) > x->conf.timeout_ns ||
	       when_since(pkt->clock_ns, e->clock_ns) > x->conf.timeout_ns + x->conf.reorder_ns;
}

/* The oldest query of the base that still waits; lets go those before it whose time is over. */
static uint32_t oldest_waiting(struct txn *x, const struct txn_message *m)
{
	uint32_t slot;
	while ((slot = txn_table_group(&x->table, &m->key, m->hash)) &&
		expired(x, txn_table_at(&x->table, slot), m->pkt))
		txn_emit_query(x, slot, NULL);
	return slot;
}

static __attribute__((noinline)) void evict(struct txn *x)
{
	enum txn_evict_cause cause;
	uint32_t slot = txn_table_victim(&x->table, &cause);

	txn_emit_evicted(x, slot, cause);
}

/* The slot that it opened; 0: it is a copy of an open one. */
static uint32_t take_query(struct txn *x, const struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	struct txn_table *t = &x->table;
	if (bits_unlikely(x->held.count))
		txn_pending_expire_held(x, pkt->clock_ns);
	uint32_t first = oldest_waiting(x, m);
	uint32_t slot = first ? txn_table_find(t, first, &m->msg, pkt->payload) : 0;
	uint32_t open = t->open;

	metrics_add(&x->metrics->queries, 1);
	if (slot && expired(x, txn_table_at(t, slot), pkt)) {
		txn_emit_query(x, slot, NULL);
		slot = 0;
	}
	if (slot && bits_unlikely(x->held.count) && txn_pending_settle(x, m, slot)) {
		first = txn_table_group(t, &m->key, m->hash);
		slot = 0;
	}
	if (slot) {
		struct txn_table_entry *e = txn_table_at(t, slot);
		e->retries++;
		e->ambiguous |= m->ambiguous;
		e->last_ns = pkt->ts_ns;
		e->clock_ns = pkt->clock_ns;
		txn_table_touch(t, slot);
		metrics_add(&x->metrics->retries, 1);
		return 0;
	}
	while (bits_unlikely(!txn_table_has_space(t, pkt->len)))
		evict(x);
	if (t->open != open) /* others of the group may have gone */
		first = txn_table_group(t, &m->key, m->hash);
	slot = txn_table_add(t, &m->key, m->hash, first, &m->msg, pkt->payload, pkt->len);
	struct txn_table_entry *e = txn_table_at(t, slot);
	e->ts_ns = pkt->ts_ns;
	e->last_ns = pkt->ts_ns;
	e->clock_ns = pkt->clock_ns;
	e->query_wire = pkt->wire_len;
	e->cut = pkt->cut;
	e->ambiguous = m->ambiguous;
	e->vlans = pkt->vlans;
	if (bits_unlikely(pkt->vlans))
		memcpy(e->vlan, pkt->vlan, sizeof(e->vlan));
	e->tunnelled = pkt->tunnel.type != TUNNEL_none;
	if (bits_unlikely(e->tunnelled))
		e->tunnel = pkt->tunnel;
	e->timed = m->rtt_ns != 0;
	if (bits_unlikely(e->timed))
		e->rtt_ns = m->rtt_ns;
	if (bits_unlikely(x->macs != NULL))
		x->macs[slot] = pkt->macs;
	metrics_add(&x->metrics->opened, 1);
	for (uint32_t old; bits_unlikely((old = txn_table_bucket_victim(t, slot)) != 0);)
		txn_emit_evicted(x, old, TXN_EVICT_BUCKET);
	return slot;
}

/* May a reply without a question answer any? Over UDP, one that reports no error could be
 * anybody's: whoever sends it has to guess no name. */
static __attribute__((noinline)) bool answers_any(const struct txn_message *m)
{
	struct edns edns;

	if (m->key.proto != PACKET_UDP || m->msg.flags & DNS_TC || dns_rcode(m->msg.flags))
		return true;
	edns_find(&edns, &m->msg, m->pkt->payload, m->pkt->len);
	return edns.rcode_high != 0;
}

/* The open query that a reply answers, of the group `first`; or 0. */
static inline uint32_t answered_by(struct txn *x, uint32_t first, const struct txn_message *m)
{
	struct txn_table *t = &x->table;

	if (!first || (bits_unlikely(!m->msg.name_len) && answers_any(m)))
		return first;
	uint32_t slot = txn_table_find(t, first, &m->msg, m->pkt->payload);
	if (slot && expired(x, txn_table_at(t, slot), m->pkt)) {
		txn_emit_query(x, slot, NULL);
		slot = 0;
	}
	return slot;
}

uint32_t txn_find_answered(struct txn *x, const struct txn_message *m)
{
	return answered_by(x, txn_table_group(&x->table, &m->key, m->hash), m);
}

static inline __attribute__((always_inline)) void answer(
	struct txn *x, uint32_t slot, struct txn_message *m)
{
	if (bits_unlikely(x->conf.duplicate_ns))
		txn_duplicate_store_answer(x, m, txn_table_at(&x->table, slot)->ts_ns);
	if (!x->conf.sum_transfers || !txn_transfer_reply(x, slot, m))
		txn_emit_query(x, slot, m);
}

void txn_answer_local(
	struct txn *x, const struct txn_message *m, const struct txn_local_query *query)
{
	if (x->conf.duplicate_ns)
		txn_duplicate_store_answer(x, m, query->ts_ns);
	txn_emit_local(x, m, query);
}

void txn_emit_local_duplicate(
	struct txn *x, const struct txn_message *m, const struct txn_local_query *query)
{
	metrics_add(&x->metrics->duplicate, 1);
	txn_emit_message(x, m, RECORD_DUPLICATE, query->ts_ns, query);
}

/* Processes a reply of the local link whose addresses, ports, id and question match no open query
 * (mismatch: its question does not). Returns false if it is to be processed as any other. */
static __attribute__((noinline)) bool process_local(
	struct txn *x, const struct txn_message *m, bool mismatch)
{
	const struct txn_local_query *query;
	struct txn_local_names names;
	int64_t asked_ns;
	bool open;

	txn_local_read_names(&x->local, m, &names);
	query = txn_local_find_query(&x->local, m, &names, &open);
	if (query && open && expired(x, txn_table_at(&x->table, query->slot), m->pkt)) {
		txn_emit_query(x, query->slot, NULL);
		query = NULL;
	}
	if (query && open) {
		txn_answer_local(x, m, query);
		return true;
	}
	if (!query &&
		(mismatch || (x->conf.duplicate_ns && txn_duplicate_find_answer(x, m, &asked_ns))))
		return false;
	if (txn_pending_enqueue_local(x, m, &names, query))
		return true;
	if (query)
		txn_emit_local_duplicate(x, m, query);
	return query;
}

void txn_answer(struct txn *x, uint32_t slot, struct txn_message *m)
{
	answer(x, slot, m);
}

void txn_emit_unsolicited(struct txn *x, const struct txn_message *m, bool mismatch)
{
	metrics_add(mismatch ? &x->metrics->mismatch : &x->metrics->no_query, 1);
	txn_emit_message(x, m, mismatch ? RECORD_MISMATCH : RECORD_NO_QUERY, 0, NULL);
}

/*
 * A reply whose checksum is wrong: was it forged by somebody who cannot see what it is to be, or is
 * it of a host that captures its own packets, or in a capture made anonymous? Another one tells.
 */
static __attribute__((noinline)) bool take_wrong(
	struct txn *x, struct txn_message *m, uint32_t first, uint32_t slot)
{
	m->bad_checksum = 1;
	if (x->conf.checksum == TXN_CHECKSUM_PREFER)
		return slot && txn_pending_hold(x, m, slot);
	txn_emit_unsolicited(x, m, first);
	return true;
}

static bool is_wrong(const struct txn *x, const struct txn_message *m)
{
	return x->conf.checksum != TXN_CHECKSUM_IGNORE && m->key.proto == PACKET_UDP &&
	       packet_checksum(m->pkt) == PACKET_CHECKSUM_WRONG;
}

static void take_reply(struct txn *x, struct txn_message *m)
{
	if (bits_unlikely(x->held.count))
		txn_pending_expire_held(x, m->pkt->clock_ns);
	uint32_t first = oldest_waiting(x, m), slot = answered_by(x, first, m);
	int64_t asked_ns = 0;

	metrics_add(&x->metrics->replies, 1);
	if (bits_unlikely(is_wrong(x, m)) && take_wrong(x, m, first, slot))
		return;
	if (slot) {
		if (bits_unlikely(x->held.count) && !m->bad_checksum)
			txn_pending_supersede(x, m, slot);
		answer(x, slot, m);
	} else if (bits_unlikely(txn_is_local(m)) && process_local(x, m, first)) {
		return;
	} else if (x->conf.duplicate_ns && txn_duplicate_find_answer(x, m, &asked_ns)) {
		metrics_add(&x->metrics->duplicate, 1);
		txn_emit_message(x, m, RECORD_DUPLICATE, asked_ns, NULL);
	} else if (!txn_pending_enqueue(x, m, first)) {
		txn_emit_unsolicited(x, m, first);
	}
}

void txn_process(struct txn *x, struct txn_message *m)
{
	if (bits_unlikely(x->conf.duplicate_ns) && txn_duplicate_datagram(x, m)) {
		metrics_add(&x->metrics->copies, 1);
	} else if (bits_unlikely(m->error != DNS_OK)) {
		metrics_add(&x->metrics->malformed, 1);
		txn_emit_message(x, m, RECORD_MALFORMED, 0, NULL);
	} else if (m->reply) {
		take_reply(x, m);
	} else {
		uint32_t slot = take_query(x, m);
		if (bits_unlikely(txn_is_local(m)) && slot && txn_pending_open_local(x, m, slot))
			slot = 0;
		if (bits_unlikely(x->early.count) && (slot || x->conf.early.unordered))
			txn_pending_match(x, m, slot);
	}
}

bool txn_is_due(struct txn *x, int64_t clock_ns)
{
	const struct txn_table *t = &x->table;
	return (t->oldest && when_since(clock_ns, txn_table_at(t, t->oldest)->clock_ns) >
				     x->conf.timeout_ns + x->conf.reorder_ns) ||
	       txn_early_due(&x->held, clock_ns) || txn_early_due(&x->early, clock_ns);
}

unsigned txn_expire(struct txn *x, int64_t clock_ns, unsigned most)
{
	int64_t age = x->conf.timeout_ns + x->conf.reorder_ns;
	unsigned n = 0;
	while (n < most && txn_pending_expire(x, clock_ns))
		n++;
	for (; n < most && x->table.oldest; n++) {
		uint32_t slot = x->table.oldest;
		if (when_since(clock_ns, txn_table_at(&x->table, slot)->clock_ns) <= age)
			break;
		txn_emit_query(x, slot, NULL);
	}
	return n;
}

void txn_finish(struct txn *x)
{
	while (txn_pending_expire(x, INT64_MAX))
		;
	while (x->table.oldest)
		txn_emit_query(x, x->table.oldest, NULL);
}

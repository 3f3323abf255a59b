/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/txn.h"

#include "dns/edns.h"
#include "packet/checksum.h"
#include "txn/txn_inner.h"

void txn_key(const struct txn *x, struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	uint64_t client_port = m->reply ? pkt->dport : pkt->sport;
	uint64_t server_port = m->reply ? pkt->sport : pkt->dport;
	memcpy(m->key.octets[ADDR_CLIENT], pkt->addrs.octets[m->reply], ADDR_OCTETS);
	memcpy(m->key.octets[ADDR_SERVER], pkt->addrs.octets[!m->reply], ADDR_OCTETS);
	/* in the order of the fields, because the hash reads all of them at once */
	m->key.rest = pkt->addrs.family | (uint64_t)pkt->proto << 8 | client_port << 16 |
		      server_port << 32 | (uint64_t)m->msg.id << 48;
	m->key.realm = pkt->realm;
	m->hash = txn_table_hash(&x->table, &m->key);
}

/*
 * Closes an open query with its reply, or without one (m NULL; `evicted`: before its time). asked:
 * the query, if it is of the local link and another host than the one asked replies; or NULL.
 */
static inline __attribute__((always_inline)) void close_with(struct txn *x, uint32_t slot,
	const struct txn_message *m, bool evicted, const struct txn_local_query *asked)
{
	const struct pkt *reply = m ? m->pkt : NULL;
	const struct txn_table_entry *e = txn_table_at(&x->table, slot);

	if (bits_unlikely(e->transfer)) {
		txn_emit_transfer(x, slot, false);
		return;
	}
	struct record *r = record_begin(x->out, e->query_len, reply ? reply->len : 0);
	if (r) {
		txn_record_query(x, r, e);
		r->status = reply ? RECORD_ANSWERED : RECORD_NO_REPLY;
		if (reply) {
			r->rtt_ns = m->rtt_ns ? m->rtt_ns : r->rtt_ns;
			r->latency_ns = when_since(reply->ts_ns, e->ts_ns);
			r->transfer = m->transfer;
			if (bits_unlikely(m->ambiguous))
				r->ambiguous |= m->ambiguous;
			if (asked) {
				memcpy(r->addrs.octets[ADDR_SERVER], m->key.octets[ADDR_SERVER],
					ADDR_OCTETS);
				r->group = asked->group;
			}
			txn_record_reply(r, m);
		} else {
			r->evicted = evicted;
		}
		if (bits_unlikely(x->macs != NULL))
			txn_record_macs(r, &x->macs[slot], reply, asked);
		record_commit(x->out, r);
	}
	metrics_add(reply ? &x->metrics->answered : &x->metrics->no_reply, 1);
	txn_table_remove(&x->table, slot);
}

/* Closes an open query without a reply; out of line, because most queries have one. */
static __attribute__((noinline)) void close_unanswered(struct txn *x, uint32_t slot)
{
	close_with(x, slot, NULL, false, NULL);
}

static void close_evicted(struct txn *x, uint32_t slot, enum txn_evict_cause cause)
{
	struct metrics_txn *m = x->metrics;

	metrics_add(&m->evicted, 1);
	switch (cause) {
	case TXN_EVICT_SERVER: metrics_add(&m->evicted_server, 1); break;
	case TXN_EVICT_DOMAIN: metrics_add(&m->evicted_domain, 1); break;
	case TXN_EVICT_CLIENT: metrics_add(&m->evicted_client, 1); break;
	case TXN_EVICT_LONG: metrics_add(&m->evicted_long, 1); break;
	case TXN_EVICT_OLDEST: metrics_add(&m->evicted_oldest, 1); break;
	case TXN_EVICT_BUCKET: metrics_add(&m->evicted_bucket, 1); break;
	}
	close_with(x, slot, NULL, true, NULL);
}

/*
 * Has the query expired when pkt arrives? By the timestamps; by the capture's clock only with the
 * slack for reordering, so that the result does not depend on when txn_expire() ran.
 */
static bool expired(const struct txn *x, const struct txn_table_entry *e, const struct pkt *pkt)
{
	return when_since(pkt->ts_ns, e->last_ns) > x->conf.timeout_ns ||
	       when_since(pkt->clock_ns, e->clock_ns) > x->conf.timeout_ns + x->conf.reorder_ns;
}

/* Returns the oldest open query of the base, after expiring those before it; or 0. */
static uint32_t oldest_open(struct txn *x, const struct txn_message *m)
{
	uint32_t slot;
	while ((slot = txn_table_group(&x->table, &m->key, m->hash)) &&
		expired(x, txn_table_at(&x->table, slot), m->pkt))
		close_unanswered(x, slot);
	return slot;
}

static __attribute__((noinline)) void evict(struct txn *x)
{
	enum txn_evict_cause cause;
	uint32_t slot = txn_table_victim(&x->table, &cause);

	close_evicted(x, slot, cause);
}

/* Returns the slot that the query opened; 0 if it is a copy of an open one. */
static uint32_t process_query(struct txn *x, const struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	struct txn_table *t = &x->table;
	if (bits_unlikely(x->held.count))
		txn_pending_expire_held(x, pkt->clock_ns);
	uint32_t first = oldest_open(x, m);
	uint32_t slot = first ? txn_table_find(t, first, &m->msg, pkt->payload) : 0;
	uint32_t open = t->open;

	metrics_add(&x->metrics->queries, 1);
	if (slot && expired(x, txn_table_at(t, slot), pkt)) {
		close_unanswered(x, slot);
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
	if (t->open != open) /* `first` may be closed */
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
		close_evicted(x, old, TXN_EVICT_BUCKET);
	return slot;
}

/* Does a reply without a question match any query? Over UDP, NOERROR does not: its sender need not
 * guess a name. */
static __attribute__((noinline)) bool matches_any(const struct txn_message *m)
{
	struct edns edns;

	if (m->key.proto != PACKET_UDP || m->msg.flags & DNS_TC || dns_rcode(m->msg.flags))
		return true;
	edns_find(&edns, &m->msg, m->pkt->payload, m->pkt->len);
	return edns.rcode_high != 0;
}

/* Returns the open query of the group `first` that a reply answers; or 0. */
static inline uint32_t match(struct txn *x, uint32_t first, const struct txn_message *m)
{
	struct txn_table *t = &x->table;

	if (!first || (bits_unlikely(!m->msg.name_len) && matches_any(m)))
		return first;
	uint32_t slot = txn_table_find(t, first, &m->msg, m->pkt->payload);
	if (slot && expired(x, txn_table_at(t, slot), m->pkt)) {
		close_unanswered(x, slot);
		slot = 0;
	}
	return slot;
}

uint32_t txn_find_answered(struct txn *x, const struct txn_message *m)
{
	return match(x, txn_table_group(&x->table, &m->key, m->hash), m);
}

static inline __attribute__((always_inline)) void answer(
	struct txn *x, uint32_t slot, struct txn_message *m)
{
	if (bits_unlikely(x->conf.duplicate_ns))
		txn_duplicate_store_answer(x, m, txn_table_at(&x->table, slot)->ts_ns);
	if (!x->conf.sum_transfers || !txn_transfer_reply(x, slot, m))
		close_with(x, slot, m, false, NULL);
}

void txn_answer_local(
	struct txn *x, const struct txn_message *m, const struct txn_local_query *query)
{
	if (x->conf.duplicate_ns)
		txn_duplicate_store_answer(x, m, query->ts_ns);
	close_with(x, query->slot, m, false, query);
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
		close_unanswered(x, query->slot);
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

/*
 * Processes a reply with a wrong checksum. A forger sent it who cannot see the query, or the
 * capture altered it: whether another reply comes decides. Returns false if it answers now.
 */
static __attribute__((noinline)) bool process_wrong(
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

static void process_reply(struct txn *x, struct txn_message *m)
{
	if (bits_unlikely(x->held.count))
		txn_pending_expire_held(x, m->pkt->clock_ns);
	uint32_t first = oldest_open(x, m), slot = match(x, first, m);
	int64_t asked_ns = 0;

	metrics_add(&x->metrics->replies, 1);
	if (bits_unlikely(is_wrong(x, m)) && process_wrong(x, m, first, slot))
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
		process_reply(x, m);
	} else {
		uint32_t slot = process_query(x, m);
		if (bits_unlikely(txn_is_local(m)) && slot && txn_pending_open_local(x, m, slot))
			slot = 0;
		if (bits_unlikely(x->early.count) && (slot || x->conf.early.unordered))
			txn_pending_match(x, m, slot);
	}
}

bool txn_is_due(struct txn *x, int64_t clock_ns)
{
	const struct txn_table *t = &x->table;
	return (t->ages.oldest && when_since(clock_ns, txn_table_at(t, t->ages.oldest)->clock_ns) >
					  x->conf.timeout_ns + x->conf.reorder_ns) ||
	       txn_early_due(&x->held, clock_ns) || txn_early_due(&x->early, clock_ns);
}

unsigned txn_expire(struct txn *x, int64_t clock_ns, unsigned max)
{
	int64_t age = x->conf.timeout_ns + x->conf.reorder_ns;
	unsigned n = 0;
	while (n < max && txn_pending_expire(x, clock_ns))
		n++;
	for (; n < max && x->table.ages.oldest; n++) {
		uint32_t slot = x->table.ages.oldest;
		if (when_since(clock_ns, txn_table_at(&x->table, slot)->clock_ns) <= age)
			break;
		close_unanswered(x, slot);
	}
	return n;
}

void txn_finish(struct txn *x)
{
	while (txn_pending_expire(x, INT64_MAX))
		;
	while (x->table.ages.oldest)
		close_unanswered(x, x->table.ages.oldest);
}

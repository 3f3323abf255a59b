/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside txn: the records of what has ended, a part of txn.c and inline there, because most
 * messages come by here; and what txn.c, repeat.c, waiting.c and zone.c have of each other.
 */
#ifndef TXN_TXN_INNER_H
#define TXN_TXN_INNER_H

#include "base/when.h"
#include "txn/txn.h"

_Static_assert(RECORD_VLANS == TXN_TABLE_VLANS && RECORD_VLANS == PACKET_VLANS, "one VLAN stack");

static inline void txn_record_key(struct record *r, const struct txn_table_key *key)
{
	r->addrs = key->addrs;
	r->proto = key->proto;
	r->client_port = key->client_port;
	r->server_port = key->server_port;
}

/* The way that a message came. */
static inline void txn_record_path(struct record *r, const struct pkt *pkt)
{
	r->vlans = pkt->vlans;
	if (bits_unlikely(pkt->vlans))
		memcpy(r->vlan, pkt->vlan, pkt->vlans * sizeof(r->vlan[0]));
	if (pkt->tunnel.type != TUNNEL_none)
		r->tunnel = pkt->tunnel;
}

static inline void txn_record_reply(struct record *r, const struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	bits_copy(r->data + r->query_len, pkt->payload, pkt->len);
	r->reply_name = m->msg.name_len;
	r->reply_wire = pkt->wire_len;
	r->reply_frame = pkt->frame_len;
	r->reply_cut = pkt->cut;
	if (bits_unlikely(m->bad_checksum))
		r->bad_checksum = 1;
}

/*
 * Adds the MAC addresses to a record: those of its query's packet (NULL: there is none), and what
 * only the reply's packet (NULL: none) knows. asked: the query went to a group of hosts or to
 * another host than the one that replied; or NULL.
 */
void txn_record_macs(struct record *r, const struct mac_pair *query, const struct pkt *reply,
	const struct txn_local_query *asked);

/* A record of one message that belongs to no open query; `macs` is a constant. asked_ns: when a
 * RECORD_DUPLICATE's query was seen. asked: that of the local link, or NULL. */
static inline __attribute__((always_inline)) void txn_emit_message_form(struct txn *x,
	const struct txn_message *m, enum record_status status, int64_t asked_ns,
	const struct txn_local_query *asked, bool macs)
{
	const struct pkt *pkt = m->pkt;
	struct record *r = record_begin(x->out, m->reply ? 0 : pkt->len, m->reply ? pkt->len : 0);
	if (!r)
		return;
	txn_record_key(r, &m->key);
	if (asked) {
		memcpy(r->addrs.octets[ADDR_CLIENT], asked->key.octets[ADDR_CLIENT], ADDR_OCTETS);
		r->client_port = asked->key.client_port;
		r->group = asked->group;
	}
	r->status = status;
	r->ts_ns = pkt->ts_ns;
	if (status == RECORD_DUPLICATE) {
		r->ts_ns = asked_ns;
		r->latency_ns = when_since(pkt->ts_ns, asked_ns);
	}
	r->error = m->error;
	r->ambiguous = m->ambiguous;
	r->rtt_ns = m->rtt_ns;
	txn_record_path(r, pkt);
	if (macs)
		txn_record_macs(r, m->reply ? NULL : &pkt->macs, m->reply ? pkt : NULL, asked);
	if (m->reply) {
		txn_record_reply(r, m);
	} else {
		r->query_name = m->msg.name_len;
		bits_copy(r->data, pkt->payload, pkt->len);
		r->query_wire = pkt->wire_len;
		r->query_cut = pkt->cut;
	}
	record_commit(x->out, r);
}

/* The form of it with MAC addresses. */
void txn_emit_message_macs(struct txn *x, const struct txn_message *m, enum record_status status,
	int64_t asked_ns, const struct txn_local_query *asked);

static inline void txn_emit_message(struct txn *x, const struct txn_message *m,
	enum record_status status, int64_t asked_ns, const struct txn_local_query *asked)
{
	if (bits_unlikely(x->macs != NULL))
		txn_emit_message_macs(x, m, status, asked_ns, asked);
	else
		txn_emit_message_form(x, m, status, asked_ns, asked, false);
}

/* What every record of an open query has. */
static inline void txn_record_query(
	const struct txn *x, struct record *r, const struct txn_table_entry *e)
{
	txn_record_key(r, &e->key);
	r->ts_ns = e->ts_ns;
	r->retries = e->retries;
	r->query_wire = e->query_wire;
	r->query_cut = e->cut;
	if (bits_unlikely(e->ambiguous))
		r->ambiguous = e->ambiguous;
	r->query_name = e->name_len;
	if (bits_unlikely(e->vlans)) {
		r->vlans = e->vlans;
		memcpy(r->vlan, e->vlan, sizeof(r->vlan));
	}
	if (bits_unlikely(e->tunnelled))
		r->tunnel = e->tunnel;
	r->rtt_ns = e->timed ? e->rtt_ns : 0;
	txn_table_copy_query(&x->table, e, r->data);
}

/* Closes the query of a zone transfer of several messages. */
static inline void txn_emit_transfer(struct txn *x, uint32_t slot, bool complete)
{
	const struct txn_table_entry *e = txn_table_at(&x->table, slot);
	struct txn_open_transfer *t = &x->transfers[e->transfer - 1];
	struct record_sum sum = {.records = t->sum.records,
		.octets = t->sum.octets,
		.duration_ns = when_since(t->last_ns, t->first_ns),
		.messages = t->sum.messages,
		.serial = t->sum.serial,
		.incomplete = !complete};
	struct record *r = record_begin(x->out, e->query_len, sizeof(t->header) + sizeof(sum));
	if (r) {
		txn_record_query(x, r, e);
		r->status = RECORD_ANSWERED;
		r->transfer = RECORD_TRANSFER_SUM;
		r->latency_ns = when_since(t->first_ns, e->ts_ns);
		r->reply_wire = t->first_wire;
		if (bits_unlikely(x->macs != NULL))
			txn_record_macs(r, &x->macs[slot], NULL, NULL);
		memcpy(r->data + r->query_len, t->header, sizeof(t->header));
		memcpy(r->data + r->query_len + sizeof(t->header), &sum, sizeof(sum));
		record_commit(x->out, r);
	}
	metrics_add(&x->metrics->answered, 1);
	t->slot = 0;
	txn_table_remove(&x->table, slot);
}

/* Closes an open query: with its reply, or without (m NULL); `evicted`: before its time. asked: it
 * is one of the local link, and who replies is not who was asked; or NULL. */
static inline __attribute__((always_inline)) void txn_emit_closed_form(struct txn *x, uint32_t slot,
	const struct txn_message *m, bool evicted, const struct txn_local_query *asked, bool macs)
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
		if (macs)
			txn_record_macs(r, &x->macs[slot], reply, asked);
		record_commit(x->out, r);
	}
	metrics_add(reply ? &x->metrics->answered : &x->metrics->no_reply, 1);
	txn_table_remove(&x->table, slot);
}

/* The form of it with MAC addresses. */
void txn_emit_closed_macs(struct txn *x, uint32_t slot, const struct txn_message *m, bool evicted,
	const struct txn_local_query *asked);

static inline __attribute__((always_inline)) void txn_emit_closed(struct txn *x, uint32_t slot,
	const struct txn_message *m, bool evicted, const struct txn_local_query *asked)
{
	if (bits_unlikely(x->macs != NULL))
		txn_emit_closed_macs(x, slot, m, evicted, asked);
	else
		txn_emit_closed_form(x, slot, m, evicted, asked, false);
}

static inline void txn_emit_query(struct txn *x, uint32_t slot, const struct txn_message *m)
{
	txn_emit_closed(x, slot, m, false, NULL);
}

/* With a reply to a query of the local link. */
static inline void txn_emit_local(
	struct txn *x, const struct txn_message *m, const struct txn_local_query *asked)
{
	txn_emit_closed(x, asked->slot, m, false, asked);
}

/* Closes an open query that has to go before its time. */
static inline void txn_emit_evicted(struct txn *x, uint32_t slot, enum txn_evict_cause cause)
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
	txn_emit_closed(x, slot, NULL, true, NULL);
}

/* What comes again within txn_conf.duplicate_ns: copies of datagrams, further replies (repeat.c).
 */

/*
 * Was the same datagram seen just before: mirrored on its way in and on its way out? Its addresses,
 * ports and octets tell, not its link header, VLANs, tunnel or TTL. (What TCP repeats is dropped
 * where streams are put together.)
 */
bool txn_duplicate_datagram(struct txn *x, const struct txn_message *m);

/* A reply answered a query of that time: remember it. */
void txn_duplicate_store_answer(struct txn *x, const struct txn_message *m, int64_t asked_ns);

/* Was the transaction of this reply answered just before? *asked_ns: when it was asked. */
bool txn_duplicate_find_answer(const struct txn *x, const struct txn_message *m, int64_t *asked_ns);

/*
 * Pending replies (pending.c): those whose query may still come (x->early), and those with a wrong
 * checksum, whose query stays open for a better reply (x->held).
 */

/* Stores a reply that found no open query until its query comes. mismatch: its base has an open
 * query. Returns false if it cannot wait. */
bool txn_pending_enqueue(struct txn *x, const struct txn_message *m, bool mismatch);

/* Does the same with a reply of the local link. query: the closed query that it is a duplicate
 * reply to, unless a later one matches; or NULL. */
bool txn_pending_enqueue_local(struct txn *x, const struct txn_message *m,
	const struct txn_local_names *names, const struct txn_local_query *query);

/*
 * Matches the early replies to a query, which opened `slot`. In a capture file the first reply
 * answers whose question is the same and whose timestamp is near enough. Live, from several queues,
 * all early replies of the base are processed as if they came now, except those that are earlier
 * than the query can be: a timestamp is the time when the queue was polled, so that of the query
 * can be the later one. The record then has the time of the reply, which is closer to the truth.
 */
void txn_pending_match(struct txn *x, const struct txn_message *query, uint32_t slot);

/*
 * Indexes a query of the local link, which opened `slot`, and matches the early replies to it: the
 * first one answers, further ones to a query to a group are duplicates. Returns true if one
 * answered and the slot is free.
 */
bool txn_pending_open_local(struct txn *x, const struct txn_message *m, uint32_t slot);

/*
 * Holds a reply with a wrong checksum to the open query in `slot`. If such a reply is held already,
 * that one answers, and this one is unsolicited. Returns false if it cannot wait: it answers now.
 */
bool txn_pending_hold(struct txn *x, struct txn_message *m, uint32_t slot);

/* Answers the open query in `slot` with the reply that is held for it, because of another message
 * for it. Returns true if there is one, and the query is closed. */
bool txn_pending_settle(struct txn *x, const struct txn_message *m, uint32_t slot);

/* Records the reply that is held for the query in `slot`, if any, as a duplicate, because a better
 * reply is about to answer. */
void txn_pending_supersede(struct txn *x, const struct txn_message *m, uint32_t slot);

/* Answers with the replies that were held long enough by the capture's clock. */
void txn_pending_expire_held(struct txn *x, int64_t clock_ns);

/* Expires one pending reply; INT64_MAX: of any age. Returns false if none is due. */
bool txn_pending_expire(struct txn *x, int64_t clock_ns);

/* Closes the open query in `slot` with its reply. */
void txn_answer(struct txn *x, uint32_t slot, struct txn_message *m);

/* Closes an open query of the local link with a reply that its names matched. */
void txn_answer_local(
	struct txn *x, const struct txn_message *m, const struct txn_local_query *query);

/* Records a further reply to a query to a group. */
void txn_emit_local_duplicate(
	struct txn *x, const struct txn_message *m, const struct txn_local_query *query);

/* Records a reply to no open query. mismatch: its base has one with another question. */
void txn_emit_unsolicited(struct txn *x, const struct txn_message *m, bool mismatch);

/* Returns the slot of the open query that a reply answers, or 0. */
uint32_t txn_find_answered(struct txn *x, const struct txn_message *m);

/* Replies to the query of a zone transfer, which may have many messages (zone.c): transfer.h says
 * where they end, here is what becomes of the transaction. */

/* A reply to the open query in a slot. true: it is one of several, and the query stays open, or its
 * record is made; false: the caller closes it with this reply. */
bool txn_transfer_reply(struct txn *x, uint32_t slot, struct txn_message *m);

#endif

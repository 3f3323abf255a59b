/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the transaction stage call of each other. */
#ifndef TXN_TXN_INNER_H
#define TXN_TXN_INNER_H

#include "base/when.h"
#include "txn/txn.h"

_Static_assert(RECORD_VLANS == TXN_TABLE_VLANS && RECORD_VLANS == PACKET_VLANS, "one VLAN stack");

/* emit.c: records. */

/* Sets what every record of an open query has. */
static inline void txn_record_query(
	const struct txn *x, struct record *r, const struct txn_table_entry *e)
{
	record_set_ends(r, &e->key.addrs, e->key.client_port, e->key.server_port, e->key.proto);
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

/* Sets what every record with a reply has. */
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
 * Emits a record of a message that belongs to no open query. asked_ns: of RECORD_DUPLICATE, when
 * its query was captured. asked: its query, if that is of the local link; or NULL.
 */
void txn_emit_message(struct txn *x, const struct txn_message *m, enum record_status status,
	int64_t asked_ns, const struct txn_local_query *asked);

/* Emits a further reply to the query of the local link. */
void txn_emit_local_duplicate(
	struct txn *x, const struct txn_message *m, const struct txn_local_query *query);

/* Emits a reply to no open query. mismatch: its base has one with another question. */
void txn_emit_unsolicited(struct txn *x, const struct txn_message *m, bool mismatch);

/*
 * Sets the MAC addresses of a record: those of the packet of its query (NULL: none), completed from
 * the packet of its reply (NULL: none). asked: the query, if it is of the local link and may have
 * been sent to others than the host that replied; or NULL. Only if txn_conf.macs.
 */
void txn_record_macs(struct record *r, const struct mac_pair *query, const struct pkt *reply,
	const struct txn_local_query *asked);

/* Closes the query of a zone transfer of several messages. */
void txn_emit_transfer(struct txn *x, uint32_t slot, bool complete);

/* duplicate.c: messages that arrive again within txn_conf.duplicate_ns. */

/*
 * Was the same datagram captured just before, as on its way in and on its way out? Addresses,
 * ports and octets tell; link header, VLANs, tunnel and TTL may differ. If not, stores it.
 * (Retransmitted segments are dropped when TCP streams are reassembled.)
 */
bool txn_duplicate_datagram(struct txn *x, const struct txn_message *m);

/* Stores that a reply answered a query of that time. */
void txn_duplicate_store_answer(struct txn *x, const struct txn_message *m, int64_t asked_ns);

/* Was the transaction of this reply answered just before? Sets *asked_ns to the query's time. */
bool txn_duplicate_find_answer(const struct txn *x, const struct txn_message *m, int64_t *asked_ns);

/*
 * pending.c: replies whose query may still come (x->early), and replies with a wrong checksum,
 * whose query stays open for a better one (x->held).
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

/* open_transfer.c: the transaction of a zone transfer, whose reply may have many messages. */

/* Processes a reply to the open query in `slot`. Returns false if the caller has to close the query
 * with it; true if the query stays open for more, or is closed. */
bool txn_transfer_reply(struct txn *x, uint32_t slot, struct txn_message *m);

/* txn.c */

/* Closes the open query in `slot` with its reply. */
void txn_answer(struct txn *x, uint32_t slot, struct txn_message *m);

/* Closes an open query of the local link with a reply that its names matched. */
void txn_answer_local(
	struct txn *x, const struct txn_message *m, const struct txn_local_query *query);

/* Returns the slot of the open query that a reply answers, or 0. */
uint32_t txn_find_answered(struct txn *x, const struct txn_message *m);

#endif

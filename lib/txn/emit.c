/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/txn_inner.h"

void txn_record_macs(struct record *r, const struct mac_pair *query, const struct pkt *reply,
	const struct txn_local_query *asked)
{
	struct mac_pair macs = query ? *query : (struct mac_pair){.known = 0};

	if (reply) {
		struct mac_pair back = mac_reverse(&reply->macs);
		if (asked) /* the destination of the query is not the host that replied */
			macs.known &= (uint8_t) ~(1u << ADDR_SERVER);
		if (asked && back.octets[ADDR_CLIENT][0] & 1) /* of a group, not of the client */
			back.known &= (uint8_t) ~(1u << ADDR_CLIENT);
		mac_complete(&macs, &back);
	}
	record_set_macs(r, &macs);
}

void txn_emit_message(struct txn *x, const struct txn_message *m, enum record_status status,
	int64_t asked_ns, const struct txn_local_query *asked)
{
	const struct pkt *pkt = m->pkt;
	struct record *r = record_begin(x->out, m->reply ? 0 : pkt->len, m->reply ? pkt->len : 0);
	if (!r)
		return;
	record_set_ends(r, &m->key.addrs, m->key.client_port, m->key.server_port, m->key.proto);
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
	record_set_path(r, pkt->vlan, pkt->vlans, &pkt->tunnel);
	if (bits_unlikely(x->macs != NULL))
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

void txn_emit_local_duplicate(
	struct txn *x, const struct txn_message *m, const struct txn_local_query *query)
{
	metrics_add(&x->metrics->duplicate, 1);
	txn_emit_message(x, m, RECORD_DUPLICATE, query->ts_ns, query);
}

void txn_emit_unsolicited(struct txn *x, const struct txn_message *m, bool mismatch)
{
	metrics_add(mismatch ? &x->metrics->mismatch : &x->metrics->no_query, 1);
	txn_emit_message(x, m, mismatch ? RECORD_MISMATCH : RECORD_NO_QUERY, 0, NULL);
}

void txn_emit_transfer(struct txn *x, uint32_t slot, bool complete)
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

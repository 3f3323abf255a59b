/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/txn_inner.h"

/* Processes the first message of the reply. Returns true if more follow: the query stays open. */
static bool begin_transfer(struct txn *x, uint32_t slot, struct txn_message *m, uint16_t qtype)
{
	struct txn_table_entry *e = txn_table_at(&x->table, slot);
	uint32_t len = e->query_len < TXN_TABLE_INLINE ? e->query_len : (uint32_t)TXN_TABLE_INLINE;
	const struct pkt *pkt = m->pkt;
	unsigned free = 0;
	struct dns_msg query;

	while (free < TXN_TRANSFERS && x->transfers[free].slot)
		free++;
	if (free == TXN_TRANSFERS || dns_msg_read(&query, e->query, len) != DNS_OK)
		return false;
	struct txn_open_transfer *t = &x->transfers[free];
	txn_transfer_begin(&t->sum, qtype, &query, e->query, len);
	if (txn_transfer_add_message(&t->sum, &m->msg, pkt->payload, pkt->len, pkt->wire_len)) {
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

bool txn_transfer_reply(struct txn *x, uint32_t slot, struct txn_message *m)
{
	struct txn_table_entry *e = txn_table_at(&x->table, slot);
	const struct pkt *pkt = m->pkt;
	uint16_t qtype = e->name_len ? bits_be16(e->query + DNS_HEADER_LEN + e->name_len) : 0;

	if (!txn_transfer_is(qtype) || e->key.proto != PACKET_TCP)
		return false;
	if (e->transfer) {
		struct txn_open_transfer *t = &x->transfers[e->transfer - 1];
		t->last_ns = pkt->ts_ns;
		e->ambiguous |= m->ambiguous;
		metrics_add(&x->metrics->transfer_messages, 1);
		if (txn_transfer_add_message(
			    &t->sum, &m->msg, pkt->payload, pkt->len, pkt->wire_len)) {
			txn_emit_transfer(x, slot, dns_rcode(m->msg.flags) == 0);
			return true;
		}
	} else if (dns_rcode(m->msg.flags) != 0 || m->msg.count[DNS_ANSWER] == 0 ||
		   !begin_transfer(x, slot, m, qtype)) {
		return false;
	}
	e->ambiguous |= m->ambiguous;
	e->last_ns = pkt->ts_ns;
	e->clock_ns = pkt->clock_ns;
	txn_table_touch(&x->table, slot);
	return true;
}

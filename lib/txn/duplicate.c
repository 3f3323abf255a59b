/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/txn_inner.h"

/* Hashes the transaction of a reply, with its question, or without for replies that have none. */
static uint64_t transaction_hash(const struct txn *x, const struct txn_message *m, bool question)
{
	uint8_t folded[NAME_WIRE_MAX + 4];
	uint32_t n = question ? m->msg.name_len : 0;

	if (n) {
		name_fold(folded, m->pkt->payload + DNS_HEADER_LEN, n);
		memcpy(folded + n, m->pkt->payload + DNS_HEADER_LEN + n, 4);
		n += 4;
	}
	return hash_bytes(
		&x->secret, folded, n, hash_bytes(&x->secret, &m->key, sizeof(m->key), 1));
}

void txn_duplicate_store_answer(struct txn *x, const struct txn_message *m, int64_t asked_ns)
{
	txn_recent_add(&x->replies, transaction_hash(x, m, false), m->pkt->ts_ns, asked_ns);
	if (m->msg.name_len)
		txn_recent_add(&x->replies, transaction_hash(x, m, true), m->pkt->ts_ns, asked_ns);
}

bool txn_duplicate_find_answer(const struct txn *x, const struct txn_message *m, int64_t *asked_ns)
{
	return txn_recent_find(&x->replies, transaction_hash(x, m, true), m->pkt->ts_ns, asked_ns);
}

bool txn_duplicate_datagram(struct txn *x, const struct txn_message *m)
{
	const struct pkt *pkt = m->pkt;
	struct txn_table_key key = m->key;
	uint64_t hash;

	if (key.proto != PACKET_UDP)
		return false;
	key.realm = m->reply;
	hash = hash_bytes(&x->secret, &key, sizeof(key), 2);
	hash = hash_bytes(&x->secret, pkt->payload, pkt->len, hash);
	if (txn_recent_find(&x->copies, hash, pkt->ts_ns, NULL))
		return true;
	txn_recent_add(&x->copies, hash, pkt->ts_ns, 0);
	return false;
}

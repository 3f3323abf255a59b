/* SPDX-License-Identifier: BSD-3-Clause */
#include "txn/transfer.h"

/* Reads the serial of a SOA record (RFC 1035 section 3.3.13). Returns false if it is malformed. */
static bool serial_of(const struct name_space *space, const struct rr *rr, uint32_t *serial)
{
	enum dns_error error;
	uint32_t end = rr->rdata + rr->rdlen;
	uint32_t at = name_skip(space, rr->rdata, &error);

	if (at)
		at = name_skip(space, at, &error);
	if (at == 0 || at + 4 > end)
		return false;
	*serial = bits_be32(space->data + at);
	return true;
}

void txn_transfer_begin(struct txn_transfer *t, uint16_t qtype, const struct dns_msg *msg,
	const uint8_t *query, uint32_t len)
{
	struct rr_iter it = rr_iter_after_question(msg, query, len);
	struct rr rr;

	*t = (struct txn_transfer){.qtype = qtype};
	while (qtype == TXN_TRANSFER_IXFR && !t->client_known && rr_next(&it, &rr))
		if (rr.section == DNS_AUTHORITY && rr.type == TXN_TRANSFER_SOA)
			t->client_known = serial_of(&it.space, &rr, &t->client_serial);
}

/* Adds the n-th record of the transfer. */
static void add_record(
	struct txn_transfer *t, const struct name_space *space, const struct rr *rr, uint64_t n)
{
	uint32_t serial;

	if (rr->type != TXN_TRANSFER_SOA || !serial_of(space, rr, &serial))
		return;
	if (n == 0)
		t->serial = serial;
	if (serial == t->serial)
		t->soas++;
	else if (n == 1) /* RFC 1995 section 4: the old version's SOA comes second */
		t->incremental = t->qtype == TXN_TRANSFER_IXFR;
}

bool txn_transfer_add_message(struct txn_transfer *t, const struct dns_msg *msg,
	const uint8_t *data, uint32_t len, uint32_t wire_len)
{
	struct rr_iter it = rr_iter_after_question(msg, data, len);
	struct rr rr;
	uint64_t n = t->records;
	uint16_t last = 0;

	while (rr_next(&it, &rr) && rr.section <= DNS_ANSWER) {
		if (rr.section != DNS_ANSWER)
			continue;
		add_record(t, &it.space, &rr, n++);
		last = rr.type;
	}
	t->messages++;
	t->octets += wire_len;
	t->records += msg->count[DNS_ANSWER];
	if (n != t->records || last != TXN_TRANSFER_SOA) /* more follow, or some are malformed */
		return dns_rcode(msg->flags) != 0;
	if (n == 1) /* the zone has not changed, or the first SOA has a message of its own */
		return t->qtype == TXN_TRANSFER_IXFR &&
		       (!t->client_known || (int32_t)(t->serial - t->client_serial) <= 0);
	/* An incremental reply has the new SOA once more, before its last additions. */
	return t->soas >= (t->incremental ? 3 : 2);
}

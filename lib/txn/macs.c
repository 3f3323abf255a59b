/* SPDX-License-Identifier: BSD-3-Clause */
/* Records with MAC addresses: apart, so that those without take no step more. */
#include "txn/txn_inner.h"

void txn_record_macs(struct record *r, const struct mac_pair *query, const struct pkt *reply,
	const struct txn_local_query *asked)
{
	struct mac_pair macs = query ? *query : (struct mac_pair){.known = 0};

	if (reply) {
		struct mac_pair back = mac_reverse(&reply->macs);
		if (asked) /* the query's destination is not who replied */
			macs.known &= (uint8_t) ~(1u << ADDR_SERVER);
		if (asked && back.octets[ADDR_CLIENT][0] & 1) /* a group's, not the client's */
			back.known &= (uint8_t) ~(1u << ADDR_CLIENT);
		mac_complete(&macs, &back);
	}
	record_set_macs(r, &macs);
}

void txn_emit_message_macs(struct txn *x, const struct txn_message *m, enum record_status status,
	int64_t asked_ns, const struct txn_local_query *asked)
{
	txn_emit_message_form(x, m, status, asked_ns, asked, true);
}

void txn_emit_closed_macs(struct txn *x, uint32_t slot, const struct txn_message *m, bool evicted,
	const struct txn_local_query *asked)
{
	txn_emit_closed_form(x, slot, m, evicted, asked, true);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* How the parts of the transaction stage share its memory. */
#include "txn/txn.h"

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

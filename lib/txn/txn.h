/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transactions: pairs every DNS query with its reply. The policy (what a copy, a late reply, a
 * foreign question means) stands here; where open queries are kept is table.h's matter.
 * Time is packet time only: the same packets give the same records.
 */
#ifndef TXN_TXN_H
#define TXN_TXN_H

#include "packet/packet.h"
#include "record/record.h"
#include "txn/table.h"

struct txn_conf {
	uint32_t max_open; /* slots of the table */
	int64_t timeout_ns; /* a query waits this long after its latest copy */
	int64_t reorder_ns; /* a packet may be this much older than an earlier one */
	bool key_realm; /* VLANs and tunnel tell transactions apart, too */
};

struct txn {
	struct table table;
	struct txn_conf conf;
	struct record_arena *out; /* where records go */
	struct metrics_txn *metrics;
};

/* A DNS message in its packet, as the pipeline hands it over. */
struct txn_message {
	const struct pkt *pkt;
	struct dns_msg msg;
	struct table_key key;
	uint32_t hash;
	enum dns_error error; /* of dns_msg_read() */
	int64_t rtt_ns; /* of the TCP handshake; 0: not seen */
	bool reply;
};

/* `memory`: zeroed, table_bytes(conf->max_open) octets, the caller's. */
void txn_init(struct txn *x, void *memory, const struct txn_conf *conf,
	const struct hash_secret *secret, struct record_arena *out, struct metrics_txn *metrics);

/* Fills key and hash of a message from its packet, `reply` and `msg`. */
void txn_key(const struct txn *x, struct txn_message *m);

/* Takes one message: opens, repeats or closes a transaction. */
void txn_take(struct txn *x, const struct txn_message *m);

/* Lets at most `most` queries go whose time is over by the capture's clock. Returns how many. */
unsigned txn_expire(struct txn *x, int64_t clock_ns, unsigned most);

/* Lets all open queries go: the capture is at its end. */
void txn_finish(struct txn *x);

#endif

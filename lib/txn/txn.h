/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transactions: matches DNS queries and replies. This file has the rules (retries, late replies,
 * mismatches, duplicates); table.h has the open queries. Time is packet time only, so the same
 * packets give the same records.
 */
#ifndef TXN_TXN_H
#define TXN_TXN_H

#include "record/record.h"
#include "txn/early_local.h"
#include "txn/message.h"
#include "txn/recent.h"
#include "txn/transfer.h"

/* Replies that are processed before their queries. */
struct txn_early_conf {
	int64_t wait_ns; /* how long they wait, by the capture's clock; 0: they do not wait */
	/* How much later than the query's the timestamp of a reply may be, and how much earlier. */
	int64_t later_ns, earlier_ns;
	/* Live, several queues: messages are in no order, and a timestamp is the time when the
	 * queue was polled (pkt->late_us). If false, they are in the order of the capture. */
	bool unordered;
};

/* What a wrong checksum of a reply over UDP means: a forger who cannot see the whole packet sent
 * it, or the capture altered it. */
enum txn_checksum {
	TXN_CHECKSUM_IGNORE,
	TXN_CHECKSUM_PREFER, /* the reply is held for a better one */
	TXN_CHECKSUM_REQUIRE, /* the reply answers no query */
};

#define TXN_HOLD_NS 1000000000 /* how long a reply is held if duplicate_ns is 0 */

struct txn_conf {
	uint32_t max_open; /* slots of the table */
	int64_t timeout_ns; /* of a query, from its latest copy */
	int64_t reorder_ns; /* a packet may be this much older than an earlier one */
	int64_t duplicate_ns; /* window of duplicate datagrams and replies; 0: no detection */
	struct txn_early_conf early;
	enum txn_checksum checksum;
	bool sum_transfers; /* one transaction for all messages of a zone transfer */
	bool macs; /* records have MAC addresses, those of pkt.macs */
};

/* Open zone transfers of several messages; further ones have a record for each message. */
#define TXN_TRANSFERS 255

struct txn_open_transfer {
	struct txn_transfer sum;
	uint32_t slot; /* of its query; 0: free */
	int64_t first_ns, last_ns; /* timestamps of its messages */
	uint32_t first_wire; /* octets of its first message */
	uint8_t header[DNS_HEADER_LEN]; /* of its first message */
};

struct txn {
	struct txn_table table;
	struct txn_conf conf;
	struct txn_recent copies, replies; /* duplicate_ns only */
	struct txn_early early; /* early.wait_ns only */
	struct txn_early_local early_local; /* index of `early` */
	struct txn_early held; /* with a wrong checksum; TXN_CHECKSUM_PREFER only */
	struct txn_local local;
	struct mac_pair *macs; /* of open queries, by slot; NULL: txn_conf.macs is off */
	struct hash_secret secret;
	struct record_arena *out;
	struct metrics_txn *metrics;
	struct txn_open_transfer transfers[TXN_TRANSFERS];
};

/* Octets of memory. */
size_t txn_bytes(const struct txn_conf *conf);

/* Starts the stage. `memory`: zeroed, txn_bytes() octets, aligned to a cache line, the caller's, as
 * are `out`, which receives the records, and metrics. */
void txn_init(struct txn *x, void *memory, const struct txn_conf *conf,
	const struct hash_secret *secret, struct record_arena *out, struct metrics_txn *metrics);

/* Sets key and hash of a message from its packet, `reply` and `msg`. */
void txn_key(const struct txn *x, struct txn_message *m);

/* Processes a message: opens a transaction, counts a retry, or closes a transaction. */
void txn_process(struct txn *x, struct txn_message *m);

/* Returns true if txn_expire() would expire something. */
bool txn_is_due(struct txn *x, int64_t clock_ns);

/* Expires at most `max` queries and pending replies by the capture's clock. Returns how many. */
unsigned txn_expire(struct txn *x, int64_t clock_ns, unsigned max);

/* Flushes all pending replies and open queries at the end of the capture. */
void txn_finish(struct txn *x);

#endif

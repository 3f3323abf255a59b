/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transactions: pairs every DNS query with its reply. The policy (what a copy, a late reply, a
 * foreign question means) stands here; where open queries are kept is table.h's matter.
 * Time is packet time only: the same packets give the same records.
 */
#ifndef TXN_TXN_H
#define TXN_TXN_H

#include "record/record.h"
#include "txn/early_local.h"
#include "txn/message.h"
#include "txn/recent.h"
#include "txn/transfer.h"

/* Replies that are taken before their queries. */
struct txn_early_conf {
	int64_t wait_ns; /* so long they wait, by the capture's clock; 0: not at all */
	/* A reply's stamp may be so much later than the query's, or so much earlier. */
	int64_t later_ns, earlier_ns;
	/* Live, several queues: the order of messages says nothing, and stamps say when somebody
	 * looked (pkt->late_us). Else messages come in the order of the capture. */
	bool unordered;
};

/* What the checksum of a reply over UDP is worth. A wrong one is that of a forger who does not see
 * all of the packet, or of a capture. */
enum txn_checksum {
	TXN_CHECKSUM_IGNORE,
	TXN_CHECKSUM_PREFER, /* a reply with a wrong one is held for a better one */
	TXN_CHECKSUM_REQUIRE, /* it answers nothing */
};

#define TXN_HOLD_NS 1000000000 /* so long, where duplicate_ns does not say */

struct txn_conf {
	uint32_t max_open; /* slots of the table */
	int64_t timeout_ns; /* a query waits this long after its latest copy */
	int64_t reorder_ns; /* a packet may be this much older than an earlier one */
	int64_t duplicate_ns; /* copies and further replies within it are known; 0: not looked for
			       */
	struct txn_early_conf early;
	enum txn_checksum checksum;
	bool sum_transfers; /* a zone transfer is one transaction, however many messages it has */
	bool macs; /* records have MAC addresses: those of pkt.macs */
};

/* Zone transfers of several messages at a time; others show by message. */
#define TXN_TRANSFERS 255

struct txn_open_transfer {
	struct txn_transfer sum;
	uint32_t slot; /* of its query; 0: free */
	int64_t first_ns, last_ns; /* its messages */
	uint32_t first_wire; /* octets of its first message */
	uint8_t header[DNS_HEADER_LEN]; /* of that one */
};

struct txn {
	struct txn_table table;
	struct txn_conf conf;
	struct txn_recent copies, replies; /* duplicate_ns only */
	struct txn_early early; /* early.wait_ns only */
	struct txn_early_local early_local; /* index of `early` */
	struct txn_early held; /* TXN_CHECKSUM_PREFER only */
	struct txn_local local;
	struct mac_pair *macs; /* of open queries, by slot; NULL: not asked for */
	struct hash_secret secret;
	struct record_arena *out; /* where records go */
	struct metrics_txn *metrics;
	struct txn_open_transfer transfers[TXN_TRANSFERS];
};

/* Octets of memory. */
size_t txn_bytes(const struct txn_conf *conf);

/* `memory`: zeroed, txn_bytes() octets, aligned to a cache line, the caller's. */
void txn_init(struct txn *x, void *memory, const struct txn_conf *conf,
	const struct hash_secret *secret, struct record_arena *out, struct metrics_txn *metrics);

/* Fills key and hash of a message from its packet, `reply` and `msg`. */
void txn_key(const struct txn *x, struct txn_message *m);

/* Takes one message: opens, repeats or closes a transaction. */
void txn_process(struct txn *x, struct txn_message *m);

/* True if txn_expire() would find something at clock_ns. */
bool txn_is_due(struct txn *x, int64_t clock_ns);

/* Expires at most `most` queries and waiting replies by the capture's clock. Returns how many. */
unsigned txn_expire(struct txn *x, int64_t clock_ns, unsigned most);

/* Lets all open queries go: the capture is at its end. */
void txn_finish(struct txn *x);

#endif

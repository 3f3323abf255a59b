/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Zone transfers: AXFR (RFC 5936) and IXFR (RFC 1995) have a reply of many messages, whose records
 * tell where it ends: with the SOA record that it began with.
 */
#ifndef TXN_TRANSFER_H
#define TXN_TRANSFER_H

#include "dns/msg.h"

enum { TXN_TRANSFER_IXFR = 251, TXN_TRANSFER_AXFR = 252, TXN_TRANSFER_SOA = 6 };

/* What is known of one after some messages. Zeroed but for the first two: before the first one. */
struct txn_transfer {
	uint16_t qtype;
	bool client_known;
	uint32_t client_serial; /* the zone that the client has (IXFR), if client_known */
	uint32_t messages;
	uint64_t records; /* of the answer sections, by the headers' counts */
	uint64_t octets; /* of the messages */
	uint32_t serial; /* of the zone */
	uint32_t soas; /* SOA records with that serial */
	bool incremental; /* IXFR in its own form, not as an AXFR */
};

static inline bool txn_transfer_is(uint16_t qtype)
{
	return qtype == TXN_TRANSFER_AXFR || qtype == TXN_TRANSFER_IXFR;
}

/* Before the first message; `query` is the IXFR's query, or its beginning. */
void txn_transfer_begin(struct txn_transfer *t, uint16_t qtype, const struct dns_msg *msg,
	const uint8_t *query, uint32_t len);

/*
 * Takes the next message, `wire_len` octets long, of which len are at hand. true: it was the last
 * one.
 */
bool txn_transfer_add_message(struct txn_transfer *t, const struct dns_msg *msg,
	const uint8_t *data, uint32_t len, uint32_t wire_len);

#endif

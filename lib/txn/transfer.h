/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Zone transfers: the reply to AXFR (RFC 5936) and IXFR (RFC 1995) may have many messages. It ends
 * with the SOA record that it began with.
 */
#ifndef TXN_TRANSFER_H
#define TXN_TRANSFER_H

#include "dns/msg.h"

enum { TXN_TRANSFER_IXFR = 251, TXN_TRANSFER_AXFR = 252, TXN_TRANSFER_SOA = 6 };

/* The state of a transfer after some messages. */
struct txn_transfer {
	uint16_t qtype;
	bool client_known;
	uint32_t client_serial; /* of the client's zone (IXFR), if client_known */
	uint32_t messages;
	uint64_t records; /* of the answer sections, as the headers count them */
	uint64_t octets; /* of the messages */
	uint32_t serial; /* of the zone */
	uint32_t soas; /* SOA records with `serial` */
	bool incremental; /* the reply to IXFR is incremental, not a whole zone */
};

static inline bool txn_transfer_is(uint16_t qtype)
{
	return qtype == TXN_TRANSFER_AXFR || qtype == TXN_TRANSFER_IXFR;
}

/* Starts before the first message. `query`: of an IXFR, or its first len octets. */
void txn_transfer_begin(struct txn_transfer *t, uint16_t qtype, const struct dns_msg *msg,
	const uint8_t *query, uint32_t len);

/* Adds the next message, of wire_len octets, len of which are in `data`. Returns true if it is the
 * last one. */
bool txn_transfer_add_message(struct txn_transfer *t, const struct dns_msg *msg,
	const uint8_t *data, uint32_t len, uint32_t wire_len);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Zone transfers: AXFR (RFC 5936) and IXFR (RFC 1995) have a reply of many messages, whose records
 * tell where it ends: with the SOA record that it began with.
 */
#ifndef TXN_TRANSFER_H
#define TXN_TRANSFER_H

#include "dns/msg.h"

enum { TRANSFER_IXFR = 251, TRANSFER_AXFR = 252, TRANSFER_SOA = 6 };

/* What is known of one after some messages. Zeroed but for the first two: before the first one. */
struct transfer {
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

static inline bool transfer_is(uint16_t qtype)
{
	return qtype == TRANSFER_AXFR || qtype == TRANSFER_IXFR;
}

/* Before the first message; `query` is the IXFR's query, or its beginning. */
void transfer_begin(struct transfer *t, uint16_t qtype, const struct dns_msg *msg,
	const uint8_t *query, uint32_t len);

/*
 * Takes the next message, `wire_len` octets long, of which len are at hand. true: it was the last
 * one.
 */
bool transfer_take(struct transfer *t, const struct dns_msg *msg, const uint8_t *data, uint32_t len,
	uint32_t wire_len);

#endif

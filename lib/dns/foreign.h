/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams on a DNS port that are no DNS: a client that speaks another protocol may have got port
 * 5353 or 53 as its own.
 */
#ifndef DNS_FOREIGN_H
#define DNS_FOREIGN_H

#include "base/bits.h"

#include <stdbool.h>
#include <stddef.h>

/* A datagram that is no message in order. */
struct dns_foreign {
	const uint8_t *data;
	uint32_t len; /* octets at hand */
	uint32_t wire_len; /* octets on the wire, at least DNS_HEADER_LEN */
	uint16_t
		other_port; /* that of its ports on which no DNS is spoken; 0: both are DNS ports */
};

/*
 * Of which other protocol is it, by its first octets: "QUIC", ...; NULL: of none that is known. For
 * messages of which header and question could not be read, or that have not exactly one question.
 * Whatever could be a broken message stays one: where a header proves little, it must also announce
 * more entries than the datagram has room for.
 */
const char *dns_foreign(const struct dns_foreign *d);

#endif

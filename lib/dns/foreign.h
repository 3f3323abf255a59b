/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams of other protocols on a DNS port: the client of another protocol may use port 5353 or
 * 53 as its ephemeral port.
 */
#ifndef DNS_FOREIGN_H
#define DNS_FOREIGN_H

#include "base/bits.h"

#include <stdbool.h>
#include <stddef.h>

/* A datagram that is no valid message. */
struct dns_foreign {
	const uint8_t *data;
	uint32_t len; /* octets captured */
	uint32_t wire_len; /* octets on the wire, at least DNS_HEADER_LEN */
	uint16_t other_port; /* the one of its ports that is no DNS port; 0: both are */
};

/*
 * Returns the name of the protocol that the first octets show, "QUIC", ..., or NULL. To be called
 * for messages whose header and question cannot be read, or that have not exactly one question.
 * What may be a malformed DNS message stays one: if a protocol's header proves little, the DNS
 * header must also announce more entries than fit into the datagram.
 */
const char *dns_foreign(const struct dns_foreign *d);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Recognises DNS on any port. */
#ifndef DNS_PLAUSIBLE_H
#define DNS_PLAUSIBLE_H

#include "base/bits.h"

#include <stdbool.h>

/*
 * True if this is a DNS message of wire_len octets by all of its content: opcode, flags, counts,
 * the question and every record, to the last octet. A message without a question must have an
 * answer (multicast DNS). If only the first len octets were captured, the question must be among
 * them and not be for the root. A query for the root must have EDNS. Linear in len; the header
 * rejects most other traffic.
 */
bool dns_plausible(const uint8_t *data, uint32_t len, uint32_t wire_len);

/* True if the octets of a TCP segment are whole messages, each behind its length (RFC 7766); the
 * last one may continue in the next segment. */
bool dns_plausible_stream(const uint8_t *data, uint32_t len);

#endif

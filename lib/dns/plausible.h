/* SPDX-License-Identifier: BSD-3-Clause */
/* Is it DNS, where no port says so? */
#ifndef DNS_PLAUSIBLE_H
#define DNS_PLAUSIBLE_H

#include "base/bits.h"

#include <stdbool.h>

/*
 * Is this a DNS message of wire_len octets, by all that it says: opcode, flags, counts, the
 * question and every record, to the last octet? A message without a question must have an answer
 * (multicast DNS). Where the capture holds only the first len octets, the question must be among
 * them, and not that for the root. A query for the root is taken with EDNS only. Linear in len;
 * most of what is no DNS is refused by its header.
 */
bool dns_plausible(const uint8_t *data, uint32_t len, uint32_t wire_len);

/* The same of the octets of a TCP segment: whole messages, each behind its length (RFC 7766), the
 * last of which may go on in the next segment. */
bool dns_plausible_stream(const uint8_t *data, uint32_t len);

#endif

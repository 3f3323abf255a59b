/* SPDX-License-Identifier: BSD-3-Clause */
/* A prefix of addresses: 192.0.2.0/24, 2001:db8::/32. */
#ifndef BASE_PREFIX_H
#define BASE_PREFIX_H

#include "base/addr.h"

struct prefix {
	struct addr addr;
	uint8_t bits; /* of the 128 in addr.octets: 96 more than the prefix length of IPv4 */
};

/*
 * Parses an address, or an address, "/" and a prefix length (RFC 4632, RFC 4291 section 2.3); the
 * bits behind the prefix must be zero. Returns NULL, or what is wrong: the words after "192.0.2
 * is".
 */
const char *prefix_parse(struct prefix *prefix, const char *text);

/* True if the address is of the prefix's family and begins with its bits. */
bool prefix_has(const struct prefix *prefix, const struct addr *addr);

#endif

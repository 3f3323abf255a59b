/* SPDX-License-Identifier: BSD-3-Clause */
/* A prefix of addresses: 192.0.2.0/24, 2001:db8::/32. */
#ifndef BASE_PREFIX_H
#define BASE_PREFIX_H

#include "base/addr.h"

struct prefix {
	struct addr addr;
	uint8_t bits; /* of the 128: those of IPv4 begin behind 96 */
};

/*
 * Reads an address, or an address, "/" and how many bits count (RFC 4632, RFC 4291 section 2.3);
 * the bits behind must be zero. NULL, or what is wrong with it, in words that follow a "is".
 */
const char *prefix_parse(struct prefix *prefix, const char *text);

/* True if the address is of the prefix's family and begins with its bits. */
bool prefix_has(const struct prefix *prefix, const struct addr *addr);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* One address type for both families: IPv4 lives in ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include "base/text.h"

struct addr {
	uint8_t octets[16];
};

static inline struct addr addr_of_v4(const uint8_t *four)
{
	struct addr a;
	memset(a.octets, 0, 10);
	a.octets[10] = 0xff;
	a.octets[11] = 0xff;
	memcpy(a.octets + 12, four, 4);
	return a;
}

static inline struct addr addr_of_v6(const uint8_t *sixteen)
{
	struct addr a;
	memcpy(a.octets, sixteen, 16);
	return a;
}

static inline bool addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a->octets, b->octets, 16) == 0;
}

/* Dotted decimal of four octets; RFC 5952 form of sixteen. At most 15 and 39 characters. */
void addr_text_v4(struct text *t, const uint8_t *four);
void addr_text_v6(struct text *t, const uint8_t *sixteen);

/* The same without asking for room, of which they take ADDR_TEXT_MAX. Where to go on. */
#define ADDR_TEXT_MAX 44
char *addr_text_v4_at(char *at, const uint8_t *four);
char *addr_text_v6_at(char *at, const uint8_t *sixteen);

/* An address as packets carried it: an IPv6 packet's ::ffff:192.0.2.1 is not IPv4's 192.0.2.1. */
static inline void addr_text(struct text *t, const struct addr *a, bool v6)
{
	if (v6)
		addr_text_v6(t, a->octets);
	else
		addr_text_v4(t, a->octets + 12);
}

static inline char *addr_text_at(char *at, const struct addr *a, bool v6)
{
	return v6 ? addr_text_v6_at(at, a->octets) : addr_text_v4_at(at, a->octets + 12);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IP addresses with their family. Both families take sixteen octets, so that one piece of code
 * compares, hashes and copies either: an IPv4 address is stored as in ::ffff:0:0/96 (RFC 4291
 * section 2.5.5.2). The family keeps it apart from an IPv6 address of the same octets, which any
 * IPv6 packet can carry.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include "base/text.h"

/* The family of a zeroed struct is ADDR_IPV4. */
enum addr_family { ADDR_IPV4, ADDR_IPV6, ADDR_FAMILIES };

#define ADDR_OCTETS 16
#define ADDR_IPV4_AT 12 /* where the four octets of an IPv4 address stand */

struct addr {
	uint8_t octets[ADDR_OCTETS];
	uint8_t family; /* enum addr_family */
};

/* An index into struct addr_pair, by direction or by role. */
enum addr_end { ADDR_SRC = 0, ADDR_DST = 1, ADDR_CLIENT = 0, ADDR_SERVER = 1 };

/* The two addresses of a packet, connection or transaction, which are of one family. */
struct addr_pair {
	uint8_t octets[2][ADDR_OCTETS]; /* by enum addr_end */
	uint8_t family; /* enum addr_family */
};

_Static_assert(sizeof(struct addr) == 17 && sizeof(struct addr_pair) == 33,
	"keys with these are compared and hashed as octets: no padding");

static inline struct addr addr_of_v4(const uint8_t *four)
{
	struct addr a = {.octets = {[10] = 0xff, [11] = 0xff}, .family = ADDR_IPV4};
	memcpy(a.octets + ADDR_IPV4_AT, four, 4);
	return a;
}

static inline struct addr addr_of_v6(const uint8_t *sixteen)
{
	struct addr a = {.family = ADDR_IPV6};
	memcpy(a.octets, sixteen, ADDR_OCTETS);
	return a;
}

/* Both addresses must be of one family. */
static inline struct addr_pair addr_pair_of(struct addr src, struct addr dst)
{
	struct addr_pair p = {.family = src.family};
	memcpy(p.octets[ADDR_SRC], src.octets, ADDR_OCTETS);
	memcpy(p.octets[ADDR_DST], dst.octets, ADDR_OCTETS);
	return p;
}

static inline struct addr addr_pair_get(const struct addr_pair *p, enum addr_end end)
{
	struct addr a = {.family = p->family};
	memcpy(a.octets, p->octets[end], ADDR_OCTETS);
	return a;
}

/* Returns the pair of the other direction. */
static inline struct addr_pair addr_pair_reverse(const struct addr_pair *p)
{
	struct addr_pair r = {.family = p->family};
	memcpy(r.octets[ADDR_SRC], p->octets[ADDR_DST], ADDR_OCTETS);
	memcpy(r.octets[ADDR_DST], p->octets[ADDR_SRC], ADDR_OCTETS);
	return r;
}

/* Compares one address of each pair, with the family. */
static inline bool addr_pair_shares(const struct addr_pair *a, enum addr_end of_a,
	const struct addr_pair *b, enum addr_end of_b)
{
	return a->family == b->family && memcmp(a->octets[of_a], b->octets[of_b], ADDR_OCTETS) == 0;
}

static inline bool addr_pair_equal(const struct addr_pair *a, const struct addr_pair *b)
{
	return addr_pair_shares(a, ADDR_SRC, b, ADDR_SRC) &&
	       addr_pair_shares(a, ADDR_DST, b, ADDR_DST);
}

/* True if b is a of the other direction. */
static inline bool addr_pair_is_reverse(const struct addr_pair *a, const struct addr_pair *b)
{
	return addr_pair_shares(a, ADDR_SRC, b, ADDR_DST) &&
	       addr_pair_shares(a, ADDR_DST, b, ADDR_SRC);
}

/* The octets of an address as they stand in a packet; sets *n to 4 or 16. */
static inline const uint8_t *addr_pair_wire(
	const struct addr_pair *p, enum addr_end end, uint32_t *n)
{
	uint32_t skip = p->family == ADDR_IPV6 ? 0 : ADDR_IPV4_AT;
	*n = ADDR_OCTETS - skip;
	return p->octets[end] + skip;
}

/* Dotted decimal of four octets; RFC 5952 form of sixteen. At most 15 and 39 characters. */
void addr_text_v4(struct text *t, const uint8_t *four);
void addr_text_v6(struct text *t, const uint8_t *sixteen);

/* Write the same at `at`, where ADDR_TEXT_MAX octets must be free; return its end. */
#define ADDR_TEXT_MAX 44
char *addr_text_v4_at(char *at, const uint8_t *four);
char *addr_text_v6_at(char *at, const uint8_t *sixteen);

/* Write an address as its family has it: 192.0.2.1, but ::ffff:192.0.2.1 of an IPv6 packet. */
static inline void addr_pair_text(struct text *t, const struct addr_pair *p, enum addr_end end)
{
	if (p->family == ADDR_IPV6)
		addr_text_v6(t, p->octets[end]);
	else
		addr_text_v4(t, p->octets[end] + ADDR_IPV4_AT);
}

static inline char *addr_pair_text_at(char *at, const struct addr_pair *p, enum addr_end end)
{
	return p->family == ADDR_IPV6 ? addr_text_v6_at(at, p->octets[end])
				      : addr_text_v4_at(at, p->octets[end] + ADDR_IPV4_AT);
}

#endif

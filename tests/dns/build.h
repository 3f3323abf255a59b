/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds messages for tests, octet by octet, valid or not. */
#ifndef DNS_TEST_BUILD_H
#define DNS_TEST_BUILD_H

#include "dns/msg.h"
#include "support/guard.h"

#include <stdlib.h>

struct build {
	uint8_t octets[65536];
	uint32_t len;
};

static inline void build_put(struct build *b, const void *p, size_t n)
{
	if (b->len + n > sizeof(b->octets))
		abort();
	memcpy(b->octets + b->len, p, n);
	b->len += (uint32_t)n;
}

static inline void build_u8(struct build *b, unsigned v)
{
	uint8_t octet = (uint8_t)v;
	build_put(b, &octet, 1);
}

static inline void build_u16(struct build *b, unsigned v)
{
	build_u8(b, v >> 8 & 0xff);
	build_u8(b, v & 0xff);
}

static inline void build_u32(struct build *b, uint32_t v)
{
	build_u16(b, v >> 16);
	build_u16(b, v & 0xffff);
}

/* Appends the name of labels between dots: "www.example"; "" is the root. */
static inline void build_name(struct build *b, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");
		build_u8(b, (unsigned)n);
		build_put(b, name, n);
		name += n + (name[n] == '.');
	}
	build_u8(b, 0);
}

static inline void build_header(
	struct build *b, unsigned flags, unsigned qd, unsigned an, unsigned ns, unsigned ar)
{
	b->len = 0;
	build_u16(b, 4711);
	build_u16(b, flags);
	build_u16(b, qd);
	build_u16(b, an);
	build_u16(b, ns);
	build_u16(b, ar);
}

static inline void build_question(struct build *b, const char *name, unsigned type)
{
	build_name(b, name);
	build_u16(b, type);
	build_u16(b, DNS_CLASS_IN);
}

/* Appends a record whose owner is a pointer to the first question, or with at == 0 the root. */
static inline void build_rr(struct build *b, unsigned at, unsigned type, unsigned rrclass,
	uint32_t ttl, const void *rdata, unsigned rdlen)
{
	if (at)
		build_u16(b, 0xc000 | at);
	else
		build_u8(b, 0);
	build_u16(b, type);
	build_u16(b, rrclass);
	build_u32(b, ttl);
	build_u16(b, rdlen);
	build_put(b, rdata, rdlen);
}

#endif

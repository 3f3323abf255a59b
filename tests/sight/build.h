/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes ClientHellos (RFC 8446 section 4.1.2), independently of the code under test. */
#ifndef TESTS_SIGHT_BUILD_H
#define TESTS_SIGHT_BUILD_H

#include "support/wire.h"

#include <string.h>

struct build {
	const char *name; /* NULL: no server name */
	size_t name_len; /* 0: strlen() */
	unsigned name_kind; /* 0: host_name */
	unsigned padding; /* octets of an extension in front of the name */
	unsigned cookie; /* DTLS: length of the cookie, plus 1; 0: TLS */
	unsigned bare; /* no extensions at all */
	unsigned last; /* the name is the last extension */
};

static inline void build_put16(struct wire *w, uint32_t at, unsigned v)
{
	w->octets[at] = (uint8_t)(v >> 8);
	w->octets[at + 1] = (uint8_t)v;
}

static inline void build_extension(struct wire *w, unsigned type, size_t n)
{
	wire_u16(w, type);
	wire_u16(w, (unsigned)n);
	wire_fill(w, 0x11, n);
}

static inline void build_name(struct wire *w, const struct build *b)
{
	size_t n = b->name_len ? b->name_len : strlen(b->name);
	wire_u16(w, 0); /* server_name */
	wire_u16(w, (unsigned)n + 5);
	wire_u16(w, (unsigned)n + 3);
	wire_u8(w, b->name_kind);
	wire_u16(w, (unsigned)n);
	wire_put(w, b->name, n);
}

/* Makes the handshake message. Returns the offset of the extensions' length. */
static inline uint32_t build_handshake(struct wire *w, const struct build *b)
{
	wire_clear(w);
	wire_hex(w, "01 000000 0303");
	wire_fill(w, 0x5a, 32); /* random */
	wire_u8(w, 32);
	wire_fill(w, 0x33, 32); /* session */
	if (b->cookie) {
		wire_u8(w, b->cookie - 1);
		wire_fill(w, 0xc0, b->cookie - 1);
	}
	wire_hex(w, "0006 8a8a 1301 c02b 01 00"); /* cipher suites, the first is GREASE */
	uint32_t at = w->len;
	if (!b->bare) {
		wire_u16(w, 0);
		build_extension(w, 0x2a2a, 0); /* GREASE (RFC 8701) */
		if (b->padding)
			build_extension(w, 21, b->padding);
		if (b->name && !b->last)
			build_name(w, b);
		build_extension(w, 43, 7);
		build_extension(w, 0xfafa, 1);
		if (b->name && b->last)
			build_name(w, b);
		build_put16(w, at, w->len - at - 2);
	}
	build_put16(w, 2, w->len - 4);
	return at;
}

/* Splits it into TLS records of at most `max` octets. */
static inline void build_records(struct wire *to, const struct wire *shake, size_t max)
{
	wire_clear(to);
	for (size_t at = 0; at < shake->len; at += max) {
		size_t n = shake->len - at < max ? shake->len - at : max;
		wire_hex(to, "16 0301");
		wire_u16(to, (unsigned)n);
		wire_put(to, shake->octets + at, n);
	}
}

/* Makes the stream of a TLS client. */
static inline void build_tls(struct wire *w, const struct build *b)
{
	static struct wire shake;
	build_handshake(&shake, b);
	build_records(w, &shake, 16384);
}

/* Appends n octets from `at` on as a fragment in a DTLS record of its own. */
static inline void build_fragment(
	struct wire *to, const struct wire *shake, uint32_t at, uint32_t n)
{
	uint32_t body = shake->len - 4;
	wire_hex(to, "16 feff 0000 000000000000");
	wire_u16(to, n + 12);
	wire_u8(to, 1);
	wire_u8(to, body >> 16);
	wire_u16(to, body & 0xffff);
	wire_u16(to, 0);
	wire_u8(to, at >> 16);
	wire_u16(to, at & 0xffff);
	wire_u8(to, n >> 16);
	wire_u16(to, n & 0xffff);
	wire_put(to, shake->octets + 4 + at, n);
}

/* Makes the datagram of a DTLS client; b->cookie is not 0. */
static inline void build_dtls(struct wire *w, const struct build *b)
{
	static struct wire shake;
	build_handshake(&shake, b);
	wire_clear(w);
	build_fragment(w, &shake, 0, shake.len - 4);
}

#endif

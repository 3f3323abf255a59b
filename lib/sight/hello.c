/* SPDX-License-Identifier: BSD-3-Clause */
#include "sight/hello.h"

#include <string.h>

enum {
	TLS_CHANGE_CIPHER_SPEC = 20, /* the first content type */
	TLS_HANDSHAKE = 22,
	TLS_LAST = 26, /* the last one: ACK of DTLS 1.3 */
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_NAME = 0, /* an extension */
	TLS_HOST_NAME = 0, /* a kind of server name */
	TLS_RECORD_MOST = 1 << 14,
};

/* Handshake messages as they were before records, and fragments, were made of them. */
struct shake {
	uint32_t len;
	bool over; /* nothing can follow: something else stands there */
	uint8_t octets[HELLO_MAX];
};

static void shake_add(struct shake *s, const uint8_t *data, size_t n)
{
	size_t room = sizeof(s->octets) - s->len;
	if (n > room)
		n = room;
	memcpy(s->octets + s->len, data, n);
	s->len += (uint32_t)n;
}

/* The next n octets, or those of them that are there. */
static struct cursor cursor_part(struct cursor *c, size_t n)
{
	struct cursor part = *c;
	if (n > cursor_remaining(c))
		n = cursor_remaining(c);
	if (!cursor_read(c, n))
		n = 0;
	part.end = part.at + n;
	return part;
}

/* The extension's body, all of it. */
static enum hello_result read_names(struct hello *h, struct cursor c)
{
	if (cursor_u16(&c) != cursor_remaining(&c))
		return HELLO_BAD;
	while (cursor_remaining(&c)) {
		uint8_t kind = cursor_u8(&c);
		uint16_t n = cursor_u16(&c);
		const uint8_t *name = cursor_read(&c, n);
		if (!name || n == 0 || n > HELLO_NAME_MAX)
			return HELLO_BAD;
		if (kind == TLS_HOST_NAME) {
			h->len = (uint8_t)n;
			memcpy(h->name, name, n);
			return HELLO_NAME;
		}
	}
	return HELLO_NONE;
}

/* The list of extensions with its length, `length` octets if all of them were at hand. */
static enum hello_result read_extensions(
	struct hello *h, struct cursor c, uint32_t length, enum hello_result lack)
{
	uint16_t announced = cursor_u16(&c);
	if (c.bad)
		return lack;
	if (announced + 2u != length)
		return HELLO_BAD;
	while (cursor_remaining(&c)) {
		uint16_t type = cursor_u16(&c), n = cursor_u16(&c);
		const uint8_t *body = cursor_read(&c, n);
		if (!body)
			return lack;
		if (type == TLS_SERVER_NAME)
			return read_names(h, cursor_of(body, n));
	}
	return HELLO_NONE;
}

/*
 * A ClientHello, or the beginning of one: what is found in a beginning does not change with what
 * follows.
 */
static enum hello_result read_hello(struct hello *h, const struct shake *s, bool dtls)
{
	struct cursor all = cursor_of(s->octets, s->len);
	if (s->len && cursor_u8(&all) != TLS_CLIENT_HELLO)
		return HELLO_BAD;
	uint32_t length = (uint32_t)cursor_u8(&all) << 16;
	length |= cursor_u16(&all);
	if (all.bad)
		return s->over ? HELLO_BAD : HELLO_MORE;
	bool whole = cursor_remaining(&all) >= length;
	enum hello_result lack = whole || s->over ? HELLO_BAD : HELLO_MORE; /* of anything */
	struct cursor c = cursor_part(&all, length);
	const uint8_t *start = c.at;
	cursor_read(&c, 2 + 32); /* version, random */
	cursor_read(&c, cursor_u8(&c)); /* session */
	if (dtls)
		cursor_read(&c, cursor_u8(&c)); /* cookie */
	cursor_read(&c, cursor_u16(&c)); /* cipher suites */
	cursor_read(&c, cursor_u8(&c)); /* compression methods */
	if (c.bad)
		return lack;
	length -= (uint32_t)(c.at - start);
	if (length == 0) /* before TLS 1.3 extensions may be missing */
		return HELLO_NONE;
	enum hello_result found = read_extensions(h, c, length, lack);
	return found == HELLO_NONE && !whole ? lack : found;
}

/* TLS records (RFC 8446 section 5.1), as long as they carry handshake. */
static void unwrap_tls(struct shake *s, struct cursor c)
{
	while (cursor_remaining(&c)) {
		uint8_t type = cursor_u8(&c), version = cursor_u8(&c);
		bool strange = type != TLS_HANDSHAKE || (!c.bad && version != 3);
		cursor_u8(&c);
		uint16_t length = cursor_u16(&c);
		if (!c.bad && (length == 0 || length > TLS_RECORD_MOST))
			strange = true;
		if (strange)
			s->over = true;
		if (strange || c.bad)
			return;
		struct cursor part = cursor_part(&c, length);
		shake_add(s, part.at, cursor_remaining(&part));
	}
}

enum hello_result hello_tls(struct hello *hello, const uint8_t *data, uint32_t len)
{
	struct shake s;
	s.len = 0;
	s.over = false;
	unwrap_tls(&s, cursor_of(data, len < HELLO_MAX ? len : HELLO_MAX));
	return read_hello(hello, &s, false);
}

/* Fragments of handshake messages (RFC 6347 section 4.2.2) in one record. */
static void unwrap_fragments(struct shake *s, struct cursor c)
{
	while (cursor_remaining(&c) && !s->over) {
		const uint8_t *head = cursor_read(&c, 12);
		if (!head)
			return;
		uint32_t offset = bits_be32(head + 5) & 0xffffff;
		uint32_t length = bits_be32(head + 8) & 0xffffff;
		struct cursor part = cursor_part(&c, length);
		if (s->len == 0 && offset == 0)
			shake_add(s, head, 4); /* type and length of the whole, as TLS has it */
		if (s->len == 0 || offset != s->len - 4)
			s->over = true;
		else
			shake_add(s, part.at, cursor_remaining(&part));
	}
}

bool hello_is_dtls(const uint8_t *data, uint32_t len)
{
	return len >= 13 && data[0] >= TLS_CHANGE_CIPHER_SPEC && data[0] <= TLS_LAST &&
	       data[1] == 0xfe && data[2] >= 0xfc;
}

enum hello_result hello_dtls(struct hello *hello, const uint8_t *data, uint32_t len)
{
	struct cursor c = cursor_of(data, len < HELLO_MAX ? len : HELLO_MAX);
	struct shake s;
	s.len = 0;
	s.over = false;
	while (cursor_remaining(&c) && !s.over) {
		const uint8_t *head = cursor_read(&c, 13); /* RFC 6347 section 4.1 */
		if (!head)
			break;
		s.over = head[0] != TLS_HANDSHAKE || !hello_is_dtls(head, 13);
		if (!s.over)
			unwrap_fragments(&s, cursor_part(&c, bits_be16(head + 11)));
	}
	return read_hello(hello, &s, true);
}

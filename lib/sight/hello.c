/* SPDX-License-Identifier: BSD-3-Clause */
#include "sight/hello.h"

#include <string.h>

enum {
	TLS_CHANGE_CIPHER_SPEC = 20, /* the lowest content type */
	TLS_HANDSHAKE = 22,
	TLS_ACK = 26, /* the highest content type; DTLS 1.3 */
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_NAME = 0, /* extension type */
	TLS_HOST_NAME = 0, /* name type */
	TLS_RECORD_MAX = 1 << 14, /* octets of a plaintext record (RFC 8446 section 5.1) */
	TLS_HANDSHAKE_HEADER = 4,
	DTLS_RECORD_HEADER = 13, /* RFC 6347 section 4.1 */
	DTLS_FRAGMENT_HEADER = 12, /* RFC 6347 section 4.2.2 */
};

/* Handshake messages without the headers of records and fragments. */
struct handshake {
	uint32_t len;
	bool over; /* nothing can follow: the octets behind are no handshake */
	uint8_t octets[SIGHT_HELLO_MAX];
};

static void handshake_append(struct handshake *s, const uint8_t *data, size_t n)
{
	size_t space = sizeof(s->octets) - s->len;
	if (n > space)
		n = space;
	memcpy(s->octets + s->len, data, n);
	s->len += (uint32_t)n;
}

/* Returns the next n octets, or as many of them as there are. */
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

/* Parses the body of the extension (RFC 6066 section 3). */
static enum sight_hello_result parse_names(struct sight_hello *h, struct cursor c)
{
	if (cursor_u16(&c) != cursor_remaining(&c))
		return SIGHT_HELLO_BAD;
	while (cursor_remaining(&c)) {
		uint8_t kind = cursor_u8(&c);
		uint16_t n = cursor_u16(&c);
		const uint8_t *name = cursor_read(&c, n);
		if (!name || n == 0 || n > SIGHT_NAME_MAX)
			return SIGHT_HELLO_BAD;
		if (kind == TLS_HOST_NAME) {
			h->len = (uint8_t)n;
			memcpy(h->name, name, n);
			return SIGHT_HELLO_NAME;
		}
	}
	return SIGHT_HELLO_NONE;
}

/*
 * Parses the extensions behind their length. `length` is that of both together; `lack` is the
 * result if they are incomplete.
 */
static enum sight_hello_result parse_extensions(
	struct sight_hello *h, struct cursor c, uint32_t length, enum sight_hello_result lack)
{
	uint16_t announced = cursor_u16(&c);
	if (c.bad)
		return lack;
	if (announced + 2u != length)
		return SIGHT_HELLO_BAD;
	while (cursor_remaining(&c)) {
		uint16_t type = cursor_u16(&c), n = cursor_u16(&c);
		const uint8_t *body = cursor_read(&c, n);
		if (!body)
			return lack;
		if (type == TLS_SERVER_NAME)
			return parse_names(h, cursor_of(body, n));
	}
	return SIGHT_HELLO_NONE;
}

/* Parses a ClientHello, or the beginning of one (RFC 8446 section 4.1.2). */
static enum sight_hello_result parse_hello(
	struct sight_hello *h, const struct handshake *s, bool dtls)
{
	struct cursor all = cursor_of(s->octets, s->len);
	h->missing = TLS_HANDSHAKE_HEADER - s->len; /* unless the header is complete */
	if (s->len && cursor_u8(&all) != TLS_CLIENT_HELLO)
		return SIGHT_HELLO_BAD;
	uint32_t length = (uint32_t)cursor_u8(&all) << 16;
	length |= cursor_u16(&all);
	if (all.bad)
		return s->over ? SIGHT_HELLO_BAD : SIGHT_HELLO_MORE;
	bool whole = cursor_remaining(&all) >= length;
	enum sight_hello_result lack = whole || s->over ? SIGHT_HELLO_BAD : SIGHT_HELLO_MORE;
	h->missing = length - (uint32_t)cursor_remaining(&all); /* unless whole */
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
		return SIGHT_HELLO_NONE;
	enum sight_hello_result found = parse_extensions(h, c, length, lack);
	return found == SIGHT_HELLO_NONE && !whole ? lack : found;
}

/* Collects the handshake of TLS records (RFC 8446 section 5.1) up to the first other one. */
static void collect_records(struct handshake *s, struct cursor c)
{
	while (cursor_remaining(&c)) {
		uint8_t type = cursor_u8(&c), version = cursor_u8(&c);
		bool other = type != TLS_HANDSHAKE || (!c.bad && version != 3);
		cursor_u8(&c);
		uint16_t length = cursor_u16(&c);
		if (!c.bad && (length == 0 || length > TLS_RECORD_MAX))
			other = true;
		if (other)
			s->over = true;
		if (other || c.bad)
			return;
		struct cursor part = cursor_part(&c, length);
		handshake_append(s, part.at, cursor_remaining(&part));
	}
}

enum sight_hello_result sight_hello_tls(
	struct sight_hello *hello, const uint8_t *data, uint32_t len)
{
	struct handshake s;
	s.len = 0;
	s.over = false;
	collect_records(&s, cursor_of(data, len < SIGHT_HELLO_MAX ? len : SIGHT_HELLO_MAX));
	return parse_hello(hello, &s, false);
}

/* Collects the fragments of one DTLS record (RFC 6347 section 4.2.2), which must be in order. */
static void collect_fragments(struct handshake *s, struct cursor c)
{
	while (cursor_remaining(&c) && !s->over) {
		const uint8_t *head = cursor_read(&c, DTLS_FRAGMENT_HEADER);
		if (!head)
			return;
		uint32_t offset = bits_be32(head + 5) & 0xffffff;
		uint32_t length = bits_be32(head + 8) & 0xffffff;
		struct cursor part = cursor_part(&c, length);
		if (s->len == 0 && offset == 0)
			handshake_append(s, head, TLS_HANDSHAKE_HEADER);
		if (s->len == 0 || offset != s->len - TLS_HANDSHAKE_HEADER)
			s->over = true;
		else
			handshake_append(s, part.at, cursor_remaining(&part));
	}
}

bool sight_hello_is_dtls(const uint8_t *data, uint32_t len)
{
	return len >= DTLS_RECORD_HEADER && data[0] >= TLS_CHANGE_CIPHER_SPEC &&
	       data[0] <= TLS_ACK && data[1] == 0xfe && data[2] >= 0xfc;
}

enum sight_hello_result sight_hello_dtls(
	struct sight_hello *hello, const uint8_t *data, uint32_t len)
{
	struct cursor c = cursor_of(data, len < SIGHT_HELLO_MAX ? len : SIGHT_HELLO_MAX);
	struct handshake s;
	s.len = 0;
	s.over = false;
	while (cursor_remaining(&c) && !s.over) {
		const uint8_t *head = cursor_read(&c, DTLS_RECORD_HEADER);
		if (!head)
			break;
		s.over = head[0] != TLS_HANDSHAKE || !sight_hello_is_dtls(head, DTLS_RECORD_HEADER);
		if (!s.over)
			collect_fragments(&s, cursor_part(&c, bits_be16(head + 11)));
	}
	return parse_hello(hello, &s, true);
}

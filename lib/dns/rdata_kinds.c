/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/rdata_inner.h"

#include "base/when.h"

typedef uint8_t octets16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

/* Copies sixteen octets. Returns true if none of them needs an escape. */
static inline bool put_sixteen(char *at, const uint8_t *p)
{
	octets16 v;
	memcpy(&v, p, sizeof(v));
	memcpy(at, &v, sizeof(v));
	words2 odd = (words2)((v - ' ' > 0x7e - ' ') | (v == '"') | (v == '\\'));
	return (odd[0] | odd[1]) == 0;
}

void kind_octets(struct text *t, const uint8_t *p, size_t n)
{
	/* Worst case of an octet: \\DDD with the backslash doubled for JSON. */
	if (!text_reserve(t, 5 * n))
		return;
	char *at = t->at;
	size_t i = 0;
	for (; i + 16 <= n && put_sixteen(at, p + i); i += 16)
		at += 16;
	for (; i < n; i++) {
		uint8_t c = p[i];
		if (bits_likely(c >= ' ' && c < 0x7f && c != '"' && c != '\\')) {
			*at++ = (char)c;
			continue;
		}
		*at++ = '\\';
		if (t->quoted)
			*at++ = '\\';
		if (c < ' ' || c >= 0x7f) {
			text_digits_at(at, c, 3);
			at += 3;
		} else {
			if (t->quoted)
				*at++ = '\\';
			*at++ = (char)c;
		}
	}
	t->at = at;
}

static void quoted_octets(struct text *t, const uint8_t *p, size_t n)
{
	text_graph(t, '"');
	kind_octets(t, p, n);
	text_graph(t, '"');
}

const uint8_t *kind_rest(struct rdata *r, size_t *n)
{
	*n = cursor_remaining(&r->c);
	return cursor_read(&r->c, *n);
}

void kind_string(struct rdata *r)
{
	uint8_t n = cursor_u8(&r->c);
	const uint8_t *p = cursor_read(&r->c, n);
	if (p)
		quoted_octets(r->t, p, n);
}

void kind_strings(struct rdata *r)
{
	kind_string(r);
	while (!r->c.bad && cursor_remaining(&r->c)) {
		text_char(r->t, ' ');
		kind_string(r);
	}
}

void kind_string_if(struct rdata *r)
{
	if (cursor_remaining(&r->c)) {
		text_char(r->t, ' ');
		kind_string(r);
	}
}

void kind_text(struct rdata *r)
{
	size_t n;
	const uint8_t *p = kind_rest(r, &n);
	if (p)
		quoted_octets(r->t, p, n);
}

static bool letter_or_digit(uint8_t c)
{
	uint8_t lower = c | 0x20;
	return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

void kind_tag(struct rdata *r)
{
	uint8_t n = cursor_u8(&r->c);
	const uint8_t *p = cursor_read(&r->c, n);
	if (!p || n == 0) {
		r->c.bad = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!letter_or_digit(p[i]))
			r->c.bad = true;
	if (!r->c.bad)
		text_put(r->t, p, n);
}

/* Appends a type as RFC 2535 shows it: its mnemonic or its bare number. */
static void old_type_text(struct text *t, uint16_t type)
{
	if (rrtype_find(type))
		rrtype_text(t, type);
	else
		text_u64(t, type);
}

void kind_covered(struct rdata *r)
{
	old_type_text(r->t, cursor_u16(&r->c));
}

void kind_time(struct rdata *r)
{
	char buffer[WHEN_LEN];
	struct text shown = text_of(buffer, sizeof(buffer));
	struct when w = {0};
	when_text(&w, &shown, (int64_t)cursor_u32(&r->c) * WHEN_NS_PER_S);
	/* 2015-10-10T12:13:32... without punctuation */
	text_put(r->t, buffer, 4);
	for (int at = 5; at <= 17; at += 3)
		text_put(r->t, buffer + at, 2);
}

void kind_hex(struct rdata *r)
{
	size_t n;
	const uint8_t *p = kind_rest(r, &n);
	if (p)
		text_hex_upper(r->t, p, n);
	r->empty = n == 0;
}

void kind_hex_0x(struct rdata *r)
{
	text_lit(r->t, "0x");
	kind_hex(r);
}

void kind_hex8(struct rdata *r)
{
	uint8_t n = cursor_u8(&r->c);
	const uint8_t *p = cursor_read(&r->c, n);
	if (p && n)
		text_hex_upper(r->t, p, n);
	else
		text_char(r->t, '-');
}

void kind_base64(struct rdata *r)
{
	size_t n;
	const uint8_t *p = kind_rest(r, &n);
	if (p)
		text_base64(r->t, p, n);
	r->empty = n == 0;
}

void kind_base64_dash(struct rdata *r)
{
	if (cursor_remaining(&r->c))
		kind_base64(r);
	else
		text_char(r->t, '-');
}

void kind_base64_16(struct rdata *r)
{
	uint16_t n = cursor_u16(&r->c);
	const uint8_t *p = cursor_read(&r->c, n);
	text_u64(r->t, n);
	if (p && n) {
		text_char(r->t, ' ');
		text_base64(r->t, p, n);
	}
}

void kind_base32_8(struct rdata *r)
{
	uint8_t n = cursor_u8(&r->c);
	const uint8_t *p = cursor_read(&r->c, n);
	if (p)
		text_base32hex(r->t, p, n);
	r->empty = n == 0;
}

void kind_scheme(struct rdata *r)
{
	uint8_t scheme = cursor_u8(&r->c);
	if (scheme == 1)
		text_lit(r->t, "NOTIFY");
	else
		text_u64(r->t, scheme);
}

/* Appends by `show` the types of a bitmap of n octets, whose first bit is type `first`. */
static inline void types_of_bits(struct text *t, const uint8_t *p, size_t n, unsigned first,
	void (*show)(struct text *t, uint16_t type))
{
	for (unsigned bit = 0; bit < n * 8; bit++) {
		if (!(p[bit / 8] & 0x80 >> bit % 8))
			continue;
		text_char(t, ' ');
		show(t, (uint16_t)(first + bit));
	}
}

void kind_bitmap(struct rdata *r)
{
	int last = -1;
	while (!r->c.bad && cursor_remaining(&r->c)) {
		uint8_t window = cursor_u8(&r->c), n = cursor_u8(&r->c);
		const uint8_t *p = cursor_read(&r->c, n);
		if (!p || n == 0 || n > 32 || window <= last) {
			r->c.bad = true;
			return;
		}
		last = window;
		types_of_bits(r->t, p, n, window * 256u, rrtype_text);
	}
}

void kind_nxt(struct rdata *r)
{
	size_t n;
	const uint8_t *p = kind_rest(r, &n);
	if (!p || n > 16)
		r->c.bad = true;
	else if (n && p[0] & 0x80)
		r->generic = true; /* bit 0 announces a format that was never defined */
	else
		types_of_bits(r->t, p, n, 0, old_type_text);
}

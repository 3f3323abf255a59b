/* SPDX-License-Identifier: BSD-3-Clause */
/* SvcParams of SVCB and HTTPS (RFC 9460); their keys are rows of const.def, one case a kind of
 * value. */
#include "base/addr.h"
#include "dns/rdata_inner.h"

enum svc_value {
	SVC_TEXT, /* any octets as a quoted string; also of unassigned keys */
	SVC_KEYS, /* list of keys, ascending */
	SVC_LIST, /* list of octet strings with length octets */
	SVC_EMPTY, /* no value */
	SVC_U16, /* a number */
	SVC_U16S, /* list of numbers */
	SVC_A, /* list of IPv4 addresses */
	SVC_AAAA, /* list of IPv6 addresses */
	SVC_BASE64, /* octets in base64 */
};

/* Appends the name of a key and returns the kind of its value. */
static enum svc_value put_key(struct text *t, unsigned key)
{
	switch (key) {
#define DNS_SVCPARAM(number, name, value)                                                          \
	case number:                                                                               \
		text_lit(t, name);                                                                 \
		return value;
#include "dns/const.def"
#undef DNS_SVCPARAM
	default: text_lit(t, "key"); text_u64(t, key);
	}
	return SVC_TEXT;
}

/*
 * Appends an item of a list, escaped twice (RFC 9460 appendix A.1): as an item, in which a comma is
 * escaped too, and as a part of a quoted string.
 */
static void put_item(struct text *t, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t once[4], c = p[i];
		size_t len = 0;
		if (c < ' ' || c >= 0x7f) {
			once[0] = '\\';
			text_digits_at((char *)once + 1, c, 3);
			len = 4;
		} else {
			if (c == '"' || c == ',' || c == '\\')
				once[len++] = '\\';
			once[len++] = c;
		}
		kind_octets(t, once, len);
	}
}

static void put_list(struct rdata *r, struct cursor *v)
{
	do {
		uint8_t n = cursor_u8(v);
		const uint8_t *p = cursor_read(v, n);
		if (!p || n == 0) {
			v->bad = true;
			return;
		}
		put_item(r->t, p, n);
		if (cursor_remaining(v))
			text_char(r->t, ',');
	} while (cursor_remaining(v));
}

/* Appends the items of the kinds of fixed size. */
static void put_fixed(struct rdata *r, struct cursor *v, enum svc_value kind)
{
	int last = -1;
	do {
		const uint8_t *p = cursor_read(v, kind == SVC_A ? 4 : kind == SVC_AAAA ? 16 : 2);
		if (!p)
			return;
		if (last >= 0)
			text_char(r->t, ',');
		if (kind == SVC_A) {
			addr_text_v4(r->t, p);
		} else if (kind == SVC_AAAA) {
			addr_text_v6(r->t, p);
		} else if (kind == SVC_KEYS) {
			/* Ascending, without "mandatory" itself (RFC 9460 section 8). */
			if (bits_be16(p) == 0 || bits_be16(p) <= last)
				v->bad = true;
			put_key(r->t, bits_be16(p));
		} else {
			text_u64(r->t, bits_be16(p));
		}
		last = bits_be16(p);
	} while (cursor_remaining(v) && !v->bad && kind != SVC_U16);
}

static void put_value(struct rdata *r, struct cursor *v, enum svc_value kind)
{
	size_t n = cursor_remaining(v);
	text_char(r->t, '=');
	text_graph(r->t, '"');
	switch (kind) {
	case SVC_TEXT: kind_octets(r->t, cursor_read(v, n), n); break;
	case SVC_BASE64: text_base64(r->t, cursor_read(v, n), n); break;
	case SVC_LIST: put_list(r, v); break;
	case SVC_KEYS:
	case SVC_U16:
	case SVC_U16S:
	case SVC_A:
	case SVC_AAAA: put_fixed(r, v, kind); break;
	case SVC_EMPTY: v->bad = true; break;
	}
	text_graph(r->t, '"');
}

void kind_svcparams(struct rdata *r)
{
	int last = -1;
	while (!r->c.bad && cursor_remaining(&r->c)) {
		uint16_t key = cursor_u16(&r->c), n = cursor_u16(&r->c);
		const uint8_t *p = cursor_read(&r->c, n);
		/* Strictly ascending keys: RFC 9460 section 2.2. */
		if (!p || key <= last) {
			r->c.bad = true;
			return;
		}
		last = key;
		text_char(r->t, ' ');
		enum svc_value kind = put_key(r->t, key);
		if (n == 0 && (kind == SVC_TEXT || kind == SVC_EMPTY))
			continue;
		struct cursor v = cursor_of(p, n);
		put_value(r, &v, kind);
		if (v.bad || cursor_remaining(&v))
			r->c.bad = true;
	}
}

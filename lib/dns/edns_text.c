/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/addr.h"
#include "base/utf8.h"
#include "dns/edns.h"

void edns_option_hex(struct text *t, const struct edns_option *o)
{
	text_hex(t, o->data, o->len);
}

/* NSID is of the operator's choice (RFC 5001 section 3.1), mostly a host name. */
static void print_text(struct text *t, struct cursor *c, const struct edns_option *o)
{
	const uint8_t *p = cursor_read(c, o->len);
	for (size_t i = 0; i < o->len; i++) {
		if (p[i] < ' ' || p[i] >= 0x7f) {
			text_hex(t, p, o->len);
			return;
		}
	}
	for (size_t i = 0; i < o->len; i++)
		text_graph(t, (char)p[i]);
}

static void subnet_text(struct text *t, struct cursor *c)
{
	uint16_t family = cursor_u16(c);
	uint8_t source = cursor_u8(c), scope = cursor_u8(c), octets[16] = {0};
	size_t n = (source + 7u) / 8;
	unsigned bits = family == 1 ? 32 : family == 2 ? 128 : 0;
	if (c->bad || family > 2 || source > bits || scope > bits || cursor_remaining(c) != n) {
		c->bad = true;
		return;
	}
	memcpy(octets, cursor_read(c, n), n);
	if (family == 1)
		addr_text_v4(t, octets);
	else if (family == 2)
		addr_text_v6(t, octets);
	else
		text_char(t, '0'); /* no address and no family (RFC 7871 section 7.1.2) */
	text_char(t, '/');
	text_u64(t, source);
	text_char(t, '/');
	text_u64(t, scope);
}

/* A client cookie of 8 octets, then a server cookie of none or 8 to 32 (RFC 7873 section 4). */
static void cookie_text(struct text *t, struct cursor *c, const struct edns_option *o)
{
	if (o->len == 8 || (o->len >= 16 && o->len <= 40))
		text_hex(t, cursor_read(c, o->len), o->len);
	else
		c->bad = true;
}

static void numbers_text(struct text *t, struct cursor *c, unsigned octets)
{
	while (!c->bad && cursor_remaining(c)) {
		const uint8_t *p = cursor_read(c, octets);
		if (!p)
			return;
		text_u64(t, octets == 1 ? p[0] : octets == 2 ? bits_be16(p) : bits_be32(p));
		if (cursor_remaining(c))
			text_char(t, ',');
	}
}

/* A name in an option cannot be compressed. */
static void name_value(struct text *t, struct cursor *c, const struct edns_option *o)
{
	struct name_space space = {o->data, o->len};
	enum dns_error error;
	uint32_t after = name_text(t, &space, 0, false, NULL, &error);
	if (after == 0)
		c->bad = true;
	cursor_read(c, after);
}

static void zone_version_text(struct text *t, struct cursor *c)
{
	uint8_t labels = cursor_u8(c), type = cursor_u8(c);
	size_t n = cursor_remaining(c);
	const uint8_t *p = cursor_read(c, n);
	if (!p)
		return;
	text_u64(t, labels);
	if (type == 0 && n == 4) {
		text_lit(t, " SOA-SERIAL ");
		text_u64(t, bits_be32(p));
		return;
	}
	text_char(t, ' ');
	text_u64(t, type);
	text_char(t, ' ');
	text_hex(t, p, n);
	if (type == 0)
		c->bad = true;
}

static void llq_text(struct text *t, struct cursor *c)
{
	for (int i = 0; i < 3; i++) {
		text_u64(t, cursor_u16(c));
		text_char(t, ' ');
	}
	const uint8_t *id = cursor_read(c, 8);
	text_u64(t, id ? bits_be64(id) : 0);
	text_char(t, ' ');
	text_u64(t, cursor_u32(c));
}

bool edns_ede_of(const struct edns_option *o, struct edns_ede *ede)
{
	if (o->len < 2)
		return false;
	ede->code = bits_be16(o->data);
	ede->text = o->data + 2;
	ede->text_len = (uint16_t)(o->len - 2);
	while (ede->text_len && ede->text[ede->text_len - 1] == 0)
		ede->text_len--;
	return true;
}

bool edns_ede_name(struct text *t, unsigned code)
{
	switch (code) {
#define DNS_EDE(number, name)                                                                      \
	case number:                                                                               \
		text_lit(t, name);                                                                 \
		return true;
#include "dns/const.def"
#undef DNS_EDE
	default: return false;
	}
}

static void ede_text(struct text *t, struct cursor *c, const struct edns_option *o)
{
	struct edns_ede ede;
	if (!edns_ede_of(o, &ede)) {
		c->bad = true;
		return;
	}
	cursor_read(c, o->len);
	text_u64(t, ede.code);
	if (ede.text_len) {
		text_char(t, ' ');
		utf8_text(t, ede.text, ede.text_len);
	}
}

static bool may_be_empty(uint16_t code)
{
	return code == EDNS_NSID || code == EDNS_EXPIRE || code == EDNS_KEEPALIVE ||
	       code == EDNS_CHAIN || code == EDNS_ZONEVERSION;
}

static void value_text(
	struct text *t, struct cursor *c, const struct edns_option *o, enum edns_kind kind)
{
	switch (kind) {
	case EDNS_KIND_HEX: text_hex(t, cursor_read(c, o->len), o->len); break;
	case EDNS_KIND_PRINT: print_text(t, c, o); break;
	case EDNS_KIND_SUBNET: subnet_text(t, c); break;
	case EDNS_KIND_COOKIE: cookie_text(t, c, o); break;
	case EDNS_KIND_EDE: ede_text(t, c, o); break;
	case EDNS_KIND_COUNT:
		cursor_read(c, o->len);
		text_u64(t, o->len);
		break;
	case EDNS_KIND_U16: text_u64(t, cursor_u16(c)); break;
	case EDNS_KIND_U32: text_u64(t, cursor_u32(c)); break;
	case EDNS_KIND_U8S: numbers_text(t, c, 1); break;
	case EDNS_KIND_U16S: numbers_text(t, c, 2); break;
	case EDNS_KIND_U32S: numbers_text(t, c, 4); break;
	case EDNS_KIND_NAME: name_value(t, c, o); break;
	case EDNS_KIND_ZONEVERSION: zone_version_text(t, c); break;
	case EDNS_KIND_LLQ: llq_text(t, c); break;
	}
}

enum dns_error edns_option_text(struct text *t, const struct edns_option *o, enum edns_kind *kind)
{
	const struct edns_row *row = edns_row_of(o->code);
	enum edns_kind as = row ? (enum edns_kind)row->kind : EDNS_KIND_HEX;
	struct cursor c = cursor_of(o->data, o->len);
	bool empty = o->len == 0 && may_be_empty(o->code);
	char *start = t->at;

	if (kind)
		*kind = empty ? EDNS_KIND_HEX : as;
	if (empty)
		return DNS_OK;
	value_text(t, &c, o, as);
	if (!c.bad && cursor_remaining(&c) == 0)
		return DNS_OK;
	if (!t->full)
		t->at = start;
	edns_option_hex(t, o);
	if (kind)
		*kind = EDNS_KIND_HEX;
	return DNS_RDATA;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/edns.h"

#include "base/utf8.h"

/* Options with a member of their own, in its order; the others are entries of `options`. */
static const uint16_t keyed[] = {
	EDNS_ECS, EDNS_COOKIE, EDNS_NSID, EDNS_EDE, EDNS_KEEPALIVE, EDNS_PADDING};
#define KEYED                                                                                      \
	(1u << EDNS_ECS | 1u << EDNS_COOKIE | 1u << EDNS_NSID | 1u << EDNS_EDE |                   \
		1u << EDNS_KEEPALIVE | 1u << EDNS_PADDING)

/* Appends the key of a row. */
static void put_key(struct text *t, const char *name)
{
	text_char(t, '"');
	text_str(t, name);
	text_lit(t, "\":");
}

static enum dns_error put_value(struct text *t, const struct edns_option *o)
{
	const struct edns_row *row = edns_row_of(o->code);
	char *start = t->at;
	enum edns_kind kind;

	/* Whether the value is a number is known after its octets have been read. */
	json_begin_str(t);
	char *inside = t->at;
	enum dns_error error = edns_option_text(t, o, &kind);
	if (row && edns_kind_is_number(kind) && !t->full) {
		size_t n = (size_t)(t->at - inside);
		t->quoted = false;
		memmove(start, inside, n);
		t->at = start + n;
		text_char(t, ',');
		return error;
	}
	json_end_str(t);
	return error;
}

static void put_ede(struct text *t, const struct edns_option *o, bool *open)
{
	struct edns_ede ede;
	if (!edns_ede_of(o, &ede))
		return;
	if (!*open)
		text_lit(t, "\"ede\":[");
	*open = true;
	text_lit(t, "{\"code\":");
	json_u64(t, ede.code);
	if (ede.text_len) {
		JSON_KEY(t, "text");
		json_begin_str(t);
		utf8_text(t, ede.text, ede.text_len);
		json_end_str(t);
	}
	json_close(t, '}');
}

/* True if the option has a member of its own: the first one of its code that is not empty; of
 * extended errors, which are a list, all. */
static bool is_keyed(const struct edns_option *o, bool first)
{
	struct edns_ede ede;
	if (o->code == EDNS_EDE)
		return edns_ede_of(o, &ede);
	return o->code < 32 && KEYED >> o->code & 1 && first && (o->len || o->code == EDNS_PADDING);
}

/* Returns the codes below 32 as bits. *others: there are options without a member of their own, or
 * the rest is malformed. */
static uint32_t codes_of(const struct name_space *space, const struct edns *e, bool *others)
{
	struct edns_iter it = edns_iter_of(e, space);
	struct edns_option o;
	uint32_t seen = 0;
	*others = false;
	while (edns_next(&it, &o)) {
		if (!is_keyed(&o, o.code >= 32 || !(seen >> o.code & 1)))
			*others = true;
		seen |= o.code < 32 ? 1u << o.code : 0;
	}
	*others |= it.c.bad;
	return seen;
}

static enum dns_error put_keyed(
	struct text *t, const struct name_space *space, const struct edns *e, uint16_t code)
{
	struct edns_iter it = edns_iter_of(e, space);
	struct edns_option o;
	enum dns_error error = DNS_OK;
	bool open = false, first = true;

	while (edns_next(&it, &o)) {
		if (o.code != code)
			continue;
		if (code == EDNS_EDE) {
			put_ede(t, &o, &open);
		} else if (is_keyed(&o, first)) {
			put_key(t, edns_row_of(code)->name);
			if (put_value(t, &o) != DNS_OK)
				error = DNS_RDATA;
		}
		first = false;
	}
	if (open)
		json_close(t, ']');
	return error;
}

/* Appends {"code":5,"name":"dau","value":"8,13","data":"080d"}; name and value if the code is
 * known. */
static enum dns_error put_other(struct text *t, const struct edns_option *o)
{
	const struct edns_row *row = edns_row_of(o->code);
	enum dns_error error = DNS_OK;

	text_lit(t, "{\"code\":");
	json_u64(t, o->code);
	if (row) {
		JSON_KEY(t, "name");
		json_begin_str(t);
		text_str(t, row->name);
		json_end_str(t);
	}
	if (row && o->len && row->kind != EDNS_KIND_HEX) {
		enum edns_kind kind;
		JSON_KEY(t, "value");
		json_begin_str(t);
		error = edns_option_text(t, o, &kind);
		json_end_str(t);
	}
	if (o->len) {
		JSON_KEY(t, "data");
		json_begin_str(t);
		edns_option_hex(t, o);
		json_end_str(t);
	}
	json_close(t, '}');
	return error;
}

static enum dns_error put_others(
	struct text *t, const struct name_space *space, const struct edns *e)
{
	struct edns_iter it = edns_iter_of(e, space);
	struct edns_option o;
	enum dns_error error = DNS_OK;
	uint32_t seen = 0; /* codes below 32 so far */
	bool open = false;

	while (edns_next(&it, &o)) {
		bool first = o.code >= 32 || !(seen >> o.code & 1);
		seen |= o.code < 32 ? 1u << o.code : 0;
		if (is_keyed(&o, first))
			continue;
		if (!open)
			text_lit(t, "\"options\":[");
		open = true;
		if (put_other(t, &o) != DNS_OK)
			error = DNS_RDATA;
	}
	if (open)
		json_close(t, ']');
	return it.c.bad ? DNS_RDATA : error;
}

static enum dns_error put_options(
	struct text *t, const struct name_space *space, const struct edns *e)
{
	enum dns_error error = DNS_OK;
	bool others;
	uint32_t codes = codes_of(space, e, &others);
	for (size_t i = 0; codes & KEYED && i < BITS_COUNT(keyed); i++)
		if (codes >> keyed[i] & 1 && put_keyed(t, space, e, keyed[i]) != DNS_OK)
			error = DNS_RDATA;
	if (others && put_others(t, space, e) != DNS_OK)
		error = DNS_RDATA;
	return error;
}

enum dns_error edns_json(struct text *t, const struct name_space *space, const struct edns *e)
{
	enum dns_error error = DNS_OK;

	if (!text_reserve(t, 64))
		return DNS_OK;
	char *at = text_lit_at(t->at, "{");
	if (bits_unlikely(e->version)) {
		at = JSON_KEY_AT(at, "version");
		at = json_u64_at(at, e->version);
	}
	at = JSON_KEY_AT(at, "udp");
	at = json_u64_at(at, e->udp);
	if (e->flags & EDNS_DO)
		at = text_lit_at(at, "\"do\":true,");
	t->at = at;
	if (e->options_len)
		error = put_options(t, space, e);
	json_close(t, '}');
	return error;
}

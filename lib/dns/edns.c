/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/edns.h"

#include "dns/rrtype.h"

static enum dns_error blame(struct edns *e, enum edns_fault fault)
{
	if (e->fault == EDNS_FINE)
		e->fault = (uint8_t)fault;
	return DNS_RDATA;
}

enum dns_error edns_read(struct edns *e, const struct name_space *space, const struct rr *rr)
{
	if (rr->section == DNS_QUESTION || rr->type != RRTYPE_OPT)
		return DNS_OK;
	if (rr->section != DNS_ADDITIONAL)
		return blame(e, EDNS_SECTION);
	if (e->present)
		return blame(e, EDNS_TWICE);
	e->present = true;
	e->udp = rr->rrclass;
	e->rcode_high = (uint8_t)(rr->ttl >> 24);
	e->version = (uint8_t)(rr->ttl >> 16);
	e->flags = (uint16_t)rr->ttl;
	e->options = rr->rdata;
	e->options_len = rr->rdlen;

	struct edns_iter it = edns_iter_of(e, space);
	struct edns_option o;
	while (edns_next(&it, &o))
		;
	if (it.c.bad)
		return blame(e, EDNS_OPTIONS);
	if (space->data[rr->name] != 0)
		return blame(e, EDNS_OWNER);
	return DNS_OK;
}

enum dns_error edns_find(
	struct edns *e, const struct dns_msg *msg, const uint8_t *data, uint32_t len)
{
	struct rr_iter it = rr_iter_after_question(msg, data, len);
	enum dns_error error = DNS_OK, found;
	struct rr rr;
	*e = (struct edns){0};
	while (rr_next(&it, &rr)) {
		found = edns_read(e, &it.space, &rr);
		if (error == DNS_OK)
			error = found;
	}
	return error;
}

const char *edns_fault_name(enum edns_fault fault)
{
	switch (fault) {
	case EDNS_FINE: break;
	case EDNS_SECTION: return "section";
	case EDNS_TWICE: return "twice";
	case EDNS_OWNER: return "owner";
	case EDNS_OPTIONS: return "options";
	}
	return NULL;
}

const struct edns_row *edns_row_of(uint16_t code)
{
	enum {
#define EDNS_OPTION(number, symbol, name, kind) ROW_##symbol,
#include "dns/edns.def"
#undef EDNS_OPTION
	};
	static const struct edns_row rows[] = {
#define EDNS_OPTION(number, symbol, name, kind) {name, number, kind},
#include "dns/edns.def"
#undef EDNS_OPTION
	};
	switch (code) { /* codes are sparse, up to 65535 */
#define EDNS_OPTION(number, symbol, name, kind)                                                    \
	case number:                                                                               \
		return &rows[ROW_##symbol];
#include "dns/edns.def"
#undef EDNS_OPTION
	default: return NULL;
	}
}

bool edns_kind_is_number(enum edns_kind kind)
{
	return kind == EDNS_KIND_COUNT || kind == EDNS_KIND_U16 || kind == EDNS_KIND_U32;
}

bool edns_kind_is_numbers(enum edns_kind kind)
{
	return kind == EDNS_KIND_U8S || kind == EDNS_KIND_U16S || kind == EDNS_KIND_U32S;
}

struct edns_iter edns_iter_of(const struct edns *e, const struct name_space *space)
{
	return (struct edns_iter){cursor_of(space->data + e->options, e->options_len)};
}

bool edns_next(struct edns_iter *it, struct edns_option *o)
{
	if (it->c.bad || cursor_remaining(&it->c) == 0)
		return false;
	o->code = cursor_u16(&it->c);
	o->len = cursor_u16(&it->c);
	o->data = cursor_read(&it->c, o->len);
	return o->data != NULL;
}

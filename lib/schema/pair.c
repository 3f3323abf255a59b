/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/pair.h"

#include "base/cursor.h"
#include "base/when.h"
#include "dns/nbns.h"

void pair_fault(struct message *m, enum dns_error error)
{
	if (m->error == DNS_OK)
		m->error = error;
}

struct rr_iter pair_entries(const struct message *m)
{
	if (m->error == DNS_OK)
		return rr_iter_of(&m->msg, m->space.data, m->space.len);
	return (struct rr_iter){.section = DNS_SECTIONS};
}

bool pair_lists(
	struct schema *s, const struct message *m, const struct rr_iter *it, const struct rr *rr)
{
	if (!schema_lists(s, rr->section))
		return false;
	if (bits_unlikely((uint32_t)(m->msg.count[rr->section] - it->left[rr->section]) >
			  s->max_records)) {
		s->omitted |= (uint8_t)(1u << rr->section);
		return false;
	}
	if (bits_likely(!schema_sheds(s, rr->section)))
		return true;
	if (rr->section == DNS_ANSWER && it->left[DNS_ANSWER] + 1 == m->msg.count[DNS_ANSWER])
		return true;
	s->left_out |= (uint8_t)(1u << rr->section);
	return false;
}

/* Returns the upper bits of the rcode, from the OPT record. */
static unsigned extended_of(const struct message *m)
{
	struct rr_iter it = pair_entries(m);
	struct edns edns;
	struct rr rr;
	if (m->msg.count[DNS_ADDITIONAL] == 0)
		return 0;
	while (rr_next(&it, &rr))
		if (rr.type == RRTYPE_OPT && rr.section == DNS_ADDITIONAL) {
			memset(&edns, 0, sizeof(edns));
			edns_read(&edns, &m->space, &rr);
			return edns.rcode_high;
		}
	return 0;
}

struct text_clamp pair_begin_entry(const struct pair *p, struct text *t)
{
	return text_clamp(t, p->budget);
}

bool pair_end_entry(struct schema *s, struct pair *p, struct text *t,
	const struct text_clamp *clamp, const struct rr *rr)
{
	if (bits_unlikely(!text_unclamp(t, clamp))) {
		s->omitted |= (uint8_t)(1u << rr->section);
		p->budget = 0;
		return false;
	}
	size_t taken = (size_t)(t->at - clamp->start);
	p->budget -= taken < p->budget ? taken : p->budget;
	return true;
}

void pair_open(struct pair *p, const struct schema *s, const struct record *r)
{
	p->r = r;
	p->budget = schema_budget(s, r);
	message_open_query(&p->query, r);
	message_open_reply(&p->reply, r);
	p->rcode = 0;
	p->asked = p->query.present ? &p->query : p->reply.present ? &p->reply : NULL;
	p->query_ns = r->ts_ns;
	p->reply_ns = when_after(r->ts_ns, r->latency_ns);
	p->last_ns = p->reply.present ? p->reply_ns : p->query_ns;
	if (p->reply.present)
		p->rcode = dns_rcode(p->reply.msg.flags) | extended_of(&p->reply) << 4;
}

void pair_count(const struct schema *s, const struct pair *p, bool full)
{
	enum dns_error error = message_verdict(&p->reply);
	if (error == DNS_OK)
		error = message_verdict(&p->query);
	if (!full)
		message_count_error(s->metrics, error);
}

void pair_name(struct text *t, const struct message *m, uint32_t at, bool dot)
{
	enum dns_error error;
	json_begin_str(t);
	char *start = t->at;
	if (bits_unlikely(m->dialect == MESSAGE_NBNS)) {
		nbns_name_text(t, &m->space, at, &error);
	} else {
		name_text(t, &m->space, at, false, NULL, &error);
		if (dot && !(t->at == start + 1 && *start == '.'))
			text_char(t, '.');
	}
	json_end_str(t);
}

void pair_type(struct text *t, const struct message *m, uint16_t type)
{
	text_char(t, '"');
	if (bits_unlikely(m->dialect == MESSAGE_NBNS))
		nbns_type_text(t, type);
	else if (rrtype_find(type))
		rrtype_text(t, type);
	else
		text_u64(t, type);
	text_lit(t, "\",");
}

/* Appends RDATA of names and numbers only, names without a trailing dot. Returns false, and appends
 * nothing, if it is malformed. */
static bool put_bare(struct text *t, const struct message *m, const struct rr *rr)
{
	const struct rrtype *row = rrtype_find(rr->type);
	struct name_space within = {m->space.data, rr->rdata + rr->rdlen};
	uint32_t at = rr->rdata;
	char *start = t->at;
	enum dns_error error;

	for (const uint8_t *f = row->fields; *f != FIELD_END && at; f++) {
		struct cursor c = cursor_of(m->space.data + at, within.len - at);
		if (f != row->fields)
			text_char(t, ' ');
		switch (*f) {
		case FIELD_NAME:
		case FIELD_NAME_PLAIN: at = name_text(t, &within, at, false, NULL, &error); break;
		case FIELD_U16: text_u64(t, cursor_u16(&c)), at = c.bad ? 0 : at + 2; break;
		case FIELD_U32: text_u64(t, cursor_u32(&c)), at = c.bad ? 0 : at + 4; break;
		default: at = 0;
		}
	}
	if (at == within.len)
		return true;
	if (!t->full)
		t->at = start;
	return false;
}

static bool has_bare_form(const struct rr *rr)
{
	if (rr->rrclass != DNS_CLASS_IN)
		return false;
	switch (rr->type) {
	case RRTYPE_NS:
	case RRTYPE_CNAME:
	case RRTYPE_SOA:
	case RRTYPE_PTR:
	case RRTYPE_MX:
	case RRTYPE_SRV: return true;
	default: return false;
	}
}

void pair_data(struct text *t, struct message *m, struct rr *rr, bool bare)
{
	enum dns_error error = DNS_OK;
	if (m->dialect == MESSAGE_MDNS)
		rr_clear_mdns_bit(rr);
	json_begin_str(t);
	if (bits_unlikely(m->dialect == MESSAGE_NBNS))
		error = nbns_rdata_text(t, &m->space, rr);
	else if (!bare || !has_bare_form(rr) || !put_bare(t, m, rr))
		error = rdata_text(t, &m->space, rr, NULL);
	json_end_str(t);
	pair_fault(m, error);
}

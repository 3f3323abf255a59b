/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/message.h"

#include "dns/dso.h"
#include "dns/idna.h"
#include "dns/nbns.h"

static enum message_dialect dialect_of(const struct record *r)
{
	uint16_t a = r->client_port, b = r->server_port;
	if (bits_likely(a != DNS_PORT_MDNS && b != DNS_PORT_MDNS && a != DNS_PORT_NBNS &&
			b != DNS_PORT_NBNS))
		return MESSAGE_DNS;
	return a == DNS_PORT_MDNS || b == DNS_PORT_MDNS ? MESSAGE_MDNS : MESSAGE_NBNS;
}

void message_open(struct message *m, const struct record *r, const uint8_t *data, uint32_t len,
	uint32_t wire, bool cut)
{
	m->present = wire > 0;
	if (!m->present)
		return;
	m->space = (struct name_space){data, len};
	m->cut = cut;
	m->dialect = dialect_of(r);
	m->error = dns_msg_read(&m->msg, data, len);
	if (m->dialect == MESSAGE_MDNS)
		m->unicast = dns_take_mdns_bit(&m->msg);
}

static void fault(struct message *m, enum dns_error error)
{
	if (m->error == DNS_OK)
		m->error = error;
}

/* A name as a value: without the final dot. */
static void put_name(struct text *t, const struct message *m, uint32_t at, struct name_memo *memo)
{
	enum dns_error error;
	json_begin_str(t);
	if (bits_unlikely(m->dialect == MESSAGE_NBNS))
		nbns_name_text(t, &m->space, at, &error);
	else
		name_text(t, &m->space, at, false, memo, &error);
	json_end_str(t);
}

static void put_type(struct text *t, const struct message *m, uint16_t type)
{
	text_char(t, '"');
	if (m->dialect == MESSAGE_NBNS)
		nbns_type_text(t, type);
	else
		rrtype_text(t, type);
	text_lit(t, "\",");
}

static void put_class(struct text *t, uint16_t rrclass)
{
	text_char(t, '"');
	dns_class_text(t, rrclass);
	text_lit(t, "\",");
}

void message_opcode(struct text *t, const struct message *m)
{
	text_lit(t, "\"opcode\":\"");
	if (m->dialect == MESSAGE_NBNS)
		nbns_opcode_text(t, dns_opcode(m->msg.flags));
	else
		dns_opcode_text(t, dns_opcode(m->msg.flags));
	text_lit(t, "\",");
}

/* qname_unicode, where that was asked for and differs. */
static void put_unicode(struct text *t, const struct message *m)
{
	char *start = t->at;
	text_lit(t, "\"qname_unicode\":");
	json_begin_str(t);
	bool there = idna_text(t, &m->space, DNS_HEADER_LEN);
	json_end_str(t);
	if (!there && !t->full)
		t->at = start;
}

void message_question(
	const struct schema *s, struct text *t, const struct message *m, struct name_memo *memo)
{
	if (m->msg.name_len == 0)
		return;
	JSON_KEY(t, "qname");
	put_name(t, m, DNS_HEADER_LEN, memo);
	if (s->unicode)
		put_unicode(t, m);
	JSON_KEY(t, "qtype");
	put_type(t, m, m->msg.qtype);
	if (bits_likely(m->msg.qclass == DNS_CLASS_IN)) {
		JSON_PAIR(t, "qclass", "IN");
	} else {
		JSON_KEY(t, "qclass");
		put_class(t, m->msg.qclass);
	}
	if (m->unicast)
		text_lit(t, "\"unicast\":true,");
}

bool message_same_question(const struct message *a, const struct message *b)
{
	return a == b || (a->msg.name_len && a->msg.name_len == b->msg.name_len &&
				 memcmp(a->space.data + DNS_HEADER_LEN,
					 b->space.data + DNS_HEADER_LEN, a->msg.name_len) == 0);
}

void message_questions(struct text *t, const struct message *m)
{
	struct rr_iter it = rr_iter_of(&m->msg, m->space.data, m->space.len);
	struct rr rr;
	if (bits_likely(m->error != DNS_OK || m->msg.count[DNS_QUESTION] < 2))
		return;
	JSON_KEY(t, "questions");
	json_open(t, '[');
	while (it.left[DNS_QUESTION] && rr_next(&it, &rr)) {
		bool unicast = m->dialect == MESSAGE_MDNS && rr_take_mdns_bit(&rr);
		text_lit(t, "{\"name\":");
		put_name(t, m, rr.name, NULL);
		JSON_KEY(t, "type");
		put_type(t, m, rr.type);
		JSON_KEY(t, "class");
		put_class(t, rr.rrclass);
		if (unicast)
			text_lit(t, "\"unicast\":true,");
		json_close(t, '}');
	}
	json_close(t, ']');
}

/* One resource record as {"name","type"[,"class"],"ttl","data"}: the usual one. */
static void put_rr(const struct schema *s, struct text *t, struct message *m, const struct rr *rr,
	struct name_memo *memo)
{
	enum dns_error error;
	text_lit(t, "{\"name\":\"");
	t->quoted = true;
	name_text(t, &m->space, rr->name, false, memo, &error);
	t->quoted = false;
	/* ","type":"A","ttl": */
	text_padded_put(t, s->types[rr->type].text, s->types[rr->type].len);
	json_u64(t, rr->ttl);
	text_lit(t, "\"data\":\"");
	t->quoted = true;
	error = rdata_text(t, &m->space, rr, memo);
	t->quoted = false;
	text_lit(t, "\"},");
	if (bits_unlikely(error != DNS_OK))
		fault(m, error);
}

/* The same for what is rare: other classes, types without mnemonic, other dialects. */
static void put_rare_rr(struct text *t, struct message *m, struct rr *rr, struct name_memo *memo)
{
	bool flush = m->dialect == MESSAGE_MDNS && rr_take_mdns_bit(rr);
	text_lit(t, "{\"name\":");
	put_name(t, m, rr->name, memo);
	JSON_KEY(t, "type");
	put_type(t, m, rr->type);
	if (rr->rrclass != DNS_CLASS_IN) {
		JSON_KEY(t, "class");
		put_class(t, rr->rrclass);
	}
	JSON_KEY(t, "ttl");
	json_u64(t, rr->ttl);
	if (flush)
		text_lit(t, "\"flush\":true,");
	JSON_KEY(t, "data");
	json_begin_str(t);
	enum dns_error error = m->dialect == MESSAGE_NBNS ? nbns_rdata_text(t, &m->space, rr)
							  : rdata_text(t, &m->space, rr, memo);
	json_end_str(t);
	json_close(t, '}');
	if (error != DNS_OK)
		fault(m, error);
}

/* The TLVs of a DSO message (RFC 8490): [{"type":"KEEPALIVE","data":"hex"}]. */
static void put_dso(struct text *t, struct message *m)
{
	struct dso_iter it = dso_iter_of(m->space.data, m->space.len);
	struct dso_tlv tlv;
	bool any = false;
	while (dso_next(&it, &tlv)) {
		if (!any)
			text_lit(t, "\"dso\":[");
		any = true;
		text_lit(t, "{\"type\":\"");
		dns_dso_text(t, tlv.type);
		text_lit(t, "\",");
		if (tlv.len) {
			JSON_KEY(t, "data");
			json_begin_str(t);
			text_hex(t, tlv.data, tlv.len);
			json_end_str(t);
		}
		json_close(t, '}');
	}
	if (any)
		json_close(t, ']');
	if (it.c.bad)
		fault(m, DNS_SHORT);
}

static bool is_usual(const struct schema *s, const struct message *m, const struct rr *rr)
{
	return rr->rrclass == DNS_CLASS_IN && m->dialect == MESSAGE_DNS &&
	       rr->type < SCHEMA_TYPES && s->types[rr->type].len;
}

void message_sections(const struct schema *s, struct text *t, struct message *m,
	struct name_memo *memo, bool show)
{
	static const char *const keys[DNS_SECTIONS] = {
		"", "\"answers\":[", "\"authority\":[", "\"additional\":["};
	struct rr_iter it = rr_iter_after_question(&m->msg, m->space.data, m->space.len);
	struct rr rr;
	int open = DNS_QUESTION;

	if (m->error != DNS_OK)
		return;
	while (rr_next(&it, &rr)) {
		if (rr.section == DNS_QUESTION)
			continue;
		if (rr.type == RRTYPE_OPT) {
			if (edns_read(&m->edns, &m->space, &rr) != DNS_OK)
				fault(m, DNS_OPT);
			continue;
		}
		if (!show)
			continue;
		if (rr.section != open) {
			if (open != DNS_QUESTION)
				json_close(t, ']');
			open = rr.section;
			text_str(t, keys[open]);
		}
		if (bits_likely(is_usual(s, m, &rr)))
			put_rr(s, t, m, &rr, memo);
		else
			put_rare_rr(t, m, &rr, memo);
	}
	if (open != DNS_QUESTION)
		json_close(t, ']');
	if (it.error != DNS_OK)
		fault(m, it.error);
	if (show && bits_unlikely(dso_is(&m->msg)))
		put_dso(t, m);
	if (show && memo->compressed && m->dialect != MESSAGE_MDNS)
		m->compressed = true;
}

enum dns_error message_verdict(const struct message *m)
{
	if (!m->present)
		return DNS_OK;
	if (m->cut && (m->error == DNS_SHORT || m->error == DNS_COUNT || m->error == DNS_OK))
		return DNS_SNAP;
	return m->error == DNS_OK && m->compressed ? DNS_COMPRESSION : m->error;
}

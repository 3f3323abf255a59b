/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/message.h"

#include "dns/dso.h"
#include "dns/nbns.h"

static enum message_dialect dialect_of(const struct record *r)
{
	uint16_t a = r->client_port, b = r->server_port;
	if (bits_likely(a != DNS_PORT_MDNS && b != DNS_PORT_MDNS && a != DNS_PORT_NBNS &&
			b != DNS_PORT_NBNS))
		return MESSAGE_DNS;
	return a == DNS_PORT_MDNS || b == DNS_PORT_MDNS ? MESSAGE_MDNS : MESSAGE_NBNS;
}

static void read_again(struct message *m, const struct record *r, uint16_t name_len)
{
	m->present = true;
	m->dialect = dialect_of(r);
	m->error = dns_msg_reread(&m->msg, m->space.data, m->space.len, name_len);
	if (bits_unlikely(m->dialect == MESSAGE_MDNS))
		m->unicast = dns_clear_mdns_bit(&m->msg);
}

void message_open_query(struct message *m, const struct record *r)
{
	*m = (struct message){.cut = r->query_cut, .space = {record_query(r), r->query_len}};
	if (r->query_wire)
		read_again(m, r, r->query_name);
}

void message_open_reply(struct message *m, const struct record *r)
{
	*m = (struct message){.cut = r->reply_cut, .space = {record_reply(r), record_reply_len(r)}};
	if (r->reply_wire)
		read_again(m, r, r->reply_name);
}

static void fault(struct message *m, enum dns_error error)
{
	if (m->error == DNS_OK)
		m->error = error;
}

void message_name(struct text *t, const struct message *m, uint32_t at, struct name_memo *memo)
{
	enum dns_error error;
	json_begin_str(t);
	if (bits_unlikely(m->dialect == MESSAGE_NBNS))
		nbns_name_text(t, &m->space, at, &error);
	else
		name_text(t, &m->space, at, false, memo, &error);
	json_end_str(t);
}

void message_type(struct text *t, const struct message *m, uint16_t type)
{
	text_char(t, '"');
	if (m->dialect == MESSAGE_NBNS)
		nbns_type_text(t, type);
	else
		rrtype_text(t, type);
	text_lit(t, "\",");
}

void message_class(struct text *t, uint16_t rrclass)
{
	text_char(t, '"');
	dns_class_text(t, rrclass);
	text_lit(t, "\",");
}

void message_opcode(const struct schema *s, struct text *t, const struct message *m)
{
	unsigned opcode = dns_opcode(m->msg.flags);
	if (bits_likely(m->dialect != MESSAGE_NBNS)) {
		text_padded_put(t, s->opcodes[opcode].text, s->opcodes[opcode].len);
		return;
	}
	text_lit(t, "\"opcode\":\"");
	nbns_opcode_text(t, opcode);
	text_lit(t, "\",");
}

bool message_same_question(const struct message *a, const struct message *b)
{
	return a == b || (a->msg.name_len && a->msg.name_len == b->msg.name_len &&
				 memcmp(a->space.data + DNS_HEADER_LEN,
					 b->space.data + DNS_HEADER_LEN, a->msg.name_len) == 0);
}

/*
 * The beginning of the record before: {"name":"www.example.com","type":"A","ttl":
 * Most records begin as the one before.
 */
struct beginning {
	uint32_t labels; /* offset of the owner's labels in the message; 0: none yet */
	uint16_t type;
	uint16_t len;
	const char *text;
};

/* The octets of put_beginning() at most, and of put_rr() before the RDATA. */
#define BEGINNING_MAX (NAME_TEXT_MAX + 64)
#define TTL_BYTES 64

static void put_beginning(const struct schema *s, struct text *t, const struct message *m,
	const struct rr *rr, struct name_memo *memo, struct beginning *b)
{
	enum dns_error error;
	b->text = t->at;
	b->type = rr->type;
	t->at = text_lit_at(t->at, "{\"name\":\"");
	t->quoted = true;
	name_text(t, &m->space, rr->name, false, memo, &error);
	t->at = schema_piece_at(t->at, &s->types[rr->type]); /* ","type":"A","ttl": */
	b->len = (uint16_t)(t->at - b->text);
}

/* Appends a resource record of class IN with a mnemonic: {"name","type","ttl","data"}. */
static void put_rr(const struct schema *s, struct text *t, struct message *m, const struct rr *rr,
	struct name_memo *memo, struct beginning *b)
{
	uint32_t labels = name_labels(&m->space, rr->name);
	if (!text_reserve(t, BEGINNING_MAX + TTL_BYTES))
		return;
	if (b->labels == labels && b->type == rr->type) {
		t->at = text_blocks_at(t->at, b->text, b->len);
	} else {
		b->labels = labels;
		put_beginning(s, t, m, rr, memo, b);
	}
	char *at = text_u64_at(t->at, rr->ttl);
	t->at = text_lit_at(at, ",\"data\":\"");
	t->quoted = true;
	enum dns_error error = rdata_text(t, &m->space, rr, memo);
	t->quoted = false;
	text_lit(t, "\"},");
	if (bits_unlikely(error != DNS_OK))
		fault(m, error);
}

/* Appends any other record: of other classes, types without mnemonic, other dialects. */
static void put_rare_rr(struct text *t, struct message *m, struct rr *rr, struct name_memo *memo)
{
	bool flush = m->dialect == MESSAGE_MDNS && rr_clear_mdns_bit(rr);
	text_lit(t, "{\"name\":");
	message_name(t, m, rr->name, memo);
	JSON_KEY(t, "type");
	message_type(t, m, rr->type);
	if (rr->rrclass != DNS_CLASS_IN) {
		JSON_KEY(t, "class");
		message_class(t, rr->rrclass);
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

/* Appends the TLVs of a DSO message (RFC 8490): [{"type":"KEEPALIVE","data":"hex"}]. */
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

static void open_section(struct text *t, unsigned section)
{
	if (section == DNS_ANSWER)
		text_lit(t, "\"answers\":[");
	else if (section == DNS_AUTHORITY)
		text_lit(t, "\"authority\":[");
	else
		text_lit(t, "\"additional\":[");
}

static inline bool is_too_many(
	const struct schema *s, const struct message *m, const struct rr_iter *it, unsigned section)
{
	return (uint32_t)(m->msg.count[section] - it->left[section]) > s->max_records;
}

void message_sections(const struct schema *s, struct text *t, struct message *m,
	struct name_memo *memo, bool show)
{
	struct beginning b = {0};
	int open = DNS_QUESTION;
	bool beyond = false;
	struct rr_iter it;
	struct rr rr;

	if (bits_unlikely(m->error != DNS_OK))
		return;
	struct text_clamp clamp = message_clamp(t, m);
	rr_iter_start_after_question(&it, &m->msg, m->space.data, m->space.len);
	while (rr_next(&it, &rr)) {
		if (rr.section == DNS_QUESTION)
			continue;
		if (rr.type == RRTYPE_OPT) {
			if (edns_read(&m->edns, &m->space, &rr) != DNS_OK)
				fault(m, DNS_OPT);
			continue;
		}
		if (!show || !schema_lists(s, rr.section))
			continue;
		if (bits_unlikely(schema_sheds(s, rr.section))) {
			m->left_out |= (uint8_t)(1u << rr.section);
			continue;
		}
		if (bits_unlikely(beyond || is_too_many(s, m, &it, rr.section))) {
			m->omitted[rr.section]++;
			continue;
		}
		if (rr.section != open) {
			if (open != DNS_QUESTION)
				json_close(t, ']');
			open = DNS_QUESTION;
		}
		char *start = t->at;
		if (rr.section != open)
			open_section(t, rr.section);
		if (bits_likely(is_usual(s, m, &rr)))
			put_rr(s, t, m, &rr, memo, &b);
		else
			put_rare_rr(t, m, &rr, memo);
		if (bits_unlikely(message_is_beyond(t, &clamp, start))) {
			m->omitted[rr.section]++;
			beyond = true;
			continue;
		}
		open = rr.section;
	}
	text_unclamp(t, &clamp);
	if (open != DNS_QUESTION)
		json_close(t, ']');
	if (it.error != DNS_OK)
		fault(m, it.error);
	if (show && bits_unlikely(dns_msg_is_dso(&m->msg)))
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

void message_count_error(struct metrics_dns *m, enum dns_error error)
{
	if (bits_unlikely(error != DNS_OK && m))
		metrics_add(
			(uint64_t *)m + (error - 1), 1); /* dns.def has the order of the errors */
}

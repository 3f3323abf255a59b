/* SPDX-License-Identifier: BSD-3-Clause */
/* The questions of a message as members of the native schema. */
#include "schema/message.h"

#include "dns/idna.h"

/* Appends qname_unicode, if it is asked for and differs. */
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

/* Writes the mnemonic of a type, from its piece between ","type":" and ","ttl":. */
static char *mnemonic_at(char *at, const struct schema_piece *type)
{
	const unsigned before = sizeof("\",\"type\":\"") - 1, behind = sizeof("\",\"ttl\":") - 1;
	memcpy(at, type->text + before, sizeof(type->text) - before);
	return at + type->len - before - behind;
}

/* Appends qtype and qclass; the usual ones without a bounds check for each. */
static void put_qtype(const struct schema *s, struct text *t, const struct message *m)
{
	uint16_t type = m->msg.qtype;
	if (bits_likely(type < SCHEMA_TYPES && s->types[type].len && m->dialect != MESSAGE_NBNS &&
			m->msg.qclass == DNS_CLASS_IN)) {
		if (!text_reserve(t, 128))
			return;
		char *at = JSON_KEY_AT(t->at, "qtype");
		*at = '"';
		at = mnemonic_at(at + 1, &s->types[type]);
		t->at = text_lit_at(at, "\",\"qclass\":\"IN\",");
		return;
	}
	JSON_KEY(t, "qtype");
	message_type(t, m, type);
	JSON_KEY(t, "qclass");
	message_class(t, m->msg.qclass);
}

void message_question(
	const struct schema *s, struct text *t, const struct message *m, struct name_memo *memo)
{
	if (bits_unlikely(m->msg.name_len == 0))
		return;
	JSON_KEY(t, "qname");
	message_name(t, m, DNS_HEADER_LEN, memo);
	if (bits_unlikely(s->unicode))
		put_unicode(t, m);
	put_qtype(s, t, m);
	if (bits_unlikely(m->unicast))
		text_lit(t, "\"unicast\":true,");
}

static void put_one_question(struct text *t, const struct message *m, struct rr *rr)
{
	bool unicast = m->dialect == MESSAGE_MDNS && rr_clear_mdns_bit(rr);
	text_lit(t, "{\"name\":");
	message_name(t, m, rr->name, NULL);
	JSON_KEY(t, "type");
	message_type(t, m, rr->type);
	JSON_KEY(t, "class");
	message_class(t, rr->rrclass);
	if (unicast)
		text_lit(t, "\"unicast\":true,");
	json_close(t, '}');
}

void message_questions(const struct schema *s, struct text *t, struct message *m)
{
	struct rr_iter it;
	struct rr rr;
	if (bits_likely(m->error != DNS_OK || m->msg.count[DNS_QUESTION] < 2))
		return;
	rr_iter_start(&it, &m->msg, m->space.data, m->space.len);
	JSON_KEY(t, "questions");
	json_open(t, '[');
	struct text_clamp clamp = message_clamp(t, m);
	for (uint32_t n = 0; it.left[DNS_QUESTION] && rr_next(&it, &rr); n++) {
		char *start = t->at;
		if (m->omitted[DNS_QUESTION] == 0 && n < s->max_records) {
			put_one_question(t, m, &rr);
			if (bits_likely(!message_is_beyond(t, &clamp, start)))
				continue;
		}
		m->omitted[DNS_QUESTION]++;
	}
	text_unclamp(t, &clamp);
	json_close(t, ']');
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What dns-gazer 0.1.0 writes, its members in the order of the alphabet as it has them: one nested
 * document a transaction (tag dns-gazer.dns.tx), one flat document an entry of each message (tag
 * dns-gazer.dns.record), or both as its flag -R gives them. Where it is not followed, and why:
 * doc/schemas.md.
 */
#include "schema/pair.h"

enum { TAG_ONLY = 0, TAG_TX = 0, TAG_RECORD = 1 }; /* index into the schema's tags */
static const char *const tags_tx[] = {"dns-gazer.dns.tx", NULL};
static const char *const tags_record[] = {"dns-gazer.dns.record", NULL};
static const char *const tags_both[] = {"dns-gazer.dns.tx", "dns-gazer.dns.record", NULL};

static const char *const sections[DNS_SECTIONS] = {"\"section\":\"question\",",
	"\"section\":\"answer\",", "\"section\":\"authority\",", "\"section\":\"additional\","};

static void put_client(struct text *t, const struct record *r)
{
	text_lit(t, "\"client_addr\":\"");
	addr_pair_text(t, &r->addrs, ADDR_CLIENT);
	text_lit(t, "\",\"client_port\":");
	json_u64(t, r->client_port);
}

static void put_server(struct text *t, const struct record *r)
{
	text_lit(t, "\"server_addr\":\"");
	addr_pair_text(t, &r->addrs, ADDR_SERVER);
	text_lit(t, "\",\"server_port\":");
	json_u64(t, r->server_port);
}

static void put_id(struct text *t, const struct message *m)
{
	if (m->space.len >= 2) {
		JSON_KEY(t, "tx_id");
		json_u64(t, bits_be16(m->space.data));
	}
}

/* Appends the header bits, a member that dns-gazer does not have. */
static void put_flags(const struct schema *s, struct text *t, const struct message *m, bool query)
{
	unsigned i = m->msg.flags >> 4 & 127;
	if (!s->extra || i == 0)
		return;
	text_str(t, query ? "\"query_flags\":" : "\"flags\":");
	text_put(t, s->flags[i].text, s->flags[i].len);
}

static void put_rcode(const struct schema *s, struct text *t, const struct pair *p)
{
	if (!s->extra || p->reply.space.len < 4)
		return;
	text_lit(t, "\"rcode\":\"");
	dns_rcode_text(t, p->rcode);
	text_lit(t, "\",");
}

static void put_data(struct text *t, struct message *m, struct rr *rr)
{
	if (rr->section == DNS_QUESTION)
		return;
	JSON_KEY(t, "data");
	pair_data(t, m, rr, false);
}

static void put_ttl(const struct schema *s, struct text *t, const struct rr *rr)
{
	if (!s->extra || rr->section == DNS_QUESTION)
		return;
	JSON_KEY(t, "ttl");
	json_u64(t, rr->ttl);
}

static void put_entry(const struct schema *s, struct text *t, struct message *m, struct rr *rr)
{
	json_open(t, '{');
	put_data(t, m, rr);
	JSON_KEY(t, "name");
	pair_name(t, m, rr->name, true);
	text_str(t, sections[rr->section]);
	put_ttl(s, t, rr);
	JSON_KEY(t, "type");
	pair_type(t, m, rr->type);
	json_close(t, '}');
}

/* Reads the next entry that is listed. */
static bool next_listed(struct schema *s, struct rr_iter *it, struct message *m, struct rr *rr)
{
	while (rr_next(it, rr))
		if (pair_lists(s, m, it, rr))
			return true;
	pair_fault(m, it->error);
	return false;
}

/* Appends all entries of a message as the value of `key`. */
static void put_entries(
	struct schema *s, struct text *t, struct pair *p, struct message *m, const char *key)
{
	struct rr_iter it = pair_entries(m);
	struct rr rr;
	bool open = false;
	while (next_listed(s, &it, m, &rr)) {
		struct text_clamp clamp = pair_begin_entry(p, t);
		if (!open)
			text_str(t, key);
		put_entry(s, t, m, &rr);
		open |= pair_end_entry(s, p, t, &clamp, &rr);
	}
	if (open)
		json_close(t, ']');
}

static void put_status(struct text *t, const struct pair *p)
{
	if (p->query.present && p->reply.present)
		JSON_PAIR(t, "status", "success");
	else if (p->query.present)
		JSON_PAIR(t, "status", "no_reply");
	else
		JSON_PAIR(t, "status", "no_query");
}

static void write_tx(struct schema *s, struct schema_out *out, struct pair *p, unsigned tag)
{
	struct text *t = &out->text;
	json_open(t, '{');
	put_client(t, p->r);
	if (p->reply.present)
		put_flags(s, t, &p->reply, false);
	if (p->query.present) {
		put_entries(s, t, p, &p->query, "\"query\":[");
		put_flags(s, t, &p->query, true);
		JSON_KEY(t, "query_ts");
		json_seconds(t, p->query_ns);
	}
	put_rcode(s, t, p);
	if (p->reply.present) {
		put_entries(s, t, p, &p->reply, "\"reply\":[");
		JSON_KEY(t, "reply_ts");
		json_seconds(t, p->reply_ns);
	}
	put_server(t, p->r);
	put_status(t, p);
	put_id(t, p->asked);
	json_end_line(t);
	out->end(out, p->last_ns, tag);
}

/* Writes a flat document for each entry. */
static void write_records(struct schema *s, struct schema_out *out, struct pair *p,
	struct message *m, int64_t ts_ns, unsigned tag)
{
	struct text *t = &out->text;
	bool reply = m == &p->reply;
	struct rr_iter it = pair_entries(m);
	struct rr rr;
	if (!m->present)
		return;
	while (!t->full && next_listed(s, &it, m, &rr)) {
		struct text_clamp clamp = pair_begin_entry(p, t);
		json_open(t, '{');
		put_client(t, p->r);
		put_data(t, m, &rr);
		put_flags(s, t, m, false);
		text_lit(t, "\"msg_type\":");
		text_str(t, reply ? "\"reply\"," : "\"query\",");
		JSON_KEY(t, "name");
		pair_name(t, m, rr.name, true);
		if (reply)
			put_rcode(s, t, p);
		text_str(t, sections[rr.section]);
		put_server(t, p->r);
		put_ttl(s, t, &rr);
		put_id(t, m);
		JSON_KEY(t, "type");
		pair_type(t, m, rr.type);
		json_end_line(t);
		if (pair_end_entry(s, p, t, &clamp, &rr))
			out->end(out, ts_ns, tag);
	}
}

static void write_gazer(struct schema *s, struct schema_out *out, const struct record *r)
{
	struct pair p;
	pair_open(&p, s, r);
	if (!p.asked)
		return;
	write_tx(s, out, &p, TAG_TX);
	pair_count(s, &p, out->text.full);
}

static void write_gazer_record(struct schema *s, struct schema_out *out, const struct record *r)
{
	struct pair p;
	pair_open(&p, s, r);
	write_records(s, out, &p, &p.query, p.query_ns, TAG_ONLY);
	write_records(s, out, &p, &p.reply, p.reply_ns, TAG_ONLY);
	pair_count(s, &p, out->text.full);
}

/* Writes the query's entries, the transaction, the reply's entries. */
static void write_gazer_both(struct schema *s, struct schema_out *out, const struct record *r)
{
	struct pair p;
	pair_open(&p, s, r);
	if (!p.asked)
		return;
	write_records(s, out, &p, &p.query, p.query_ns, TAG_RECORD);
	write_tx(s, out, &p, TAG_TX);
	write_records(s, out, &p, &p.reply, p.reply_ns, TAG_RECORD);
	pair_count(s, &p, out->text.full);
}

static const char *const keys_tx[] = {"client_addr", "client_port", "flags", "query", "query_flags",
	"query_ts", "rcode", "reply", "reply_ts", "server_addr", "server_port", "status", "tx_id",
	NULL};
static const char *const keys_record[] = {"client_addr", "client_port", "data", "flags", "msg_type",
	"name", "rcode", "section", "server_addr", "server_port", "ttl", "tx_id", "type", NULL};
static const char *const keys_both[] = {"client_addr", "client_port", "data", "flags", "msg_type",
	"name", "query", "query_flags", "query_ts", "rcode", "reply", "reply_ts", "section",
	"server_addr", "server_port", "status", "ttl", "tx_id", "type", NULL};

const struct schema_kind schema_kind_gazer = {"gazer", write_gazer, tags_tx, keys_tx};
const struct schema_kind schema_kind_gazer_record = {
	"gazer-record", write_gazer_record, tags_record, keys_record};
const struct schema_kind schema_kind_gazer_both = {
	"gazer-both", write_gazer_both, tags_both, keys_both};

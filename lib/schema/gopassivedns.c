/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What gopassivedns writes: one flat object an answer, its 19 members in its order, all of them
 * always there. An error, a reply without answers and a query without reply give one object, too.
 * Where it is not followed, and why: doc/schemas.md.
 */
#include "schema/pair.h"

/* Returns gopassivedns's text for an error; the trailing space of the second is its own. */
static const char *phrase_of(unsigned rcode)
{
	switch (rcode) {
	case 1: return "Format Error";
	case 2: return "Server Failure ";
	case 3: return "Non-Existent Domain";
	case 4: return "Not Implemented";
	case 5: return "Query Refused";
	case 6: return "Name Exists when it should not";
	case 7: return "RR Set Exists when it should not";
	case 8: return "RR Set that should exist does not";
	case 9: return "Server Not Authoritative for zone";
	case 10: return "Name not contained in zone";
	case 16: return "Bad OPT Version";
	case 17: return "Key not recognized";
	case 18: return "Signature out of time window";
	case 19: return "Bad TKEY Mode";
	case 20: return "Duplicate key name";
	case 21: return "Algorithm not supported";
	case 22: return "Bad Truncation";
	case 23: return "Bad Cookie";
	default: return "Unknown";
	}
}

/* Appends 2015-10-11 02:40:12.643494 +0000 UTC, without trailing zeros; whole seconds without
 * decimals. */
static void write_time(struct text *t, struct when *when, int64_t ns)
{
	if (!text_reserve(t, WHEN_LEN))
		return;
	char *at = t->at;
	when_text(when, t, ns);
	at[10] = ' ';
	t->at--; /* removes the Z */
	while (t->at[-1] == '0')
		t->at--;
	if (t->at[-1] == '.')
		t->at--;
	text_lit(t, " +0000 UTC");
}

static void put_question(struct text *t, const struct message *m)
{
	JSON_KEY(t, "q");
	if (m->msg.name_len) {
		pair_name(t, m, DNS_HEADER_LEN, false);
		JSON_KEY(t, "qtype");
		pair_type(t, m, m->msg.qtype);
	} else {
		text_lit(t, "\"\",\"qtype\":\"\",");
	}
}

/* Appends a, atype and ttl of an answer; rr NULL: those of a reply without answers. */
static void put_answer(struct text *t, struct pair *p, struct rr *rr)
{
	JSON_KEY(t, "a");
	if (rr) {
		pair_data(t, &p->reply, rr, true);
		JSON_KEY(t, "atype");
		pair_type(t, &p->reply, rr->type);
		JSON_KEY(t, "ttl");
		json_u64(t, rr->ttl);
		return;
	}
	text_char(t, '"');
	if (p->rcode)
		text_str(t, phrase_of(p->rcode));
	text_lit(t, "\",\"atype\":\"\",\"ttl\":0,");
}

static void put_ends(struct text *t, const struct record *r)
{
	text_lit(t, "\"dst\":\"");
	addr_pair_text(t, &r->addrs, ADDR_SERVER);
	text_lit(t, "\",\"src\":\"");
	addr_pair_text(t, &r->addrs, ADDR_CLIENT);
	text_lit(t, "\",");
}

static void put_times(struct schema *s, struct text *t, const struct pair *p)
{
	text_lit(t, "\"tstamp\":\"");
	write_time(t, &s->when, p->last_ns);
	text_lit(t, "\",\"elapsed\":");
	text_i64(t, p->r->latency_ns);
	text_lit(t, ",\"sport\":\"");
	text_u64(t, p->r->client_port);
	text_lit(t, "\",\"level\":\"");
	text_str(t, s->level);
	text_lit(t, "\",\"bytes\":");
	json_u64(t, p->r->reply_frame ? p->r->reply_frame : p->r->reply_wire);
}

static void put_header(struct text *t, const struct pair *p)
{
	uint16_t reply = p->reply.msg.flags;
	if (p->r->proto == 6)
		JSON_PAIR(t, "protocol", "tcp");
	else
		JSON_PAIR(t, "protocol", "udp");
	JSON_KEY(t, "truncated");
	json_bool(t, reply & DNS_TC);
	JSON_KEY(t, "aa");
	json_bool(t, reply & DNS_AA);
	JSON_KEY(t, "rd");
	json_bool(t, p->asked->msg.flags & DNS_RD);
	JSON_KEY(t, "ra");
	json_bool(t, reply & DNS_RA);
}

/* Appends a document. Returns false if it would be too large; it is removed then. */
static bool write_line(struct schema *s, struct schema_out *out, struct pair *p, struct rr *rr)
{
	struct text *t = &out->text;
	struct text_clamp clamp = {0};
	if (rr)
		clamp = pair_begin_entry(p, t);
	text_lit(t, "{\"query_id\":");
	json_u64(t, p->asked->msg.id);
	JSON_KEY(t, "rcode");
	json_u64(t, p->rcode);
	put_question(t, p->asked);
	put_answer(t, p, rr);
	put_ends(t, p->r);
	put_times(s, t, p);
	put_header(t, p);
	json_end_line(t);
	if (rr && !pair_end_entry(s, p, t, &clamp, rr))
		return false;
	out->end(out, p->last_ns, 0);
	return true;
}

static void write_gopassivedns(struct schema *s, struct schema_out *out, const struct record *r)
{
	struct pair p;
	struct rr rr;
	unsigned lines = 0;

	pair_open(&p, s, r);
	/* gopassivedns has no document for other opcodes, or without a message. */
	if (!p.asked || p.asked->error != DNS_OK || dns_opcode(p.asked->msg.flags) != 0)
		return;
	if (p.reply.present && p.rcode == 0 && s->sections != SCHEMA_NONE) {
		struct rr_iter it = pair_entries(&p.reply);
		while (!out->text.full && rr_next(&it, &rr)) {
			if (rr.section != DNS_ANSWER || !pair_lists(s, &p.reply, &it, &rr))
				continue;
			lines += write_line(s, out, &p, &rr);
		}
		pair_fault(&p.reply, it.error);
	}
	if (lines == 0)
		write_line(s, out, &p, NULL);
	pair_count(s, &p, out->text.full);
}

static const char *const keys[] = {
#define AVRO(name, type, more) name,
#include "encode/gopassivedns.def"
#undef AVRO
	NULL};

const struct schema_kind schema_kind_gopassivedns = {
	"gopassivedns", write_gopassivedns, NULL, keys};

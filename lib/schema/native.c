/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/schema.h"

#include "dns/rdata.h"
#include "encode/json.h"
#include "schema/edns.h"

/* One message of a record while its line is written. */
struct message {
	struct dns_msg msg;
	struct name_space space;
	enum dns_error error; /* the first that was found */
	bool present;
	bool cut;
	struct edns edns;
};

static void init_flags(struct schema *s, unsigned index)
{
	static const char *const names[] = {"AA", "TC", "RD", "RA", "Z", "AD", "CD"};
	struct text t = text_of(s->flags[index].text, sizeof(s->flags[index].text));
	json_open(&t, '[');
	for (unsigned i = 0; i < BITS_COUNT(names); i++)
		if (index & 64 >> i) {
			text_char(&t, '"');
			text_str(&t, names[i]);
			text_lit(&t, "\",");
		}
	json_close(&t, ']');
	s->flags[index].len = (uint8_t)text_len(&t);
}

static void init_type(struct schema *s, uint16_t type)
{
	struct text t = text_of(s->types[type].text, sizeof(s->types[type].text));
	text_lit(&t, "\",\"type\":\"");
	rrtype_text(&t, type);
	text_lit(&t, "\",\"ttl\":");
	s->types[type].len = t.full ? 0 : (uint8_t)text_len(&t);
}

void schema_init(struct schema *s, const char *sensor, struct metrics_dns *metrics)
{
	struct text t = text_of(s->sensor, sizeof(s->sensor));
	size_t n = strlen(sensor);
	memset(&s->when, 0, sizeof(s->when));
	s->metrics = metrics;
	JSON_KEY(&t, "sensor");
	json_str(&t, sensor, n < 255 ? n : 255);
	s->sensor_len = text_len(&t);
	for (unsigned i = 0; i < BITS_COUNT(s->flags); i++)
		init_flags(s, i);
	for (unsigned i = 0; i < BITS_COUNT(s->types); i++)
		init_type(s, (uint16_t)i);
}

static void open_message(
	struct message *m, const uint8_t *data, uint32_t len, uint32_t wire, bool cut)
{
	m->present = wire > 0;
	if (!m->present)
		return;
	m->space = (struct name_space){data, len};
	m->cut = cut;
	m->error = dns_msg_read(&m->msg, data, len);
}

static void fault(struct message *m, enum dns_error error)
{
	if (m->error == DNS_OK)
		m->error = error;
}

static void put_status(struct text *t, const struct record *r)
{
	switch ((enum record_status)r->status) {
	case RECORD_ANSWERED: JSON_PAIR(t, "status", "answered"); break;
	case RECORD_NO_REPLY: JSON_PAIR(t, "status", "no_reply"); break;
	case RECORD_NO_QUERY: JSON_PAIR(t, "status", "no_query"); break;
	case RECORD_MISMATCH: JSON_PAIR(t, "status", "mismatch"); break;
	case RECORD_MALFORMED: JSON_PAIR(t, "status", "malformed"); break;
	}
	if (r->proto == 6)
		JSON_PAIR(t, "proto", "tcp");
	else
		JSON_PAIR(t, "proto", "udp");
}

/* {"type":"vxlan","id":42,"src":"192.0.2.1","dst":"192.0.2.2"} */
static void put_tunnel(struct text *t, const struct tunnel *tunnel)
{
	static const char *const names[TUNNEL_TYPES] = {
		"",
#define TUNNEL(name, id) #name,
#include "packet/tunnel.def"
#undef TUNNEL
	};
	text_lit(t, "\"tunnel\":{\"type\":\"");
	text_str(t, names[tunnel->type]);
	text_lit(t, "\",");
	if (tunnel->has_id) {
		JSON_KEY(t, "id");
		json_u64(t, tunnel->id);
	}
	if (tunnel->has_ends) {
		text_lit(t, "\"src\":\"");
		addr_text(t, &tunnel->src, tunnel->v6);
		text_lit(t, "\",\"dst\":\"");
		addr_text(t, &tunnel->dst, tunnel->v6);
		text_lit(t, "\",");
	}
	json_close(t, '}');
}

static void put_ends(struct text *t, const struct record *r)
{
	text_lit(t, "\"client\":\"");
	addr_text(t, &r->client, r->v6);
	text_lit(t, "\",\"client_port\":");
	json_u64(t, r->client_port);
	text_lit(t, "\"server\":\"");
	addr_text(t, &r->server, r->v6);
	text_lit(t, "\",\"server_port\":");
	json_u64(t, r->server_port);
	if (r->vlans) {
		JSON_KEY(t, "vlan");
		json_open(t, '[');
		for (int i = 0; i < r->vlans; i++)
			json_u64(t, r->vlan[i]);
		json_close(t, ']');
	}
	if (r->tunnel.type != TUNNEL_none)
		put_tunnel(t, &r->tunnel);
}

/* A name as a value: without the final dot. */
static uint32_t put_name(struct text *t, const struct name_space *space, uint32_t at,
	struct name_memo *memo, enum dns_error *error)
{
	json_begin_str(t);
	uint32_t after = name_text(t, space, at, false, memo, error);
	json_end_str(t);
	return after;
}

static void put_type(struct text *t, uint16_t type)
{
	const struct rrtype *row = rrtype_find(type);
	if (bits_likely(row != NULL)) {
		text_put(t, row->name, row->len);
		text_lit(t, "\",");
	} else {
		rrtype_text(t, type);
		text_lit(t, "\",");
	}
}

static void put_question(struct text *t, struct message *m, struct name_memo *memo)
{
	enum dns_error error;
	if (m->msg.name_len == 0)
		return;
	JSON_KEY(t, "qname");
	put_name(t, &m->space, DNS_HEADER_LEN, memo, &error);
	text_lit(t, "\"qtype\":\"");
	put_type(t, m->msg.qtype);
	if (bits_likely(m->msg.qclass == DNS_CLASS_IN)) {
		JSON_PAIR(t, "qclass", "IN");
	} else {
		text_lit(t, "\"qclass\":\"");
		dns_class_text(t, m->msg.qclass);
		text_lit(t, "\",");
	}
}

/* Do the first questions of both stand in the same octets, case and all? */
static bool same_question(const struct message *a, const struct message *b)
{
	return a == b || (a->msg.name_len == b->msg.name_len &&
				 memcmp(a->space.data + DNS_HEADER_LEN,
					 b->space.data + DNS_HEADER_LEN, a->msg.name_len) == 0);
}

/* All questions, where there are several. */
static void put_questions(struct text *t, const struct message *m)
{
	struct rr_iter it = rr_iter_of(&m->msg, m->space.data, m->space.len);
	struct rr rr;
	enum dns_error error;
	if (m->error != DNS_OK || m->msg.count[DNS_QUESTION] < 2)
		return;
	JSON_KEY(t, "questions");
	json_open(t, '[');
	while (it.left[DNS_QUESTION] && rr_next(&it, &rr)) {
		text_lit(t, "{\"name\":");
		put_name(t, &m->space, rr.name, NULL, &error);
		text_lit(t, "\"type\":\"");
		put_type(t, rr.type);
		text_lit(t, "\"class\":\"");
		dns_class_text(t, rr.rrclass);
		text_lit(t, "\"},");
	}
	json_close(t, ']');
}

static inline void put_flags(const struct schema *s, struct text *t, uint16_t flags)
{
	unsigned i = flags >> 4 & 127; /* AA to CD are neighbours */
	text_padded_put(t, s->flags[i].text, s->flags[i].len);
}

#define FLAG_BITS (DNS_AA | DNS_TC | DNS_RD | DNS_RA | DNS_Z | DNS_AD | DNS_CD)

/* What stands between an owner and its TTL, for the rare: other classes, types without mnemonic. */
static void put_rare_head(struct text *t, const struct rr *rr)
{
	text_lit(t, "\",\"type\":\"");
	rrtype_text(t, rr->type);
	if (rr->rrclass != DNS_CLASS_IN) {
		text_lit(t, "\",\"class\":\"");
		dns_class_text(t, rr->rrclass);
	}
	text_lit(t, "\",\"ttl\":");
}

/* One resource record as {"name","type"[,"class"],"ttl","data"}. */
static void put_rr(const struct schema *s, struct text *t, struct message *m, const struct rr *rr,
	struct name_memo *memo)
{
	enum dns_error error;
	text_lit(t, "{\"name\":\"");
	t->quoted = true;
	name_text(t, &m->space, rr->name, false, memo, &error);
	t->quoted = false;
	if (bits_likely(rr->rrclass == DNS_CLASS_IN && rr->type < SCHEMA_TYPES &&
			s->types[rr->type].len))
		text_padded_put(t, s->types[rr->type].text, s->types[rr->type].len);
	else
		put_rare_head(t, rr);
	json_u64(t, rr->ttl);
	text_lit(t, "\"data\":\"");
	t->quoted = true;
	error = rdata_text(t, &m->space, rr, memo);
	t->quoted = false;
	text_lit(t, "\"},");
	if (bits_unlikely(error != DNS_OK))
		fault(m, error);
}

/* The sections of a message, `first` of them shown under the record's keys or only read. */
static void put_sections(const struct schema *s, struct text *t, struct message *m,
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
				fault(m, DNS_RDATA);
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
		put_rr(s, t, m, &rr, memo);
	}
	if (open != DNS_QUESTION)
		json_close(t, ']');
	if (it.error != DNS_OK)
		fault(m, it.error);
}

static void put_edns(struct text *t, struct message *m)
{
	enum dns_error error = edns_json(t, &m->space, &m->edns);
	if (error != DNS_OK)
		fault(m, error);
}

/* The name of what is wrong with a message; a message that the capture cut is just that. */
static enum dns_error verdict(const struct message *m)
{
	if (!m->present)
		return DNS_OK;
	if (m->cut && (m->error == DNS_SHORT || m->error == DNS_COUNT || m->error == DNS_OK))
		return DNS_SNAP;
	return m->error;
}

static void count_error(struct metrics_dns *m, enum dns_error error)
{
	switch (error) {
	case DNS_OK: break;
	case DNS_SHORT: metrics_add(&m->error_short, 1); break;
	case DNS_NAME: metrics_add(&m->error_name, 1); break;
	case DNS_COUNT: metrics_add(&m->error_count, 1); break;
	case DNS_RDATA: metrics_add(&m->error_rdata, 1); break;
	case DNS_TRAILING: metrics_add(&m->error_trailing, 1); break;
	case DNS_SNAP: metrics_add(&m->error_snap, 1); break;
	}
}

static void put_header(struct schema *s, struct text *t, const struct record *r)
{
	text_lit(t, "{\"ts\":\"");
	when_text(&s->when, t, r->ts_ns);
	text_lit(t, "\",");
	text_put(t, s->sensor, s->sensor_len);
	put_status(t, r);
	put_ends(t, r);
}

static void put_measures(struct text *t, const struct record *r)
{
	if (r->status == RECORD_ANSWERED) {
		JSON_KEY(t, "latency_us");
		json_milli(t, r->latency_ns);
	}
	if (r->rtt_ns) {
		JSON_KEY(t, "tcp_rtt_us");
		json_milli(t, r->rtt_ns);
	}
	if (r->retries) {
		JSON_KEY(t, "retries");
		json_u64(t, r->retries);
	}
	if (r->query_wire) {
		JSON_KEY(t, "query_bytes");
		json_u64(t, r->query_wire);
	}
	if (r->reply_wire) {
		JSON_KEY(t, "reply_bytes");
		json_u64(t, r->reply_wire);
	}
}

/* Writes the line with `extended` as the upper bits of the reply's rcode; returns the bits that its
 * OPT record, found only while the line is written, really has. */
static unsigned put_line(
	struct schema *s, struct text *t, const struct record *r, unsigned extended)
{
	struct message query = {0}, reply = {0};
	struct name_memo memo = {0}, none = {0};

	open_message(&query, record_query(r), r->query_len, r->query_wire, r->query_cut);
	open_message(&reply, record_reply(r), r->reply_len, r->reply_wire, r->reply_cut);
	struct message *asked = query.present ? &query : &reply;
	struct message *shown = reply.present ? &reply : &query;

	put_header(s, t, r);
	if (shown->space.len >= 2) {
		JSON_KEY(t, "id");
		json_u64(t, bits_be16(shown->space.data));
	}
	if (shown->space.len >= 4) {
		text_lit(t, "\"opcode\":\"");
		dns_opcode_text(t, dns_opcode(asked->msg.flags));
		text_lit(t, "\",");
	}
	put_question(t, asked, same_question(asked, shown) ? &memo : &none);
	put_questions(t, asked);
	if (reply.present && reply.space.len >= 4) {
		text_lit(t, "\"rcode\":\"");
		dns_rcode_text(t, dns_rcode(reply.msg.flags) | extended << 4);
		text_lit(t, "\",");
		if (reply.msg.flags & FLAG_BITS) {
			JSON_KEY(t, "flags");
			put_flags(s, t, reply.msg.flags);
		}
	}
	if (query.present && query.msg.flags & FLAG_BITS) {
		JSON_KEY(t, "query_flags");
		put_flags(s, t, query.msg.flags);
	}
	put_measures(t, r);
	put_sections(s, t, shown, &memo, true);
	if (asked != shown)
		put_sections(s, t, asked, NULL, false);
	if (reply.edns.present) {
		JSON_KEY(t, "edns");
		put_edns(t, &reply);
	}
	if (query.edns.present) {
		JSON_KEY(t, "query_edns");
		put_edns(t, &query);
	}
	enum dns_error error = verdict(&reply);
	if (error == DNS_OK)
		error = verdict(&query);
	if (bits_unlikely(error != DNS_OK)) {
		text_lit(t, "\"error\":\"");
		text_str(t, dns_error_name(error));
		text_lit(t, "\",");
	}
	json_end_line(t);
	unsigned found = reply.edns.present ? reply.edns.rcode_high : 0;
	if (!t->full && found == extended)
		count_error(s->metrics, error);
	return found;
}

void schema_native(struct schema *s, struct text *out, const struct record *record)
{
	char *start = out->at;
	unsigned extended = put_line(s, out, record, 0);
	if (bits_unlikely(extended != 0 && !out->full)) {
		out->at = start;
		put_line(s, out, record, extended);
	}
}

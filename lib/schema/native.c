/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/schema.h"

#include "schema/edns.h"
#include "schema/message.h"
#include "schema/transfer.h"

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

static void put_status(struct text *t, const struct record *r)
{
	switch ((enum record_status)r->status) {
	case RECORD_ANSWERED: JSON_PAIR(t, "status", "answered"); break;
	case RECORD_NO_REPLY: JSON_PAIR(t, "status", "no_reply"); break;
	case RECORD_NO_QUERY: JSON_PAIR(t, "status", "no_query"); break;
	case RECORD_MISMATCH: JSON_PAIR(t, "status", "mismatch"); break;
	case RECORD_DUPLICATE: JSON_PAIR(t, "status", "duplicate"); break;
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

static inline void put_flags(const struct schema *s, struct text *t, uint16_t flags)
{
	unsigned i = flags >> 4 & 127; /* AA to CD are neighbours */
	text_padded_put(t, s->flags[i].text, s->flags[i].len);
}

#define FLAG_BITS (DNS_AA | DNS_TC | DNS_RD | DNS_RA | DNS_Z | DNS_AD | DNS_CD)

static void put_edns(struct text *t, struct message *m)
{
	enum dns_error error = edns_json(t, &m->space, &m->edns);
	if (error != DNS_OK && m->error == DNS_OK)
		m->error = DNS_OPT;
}

static void count_error(struct metrics_dns *m, enum dns_error error)
{
	if (bits_unlikely(error != DNS_OK))
		metrics_add(
			(uint64_t *)m + (error - 1), 1); /* dns.def has the order of the errors */
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
	if (r->status == RECORD_ANSWERED || r->status == RECORD_DUPLICATE) {
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

	message_open(&query, r, record_query(r), r->query_len, r->query_wire, r->query_cut);
	message_open(&reply, r, record_reply(r), record_reply_len(r), r->reply_wire, r->reply_cut);
	struct message *asked = query.present ? &query : &reply;
	struct message *shown = reply.present ? &reply : &query;

	put_header(s, t, r);
	if (shown->space.len >= 2) {
		JSON_KEY(t, "id");
		json_u64(t, bits_be16(shown->space.data));
	}
	if (shown->space.len >= 4) {
		message_opcode(t, asked);
	}
	message_question(s, t, asked, message_same_question(asked, shown) ? &memo : &none);
	message_questions(t, asked);
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
	if (bits_unlikely(r->transfer))
		transfer_json(t, r, &reply.msg);
	message_sections(s, t, shown, &memo, true);
	if (asked != shown)
		message_sections(s, t, asked, NULL, false);
	if (reply.edns.present) {
		JSON_KEY(t, "edns");
		put_edns(t, &reply);
	}
	if (query.edns.present) {
		JSON_KEY(t, "query_edns");
		put_edns(t, &query);
	}
	enum dns_error error = message_verdict(&reply);
	if (error == DNS_OK)
		error = message_verdict(&query);
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

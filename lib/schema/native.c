/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/schema.h"

#include "schema/edns.h"
#include "schema/message.h"
#include "schema/sighting.h"
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

static void init_codes(struct schema *s, unsigned code)
{
	struct text t = text_of(s->opcodes[code].text, sizeof(s->opcodes[code].text));
	text_lit(&t, "\"opcode\":\"");
	dns_opcode_text(&t, code);
	text_lit(&t, "\",");
	s->opcodes[code].len = (uint8_t)text_len(&t);
	t = text_of(s->rcodes[code].text, sizeof(s->rcodes[code].text));
	text_lit(&t, "\"rcode\":\"");
	dns_rcode_text(&t, code);
	text_lit(&t, "\",");
	s->rcodes[code].len = (uint8_t)text_len(&t);
}

void schema_init(struct schema *s, const char *sensor, struct metrics_dns *metrics)
{
	struct text t = text_of(s->sensor, sizeof(s->sensor));
	size_t n = strlen(sensor);
	memset(&s->when, 0, sizeof(s->when));
	s->unicode = false;
	s->extra = false;
	s->sections = SCHEMA_ALL;
	s->level[0] = '\0';
	s->metrics = metrics;
	s->shed = 0;
	s->left_out = 0;
	s->omitted = 0;
	s->max_bytes = UINT32_MAX;
	s->max_records = UINT32_MAX;
	JSON_KEY(&t, "sensor");
	json_str(&t, sensor, n < 255 ? n : 255);
	s->sensor_len = text_len(&t);
	for (unsigned i = 0; i < BITS_COUNT(s->flags); i++)
		init_flags(s, i);
	for (unsigned i = 0; i < BITS_COUNT(s->opcodes); i++)
		init_codes(s, i);
	for (unsigned i = 0; i < BITS_COUNT(s->types); i++)
		init_type(s, (uint16_t)i);
}

static char *status_at(char *at, const struct record *r)
{
	switch ((enum record_status)r->status) {
	case RECORD_ANSWERED: at = JSON_PAIR_AT(at, "status", "answered"); break;
	case RECORD_NO_REPLY: at = JSON_PAIR_AT(at, "status", "no_reply"); break;
	case RECORD_NO_QUERY: at = JSON_PAIR_AT(at, "status", "no_query"); break;
	case RECORD_MISMATCH: at = JSON_PAIR_AT(at, "status", "mismatch"); break;
	case RECORD_DUPLICATE: at = JSON_PAIR_AT(at, "status", "duplicate"); break;
	case RECORD_MALFORMED: at = JSON_PAIR_AT(at, "status", "malformed"); break;
	case RECORD_ENCRYPTED: at = JSON_PAIR_AT(at, "status", "encrypted"); break;
	}
	return r->proto == 6 ? JSON_PAIR_AT(at, "proto", "tcp") : JSON_PAIR_AT(at, "proto", "udp");
}

/* Appends {"type":"vxlan","id":42,"src":"192.0.2.1","dst":"192.0.2.2"}. */
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
		addr_pair_text(t, &tunnel->addrs, ADDR_SRC);
		text_lit(t, "\",\"dst\":\"");
		addr_pair_text(t, &tunnel->addrs, ADDR_DST);
		text_lit(t, "\",");
	}
	json_close(t, '}');
}

static char *ends_at(char *at, const struct record *r)
{
	at = text_lit_at(at, "\"client\":\"");
	at = addr_pair_text_at(at, &r->addrs, ADDR_CLIENT);
	at = text_lit_at(at, "\",\"client_port\":");
	at = json_u64_at(at, r->client_port);
	at = text_lit_at(at, "\"server\":\"");
	at = addr_pair_text_at(at, &r->addrs, ADDR_SERVER);
	at = text_lit_at(at, "\",\"server_port\":");
	return json_u64_at(at, r->server_port);
}

/* Appends "client_mac":"00:53:00:00:00:01", */
static void put_mac(struct text *t, const char *key, const uint8_t *octets)
{
	text_str(t, key);
	for (unsigned i = 0; i < MAC_OCTETS; i++) {
		text_char(t, i ? ':' : '"');
		text_hex(t, octets + i, 1);
	}
	text_lit(t, "\",");
}

static void put_macs(struct text *t, const struct record *r)
{
	struct mac_pair macs = record_macs(r);
	if (mac_is_known(&macs, ADDR_CLIENT))
		put_mac(t, "\"client_mac\":", macs.octets[ADDR_CLIENT]);
	if (mac_is_known(&macs, ADDR_SERVER))
		put_mac(t, "\"server_mac\":", macs.octets[ADDR_SERVER]);
}

/* Appends MAC addresses, VLANs and the tunnel. */
static void put_path(struct text *t, const struct record *r)
{
	put_macs(t, r);
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

static inline char *flags_at(const struct schema *s, char *at, uint16_t flags)
{
	return schema_piece_at(at, &s->flags[flags >> 4 & 127]); /* AA to CD are adjacent bits */
}

#define FLAG_BITS (DNS_AA | DNS_TC | DNS_RD | DNS_RA | DNS_Z | DNS_AD | DNS_CD)

static void put_edns(struct text *t, struct message *m)
{
	enum dns_error error = edns_json(t, &m->space, &m->edns);
	if (error != DNS_OK && m->error == DNS_OK)
		m->error = DNS_OPT;
}

/* The octets of put_header() without put_path() at most. */
#define HEADER_MAX (sizeof(((struct schema *)0)->sensor) + 512)

static void put_header(struct schema *s, struct text *t, const struct record *r)
{
	if (!text_reserve(t, HEADER_MAX))
		return;
	char *at = text_lit_at(t->at, "{\"ts\":\"");
	at = when_text_at(&s->when, at, r->ts_ns);
	at = text_lit_at(at, "\",");
	at = text_blocks_at(at, s->sensor, s->sensor_len);
	at = status_at(at, r);
	t->at = ends_at(at, r);
	if (bits_unlikely(r->group))
		text_lit(t, "\"group_query\":true,");
	if (bits_unlikely(r->vlans | r->tunnel.type | r->has_macs))
		put_path(t, r);
}

/* Writes which messages the capture has in several versions. */
static char *ambiguous_at(char *at, unsigned which)
{
	switch (which) {
	case RECORD_AMBIGUOUS_QUERY: return text_lit_at(at, "\"ambiguous\":[\"query\"],");
	case RECORD_AMBIGUOUS_REPLY: return text_lit_at(at, "\"ambiguous\":[\"reply\"],");
	default: return text_lit_at(at, "\"ambiguous\":[\"query\",\"reply\"],");
	}
}

static char *measures_at(char *at, const struct record *r)
{
	if (bits_likely(r->status == RECORD_ANSWERED || r->status == RECORD_DUPLICATE)) {
		at = JSON_KEY_AT(at, "latency_us");
		at = json_milli_at(at, r->latency_ns);
	} else if (bits_unlikely(r->status == RECORD_NO_REPLY && r->evicted)) {
		at = text_lit_at(at, "\"evicted\":true,");
	}
	if (bits_unlikely(r->rtt_ns)) {
		at = JSON_KEY_AT(at, "tcp_rtt_us");
		at = json_milli_at(at, r->rtt_ns);
	}
	if (bits_unlikely(r->retries)) {
		at = JSON_KEY_AT(at, "retries");
		at = json_u64_at(at, r->retries);
	}
	if (r->query_wire) {
		at = JSON_KEY_AT(at, "query_bytes");
		at = json_u64_at(at, r->query_wire);
	}
	if (r->reply_wire) {
		at = JSON_KEY_AT(at, "reply_bytes");
		at = json_u64_at(at, r->reply_wire);
	}
	if (bits_unlikely(r->bad_checksum))
		at = text_lit_at(at, "\"bad_checksum\":true,");
	if (bits_unlikely(r->ambiguous))
		at = ambiguous_at(at, r->ambiguous);
	return at;
}

/* The octets of put_outcome() at most. */
#define OUTCOME_MAX 512

/* Appends the members between the question and the sections: rcode, flags, measurements. */
static void put_outcome(const struct schema *s, struct text *t, const struct record *r,
	const struct message *query, const struct message *reply, unsigned extended)
{
	if (reply->present && reply->space.len >= 4) {
		if (bits_unlikely(extended)) {
			text_lit(t, "\"rcode\":\"");
			dns_rcode_text(t, dns_rcode(reply->msg.flags) | extended << 4);
			text_lit(t, "\",");
		} else {
			text_padded_put(t, s->rcodes[dns_rcode(reply->msg.flags)].text,
				s->rcodes[dns_rcode(reply->msg.flags)].len);
		}
	}
	if (!text_reserve(t, OUTCOME_MAX))
		return;
	char *at = t->at;
	if (reply->present && reply->space.len >= 4 && reply->msg.flags & FLAG_BITS) {
		at = JSON_KEY_AT(at, "flags");
		at = flags_at(s, at, reply->msg.flags);
	}
	if (query->present && query->msg.flags & FLAG_BITS) {
		at = JSON_KEY_AT(at, "query_flags");
		at = flags_at(s, at, query->msg.flags);
	}
	t->at = measures_at(at, r);
}

/* Appends the sections that overload removed. */
static void put_shed(struct text *t, unsigned left_out)
{
	JSON_KEY(t, "shed");
	json_open(t, '[');
	if (left_out & 1u << DNS_ANSWER)
		text_lit(t, "\"answers\",");
	if (left_out & 1u << DNS_AUTHORITY)
		text_lit(t, "\"authority\",");
	if (left_out & 1u << DNS_ADDITIONAL)
		text_lit(t, "\"additional\",");
	json_close(t, ']');
}

static const char *const section_names[DNS_SECTIONS] = {
	"\"questions\":", "\"answers\":", "\"authority\":", "\"additional\":"};

/* Appends the numbers of entries that exceeded the limits. */
static void put_omitted(
	struct schema *s, struct text *t, const struct message *asked, const struct message *shown)
{
	const uint16_t counts[DNS_SECTIONS] = {asked->omitted[DNS_QUESTION],
		shown->omitted[DNS_ANSWER], shown->omitted[DNS_AUTHORITY],
		shown->omitted[DNS_ADDITIONAL]};
	JSON_KEY(t, "omitted");
	json_open(t, '{');
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		if (counts[i]) {
			text_str(t, section_names[i]);
			json_u64(t, counts[i]);
			s->omitted |= (uint8_t)(1u << i);
		}
	json_close(t, '}');
}

/* True if entries of any section were left out: one comparison for all four counts. */
static inline bool is_short(const struct message *m)
{
	uint64_t counts;
	_Static_assert(sizeof(counts) == sizeof(m->omitted), "four counts of 16 bits");
	memcpy(&counts, m->omitted, sizeof(counts));
	return counts != 0;
}

/* Appends what is wrong, and with which message: the reply's error if both have one. */
static enum dns_error put_error(
	struct text *t, const struct message *query, const struct message *reply)
{
	enum dns_error error = message_verdict(reply);
	bool in_reply = error != DNS_OK;

	if (!in_reply)
		error = message_verdict(query);
	if (bits_likely(error == DNS_OK))
		return DNS_OK;
	text_lit(t, "\"error\":\"");
	text_str(t, dns_error_name(error));
	if (in_reply)
		text_lit(t, "\",\"error_in\":\"reply\",");
	else
		text_lit(t, "\",\"error_in\":\"query\",");
	return error;
}

/* Appends the line with `extended` as the upper bits of the reply's rcode. Returns the bits that
 * its OPT record has, which is found while the line is written. */
static unsigned put_line(
	struct schema *s, struct text *t, const struct record *r, unsigned extended)
{
	struct message query, reply;
	struct name_memo memo = {0};

	message_open_query(&query, r);
	message_open_reply(&reply, r);
	struct message *asked = query.present ? &query : &reply;
	struct message *shown = reply.present ? &reply : &query;

	asked->limit = shown->limit = t->at + schema_budget(s, r);
	put_header(s, t, r);
	if (bits_unlikely(r->status == RECORD_ENCRYPTED)) {
		sighting_end_line(t, r);
		return 0;
	}
	if (shown->space.len >= 2) {
		JSON_KEY(t, "id");
		json_u64(t, bits_be16(shown->space.data));
	}
	if (shown->space.len >= 4) {
		message_opcode(s, t, asked);
	}
	message_question(s, t, asked, message_same_question(asked, shown) ? &memo : NULL);
	message_questions(s, t, asked);
	put_outcome(s, t, r, &query, &reply, extended);
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
	if (bits_unlikely(shown->left_out)) {
		put_shed(t, shown->left_out);
		s->left_out |= shown->left_out;
	}
	if (bits_unlikely(is_short(shown) || is_short(asked)))
		put_omitted(s, t, asked, shown);
	enum dns_error error = put_error(t, &query, &reply);
	json_end_line(t);
	unsigned found = reply.edns.present ? reply.edns.rcode_high : 0;
	if (!t->full && found == extended)
		message_count_error(s->metrics, error);
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

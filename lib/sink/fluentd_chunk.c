/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/fluentd_chunk.h"

#include "base/hash.h"
#include "encode/msgpack.h"

#include <errno.h>
#include <stdlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib: the largest window, in gzip's wrapping */
#define GZIP_LEVEL 1 /* names compress well at any; this one is several times faster */

/* "{sensor}" and "{tag}" of a template. false: too long. */
static bool fill_tag(char *to, size_t size, const char *from, const char *sensor, const char *tag)
{
	struct text t = text_of(to, size - 1);
	while (*from) {
		if (strncmp(from, "{sensor}", 8) == 0) {
			text_str(&t, sensor);
			from += 8;
		} else if (strncmp(from, "{tag}", 5) == 0) {
			text_str(&t, tag);
			from += 5;
		} else {
			text_char(&t, *from++);
		}
	}
	*t.at = '\0';
	return !t.full;
}

/* Of a schema whose documents have no tag of their own. */
static const char *standard_tag(const struct conf_sink *conf)
{
	return conf->schema == CONF_SCHEMA_GOPASSIVEDNS ? "{sensor}.service" : "dnsloupe.dns";
}

static int set_tags(struct fluentd_format *f, struct sink *s)
{
	const char *template = s->conf->fluentd_tag;
	for (unsigned i = 0; f->tags == 0 || (s->tags && s->tags[i]); i++) {
		const char *own = s->tags ? s->tags[i] : "";
		if (i == FLUENTD_TAGS)
			return sink_why(s, -EINVAL, "the schema has too many tags");
		if (!template[0])
			template = own[0] ? "{tag}" : standard_tag(s->conf);
		if (!fill_tag(f->tag[i], sizeof(f->tag[i]), template, s->sensor, own))
			return sink_why(s, -EINVAL, "fluentd.tag: the tag is too long");
		f->tags++;
	}
	return 0;
}

int fluentd_format_init(struct fluentd_format *f, struct sink *s)
{
	*f = (struct fluentd_format){.mode = s->conf->fluentd_mode, .ack = s->conf->fluentd_ack};
	int error = set_tags(f, s);
	if (error || f->mode != CONF_FLUENTD_COMPRESSED)
		return error;
	if (deflateInit2(&f->gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) !=
		Z_OK)
		return sink_why(s, -ENOMEM, "no memory for gzip");
	return 0;
}

void fluentd_format_free(struct fluentd_format *f)
{
	if (f->mode == CONF_FLUENTD_COMPRESSED)
		deflateEnd(&f->gzip);
	free(f->entries.start);
	f->entries = (struct text){0};
}

static void identify(struct fluentd_message *m, const char *p, size_t n)
{
	struct hash_secret one = hash_fixed(1), two = hash_fixed(2);

	m->id[0] = hash_bytes(&one, p, n, n);
	m->id[1] = hash_bytes(&two, p, n, n);
	m->acked = false;
}

static void put_id(struct text *out, const struct fluentd_message *m)
{
	char hex[FLUENTD_ID];
	struct text t = text_of(hex, sizeof(hex));
	text_hex(&t, (const uint8_t *)m->id, sizeof(m->id));
	msgpack_str(out, hex, sizeof(hex));
}

/* The last element of a message. `entries`: 0 where it is not said. */
static void put_options(const struct fluentd_format *f, const struct fluentd_message *m,
	uint32_t entries, struct text *out)
{
	bool gzip = f->mode == CONF_FLUENTD_COMPRESSED;
	msgpack_map(out, (entries ? 1u : 0u) + gzip + f->ack);
	if (entries) {
		msgpack_str(out, "size", 4);
		msgpack_uint(out, entries);
	}
	if (gzip) {
		msgpack_str(out, "compressed", 10);
		msgpack_str(out, "gzip", 4);
	}
	if (f->ack) {
		msgpack_str(out, "chunk", 5);
		put_id(out, m);
	}
}

/* [EventTime, map] or, without the bracket, both. 0, -EINVAL, -ENOSPC. */
static int put_entry(const struct sink_block *b, uint32_t i, bool bracket, struct text *out)
{
	size_t len;
	char *start = out->at, *end = out->end;
	const char *json = sink_doc_json(b, i, &len);
	if (bracket)
		msgpack_array(out, 2);
	msgpack_event_time(out, b->docs[i].ts_ns);
	if (msgpack_json(out, json, len))
		return 0;
	bool full = out->full;
	*out = (struct text){.start = out->start, .at = start, .end = end};
	return full ? -ENOSPC : -EINVAL;
}

/* Entries of one tag. How many, or -ENOSPC. */
static int put_entries(
	const struct sink_block *b, struct fluentd_chunk *c, unsigned tag, struct text *out)
{
	int n = 0;
	for (uint32_t i = c->from; i < c->from + c->n; i++) {
		if (b->docs[i].tag != tag)
			continue;
		int error = put_entry(b, i, true, out);
		if (error == -ENOSPC)
			return error;
		if (error)
			c->formless++;
		else
			n++;
	}
	return n;
}

/* As put_entries(), into the room for what is to be compressed, which grows. -ENOMEM */
static int put_aside(
	struct fluentd_format *f, const struct sink_block *b, struct fluentd_chunk *c, unsigned tag)
{
	for (size_t room = (size_t)(f->entries.end - f->entries.start);; room *= 2) {
		if (room == 0)
			room = 512 * 1024;
		char *start = f->entries.start;
		if (room > (size_t)(f->entries.end - start))
			start = malloc(room);
		if (!start)
			return -ENOMEM;
		if (start != f->entries.start)
			free(f->entries.start);
		f->entries = text_of(start, room);
		uint32_t formless = c->formless;
		int n = put_entries(b, c, tag, &f->entries);
		if (n != -ENOSPC)
			return n;
		c->formless = formless;
	}
}

static int put_gzip(struct fluentd_format *f, struct text *out)
{
	z_stream *z = &f->gzip;
	deflateReset(z);
	z->next_in = (Bytef *)f->entries.start;
	z->avail_in = (uInt)text_len(&f->entries);
	z->next_out = (Bytef *)out->at;
	z->avail_out = (uInt)(out->end - out->at);
	if (deflate(z, Z_FINISH) != Z_STREAM_END)
		return -ENOSPC;
	out->at = (char *)z->next_out;
	return 0;
}

/* A 32-bit number behind a mark that was appended before it was known. */
static void patch(char *mark, size_t v)
{
	uint32_t octets = __builtin_bswap32((uint32_t)v);
	memcpy(mark + 1, &octets, sizeof(octets));
}

/* The message of all documents of one tag. Entries, 0: none and nothing appended, or -errno. */
static int put_many(struct fluentd_format *f, const struct sink_block *b, struct fluentd_chunk *c,
	unsigned tag, struct text *out, struct fluentd_message *m)
{
	static const char list[5] = {(char)0xdd}, octets[5] = {(char)0xc6};
	bool gzip = f->mode == CONF_FLUENTD_COMPRESSED, forward = f->mode == CONF_FLUENTD_FORWARD;
	char *start = out->at;
	msgpack_array(out, 3);
	msgpack_str(out, f->tag[tag], strlen(f->tag[tag]));
	char *mark = out->at, *body = mark + 5;
	text_put(out, forward ? list : octets, 5);
	if (out->full)
		return -ENOSPC;
	int n = gzip ? put_aside(f, b, c, tag) : put_entries(b, c, tag, out);
	if (n <= 0) {
		out->at = start;
		return n;
	}
	if (gzip) {
		identify(m, f->entries.start, text_len(&f->entries));
		if (put_gzip(f, out) < 0)
			return -ENOSPC;
	} else {
		identify(m, body, (size_t)(out->at - body));
	}
	patch(mark, forward ? (size_t)n : (size_t)(out->at - body));
	put_options(f, m, (uint32_t)n, out);
	return out->full ? -ENOSPC : n;
}

/* The message of one document. 1, 0: it has no form, or -ENOSPC. */
static int put_one(struct fluentd_format *f, const struct sink_block *b, uint32_t i,
	struct text *out, struct fluentd_message *m)
{
	const char *tag = f->tag[b->docs[i].tag];
	char *start = out->at;
	msgpack_array(out, f->ack ? 4 : 3);
	msgpack_str(out, tag, strlen(tag));
	char *body = out->at;
	int error = out->full ? -ENOSPC : put_entry(b, i, false, out);
	if (error == -EINVAL) {
		out->at = start;
		return 0;
	}
	if (error)
		return error;
	identify(m, body, (size_t)(out->at - body));
	if (f->ack)
		put_options(f, m, 0, out);
	return out->full ? -ENOSPC : 1;
}

/* The message that was just appended: is it one that the receiver has? */
static void keep_or_not(
	struct fluentd_chunk *c, const struct fluentd_chunk *lost, char *start, struct text *out)
{
	struct fluentd_message *m = &c->message[c->messages];
	if (lost && c->messages < lost->messages && lost->message[c->messages].acked &&
		lost->message[c->messages].id[0] == m->id[0] &&
		lost->message[c->messages].id[1] == m->id[1]) {
		m->acked = true;
		c->acked++;
		out->at = start;
	}
	m->end = text_len(out);
	c->messages++;
}

int fluentd_chunk(struct fluentd_format *f, const struct sink_block *b, uint32_t from,
	const struct fluentd_chunk *lost, struct text *out, struct fluentd_chunk *c)
{
	const struct text before = *out;
	bool single = f->mode == CONF_FLUENTD_MESSAGE;
	c->seq = b->seq;
	c->from = from;
	c->n = b->n_docs - from;
	c->messages = c->acked = c->formless = 0;
	if (single && c->n > FLUENTD_MESSAGES)
		c->n = FLUENTD_MESSAGES;
	if (lost && (lost->seq != c->seq || lost->from != from))
		lost = NULL;
	for (uint32_t i = 0; i < (single ? c->n : f->tags); i++) {
		char *start = out->at;
		struct fluentd_message *m = &c->message[c->messages];
		int n = single ? put_one(f, b, from + i, out, m) : put_many(f, b, c, i, out, m);
		if (n < 0) {
			*out = before;
			return n == -ENOMEM ? -ENOMEM : -ENOSPC;
		}
		if (n > 0) {
			keep_or_not(c, lost, start, out);
		} else if (single) {
			/* It has no form, and nobody will acknowledge it. */
			c->message[c->messages++] = (struct fluentd_message){.acked = true};
			c->acked++;
			c->formless++;
		}
	}
	return 0;
}

static bool same_id(const struct fluentd_message *m, const struct fluentd_octets *id)
{
	char hex[FLUENTD_ID];
	struct text t = text_of(hex, sizeof(hex));
	text_hex(&t, (const uint8_t *)m->id, sizeof(m->id));
	return id->len == sizeof(hex) && memcmp(hex, id->at, sizeof(hex)) == 0;
}

bool fluentd_chunk_ack(struct fluentd_chunk *c, const struct fluentd_octets *id)
{
	for (uint32_t i = 0; i < c->messages; i++)
		if (!c->message[i].acked && same_id(&c->message[i], id)) {
			c->message[i].acked = true;
			c->acked++;
			return true;
		}
	return false;
}

void fluentd_chunk_sent(struct fluentd_chunk *c, uint64_t octets)
{
	for (uint32_t i = 0; i < c->messages; i++)
		if (!c->message[i].acked && c->message[i].end <= octets) {
			c->message[i].acked = true;
			c->acked++;
		}
}

uint32_t fluentd_chunk_settled(const struct fluentd_format *f, const struct fluentd_chunk *c)
{
	uint32_t k = 0;
	if (c->acked == c->messages)
		return c->n;
	if (f->mode == CONF_FLUENTD_MESSAGE)
		while (c->message[k].acked)
			k++;
	return k;
}

void fluentd_chunk_settle(
	struct fluentd_chunk *c, struct sink *s, const struct sink_block *b, uint32_t k)
{
	bool all = k == c->n;
	for (uint32_t i = c->from; i < c->from + k && c->formless; i++) {
		/* So rare that it may cost: those that do not fit here did fit before. */
		char room[4096];
		struct text t = text_of(room, sizeof(room));
		if (put_entry(b, i, false, &t) == -EINVAL) {
			sink_reject(s, b, i);
			c->formless--;
		}
	}
	c->from += k;
	c->n -= k;
	if (all)
		return;
	c->messages -= k;
	c->acked -= k;
	memmove(c->message, c->message + k, c->messages * sizeof(c->message[0]));
}

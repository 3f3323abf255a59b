/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/fluentd_chunk.h"

#include "base/hash.h"
#include "encode/msgpack.h"

#include <errno.h>
#include <stdlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib: the largest window, in gzip's wrapping */
#define GZIP_LEVEL 1 /* names compress well at any; this one is several times faster */

/* Expands "{sensor}" and "{tag}" of a template. False: the tag is too long. */
static bool expand_tag(char *to, size_t size, const char *from, const char *sensor, const char *tag)
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

/* Returns the tag of a schema whose documents have none. */
static const char *default_tag(const struct conf_sink *conf)
{
	return conf->schema == CONF_SCHEMA_GOPASSIVEDNS ? "{sensor}.service" : "dnsloupe.dns";
}

static int set_tags(struct fluentd_format *f, struct sink *s)
{
	const char *template = s->conf->fluentd_tag;
	for (unsigned i = 0; f->tags == 0 || (s->tags && s->tags[i]); i++) {
		const char *own = s->tags ? s->tags[i] : "";
		if (i == FLUENTD_TAGS)
			return sink_set_error(s, -EINVAL, "schema: has too many tags");
		if (!template[0])
			template = own[0] ? "{tag}" : default_tag(s->conf);
		if (!expand_tag(f->tag[i], sizeof(f->tag[i]), template, s->sensor, own))
			return sink_set_error(
				s, -EINVAL, "fluentd.tag: gives a tag of more than 510 octets");
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
		return sink_set_error(s, -ENOMEM, "out of memory");
	return 0;
}

void fluentd_format_free(struct fluentd_format *f)
{
	if (f->mode == CONF_FLUENTD_COMPRESSED)
		deflateEnd(&f->gzip);
	free(f->entries.start);
	f->entries = (struct text){0};
}

static void set_id(struct fluentd_message *m, const char *p, size_t n)
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

/* Appends the options, the last element of a message. `entries`: 0 omits `size`. */
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

/* Appends an entry, EventTime and map; `array`: as an array of both. Returns 0, -EINVAL, -ENOSPC.
 */
static int put_entry(const struct sink_block *b, uint32_t i, bool array, struct text *out)
{
	size_t len;
	char *start = out->at, *end = out->end;
	const char *json = sink_doc_json(b, i, &len);
	if (array)
		msgpack_array(out, 2);
	msgpack_event_time(out, b->docs[i].ts_ns);
	if (msgpack_json(out, json, len))
		return 0;
	bool full = out->full;
	*out = (struct text){.start = out->start, .at = start, .end = end};
	return full ? -ENOSPC : -EINVAL;
}

/* Appends the entries of one tag. Returns how many, or -ENOSPC. */
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
			c->unencodable++;
		else
			n++;
	}
	return n;
}

/* Writes the entries of one tag into f->entries, which grows, to be compressed. Returns how many,
 * or -ENOMEM. */
static int buffer_entries(
	struct fluentd_format *f, const struct sink_block *b, struct fluentd_chunk *c, unsigned tag)
{
	for (size_t size = (size_t)(f->entries.end - f->entries.start);; size *= 2) {
		if (size == 0)
			size = 512 * 1024;
		char *start = f->entries.start;
		if (size > (size_t)(f->entries.end - start))
			start = malloc(size);
		if (!start)
			return -ENOMEM;
		if (start != f->entries.start)
			free(f->entries.start);
		f->entries = text_of(start, size);
		uint32_t unencodable = c->unencodable;
		int n = put_entries(b, c, tag, &f->entries);
		if (n != -ENOSPC)
			return n;
		c->unencodable = unencodable;
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

/* Writes the 32-bit length of a MessagePack header that was appended before it was known. */
static void patch_length(char *mark, size_t v)
{
	uint32_t octets = __builtin_bswap32((uint32_t)v);
	memcpy(mark + 1, &octets, sizeof(octets));
}

/* Appends one message with all documents of one tag. Returns its entries; 0: none, and nothing
 * appended; -errno. */
static int put_message_of_tag(struct fluentd_format *f, const struct sink_block *b,
	struct fluentd_chunk *c, unsigned tag, struct text *out, struct fluentd_message *m)
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
	int n = gzip ? buffer_entries(f, b, c, tag) : put_entries(b, c, tag, out);
	if (n <= 0) {
		out->at = start;
		return n;
	}
	if (gzip) {
		set_id(m, f->entries.start, text_len(&f->entries));
		if (put_gzip(f, out) < 0)
			return -ENOSPC;
	} else {
		set_id(m, body, (size_t)(out->at - body));
	}
	patch_length(mark, forward ? (size_t)n : (size_t)(out->at - body));
	put_options(f, m, (uint32_t)n, out);
	return out->full ? -ENOSPC : n;
}

/* Appends the message of one document. Returns 1; 0: it cannot be encoded; -ENOSPC. */
static int put_message_of_doc(struct fluentd_format *f, const struct sink_block *b, uint32_t i,
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
	set_id(m, body, (size_t)(out->at - body));
	if (f->ack)
		put_options(f, m, 0, out);
	return out->full ? -ENOSPC : 1;
}

/* Adds the message that was just appended to the chunk; takes it back if the receiver has it
 * already. */
static void add_message(
	struct fluentd_chunk *c, const struct fluentd_chunk *unacked, char *start, struct text *out)
{
	struct fluentd_message *m = &c->message[c->messages];
	if (unacked && c->messages < unacked->messages && unacked->message[c->messages].acked &&
		unacked->message[c->messages].id[0] == m->id[0] &&
		unacked->message[c->messages].id[1] == m->id[1]) {
		m->acked = true;
		c->acked++;
		out->at = start;
	}
	m->end = text_len(out);
	c->messages++;
}

int fluentd_chunk(struct fluentd_format *f, const struct sink_block *b, uint32_t from,
	const struct fluentd_chunk *unacked, struct text *out, struct fluentd_chunk *c)
{
	const struct text before = *out;
	bool single = f->mode == CONF_FLUENTD_MESSAGE;
	c->seq = b->seq;
	c->from = from;
	c->n = b->n_docs - from;
	c->messages = c->acked = c->unencodable = 0;
	if (single && c->n > FLUENTD_MESSAGES)
		c->n = FLUENTD_MESSAGES;
	if (unacked && (unacked->seq != c->seq || unacked->from != from))
		unacked = NULL;
	for (uint32_t i = 0; i < (single ? c->n : f->tags); i++) {
		char *start = out->at;
		struct fluentd_message *m = &c->message[c->messages];
		int n = single ? put_message_of_doc(f, b, from + i, out, m)
			       : put_message_of_tag(f, b, c, i, out, m);
		if (n < 0) {
			*out = before;
			return n == -ENOMEM ? -ENOMEM : -ENOSPC;
		}
		if (n > 0) {
			add_message(c, unacked, start, out);
		} else if (single) {
			/* It cannot be encoded, and nobody will acknowledge it. */
			c->message[c->messages++] = (struct fluentd_message){.acked = true};
			c->acked++;
			c->unencodable++;
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
	for (uint32_t i = c->from; i < c->from + k && c->unencodable; i++) {
		/* Encode them again to find out which, for that is rare. One that does not fit here
		 * was encoded before. */
		char scratch[4096];
		struct text t = text_of(scratch, sizeof(scratch));
		if (put_entry(b, i, false, &t) == -EINVAL) {
			sink_reject(s, b, i);
			c->unencodable--;
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

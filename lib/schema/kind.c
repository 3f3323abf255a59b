/* SPDX-License-Identifier: BSD-3-Clause */
#include "schema/kind.h"

static void write_native(struct schema *s, struct schema_out *out, const struct record *r)
{
	schema_native(s, &out->text, r);
	out->end(out, r->ts_ns, 0);
}

static const char *const keys[] = {"ts", "sensor", "status", "proto", "client", "client_port",
	"server", "server_port", "group_query", "client_mac", "server_mac", "vlan", "tunnel",
	"transport", "sni", "id", "opcode", "qname", "qname_unicode", "qtype", "qclass", "unicast",
	"questions", "rcode", "flags", "query_flags", "latency_us", "evicted", "tcp_rtt_us",
	"retries", "query_bytes", "reply_bytes", "bad_checksum", "ambiguous", "answers",
	"authority", "additional", "transfer", "dso", "edns", "query_edns", "shed", "omitted",
	"error", "error_in", NULL};

const struct schema_kind schema_kind_native = {"native", write_native, NULL, keys};

const struct schema_kind *schema_kind_of(enum conf_choice choice)
{
	static const struct {
		enum conf_choice choice;
		const struct schema_kind *kind;
	} rows[] = {
#define SCHEMA(kind, name, file, word) {CONF_SCHEMA_##kind, &schema_kind_##name},
#include "config/sink.def"
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++)
		if (rows[i].choice == choice)
			return rows[i].kind;
	return &schema_kind_native;
}

void schema_choose(struct schema *s, const struct schema_options *options)
{
	struct text level = text_of(s->level, sizeof(s->level) - 1);

	s->sections = options->sections == CONF_SECTIONS_NONE      ? SCHEMA_NONE
		      : options->sections == CONF_SECTIONS_ANSWERS ? SCHEMA_ANSWERS
								   : SCHEMA_ALL;
	s->extra = options->extra;
	text_str(&level, options->level);
	*level.at = '\0';
}

static bool has_word(const struct conf_strings *list, const char *word)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->at[i], word) == 0)
			return true;
	return false;
}

bool schema_fields(struct fields *f, const struct schema_options *options)
{
	const struct conf_strings *include = options->include, *exclude = options->exclude;

	*f = (struct fields){.exclude = include->count == 0};
	for (size_t i = 0; i < include->count; i++)
		if (!has_word(exclude, include->at[i]))
			fields_add(f, include->at[i]);
	for (size_t i = 0; i < exclude->count && f->exclude; i++)
		fields_add(f, exclude->at[i]);
	return !f->exclude || f->n > 0;
}

static bool same_list(const struct conf_strings *a, const struct conf_strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->at[i], b->at[i]) != 0)
			return false;
	return true;
}

bool schema_same(const struct schema_options *a, const struct schema_options *b)
{
	return a->kind == b->kind && a->sections == b->sections && a->extra == b->extra &&
	       strcmp(a->level, b->level) == 0 && same_list(a->include, b->include) &&
	       same_list(a->exclude, b->exclude);
}

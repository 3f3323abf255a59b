/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of schemas (the SCHEMA rows of config/sink.def). A schema turns one record into any
 * number of documents, each one JSON object with its newline.
 */
#ifndef SCHEMA_KIND_H
#define SCHEMA_KIND_H

#include "config/conf.h"
#include "encode/fields.h"
#include "schema/schema.h"

/* Where a schema's documents go. */
struct schema_out {
	struct text text; /* append here; never ask where it begins */
	/*
	 * The document that was appended last is whole: newline and all. Its event time, and which
	 * of the schema's tags. Afterwards the next one may begin. May set text.full.
	 */
	void (*end)(struct schema_out *out, int64_t ts_ns, unsigned tag);
};

struct schema_kind {
	const char *name;
	/*
	 * Appends the documents of a record, calling out->end() behind each. A record may have
	 * none. If text.full is set afterwards the caller makes room and calls again with the same
	 * record: nothing may have been counted by then.
	 */
	void (*write)(struct schema *s, struct schema_out *out, const struct record *r);
	const char *const *tags; /* NULL-terminated; NULL: one tag, "" */
	const char *const *keys; /* all members that a document may have, NULL-terminated */
};

/* What a sink asks of its schema. Two sinks that ask for the same share one writing. */
struct schema_options {
	const struct schema_kind *kind;
	const struct conf_strings *include, *exclude; /* top-level members; may be empty */
	enum conf_choice sections; /* CONF_SECTIONS_* */
	bool extra; /* gazer: further members */
	const char *level; /* gopassivedns: its `level`; at most 15 octets */
};

#define SCHEMA(kind, name, file, word) extern const struct schema_kind schema_kind_##name;
#include "config/sink.def"

/* The schema of a choice CONF_SCHEMA_*; never NULL. */
const struct schema_kind *schema_kind_of(enum conf_choice choice);

/* The octets that `level` may have. */
#define SCHEMA_LEVEL "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* The rules between schema, fields and encoding of one sink. 0, or -EINVAL and the error, which
 * begins with the key. */
int schema_check(const struct conf_sink *conf, struct conf_error *err);

/* Puts into s what the options ask of the schema itself: all but the members. */
void schema_choose(struct schema *s, const struct schema_options *options);

/* Which members the options leave; *f keeps pointers into them. False: all, and *f is not needed.
 */
bool schema_fields(struct fields *f, const struct schema_options *options);

/* Are the documents of the two the same? */
bool schema_same(const struct schema_options *a, const struct schema_options *b);

#endif

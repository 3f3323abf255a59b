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

/* The destination of a schema's documents. */
struct schema_out {
	struct text text; /* documents are appended here; its start is none of the schema's */
	/*
	 * Called behind each document, newline included, with its event time and the index of its
	 * tag. May set text.full.
	 */
	void (*end)(struct schema_out *out, int64_t ts_ns, unsigned tag);
};

struct schema_kind {
	const char *name;
	/*
	 * Appends the documents of a record, if it has any, and calls out->end() behind each. If
	 * text.full is set afterwards, the caller flushes and calls again with the same record:
	 * nothing must have been counted by then.
	 */
	void (*write)(struct schema *s, struct schema_out *out, const struct record *r);
	const char *const *tags; /* NULL-terminated; NULL: one tag, "" */
	const char *const *keys; /* all members of documents, NULL-terminated */
};

/* The options of a sink. Sinks with the same options share the documents. */
struct schema_options {
	const struct schema_kind *kind;
	const struct conf_strings *include, *exclude; /* top-level members; may be empty */
	enum conf_choice sections; /* CONF_SECTIONS_* */
	bool extra; /* gazer: members that dns-gazer does not have */
	const char *level; /* gopassivedns: its `level`; at most 15 octets */
};

#define SCHEMA(kind, name, file, word) extern const struct schema_kind schema_kind_##name;
#include "config/sink.def"

/* Returns the schema of a choice CONF_SCHEMA_*; never NULL. */
const struct schema_kind *schema_kind_of(enum conf_choice choice);

/* The characters that `level` may have. */
#define SCHEMA_LEVEL "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* Checks the rules between schema, fields and encoding of a sink. Returns 0, or -EINVAL with *err
 * set to a text that begins with the key. */
int schema_check(const struct conf_sink *conf, struct conf_error *err);

/* Sets the options of *s, all but the members. */
void schema_choose(struct schema *s, const struct schema_options *options);

/* Sets *f to the members that the options select; it borrows their strings. Returns false if these
 * are all members. */
bool schema_fields(struct fields *f, const struct schema_options *options);

/* True if the documents of both are the same. */
bool schema_same(const struct schema_options *a, const struct schema_options *b);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of this stage share. */
#ifndef CONFIG_CONF_INNER_H
#define CONFIG_CONF_INNER_H

#include "base/text.h"
#include "config/conf.h"

#include <cjson/cJSON.h>

/* Where and why a JSON text is invalid. */
struct conf_fault {
	size_t line; /* from 1 */
	size_t column; /* in characters, from 1 */
	char what[112];
};

/* Returns how many leading octets are valid UTF-8 (RFC 3629): len if all are. */
size_t conf_utf8(const char *octets, size_t len);

/*
 * Parses exactly one JSON document, as strictly as RFC 8259 requires. Rejects \u0000 as well, since
 * a C string would end there. Returns 0 and the tree, for which the caller calls cJSON_Delete();
 * -EINVAL and the fault; -ENOMEM. If cJSON runs out of memory within the text, it reports a fault.
 */
int conf_json(const char *octets, size_t len, cJSON **root, struct conf_fault *fault);

/* The operations on a field of one type; one row per type. */
struct conf_kind {
	/* Validates the value and sets the field. Returns 0; -EINVAL, -ENOMEM: it is unchanged. */
	int (*read)(
		const struct conf_key *key, const cJSON *json, void *field, struct conf_error *err);
	/* Parses a text in conf_set()'s notation into a JSON value. Returns as conf_json(). */
	int (*parse)(const char *text, cJSON **json, struct conf_fault *fault);
	/* Frees what the field owns and zeroes it; NULL: it owns nothing. */
	void (*free)(void *field);
	/* Makes a deep copy in a field that owns nothing. Returns 0 or -ENOMEM. */
	int (*copy)(void *to, const void *from);
	bool (*equal)(const void *a, const void *b);
	/* Writes the value as JSON. */
	void (*write)(FILE *out, const void *field);
	/* Appends what is accepted: "a whole number from 0 to 64". */
	void (*expects)(struct text *t, const struct conf_key *key);
};

const struct conf_kind *conf_kind_of(const struct conf_key *key);

/* The keys of one struct: of the whole configuration, or of one sink. */
struct conf_table {
	const struct conf_key *keys;
	size_t count;
	size_t size; /* of the struct */
	const char *prefix; /* before a path in messages: "", "sinks[1]." */
};

extern const struct conf_table conf_table_all;
extern const struct conf_table conf_table_sink;

const struct conf_key *conf_table_find(const struct conf_table *table, const char *path);

/* As conf_init(), conf_free(), conf_copy() and conf_equal(), for the fields of a table. */
int conf_table_init(const struct conf_table *table, void *fields);
void conf_table_free(const struct conf_table *table, void *fields);
int conf_table_copy(const struct conf_table *table, void *to, const void *from);
bool conf_table_equal(const struct conf_table *table, const void *a, const void *b);

/*
 * Sets the fields from the members of one JSON object. On failure some of them are set. Returns 0,
 * -EINVAL, -ENOMEM.
 */
int conf_table_load(
	const struct conf_table *table, void *fields, const cJSON *object, struct conf_error *err);

/*
 * Writes the fields as one JSON object with one member per line, indented by `base` sections.
 * `kinds`: writes only the keys that a sink of one of these kinds accepts; 0: all keys.
 */
void conf_table_write(
	const struct conf_table *table, const void *fields, size_t base, uint32_t kinds, FILE *out);

/* Returns the type of a JSON value for messages: "a string". */
const char *conf_type_name(const cJSON *json);
/*
 * Check that a value is a whole number in the range, or a string of min to max octets in UTF-8.
 * `where` locates the value in the message: "" or "entry 2: ". Return 0, or -EINVAL and the error.
 */
int conf_check_number(const struct conf_key *key, const char *where, const cJSON *json,
	uint64_t min, uint64_t max, uint64_t *value, struct conf_error *err);
int conf_check_string(const struct conf_key *key, const char *where, const cJSON *json,
	uint64_t min, uint64_t max, struct conf_error *err);
/* Checks that a value is a list of as many entries as the key allows, and counts them. Returns 0 or
 * -EINVAL. */
int conf_check_list(
	const struct conf_key *key, const cJSON *json, size_t *count, struct conf_error *err);
/* Implement conf_kind.parse for JSON, and for a bare word or, after a quote, JSON. */
int conf_parse_json(const char *text, cJSON **json, struct conf_fault *fault);
int conf_parse_word(const char *text, cJSON **json, struct conf_fault *fault);
void conf_write_string(FILE *out, const char *s);

extern const struct conf_kind conf_kind_bool;
extern const struct conf_kind conf_kind_number;
extern const struct conf_kind conf_kind_enum;
extern const struct conf_kind conf_kind_string;
extern const struct conf_kind conf_kind_secret;
extern const struct conf_kind conf_kind_strings;
extern const struct conf_kind conf_kind_ports;
extern const struct conf_kind conf_kind_pairs;
extern const struct conf_kind conf_kind_sinks;

/* Return a key's field. `fields`: a struct conf, or a struct conf_sink for a sink's key. */
static inline void *conf_field(const struct conf_key *key, void *fields)
{
	return (char *)fields + key->offset;
}

static inline const void *conf_field_const(const struct conf_key *key, const void *fields)
{
	return (const char *)fields + key->offset;
}

/* Returns how many choices an ENUM has; they follow each other from *first on. */
size_t conf_choices_of(const struct conf_key *key, enum conf_choice *first);

/* As conf_fail(), with "path: " before the text and ", expected ..." after it. Returns -EINVAL. */
int conf_fail_value(struct conf_error *err, const struct conf_key *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Inserts "source: " before the error's text. */
void conf_error_add_source(struct conf_error *err, const char *source);
/* Inserts a table's prefix before the error's text, which begins with a path. Returns rc. */
int conf_error_add_prefix(struct conf_error *err, int rc, const char *prefix);

/* Copies what somebody else wrote for a message: at most `max` octets, then "...". */
struct conf_excerpt {
	char text[400];
};
struct conf_excerpt conf_excerpt(const char *s, size_t max);

/* The candidate that is most similar to a misspelt word. Start with {.word = word}. */
struct conf_nearest {
	const char *word;
	size_t distance;
	char name[CONF_ENV_MAX]; /* empty: none is similar */
};
void conf_nearest_add(struct conf_nearest *nearest, const char *candidate);
/* Adds every path of a table and, if `sections`, every section of the paths. */
void conf_nearest_keys(const struct conf_table *table, struct conf_nearest *nearest, bool sections);
/* Sets: unknown `kind` "word" (did you mean "..."?), with `prefix` before both words. Returns
 * -EINVAL. */
int conf_fail_unknown(struct conf_error *err, const char *kind, const char *prefix,
	const struct conf_nearest *nearest);

#endif

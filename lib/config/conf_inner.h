/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of this stage share and nobody else needs. */
#ifndef CONFIG_CONF_INNER_H
#define CONFIG_CONF_INNER_H

#include "base/text.h"
#include "config/conf.h"

#include <cjson/cJSON.h>

/* Where and why a JSON text is wrong. */
struct conf_fault {
	size_t line; /* from 1 */
	size_t column; /* in characters, from 1 */
	char what[112];
};

/* How many leading octets are valid UTF-8 (RFC 3629): len if all are. */
size_t conf_utf8(const char *octets, size_t len);

/*
 * Parses exactly one JSON document, as strictly as RFC 8259 says; \u0000 is refused too, since a C
 * string would end there. 0 and the tree, the caller's to cJSON_Delete(); -EINVAL and the fault;
 * -ENOMEM, unless cJSON was short of memory in mid-text: that looks like a fault to it.
 */
int conf_json(const char *octets, size_t len, cJSON **root, struct conf_fault *fault);

/* One row a type: everything that a field of this type can do. */
struct conf_kind {
	/* Checks the value and puts it into the field. 0; -EINVAL, -ENOMEM: the field stays. */
	int (*read)(
		const struct conf_key *key, const cJSON *json, void *field, struct conf_error *err);
	/* Makes the JSON value of a text in conf_set()'s notation. Returns as conf_json(). */
	int (*parse)(const char *text, cJSON **json, struct conf_fault *fault);
	/* Frees what the field owns and zeroes it; NULL: it owns nothing. */
	void (*drop)(void *field);
	/* Deep copy into a field that owns nothing. 0 or -ENOMEM. */
	int (*copy)(void *to, const void *from);
	bool (*equal)(const void *a, const void *b);
	/* Writes the value as JSON. */
	void (*write)(FILE *out, const void *field);
	/* Appends what is allowed: "a whole number from 0 to 64". */
	void (*expects)(struct text *t, const struct conf_key *key);
};

const struct conf_kind *conf_kind_of(const struct conf_key *key);

/* A list of keys and how to say where it stands: the whole configuration, or one sink. */
struct conf_table {
	const struct conf_key *keys;
	size_t count;
	size_t size; /* of the struct */
	const char *prefix; /* before a path in messages: "", "sinks[1]." */
};

extern const struct conf_table conf_table_all;
extern const struct conf_table conf_table_sink;

const struct conf_key *conf_table_find(const struct conf_table *table, const char *path);

/* What conf_init(), conf_free(), conf_copy() and conf_equal() are, for the fields of a table. */
int conf_table_init(const struct conf_table *table, void *fields);
void conf_table_free(const struct conf_table *table, void *fields);
int conf_table_copy(const struct conf_table *table, void *to, const void *from);
bool conf_table_equal(const struct conf_table *table, const void *a, const void *b);

/*
 * Takes the keys of one JSON object into the fields. On failure some of them are set. 0, -EINVAL,
 * -ENOMEM.
 */
int conf_table_load(
	const struct conf_table *table, void *fields, const cJSON *object, struct conf_error *err);

/*
 * Writes the fields as one JSON object with a member a line, `base` sections deep; `kinds`: of a
 * sink's keys only those that one of these kinds takes.
 */
void conf_table_write(
	const struct conf_table *table, const void *fields, size_t base, uint32_t kinds, FILE *out);

/* Pieces that several types share. */

/* "a string": what a JSON value is, for messages. */
const char *conf_type_name(const cJSON *json);
/*
 * Is it a whole number in the range, a string of so many octets in UTF-8? `where` says whose: "" or
 * "entry 2: ". 0, or -EINVAL and the error.
 */
int conf_check_whole(const struct conf_key *key, const char *where, const cJSON *json, uint64_t min,
	uint64_t max, uint64_t *value, struct conf_error *err);
int conf_check_string(const struct conf_key *key, const char *where, const cJSON *json,
	uint64_t min, uint64_t max, struct conf_error *err);
/* Is it a list of as many entries as the key allows, which is counted? 0 or -EINVAL. */
int conf_check_list(
	const struct conf_key *key, const cJSON *json, size_t *count, struct conf_error *err);
/* For `parse`. The text is JSON; the text is a bare word, or JSON if it begins with a quote. */
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
extern const struct conf_kind conf_kind_anyports;
extern const struct conf_kind conf_kind_pairs;
extern const struct conf_kind conf_kind_sinks;

/* `fields`: a struct conf, or a struct conf_sink for a sink's key. */
static inline void *conf_field(const struct conf_key *key, void *fields)
{
	return (char *)fields + key->offset;
}

static inline const void *conf_field_const(const struct conf_key *key, const void *fields)
{
	return (const char *)fields + key->offset;
}

/* The first choice of an ENUM's row and how many follow: a run in enum conf_choice. */
size_t conf_choices_of(const struct conf_key *key, enum conf_choice *first);

/* As conf_fail(), with "path: " before and ", expected ..." of this key behind. Returns -EINVAL. */
int conf_fail_value(struct conf_error *err, const struct conf_key *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "source: " before the error's text. */
void conf_fail_in(struct conf_error *err, const char *source);
/* Puts a table's prefix before the error's text, which begins with a path. Returns rc. */
int conf_fail_under(struct conf_error *err, int rc, const char *prefix);

/* A copy for messages of what a stranger wrote: cut after `max` octets, then "...". */
struct conf_shown {
	char text[400];
};
struct conf_shown conf_show(const char *s, size_t max);

/* The candidate that a misspelt word most likely means. Start with {.word = word}. */
struct conf_nearest {
	const char *word;
	size_t distance;
	char name[CONF_ENV_MAX]; /* empty: none is near */
};
void conf_nearest_try(struct conf_nearest *nearest, const char *candidate);
/* conf_nearest_try() for every path and, where asked for, every section of paths. */
void conf_nearest_keys(const struct conf_table *table, struct conf_nearest *nearest, bool sections);
/* unknown `kind` "word" (did you mean "..."?), both behind `prefix`. Returns -EINVAL. */
int conf_fail_unknown(struct conf_error *err, const char *kind, const char *prefix,
	const struct conf_nearest *nearest);

#endif

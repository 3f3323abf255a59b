/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration. Its keys are the rows of conf.def; this header turns them into struct conf and
 * a table. Sources, in rising order of precedence: defaults, file, environment, flags.
 *
 * Every function that takes a value checks it: a struct conf holds only values that its rows allow,
 * and all its strings are UTF-8 without a zero octet. A function that fails leaves the conf as it
 * was and fills the error.
 */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum conf_type {
	CONF_BOOL,
	CONF_NUMBER,
	CONF_STRING,
	CONF_SECRET, /* a STRING that conf_write() shows as CONF_HIDDEN */
	CONF_STRINGS,
	CONF_PORTS,
	CONF_ANYPORTS, /* a PORTS that may have the entry "any" */
	CONF_ENUM,
	CONF_PAIRS,
	CONF_SINKS
};

/* START: read once. RELOAD: may change while the program runs. */
enum conf_when { CONF_START, CONF_RELOAD };

/* What the keys of type ENUM may be. Unique over all of them, so one table knows every word. */
enum conf_choice {
#define CHOICE(constant, field, word) CONF_##constant,
#include "config/conf.def"
#define SINK_CHOICE(constant, field, word) CONF_##constant,
#include "config/sink.def"
	CONF_CHOICES
};

struct conf_strings {
	char **at;
	size_t count;
};

struct conf_ports {
	uint16_t *at; /* host byte order, never 0; of a range each */
	size_t count;
	bool any; /* "any" was among them */
};

struct conf_pair {
	char *name, *value;
};

struct conf_pairs {
	struct conf_pair *at; /* no two have the same name */
	size_t count;
};

/* The field types of the key types. */
#define CONF_FIELD_BOOL bool
#define CONF_FIELD_NUMBER uint64_t
#define CONF_FIELD_STRING char *
#define CONF_FIELD_SECRET char *
#define CONF_FIELD_STRINGS struct conf_strings
#define CONF_FIELD_PORTS struct conf_ports
#define CONF_FIELD_ANYPORTS struct conf_ports
#define CONF_FIELD_ENUM enum conf_choice
#define CONF_FIELD_PAIRS struct conf_pairs
#define CONF_FIELD_SINKS struct conf_sinks

/* One field a row of sink.def: type, name, schema, ... */
struct conf_sink {
#define SINK_KEY(type, field, path, standard, min, max, kinds, help) CONF_FIELD_##type field;
#include "config/sink.def"
	unsigned of_logger; /* no key: the logger whose records it gets, from 1; 0: of all */
};

struct conf_sinks {
	struct conf_sink *at;
	size_t count;
};

/* One field a row: input_files, dns_ports, workers, ... Owns what it points to. */
struct conf {
#define KEY(type, field, path, standard, min, max, when, flag, help) CONF_FIELD_##type field;
#include "config/conf.def"
};

/* Indices into conf_keys: CONF_KEY_workers. */
enum {
#define KEY(type, field, path, standard, min, max, when, flag, help) CONF_KEY_##field,
#include "config/conf.def"
	CONF_KEYS
};

/* Indices into conf_sink_keys: CONF_SINK_KEY_type. */
enum {
#define SINK_KEY(type, field, path, standard, min, max, kinds, help) CONF_SINK_KEY_##field,
#include "config/sink.def"
	CONF_SINK_KEYS
};

/* A command-line flag: -w, --workers N. */
struct conf_flag {
	char letter; /* or 0 */
	const char *name; /* without the dashes; NULL: there is none */
	const char
		*value; /* what its value is called, [=x]: may be left out, NULL: it takes none */
};

struct conf_key {
	const char *path;
	size_t offset; /* of its field in struct conf, or of a sink's key in struct conf_sink */
	enum conf_type type;
	enum conf_when when;
	uint64_t min;
	uint64_t max;
	const char *standard; /* the default, in the notation of conf_set() */
	struct conf_flag flag;
	const char *help;
	uint32_t kinds; /* of a sink's key: which take it, bit conf_sink_kind(); 0 elsewhere */
};

extern const struct conf_key conf_keys[CONF_KEYS];
extern const struct conf_key conf_sink_keys[CONF_SINK_KEYS];

/* One line: the source, the key's full path, what is wrong, what is allowed. */
struct conf_error {
	char text[1280];
};

#define CONF_FILE_MAX (1024 * 1024) /* octets of a configuration file */
#define CONF_ENV_MAX 96 /* room for a variable's name */

/* Sets all defaults. 0, or -ENOMEM with every field zero. Free with conf_free() in both cases. */
int conf_init(struct conf *conf);

/* Frees what the fields own and zeroes them. Right for a conf of zeros, and twice. */
void conf_free(struct conf *conf);

/* A deep copy into a conf that owns nothing. 0, or -ENOMEM with `to` all zero. */
int conf_copy(struct conf *to, const struct conf *from);

/* Do all keys, or this key, have the same values? */
bool conf_equal(const struct conf *a, const struct conf *b);
bool conf_key_equal(const struct conf_key *key, const struct conf *a, const struct conf *b);

/* The key of that path, or NULL. */
const struct conf_key *conf_find(const char *path);

/* The number of a kind of sink, from 0, in the order of the choices of `type`. */
static inline unsigned conf_sink_kind(const struct conf_sink *sink)
{
	return (unsigned)sink->type - CONF_SINK_STDOUT;
}

/* What a sink is called: its name, or else the word of its type. */
const char *conf_sink_name(const struct conf_sink *sink);

/*
 * The sinks that a run has: those of `sinks`, and one more for output.file where that is set or no
 * other is there. The new list owns what it holds. 0, or -ENOMEM with an empty list.
 */
int conf_sinks_all(const struct conf *conf, struct conf_sinks *all);

/*
 * Makes of each file whose path contains CONF_LOGGER one file a logger, with the number of the
 * logger (from 0) in its place and behind the sink's name. 0, or -ENOMEM with an empty list.
 */
#define CONF_LOGGER "{logger}"
int conf_sinks_split(struct conf_sinks *all, unsigned loggers);
void conf_sinks_free(struct conf_sinks *list);

/*
 * Takes the keys that a JSON document (RFC 8259) sets: {"txn": {"timeout_ms": 5000}}. A member "//"
 * is a comment, a string, and may stand in any object, more than once.
 * Returns 0; -EINVAL for a wrong document; -EISDIR, -EFBIG or what open() and read() say for a file
 * that cannot be used; -ENOMEM. `name` is what errors call the document.
 */
int conf_load_file(struct conf *conf, const char *path, struct conf_error *err);
int conf_load_memory(struct conf *conf, const char *name, const char *octets, size_t len,
	struct conf_error *err);

/*
 * Takes DNSLOUPE_* of a NULL-terminated list NAME=value: the key's path in upper case with dots as
 * underscores, the value as conf_set_key() takes it. A name that no key has is an error, except
 * DNSLOUPE_CONFIG, which is the caller's business. 0, -EINVAL, -ENOMEM.
 */
int conf_load_env(struct conf *conf, char *const *environ, struct conf_error *err);

/* Variables of a file, as a NULL-terminated list for the two functions around this one. */
struct conf_env {
	char **list;
	size_t count;
};

/*
 * Reads lines NAME=value in the form of systemd's EnvironmentFile=: quotes, backslashes, lines that
 * go on, comments that begin with # or ;; `export` before a name is left out. 0; -EINVAL for
 * another line; what open() and read() say, -EFBIG beyond CONF_FILE_MAX; -ENOMEM. Free it after 0.
 */
int conf_env_read(struct conf_env *env, const char *path, struct conf_error *err);
void conf_env_free(struct conf_env *env);

/* The value of DNSLOUPE_CONFIG, or NULL. */
const char *conf_env_file(char *const *environ);

/* Writes the variable's name of a key, with the zero octet. */
void conf_env_name(const struct conf_key *key, char name[CONF_ENV_MAX]);

/*
 * Sets a key from text: true, 42, word. A list is given by commas (a.pcap,b.pcap or 53,5353) or as
 * JSON (["a,b.pcap"]); a string may be given as JSON ("..."). Sinks are given as JSON, or one sink
 * by pairs: type=file,path=x,filter.qtypes=["A","AAAA"],kafka.properties.linger.ms=5. conf_set()
 * takes "path=value". 0, -EINVAL, -ENOMEM.
 */
int conf_set(struct conf *conf, const char *assignment, struct conf_error *err);
int conf_set_key(struct conf *conf, const char *path, const char *value, struct conf_error *err);

/*
 * Sets a key from the value of its own flag: STRING and STRINGS take the word as it is, commas,
 * quotes and all, the others as conf_set_key() does. `more` appends to a STRINGS or SINKS instead
 * of replacing it. 0, -EINVAL, -ENOMEM.
 */
int conf_set_flag(struct conf *conf, const struct conf_key *key, const char *word, bool more,
	struct conf_error *err);

/* The rules between keys, that no single row can say. 0 or -EINVAL. */
int conf_check(const struct conf *conf, struct conf_error *err);

/*
 * Writes every key and its value as one JSON document that conf_load_memory() takes back to an
 * equal conf, but for secrets, which are hidden. 0, or -errno of the stream.
 */
#define CONF_HIDDEN "(hidden)"
int conf_write(const struct conf *conf, FILE *out);

/* All keys with type, range, default, variable and help, then those of a sink: for a terminal; as
 * Markdown. */
void conf_list_keys(FILE *out);
void conf_list_markdown(FILE *out);

/* One flag for --help: its spelling, then the help (and its default, or NULL), wrapped. */
void conf_list_flag(
	FILE *out, const struct conf_flag *flag, const char *help, const char *standard);
/* conf_list_flag() for each key that has a flag. */
void conf_list_flags(FILE *out);

/* Sets the error's text; returns rc. For checks of the stages that the keys belong to. */
int conf_fail(struct conf_error *err, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends a copy of a pair. 0 or -ENOMEM. */
int conf_pairs_add(struct conf_pairs *list, const char *name, const char *value);

/* The word of a choice: "normal" for CONF_LOG_NORMAL. */
const char *conf_choice_word(enum conf_choice choice);

#endif

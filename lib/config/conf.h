/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration. Its keys are the rows of conf.def, from which this header makes struct conf
 * and a table. Sources, in rising order of precedence: defaults, file, environment, flags.
 *
 * Every function that sets a value validates it: a struct conf holds only values that its rows
 * allow, and all its strings are UTF-8 without a zero octet. A function that fails leaves the conf
 * unchanged and fills in the error.
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

/* START: read once, at the start. RELOAD: may change while the program runs. */
enum conf_when { CONF_START, CONF_RELOAD };

/* The values of the keys of type ENUM. They are unique over all keys, so that one table has every
 * word. */
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
	uint16_t *at; /* host byte order, never 0; every port of each range */
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

/* One field per row of sink.def: type, name, schema, ... */
struct conf_sink {
#define SINK_KEY(type, field, path, initial, min, max, kinds, help) CONF_FIELD_##type field;
#include "config/sink.def"
	unsigned logger_number; /* not a key: the logger whose records it gets, from 1; 0: all */
};

struct conf_sinks {
	struct conf_sink *at;
	size_t count;
};

/* One field per row: input_files, dns_ports, workers, ... Owns what it points to. */
struct conf {
#define KEY(type, field, path, initial, min, max, when, flag, help) CONF_FIELD_##type field;
#include "config/conf.def"
};

/* Indices into conf_keys: CONF_KEY_workers. */
enum {
#define KEY(type, field, path, initial, min, max, when, flag, help) CONF_KEY_##field,
#include "config/conf.def"
	CONF_KEYS
};

/* Indices into conf_sink_keys: CONF_SINK_KEY_type. */
enum {
#define SINK_KEY(type, field, path, initial, min, max, kinds, help) CONF_SINK_KEY_##field,
#include "config/sink.def"
	CONF_SINK_KEYS
};

/* A command-line flag: -w, --workers N. */
struct conf_flag {
	char letter; /* or 0 */
	const char *name; /* without the dashes; NULL: the key has no flag */
	const char *value; /* name of its value; [=x]: the value is optional; NULL: it has none */
};

struct conf_key {
	const char *path;
	size_t offset; /* of its field in struct conf, or of a sink's key in struct conf_sink */
	enum conf_type type;
	enum conf_when when;
	uint64_t min;
	uint64_t max;
	const char *initial; /* the default, in the notation of conf_set() */
	struct conf_flag flag;
	const char *help;
	uint32_t kinds; /* bit conf_sink_kind(): sinks that accept the key; 0: not a sink's key */
};

extern const struct conf_key conf_keys[CONF_KEYS];
extern const struct conf_key conf_sink_keys[CONF_SINK_KEYS];

/* One line: the source, the key's full path, what is wrong, what is expected. */
struct conf_error {
	char text[1280];
};

#define CONF_FILE_MAX (1024 * 1024) /* octets of a configuration file */
#define CONF_ENV_MAX 96 /* octets of a variable's name, with the zero octet */

/* Sets all defaults. Returns 0, or -ENOMEM with every field zero; call conf_free() in both cases.
 */
int conf_init(struct conf *conf);

/* Frees what the fields own and zeroes them. A conf of zeros may be freed, any number of times. */
void conf_free(struct conf *conf);

/* Makes a deep copy in a conf that owns nothing. Returns 0, or -ENOMEM with `to` all zero. */
int conf_copy(struct conf *to, const struct conf *from);

/* Return true if all keys, or this key, have equal values. */
bool conf_equal(const struct conf *a, const struct conf *b);
bool conf_key_equal(const struct conf_key *key, const struct conf *a, const struct conf *b);

/* Returns the key of this path, or NULL. */
const struct conf_key *conf_find(const char *path);

/* Returns the number of a sink's kind, from 0, in the order of the choices of `type`. */
static inline unsigned conf_sink_kind(const struct conf_sink *sink)
{
	return (unsigned)sink->type - CONF_SINK_STDOUT;
}

/* Returns the sink's name; without one, the word of its type. */
const char *conf_sink_name(const struct conf_sink *sink);

/*
 * Lists the sinks of a run: those of `sinks`, and one for output.file if that is set or there is no
 * other. The new list owns what it holds. Returns 0, or -ENOMEM with an empty list.
 */
int conf_sinks_all(const struct conf *conf, struct conf_sinks *all);

/*
 * Replaces each file sink whose path contains CONF_LOGGER by one for each logger, with the logger's
 * number (from 0) in the path and after the sink's name. Returns 0, or -ENOMEM with an empty list.
 */
#define CONF_LOGGER "{logger}"
int conf_sinks_per_logger(struct conf_sinks *all, unsigned loggers);
void conf_sinks_free(struct conf_sinks *list);

/*
 * Sets the keys that a JSON document (RFC 8259) has: {"txn": {"timeout_ms": 5000}}. A member "//"
 * with a string is a comment; any object may have several.
 * Returns 0; -EINVAL for an invalid document; -EISDIR, -EFBIG or the error of open() or read() for
 * a file that cannot be used; -ENOMEM. Errors call the document `name`.
 */
int conf_load_file(struct conf *conf, const char *path, struct conf_error *err);
int conf_load_memory(struct conf *conf, const char *name, const char *octets, size_t len,
	struct conf_error *err);

/*
 * Sets keys from the variables DNSLOUPE_* of a NULL-terminated list NAME=value: the key's path in
 * upper case with underscores for dots, the value in the notation of conf_set_key(). A name that is
 * no key's is an error, except DNSLOUPE_CONFIG, which the caller handles. Returns 0, -EINVAL,
 * -ENOMEM.
 */
int conf_load_env(struct conf *conf, char *const *environ, struct conf_error *err);

/* The variables of a file, as a NULL-terminated list for conf_load_env() and conf_env_file(). */
struct conf_env {
	char **list;
	size_t count;
};

/*
 * Reads lines NAME=value in the syntax of systemd's EnvironmentFile=: quotes, backslashes,
 * continued lines, comments that begin with # or ;. Ignores `export` before a name. Returns 0, and
 * the caller calls conf_env_free(); -EINVAL for any other line; -EFBIG for a file of more than
 * CONF_FILE_MAX octets; the error of open() or read(); -ENOMEM.
 */
int conf_env_read(struct conf_env *env, const char *path, struct conf_error *err);
void conf_env_free(struct conf_env *env);

/* Returns the value of DNSLOUPE_CONFIG, or NULL. */
const char *conf_env_file(char *const *environ);

/* Writes the name of a key's environment variable, with the zero octet. */
void conf_env_name(const struct conf_key *key, char name[CONF_ENV_MAX]);

/*
 * Set a key from text: true, 42, word. A list is separated by commas (a.pcap,b.pcap or 53,5353) or
 * JSON (["a,b.pcap"]); a string may be JSON ("..."). Sinks are JSON, or one sink is a list of
 * pairs: type=file,path=x,filter.qtypes=["A","AAAA"],kafka.properties.linger.ms=5. conf_set()
 * parses "path=value". Return 0, -EINVAL, -ENOMEM.
 */
int conf_set(struct conf *conf, const char *assignment, struct conf_error *err);
int conf_set_key(struct conf *conf, const char *path, const char *value, struct conf_error *err);

/*
 * Sets a key from the value of its flag: of a STRING or STRINGS the whole word is the value, with
 * its commas and quotes; other types are parsed as by conf_set_key(). `more` appends to a STRINGS
 * or SINKS instead of replacing it. Returns 0, -EINVAL, -ENOMEM.
 */
int conf_set_flag(struct conf *conf, const struct conf_key *key, const char *word, bool more,
	struct conf_error *err);

/* Checks the rules that involve several keys. Touches no file. Returns 0 or -EINVAL. */
int conf_check(const struct conf *conf, struct conf_error *err);

/*
 * Writes every key with its value as one JSON document, from which conf_load_memory() makes an
 * equal conf, except for secrets, which are hidden. Returns 0, or -errno of the stream.
 */
#define CONF_HIDDEN "(hidden)"
int conf_write(const struct conf *conf, FILE *out);

/* Print all keys with type, range, default, variable and help, then those of a sink: for a
 * terminal, and as Markdown. */
void conf_list_keys(FILE *out);
void conf_list_markdown(FILE *out);

/* Prints one flag for --help: its spelling, then the help and the default (or NULL), wrapped. */
void conf_list_flag(FILE *out, const struct conf_flag *flag, const char *help, const char *initial);
/* Calls conf_list_flag() for each key that has a flag. */
void conf_list_flags(FILE *out);

/* Sets the error's text and returns rc. Stages use it in the checks of their own keys. */
int conf_fail(struct conf_error *err, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends a copy of a pair. Returns 0 or -ENOMEM. */
int conf_pairs_add(struct conf_pairs *list, const char *name, const char *value);

/* Returns the word of a choice: "normal" for CONF_LOG_NORMAL. */
const char *conf_choice_word(enum conf_choice choice);

#endif

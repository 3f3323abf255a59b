/* SPDX-License-Identifier: BSD-3-Clause */
/* The type SINKS: a list of objects, whose keys are the rows of sink.def. */
#include "config/conf_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

const char *conf_sink_name(const struct conf_sink *sink)
{
	return sink->name[0] ? sink->name : conf_choice_word(sink->type);
}

void conf_sinks_free(struct conf_sinks *list)
{
	for (size_t i = 0; i < list->count; i++)
		conf_table_free(&conf_table_sink, &list->at[i]);
	free(list->at);
	*list = (struct conf_sinks){NULL, 0};
}

static void sinks_free(void *field)
{
	conf_sinks_free(field);
}

/* Reserves space for `more` further sinks. Returns 0 or -ENOMEM. */
static int sinks_reserve(struct conf_sinks *list, size_t more)
{
	struct conf_sink *at = realloc(list->at, (list->count + more + 1) * sizeof(*at));

	if (!at)
		return -ENOMEM;
	list->at = at;
	return 0;
}

static int sinks_copy(void *to, const void *from)
{
	const struct conf_sinks *list = from;
	struct conf_sinks *copy = to;

	*copy = (struct conf_sinks){NULL, 0};
	int rc = sinks_reserve(copy, list->count);
	for (size_t i = 0; i < list->count && rc == 0; i++) {
		rc = conf_table_copy(&conf_table_sink, &copy->at[i], &list->at[i]);
		copy->count += rc == 0;
	}
	if (rc < 0)
		conf_sinks_free(copy);
	return rc;
}

int conf_sinks_all(const struct conf *conf, struct conf_sinks *all)
{
	bool is_stdout = strcmp(conf->output_file, "-") == 0;
	int rc = sinks_copy(all, &conf->sinks);

	if (rc < 0 || (conf->sinks.count && is_stdout))
		return rc;
	rc = sinks_reserve(all, 1);
	struct conf_sink *sink = &all->at[all->count];
	if (rc == 0)
		rc = conf_table_init(&conf_table_sink, sink);
	if (rc == 0) {
		all->count++;
		sink->type = is_stdout ? CONF_SINK_STDOUT : CONF_SINK_FILE;
		char *path = strdup(conf->output_file), *name = strdup("output");
		if (!path || !name) {
			free(path);
			free(name);
			rc = -ENOMEM;
		} else {
			free(sink->path);
			free(sink->name);
			sink->path = path;
			sink->append = false;
			sink->name = name;
		}
	}
	if (rc < 0)
		conf_sinks_free(all);
	return rc;
}

/* Returns the path with each CONF_LOGGER replaced by the number, or NULL without memory. */
static char *path_of_logger(const char *path, unsigned number)
{
	char buffer[8192], *at = buffer;
	const char *found;

	for (; (found = strstr(path, CONF_LOGGER)); path = found + strlen(CONF_LOGGER))
		at += snprintf(at, (size_t)(buffer + sizeof(buffer) - at), "%.*s%u",
			(int)(found - path), path, number);
	snprintf(at, (size_t)(buffer + sizeof(buffer) - at), "%s", path);
	return strdup(buffer);
}

/* Appends the sink of one logger. Returns 0 or -ENOMEM. */
static int append_for_logger(struct conf_sinks *to, const struct conf_sink *sink, unsigned number)
{
	struct conf_sink *one = &to->at[to->count];
	char name[300];

	if (conf_table_copy(&conf_table_sink, one, sink) < 0)
		return -ENOMEM;
	to->count++;
	one->logger_number = number + 1;
	free(one->path);
	free(one->name);
	snprintf(name, sizeof(name), "%s.%u", conf_sink_name(sink), number);
	one->path = path_of_logger(sink->path, number);
	one->name = strdup(name);
	return one->path && one->name ? 0 : -ENOMEM;
}

int conf_sinks_per_logger(struct conf_sinks *all, unsigned loggers)
{
	struct conf_sinks to = {NULL, 0};
	int rc = sinks_reserve(&to, all->count * loggers);

	for (size_t i = 0; i < all->count && rc == 0; i++) {
		const struct conf_sink *sink = &all->at[i];
		if (sink->type == CONF_SINK_FILE && strstr(sink->path, CONF_LOGGER)) {
			for (unsigned k = 0; k < loggers && rc == 0; k++)
				rc = append_for_logger(&to, sink, k);
			continue;
		}
		rc = conf_table_copy(&conf_table_sink, &to.at[to.count], sink);
		to.count += rc == 0;
	}
	conf_sinks_free(all);
	*all = to;
	if (rc < 0)
		conf_sinks_free(all);
	return rc;
}

static bool has_type(const cJSON *object)
{
	for (const cJSON *m = object->child; m; m = m->next)
		if (strcmp(m->string, "type") == 0)
			return true;
	return false;
}

/* Checks that no key is set that this kind of sink does not accept. */
static int check_kinds(const struct conf_sink *sink, const char *prefix, struct conf_error *err)
{
	struct conf_sink is_stdout;
	int rc = 0;

	if (conf_table_init(&conf_table_sink, &is_stdout) < 0)
		return conf_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < CONF_SINK_KEYS && rc == 0; i++) {
		const struct conf_key *key = &conf_sink_keys[i];
		if (!(key->kinds >> conf_sink_kind(sink) & 1) &&
			!conf_kind_of(key)->equal(
				conf_field_const(key, sink), conf_field_const(key, &is_stdout)))
			rc = conf_fail(err, -EINVAL, "%s%s: a sink of type %s has no such key",
				prefix, key->path, conf_choice_word(sink->type));
	}
	conf_table_free(&conf_table_sink, &is_stdout);
	return rc;
}

/* Reads one object into a sink that owns nothing; after an error it still owns nothing. */
static int read_sink(
	const char *prefix, const cJSON *json, struct conf_sink *sink, struct conf_error *err)
{
	const struct conf_table table = {
		conf_sink_keys, CONF_SINK_KEYS, sizeof(struct conf_sink), prefix};

	if (conf_table_init(&table, sink) < 0)
		return conf_fail(err, -ENOMEM, "out of memory");
	int rc = conf_table_load(&table, sink, json, err);
	if (rc == 0 && !has_type(json)) {
		struct text t = text_of(err->text, sizeof(err->text) - 1);
		text_format(&t, "%stype: is missing, expected ", prefix);
		conf_kind_enum.expects(&t, &conf_sink_keys[CONF_SINK_KEY_type]);
		*t.at = '\0';
		rc = -EINVAL;
	}
	if (rc == 0)
		rc = check_kinds(sink, prefix, err);
	if (rc == 0 && sink->name[strspn(sink->name, NAME_CHARACTERS)])
		rc = conf_fail(err, -EINVAL,
			"%sname: \"%s\" has other characters than letters, digits, dot, dash and "
			"underscore",
			prefix, sink->name);
	if (rc < 0)
		conf_table_free(&table, sink);
	return rc;
}

static int sinks_read(
	const struct conf_key *key, const cJSON *json, void *field, struct conf_error *err)
{
	struct conf_sinks list = {NULL, 0};
	int n = cJSON_GetArraySize(json), rc = 0;

	if (!cJSON_IsArray(json))
		return conf_fail_value(err, key, "got %s", conf_type_name(json));
	if ((uint64_t)n > key->max)
		return conf_fail_value(err, key, "the list has %d entries", n);
	if (sinks_reserve(&list, (size_t)n) < 0)
		return conf_fail(err, -ENOMEM, "out of memory");
	for (const cJSON *item = json->child; item && rc == 0; item = item->next) {
		char prefix[96];
		if (!cJSON_IsObject(item)) {
			rc = conf_fail(err, -EINVAL, "%s[%zu]: got %s, expected an object",
				key->path, list.count, conf_type_name(item));
			break;
		}
		snprintf(prefix, sizeof(prefix), "%s[%zu].", key->path, list.count);
		rc = read_sink(prefix, item, &list.at[list.count], err);
		list.count += rc == 0;
	}
	if (rc < 0) {
		conf_sinks_free(&list);
		return rc;
	}
	sinks_free(field);
	*(struct conf_sinks *)field = list;
	return 0;
}

/* Returns the length of a value: up to the comma outside of its JSON string, list or object. */
static size_t value_length(const char *p)
{
	size_t n = 0;
	bool quoted = false;
	int depth = 0;
	bool json = p[0] == '"' || p[0] == '[' || p[0] == '{';

	for (; p[n] && (quoted || depth || p[n] != ','); n++) {
		if (!json)
			continue;
		if (quoted && p[n] == '\\' && p[n + 1])
			n++;
		else if (p[n] == '"')
			quoted = !quoted;
		else if (!quoted)
			depth += (p[n] == '[' || p[n] == '{') - (p[n] == ']' || p[n] == '}');
	}
	return n;
}

/* Returns the key of type PAIRS of which `path` is a member, "kafka.properties.linger.ms", or NULL.
 */
static const struct conf_key *pairs_of(const char *path)
{
	for (size_t i = 0; i < CONF_SINK_KEYS; i++) {
		const struct conf_key *key = &conf_sink_keys[i];
		size_t n = strlen(key->path);
		if (key->type == CONF_PAIRS && strncmp(key->path, path, n) == 0 && path[n] == '.')
			return key;
	}
	return NULL;
}

/*
 * Adds the member of a dotted path and the sections above it. `last`: the beginning of its own
 * name, in which dots are literal. Takes ownership of the value. Returns 0 or -ENOMEM.
 */
static int add_member(cJSON *object, char *path, const char *last, cJSON *value)
{
	for (char *dot; path < last && (dot = strchr(path, '.')); path = dot + 1) {
		*dot = '\0';
		cJSON *section = cJSON_GetObjectItemCaseSensitive(object, path);
		if (!section)
			section = cJSON_AddObjectToObject(object, path);
		if (!cJSON_IsObject(section))
			break;
		object = section;
	}
	if (cJSON_AddItemToObject(object, path, value))
		return 0;
	cJSON_Delete(value);
	return -ENOMEM;
}

/* Parses the first n octets, a key=value. sinks_read() reports an unknown key. */
static int parse_pair(const char *p, size_t n, cJSON *object, struct conf_fault *fault)
{
	char *pair = strndup(p, n);
	char *equals = pair ? strchr(pair, '=') : NULL;
	cJSON *value = NULL;
	int rc;

	if (!equals) {
		snprintf(fault->what, sizeof(fault->what), "key=value is expected, or JSON");
		free(pair);
		return pair ? -EINVAL : -ENOMEM;
	}
	*equals = '\0';
	const struct conf_key *key = conf_table_find(&conf_table_sink, pair);
	const struct conf_key *pairs = pairs_of(pair);
	const char *last = pairs ? pair + strlen(pairs->path) + 1 : equals;
	rc = (key ? conf_kind_of(key)->parse : conf_parse_word)(equals + 1, &value, fault);
	if (rc == -EINVAL && equals[1] != '[' && equals[1] != '{' && equals[1] != '"')
		rc = conf_parse_word(
			equals + 1, &value, fault); /* so that a wrong type is reported */
	if (rc == 0)
		rc = add_member(object, pair, last, value);
	free(pair);
	return rc;
}

/* Parses JSON, if the text begins with a bracket or brace, else the pairs of one sink. */
static int sinks_parse(const char *text, cJSON **json, struct conf_fault *fault)
{
	int rc = 0;
	cJSON *one = NULL;

	*fault = (struct conf_fault){.line = 1, .column = 1};
	if (text[0] == '[')
		return conf_parse_json(text, json, fault);
	*json = cJSON_CreateArray();
	if (!*json)
		return -ENOMEM;
	if (text[0] == '\0')
		return 0;
	if (text[0] == '{')
		rc = conf_parse_json(text, &one, fault);
	else
		one = cJSON_CreateObject();
	if (rc == 0 && (!one || !cJSON_AddItemToArray(*json, one)))
		rc = -ENOMEM;
	for (const char *p = text[0] == '{' ? NULL : text; p && rc == 0;) {
		size_t key = strcspn(p, "=,");
		size_t n = p[key] == '=' ? key + 1 + value_length(p + key + 1) : key;
		fault->column = (size_t)(p - text) + 1;
		rc = parse_pair(p, n, one, fault);
		p = p[n] ? p + n + 1 : NULL;
	}
	if (rc < 0)
		cJSON_Delete(*json);
	return rc;
}

static bool sinks_equal(const void *a, const void *b)
{
	const struct conf_sinks *x = a, *y = b;

	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (!conf_table_equal(&conf_table_sink, &x->at[i], &y->at[i]))
			return false;
	return true;
}

static void sinks_write(FILE *out, const void *field)
{
	const struct conf_sinks *list = field;

	putc('[', out);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", out);
		conf_table_write(
			&conf_table_sink, &list->at[i], 1, 1u << conf_sink_kind(&list->at[i]), out);
	}
	putc(']', out);
}

static void sinks_expects(struct text *t, const struct conf_key *key)
{
	text_format(t, "a list of at most %" PRIu64 " objects, or key=value,... of one", key->max);
}

const struct conf_kind conf_kind_sinks = {
	.read = sinks_read,
	.parse = sinks_parse,
	.free = sinks_free,
	.copy = sinks_copy,
	.equal = sinks_equal,
	.write = sinks_write,
	.expects = sinks_expects,
};

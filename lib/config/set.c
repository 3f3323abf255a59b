/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration from single values: --set, flags, environment. */
#include "config/conf_inner.h"

#include <errno.h>
#include <stdlib.h>

#define ENV_PREFIX "DNSLOUPE_"
#define ENV_FILE "DNSLOUPE_CONFIG="

static int set_from_text(
	struct conf *conf, const struct conf_key *key, const char *text, struct conf_error *err)
{
	const struct conf_kind *kind = conf_kind_of(key);
	struct conf_fault fault;
	cJSON *json;
	int rc = kind->parse(text, &json, &fault);

	if (rc == -ENOMEM)
		return conf_fail(err, rc, "out of memory");
	if (rc < 0) {
		struct conf_excerpt shown = conf_excerpt(text, 60);
		/* A column helps only if the text is meant to be JSON. */
		if (text[0] != '[' && text[0] != '"')
			return conf_fail_value(err, key, "got \"%s\"", shown.text);
		return conf_fail_value(
			err, key, "got %s (column %zu: %s)", shown.text, fault.column, fault.what);
	}
	rc = kind->read(key, json, conf_field(key, conf), err);
	cJSON_Delete(json);
	return rc;
}

int conf_set_key(struct conf *conf, const char *path, const char *value, struct conf_error *err)
{
	const struct conf_key *key = conf_find(path);

	if (!key) {
		struct conf_nearest nearest = {.word = path};
		conf_nearest_keys(&conf_table_all, &nearest, false);
		return conf_fail_unknown(err, "key", "", &nearest);
	}
	return set_from_text(conf, key, value, err);
}

int conf_set(struct conf *conf, const char *assignment, struct conf_error *err)
{
	const char *equals = strchr(assignment, '=');

	if (!equals) {
		struct conf_excerpt shown = conf_excerpt(assignment, 120);
		return conf_fail(err, -EINVAL, "\"%s\" has no '=', expected KEY=VALUE", shown.text);
	}
	char *path = strndup(assignment, (size_t)(equals - assignment));
	if (!path)
		return conf_fail(err, -ENOMEM, "out of memory");
	int rc = conf_set_key(conf, path, equals + 1, err);
	free(path);
	return rc;
}

/* Returns the words of a list and one more as JSON, or NULL without memory. */
static cJSON *list_with(const struct conf_strings *list, const char *word)
{
	cJSON *json = cJSON_CreateArray();
	bool ok = json != NULL;

	for (size_t i = 0; i <= list->count && ok; i++)
		ok = cJSON_AddItemToArray(
			json, cJSON_CreateString(i < list->count ? list->at[i] : word));
	if (ok)
		return json;
	cJSON_Delete(json);
	return NULL;
}

/* Appends the sinks of a flag. All are read as one list, so that errors have the right index. */
static int append_sinks(
	struct conf *conf, const struct conf_key *key, const char *word, struct conf_error *err)
{
	const struct conf_kind *kind = conf_kind_of(key);
	char *before = NULL, *all = NULL;
	size_t n;
	struct conf_fault fault;
	cJSON *more = NULL;
	FILE *out = open_memstream(&before, &n);
	int rc = out ? 0 : -ENOMEM;

	if (out) {
		kind->write(out, conf_field(key, conf));
		rc = fclose(out) == 0 ? 0 : -ENOMEM;
	}
	if (rc == 0)
		rc = kind->parse(word, &more, &fault);
	if (rc == -EINVAL) {
		free(before);
		return set_from_text(conf, key, word, err); /* reports the fault */
	}
	char *added = more ? cJSON_PrintUnformatted(more) : NULL;
	cJSON_Delete(more);
	if (rc == 0 && added && added[0] == '[' && added[1] != ']' && before[1] != ']' &&
		asprintf(&all, "%.*s,%s", (int)n - 1, before, added + 1) < 0)
		all = NULL;
	if (rc == 0 && added)
		rc = set_from_text(conf, key, all ? all : added, err);
	else
		rc = conf_fail(err, -ENOMEM, "out of memory");
	cJSON_free(added);
	free(before);
	free(all);
	return rc;
}

int conf_set_flag(struct conf *conf, const struct conf_key *key, const char *word, bool more,
	struct conf_error *err)
{
	static const struct conf_strings none;
	cJSON *json;

	if (key->type == CONF_STRINGS)
		json = list_with(more ? conf_field(key, conf) : &none, word);
	else if (key->type == CONF_STRING)
		json = cJSON_CreateString(word);
	else if (key->type == CONF_SINKS && more)
		return append_sinks(conf, key, word, err);
	else
		return set_from_text(conf, key, word, err);
	if (!json)
		return conf_fail(err, -ENOMEM, "out of memory");
	int rc = conf_kind_of(key)->read(key, json, conf_field(key, conf), err);
	cJSON_Delete(json);
	return rc;
}

/* Sets the key of one NAME=value that begins with the prefix. */
static int load_variable(struct conf *conf, const char *variable, struct conf_error *err)
{
	struct conf_nearest nearest = {0};
	char name[CONF_ENV_MAX];
	size_t n = strcspn(variable, "=");

	for (size_t i = 0; i < CONF_KEYS; i++) {
		conf_env_name(&conf_keys[i], name);
		if (strlen(name) != n || strncmp(variable, name, n) != 0)
			continue;
		int rc = set_from_text(conf, &conf_keys[i], variable + n + 1, err);
		if (rc < 0)
			conf_error_add_source(err, name);
		return rc;
	}
	char *word = strndup(variable, n);
	if (!word)
		return conf_fail(err, -ENOMEM, "out of memory");
	/* With the common prefix all names would be similar. */
	nearest.word = word + sizeof(ENV_PREFIX) - 1;
	for (size_t i = 0; i < CONF_KEYS; i++) {
		conf_env_name(&conf_keys[i], name);
		conf_nearest_add(&nearest, name + sizeof(ENV_PREFIX) - 1);
	}
	struct conf_excerpt shown = conf_excerpt(word, 120);
	free(word);
	if (nearest.name[0])
		return conf_fail(err, -EINVAL,
			"unknown environment variable %s (did you mean " ENV_PREFIX "%s?)",
			shown.text, nearest.name);
	return conf_fail(err, -EINVAL, "unknown environment variable %s", shown.text);
}

const char *conf_env_file(char *const *environ)
{
	for (; environ && *environ; environ++)
		if (strncmp(*environ, ENV_FILE, sizeof(ENV_FILE) - 1) == 0)
			return *environ + sizeof(ENV_FILE) - 1;
	return NULL;
}

static bool is_setting(const char *variable)
{
	return strncmp(variable, ENV_PREFIX, sizeof(ENV_PREFIX) - 1) == 0 &&
	       strncmp(variable, ENV_FILE, sizeof(ENV_FILE) - 1) != 0 && strchr(variable, '=');
}

int conf_load_env(struct conf *conf, char *const *environ, struct conf_error *err)
{
	struct conf next;
	int rc = 0;

	if (conf_copy(&next, conf) < 0)
		return conf_fail(err, -ENOMEM, "out of memory");
	for (; environ && *environ && rc == 0; environ++)
		if (is_setting(*environ))
			rc = load_variable(&next, *environ, err);
	if (rc < 0) {
		conf_free(&next);
		return rc;
	}
	conf_free(conf);
	*conf = next;
	return 0;
}

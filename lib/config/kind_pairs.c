/* SPDX-License-Identifier: BSD-3-Clause */
/* The type PAIRS: an object of strings whose names are not ours. */
#include "config/conf_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define NAME_MAX_OCTETS 255
#define VALUE_MAX_OCTETS 4095

static void pairs_free(void *field)
{
	struct conf_pairs *list = field;

	for (size_t i = 0; i < list->count; i++) {
		free(list->at[i].name);
		free(list->at[i].value);
	}
	free(list->at);
	*list = (struct conf_pairs){NULL, 0};
}

static int pairs_reserve(struct conf_pairs *list, size_t n)
{
	*list = (struct conf_pairs){calloc(n + 1, sizeof(*list->at)), 0};
	return list->at ? 0 : -ENOMEM;
}

/* Appends copies to a list with enough capacity. Returns 0 or -ENOMEM. */
static int pairs_append(struct conf_pairs *list, const char *name, const char *value)
{
	struct conf_pair *pair = &list->at[list->count++];

	pair->name = strdup(name);
	pair->value = strdup(value);
	return pair->name && pair->value ? 0 : -ENOMEM;
}

static int pairs_copy(void *to, const void *from)
{
	const struct conf_pairs *list = from;
	int rc = pairs_reserve(to, list->count);

	for (size_t i = 0; i < list->count && rc == 0; i++)
		rc = pairs_append(to, list->at[i].name, list->at[i].value);
	if (rc < 0)
		pairs_free(to);
	return rc;
}

static bool has_name(const struct conf_pairs *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->at[i].name, name) == 0)
			return true;
	return false;
}

/* Reads one member, unless it is a comment. Returns 0, -EINVAL or -ENOMEM. */
static int read_pair(const struct conf_key *key, const cJSON *member, struct conf_pairs *list,
	struct conf_error *err)
{
	struct conf_excerpt shown = conf_excerpt(member->string, 120);
	char where[sizeof(shown.text) + 4];

	snprintf(where, sizeof(where), "\"%s\" ", shown.text);
	int rc = conf_check_string(key, where, member, 0, VALUE_MAX_OCTETS, err);
	if (rc < 0 || strcmp(member->string, "//") == 0)
		return rc;
	if (conf_utf8(member->string, strlen(member->string)) < strlen(member->string))
		return conf_fail_value(err, key, "the name %sis not UTF-8", where);
	if (!member->string[0])
		return conf_fail_value(err, key, "a name is empty");
	if (strlen(member->string) > NAME_MAX_OCTETS)
		return conf_fail_value(err, key, "the name %sis too long", where);
	if (has_name(list, member->string))
		return conf_fail_value(err, key, "%sis given twice", where);
	if (list->count == key->max)
		return conf_fail_value(err, key, "there are more");
	if (pairs_append(list, member->string, member->valuestring) < 0)
		return conf_fail(err, -ENOMEM, "out of memory");
	return 0;
}

static int pairs_read(
	const struct conf_key *key, const cJSON *json, void *field, struct conf_error *err)
{
	struct conf_pairs list;
	int rc = 0;

	if (!cJSON_IsObject(json))
		return conf_fail_value(err, key, "got %s", conf_type_name(json));
	if (pairs_reserve(&list, key->max) < 0)
		return conf_fail(err, -ENOMEM, "out of memory");
	for (const cJSON *m = json->child; m && rc == 0; m = m->next)
		rc = read_pair(key, m, &list, err);
	if (rc == 0 && list.count < key->min)
		rc = conf_fail_value(err, key, "there are fewer");
	if (rc < 0) {
		pairs_free(&list);
		return rc;
	}
	pairs_free(field);
	*(struct conf_pairs *)field = list;
	return 0;
}

int conf_pairs_add(struct conf_pairs *list, const char *name, const char *value)
{
	struct conf_pair *at = realloc(list->at, (list->count + 2) * sizeof(*at));

	if (!at)
		return -ENOMEM;
	list->at = at;
	return pairs_append(list, name, value);
}

static bool pairs_equal(const void *a, const void *b)
{
	const struct conf_pairs *x = a, *y = b;

	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (strcmp(x->at[i].name, y->at[i].name) != 0 ||
			strcmp(x->at[i].value, y->at[i].value) != 0)
			return false;
	return true;
}

/* Returns true if a property's name says that its value is secret (sasl.password, ssl.key.pem). */
static bool is_secret(const char *name)
{
	static const char *const words[] = {
		"password", "secret", "ssl.key.pem", "oauthbearer.config", "token", "passphrase"};
	for (size_t i = 0; i < BITS_COUNT(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

static void pairs_write(FILE *out, const void *field)
{
	const struct conf_pairs *list = field;

	putc('{', out);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", out);
		conf_write_string(out, list->at[i].name);
		fputs(": ", out);
		conf_write_string(
			out, is_secret(list->at[i].name) ? CONF_HIDDEN : list->at[i].value);
	}
	putc('}', out);
}

static void pairs_expects(struct text *t, const struct conf_key *key)
{
	text_format(t,
		"an object of at most %" PRIu64 " strings of at most %d octets, each by its name",
		key->max, VALUE_MAX_OCTETS);
}

const struct conf_kind conf_kind_pairs = {
	.read = pairs_read,
	.parse = conf_parse_json,
	.free = pairs_free,
	.copy = pairs_copy,
	.equal = pairs_equal,
	.write = pairs_write,
	.expects = pairs_expects,
};

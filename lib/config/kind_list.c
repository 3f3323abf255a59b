/* SPDX-License-Identifier: BSD-3-Clause */
/* The types of keys that hold a list. */
#include "config/conf_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define ENTRY_MAX 4095 /* octets of one string of a list */

/* "entry 2: ", counted from 1. */
struct where {
	char text[40];
};

static struct where entry(size_t i)
{
	struct where w;

	snprintf(w.text, sizeof(w.text), "entry %zu: ", i + 1);
	return w;
}

int conf_check_list(
	const struct conf_key *key, const cJSON *json, size_t *count, struct conf_error *err)
{
	if (!cJSON_IsArray(json))
		return conf_fail_value(err, key, "got %s", conf_type_name(json));
	size_t n = 0;
	for (const cJSON *item = json->child; item; item = item->next)
		n++;
	if (n < key->min)
		return conf_fail_value(err, key, "the list is %s", n ? "too short" : "empty");
	if (n > key->max)
		return conf_fail_value(err, key, "the list has %zu entries", n);
	*count = n;
	return 0;
}

/* STRINGS */

static void strings_free(void *field)
{
	struct conf_strings *list = field;

	for (size_t i = 0; i < list->count; i++)
		free(list->at[i]);
	free(list->at);
	*list = (struct conf_strings){NULL, 0};
}

/* Appends a copy to a list with enough capacity. Returns 0 or -ENOMEM. */
static int strings_append(struct conf_strings *list, const char *s)
{
	list->at[list->count] = strdup(s);
	if (!list->at[list->count])
		return -ENOMEM;
	list->count++;
	return 0;
}

/* Makes an empty list with capacity for n. Returns 0 or -ENOMEM. */
static int strings_reserve(struct conf_strings *list, size_t n)
{
	*list = (struct conf_strings){calloc(n + !n, sizeof(*list->at)), 0};
	return list->at ? 0 : -ENOMEM;
}

static int strings_copy(void *to, const void *from)
{
	const struct conf_strings *list = from;
	int rc = strings_reserve(to, list->count);

	for (size_t i = 0; i < list->count && rc == 0; i++)
		rc = strings_append(to, list->at[i]);
	if (rc < 0)
		strings_free(to);
	return rc;
}

static int strings_read(
	const struct conf_key *key, const cJSON *json, void *field, struct conf_error *err)
{
	struct conf_strings list = {0};
	size_t count = 0, i = 0;
	int rc = conf_check_list(key, json, &count, err);

	if (rc < 0)
		return rc;
	if (strings_reserve(&list, count) < 0)
		return conf_fail(err, -ENOMEM, "out of memory");
	for (const cJSON *item = json->child; item && rc == 0; item = item->next) {
		rc = conf_check_string(key, entry(i++).text, item, 1, ENTRY_MAX, err);
		if (rc == 0 && strings_append(&list, item->valuestring) < 0)
			rc = conf_fail(err, -ENOMEM, "out of memory");
	}
	if (rc < 0) {
		strings_free(&list);
		return rc;
	}
	strings_free(field);
	*(struct conf_strings *)field = list;
	return 0;
}

/* Parses words separated by commas, none of an empty text; or JSON if it begins with a bracket. */
static int strings_parse(const char *text, cJSON **json, struct conf_fault *fault)
{
	if (text[0] == '[')
		return conf_parse_json(text, json, fault);
	*json = cJSON_CreateArray();
	if (!*json)
		return -ENOMEM;
	/* A word follows every comma; strings_read() rejects an empty one. */
	for (const char *p = *text ? text : NULL; p;) {
		size_t n = strcspn(p, ",");
		char *word = strndup(p, n);
		cJSON *item = word ? cJSON_CreateString(word) : NULL;
		free(word);
		if (!item) {
			cJSON_Delete(*json);
			return -ENOMEM;
		}
		cJSON_AddItemToArray(*json, item);
		p = p[n] ? p + n + 1 : NULL;
	}
	return 0;
}

static bool strings_equal(const void *a, const void *b)
{
	const struct conf_strings *x = a, *y = b;

	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (strcmp(x->at[i], y->at[i]) != 0)
			return false;
	return true;
}

static void strings_write(FILE *out, const void *field)
{
	const struct conf_strings *list = field;

	putc('[', out);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", out);
		conf_write_string(out, list->at[i]);
	}
	putc(']', out);
}

static void strings_expects(struct text *t, const struct conf_key *key)
{
	text_lit(t, "a list of ");
	if (key->min)
		text_format(t, "%" PRIu64 " to ", key->min);
	else
		text_lit(t, "at most ");
	text_format(t, "%" PRIu64 " strings, each of 1 to %d octets", key->max, ENTRY_MAX);
}

const struct conf_kind conf_kind_strings = {
	.read = strings_read,
	.parse = strings_parse,
	.free = strings_free,
	.copy = strings_copy,
	.equal = strings_equal,
	.write = strings_write,
	.expects = strings_expects,
};

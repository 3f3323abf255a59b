/* SPDX-License-Identifier: BSD-3-Clause */
/* The types of keys that hold one value. */
#include "config/conf_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

const char *conf_type_name(const cJSON *json)
{
	if (cJSON_IsBool(json))
		return "a truth value";
	if (cJSON_IsNumber(json))
		return "a number";
	if (cJSON_IsString(json))
		return "a string";
	if (cJSON_IsArray(json))
		return "a list";
	return cJSON_IsObject(json) ? "an object" : "null";
}

static int fail_type(const struct conf_key *key, const cJSON *json, struct conf_error *err)
{
	return conf_fail_value(err, key, "got %s", conf_type_name(json));
}

int conf_parse_json(const char *text, cJSON **json, struct conf_fault *fault)
{
	return conf_json(text, strlen(text), json, fault);
}

int conf_parse_word(const char *text, cJSON **json, struct conf_fault *fault)
{
	if (text[0] == '"')
		return conf_parse_json(text, json, fault);
	*json = cJSON_CreateString(text);
	return *json ? 0 : -ENOMEM;
}

/* BOOL */

static int bool_read(
	const struct conf_key *key, const cJSON *json, void *field, struct conf_error *err)
{
	if (!cJSON_IsBool(json))
		return fail_type(key, json, err);
	*(bool *)field = cJSON_IsTrue(json);
	return 0;
}

static int bool_copy(void *to, const void *from)
{
	*(bool *)to = *(const bool *)from;
	return 0;
}

static bool bool_equal(const void *a, const void *b)
{
	return *(const bool *)a == *(const bool *)b;
}

static void bool_write(FILE *out, const void *field)
{
	fputs(*(const bool *)field ? "true" : "false", out);
}

static void bool_expects(struct text *t, const struct conf_key *key)
{
	(void)key;
	text_lit(t, "true or false");
}

const struct conf_kind conf_kind_bool = {
	.read = bool_read,
	.parse = conf_parse_json,
	.copy = bool_copy,
	.equal = bool_equal,
	.write = bool_write,
	.expects = bool_expects,
};

/* NUMBER */

int conf_check_number(const struct conf_key *key, const char *where, const cJSON *json,
	uint64_t min, uint64_t max, uint64_t *value, struct conf_error *err)
{
	double v = json->valuedouble;

	if (!cJSON_IsNumber(json))
		return conf_fail_value(err, key, "%sgot %s", where, conf_type_name(json));
	if (floor(v) != v)
		return conf_fail_value(err, key, "%s%.15g is not a whole number", where, v);
	if (v < (double)min || v > (double)max)
		return conf_fail_value(err, key, "%s%.15g is out of range", where, v);
	*value = (uint64_t)v;
	return 0;
}

static int number_read(
	const struct conf_key *key, const cJSON *json, void *field, struct conf_error *err)
{
	return conf_check_number(key, "", json, key->min, key->max, field, err);
}

static int number_copy(void *to, const void *from)
{
	*(uint64_t *)to = *(const uint64_t *)from;
	return 0;
}

static bool number_equal(const void *a, const void *b)
{
	return *(const uint64_t *)a == *(const uint64_t *)b;
}

static void number_write(FILE *out, const void *field)
{
	fprintf(out, "%" PRIu64, *(const uint64_t *)field);
}

static void number_expects(struct text *t, const struct conf_key *key)
{
	text_format(t, "a whole number from %" PRIu64 " to %" PRIu64, key->min, key->max);
}

const struct conf_kind conf_kind_number = {
	.read = number_read,
	.parse = conf_parse_json,
	.copy = number_copy,
	.equal = number_equal,
	.write = number_write,
	.expects = number_expects,
};

/* ENUM */

static int enum_read(
	const struct conf_key *key, const cJSON *json, void *field, struct conf_error *err)
{
	enum conf_choice first;
	size_t count = conf_choices_of(key, &first);

	if (!cJSON_IsString(json))
		return fail_type(key, json, err);
	for (size_t i = 0; i < count; i++) {
		enum conf_choice choice = (enum conf_choice)(first + i);
		if (strcmp(conf_choice_word(choice), json->valuestring) == 0) {
			*(enum conf_choice *)field = choice;
			return 0;
		}
	}
	struct conf_excerpt shown = conf_excerpt(json->valuestring, 60);
	return conf_fail_value(err, key, "unknown word \"%s\"", shown.text);
}

static int enum_copy(void *to, const void *from)
{
	*(enum conf_choice *)to = *(const enum conf_choice *)from;
	return 0;
}

static bool enum_equal(const void *a, const void *b)
{
	return *(const enum conf_choice *)a == *(const enum conf_choice *)b;
}

static void enum_write(FILE *out, const void *field)
{
	fprintf(out, "\"%s\"", conf_choice_word(*(const enum conf_choice *)field));
}

static void enum_expects(struct text *t, const struct conf_key *key)
{
	enum conf_choice first;
	size_t count = conf_choices_of(key, &first);

	for (size_t i = 0; i < count; i++) {
		text_str(t, i ? ", " : "one of ");
		text_str(t, conf_choice_word((enum conf_choice)(first + i)));
	}
}

const struct conf_kind conf_kind_enum = {
	.read = enum_read,
	.parse = conf_parse_word,
	.copy = enum_copy,
	.equal = enum_equal,
	.write = enum_write,
	.expects = enum_expects,
};

/* STRING */

int conf_check_string(const struct conf_key *key, const char *where, const cJSON *json,
	uint64_t min, uint64_t max, struct conf_error *err)
{
	if (!cJSON_IsString(json))
		return conf_fail_value(err, key, "%sgot %s", where, conf_type_name(json));
	size_t n = strlen(json->valuestring), valid = conf_utf8(json->valuestring, n);
	if (valid < n)
		return conf_fail_value(err, key, "%soctet %zu is not UTF-8", where, valid + 1);
	if (n < min)
		return conf_fail_value(err, key, "%sis %s", where, n ? "too short" : "empty");
	if (n > max)
		return conf_fail_value(err, key, "%sis %zu octets long", where, n);
	return 0;
}

static void string_free(void *field)
{
	free(*(char **)field);
	*(char **)field = NULL;
}

static int string_copy(void *to, const void *from)
{
	char *copy = strdup(*(char *const *)from);

	*(char **)to = copy;
	return copy ? 0 : -ENOMEM;
}

static int string_read(
	const struct conf_key *key, const cJSON *json, void *field, struct conf_error *err)
{
	char *copy;
	int rc = conf_check_string(key, "", json, key->min, key->max, err);

	if (rc < 0)
		return rc;
	if (string_copy(&copy, &json->valuestring) < 0)
		return conf_fail(err, -ENOMEM, "out of memory");
	string_free(field);
	*(char **)field = copy;
	return 0;
}

static bool string_equal(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b) == 0;
}

void conf_write_string(FILE *out, const char *s)
{
	putc('"', out);
	for (const char *p = s; *p; p++)
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if ((uint8_t)*p < 0x20 || *p == 0x7f)
			fprintf(out, "\\u%04x", (unsigned)*p);
		else
			putc(*p, out);
	putc('"', out);
}

static void string_write(FILE *out, const void *field)
{
	conf_write_string(out, *(char *const *)field);
}

static void string_expects(struct text *t, const struct conf_key *key)
{
	if (key->min)
		text_format(t, "a string of %" PRIu64 " to %" PRIu64 " octets", key->min, key->max);
	else
		text_format(t, "a string of at most %" PRIu64 " octets", key->max);
}

const struct conf_kind conf_kind_string = {
	.read = string_read,
	.parse = conf_parse_word,
	.free = string_free,
	.copy = string_copy,
	.equal = string_equal,
	.write = string_write,
	.expects = string_expects,
};

/* SECRET: a STRING that is not printed. */

static void secret_write(FILE *out, const void *field)
{
	conf_write_string(out, **(char *const *)field ? CONF_HIDDEN : "");
}

const struct conf_kind conf_kind_secret = {
	.read = string_read,
	.parse = conf_parse_word,
	.free = string_free,
	.copy = string_copy,
	.equal = string_equal,
	.write = secret_write,
	.expects = string_expects,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* The operations on all fields of a table of keys, and the conversion from and to JSON. */
#include "config/conf_inner.h"

#include <errno.h>
#include <stdlib.h>

const struct conf_key *conf_table_find(const struct conf_table *table, const char *path)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->keys[i].path, path) == 0)
			return &table->keys[i];
	return NULL;
}

/* Sets a field that owns nothing yet to its default. Fails only without memory, as a test parses
 * every default. */
static int init_field(const struct conf_key *key, void *field)
{
	struct conf_fault fault;
	struct conf_error err;
	cJSON *json;
	int rc = conf_kind_of(key)->parse(key->initial, &json, &fault);

	if (rc < 0)
		return -ENOMEM;
	rc = conf_kind_of(key)->read(key, json, field, &err);
	cJSON_Delete(json);
	return rc < 0 ? -ENOMEM : 0;
}

int conf_table_init(const struct conf_table *table, void *fields)
{
	memset(fields, 0, table->size);
	for (size_t i = 0; i < table->count; i++)
		if (init_field(&table->keys[i], conf_field(&table->keys[i], fields)) < 0) {
			conf_table_free(table, fields);
			return -ENOMEM;
		}
	return 0;
}

void conf_table_free(const struct conf_table *table, void *fields)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_kind *kind = conf_kind_of(&table->keys[i]);
		if (kind->free)
			kind->free(conf_field(&table->keys[i], fields));
	}
	memset(fields, 0, table->size);
}

int conf_table_copy(const struct conf_table *table, void *to, const void *from)
{
	memset(to, 0, table->size);
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_key *key = &table->keys[i];
		int rc = conf_kind_of(key)->copy(conf_field(key, to), conf_field_const(key, from));
		if (rc < 0) {
			conf_table_free(table, to);
			return rc;
		}
	}
	return 0;
}

bool conf_table_equal(const struct conf_table *table, const void *a, const void *b)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_key *key = &table->keys[i];
		if (!conf_kind_of(key)->equal(conf_field_const(key, a), conf_field_const(key, b)))
			return false;
	}
	return true;
}

/* Returns true if there is a key below "path.". */
static bool is_section(const struct conf_table *table, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < table->count; i++)
		if (strncmp(table->keys[i].path, path, n) == 0 && table->keys[i].path[n] == '.')
			return true;
	return false;
}

static int fail_unknown(const struct conf_table *table, const char *path, const cJSON *member,
	struct conf_error *err)
{
	struct conf_nearest nearest = {.word = path};

	if (conf_table_find(table, path))
		return conf_fail(err, -EINVAL,
			"unknown key \"%s%s\": write its dots as objects, {\"a\": {\"b\": ...}} "
			"for a.b",
			table->prefix, path);
	conf_nearest_keys(table, &nearest, cJSON_IsObject(member));
	return conf_fail_unknown(err, "key", table->prefix, &nearest);
}

/* Returns true if an earlier member has the same name. Only known names are checked, which bounds
 * the cost. */
static bool is_repeated(const cJSON *object, const cJSON *member)
{
	for (const cJSON *m = object->child; m != member; m = m->next)
		if (strcmp(m->string, member->string) == 0)
			return true;
	return false;
}

static int fail_comment(
	const struct conf_table *table, const char *section, const cJSON *m, struct conf_error *err)
{
	return conf_fail(err, -EINVAL, "%s%s//: got %s, expected a string: this is a comment",
		table->prefix, section, conf_type_name(m));
}

/* Loads one object; `section` is the prefix of its members' paths: "" or "txn.". */
static int load_object(const struct conf_table *table, void *fields, const cJSON *object,
	const char *section, struct conf_error *err)
{
	int rc = 0;

	for (const cJSON *m = object->child; m && rc == 0; m = m->next) {
		char path[256];
		if (strcmp(m->string, "//") == 0) {
			if (!cJSON_IsString(m))
				return fail_comment(table, section, m, err);
			continue;
		}
		snprintf(path, sizeof(path), "%s%s", section, m->string);
		bool dots = strchr(m->string, '.');
		const struct conf_key *key = dots ? NULL : conf_table_find(table, path);
		if (!key && (dots || !is_section(table, path)))
			return fail_unknown(table, path, m, err);
		if (is_repeated(object, m))
			return conf_fail(err, -EINVAL, "%s%s: is given twice", table->prefix, path);
		if (key) {
			rc = conf_kind_of(key)->read(key, m, conf_field(key, fields), err);
			if (rc < 0 && table->prefix[0])
				conf_error_add_prefix(err, rc, table->prefix);
			continue;
		}
		if (!cJSON_IsObject(m))
			return conf_fail(err, -EINVAL,
				"%s%s: got %s, expected an object: it is a section of keys",
				table->prefix, path, conf_type_name(m));
		strcat(path, "."); /* it is known, so it is short */
		rc = load_object(table, fields, m, path, err);
	}
	return rc;
}

int conf_table_load(
	const struct conf_table *table, void *fields, const cJSON *object, struct conf_error *err)
{
	return load_object(table, fields, object, "", err);
}

/* How many leading sections two paths share: 1 for txn.timeout_ms and txn.max_open. */
static size_t shared_sections(const char *a, const char *b)
{
	size_t shared = 0;

	for (; *a && *a == *b; a++, b++)
		shared += *a == '.';
	return shared;
}

static void indent(FILE *out, size_t depth)
{
	fputs("\n", out);
	for (size_t i = 0; i < depth; i++)
		fputs("  ", out);
}

/* Closes sections until `depth` are open below the object's own. */
static size_t close_sections(FILE *out, size_t base, size_t open, size_t depth)
{
	for (; open > depth; open--) {
		indent(out, base + open);
		putc('}', out);
	}
	return open;
}

void conf_table_write(
	const struct conf_table *table, const void *fields, size_t base, uint32_t kinds, FILE *out)
{
	const char *last = "";
	size_t depth = 0, count = 0; /* open sections, members written */

	putc('{', out);
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_key *key = &table->keys[i];
		const char *name = key->path, *dot;
		size_t shared = shared_sections(last, key->path);
		if (kinds && !(key->kinds & kinds))
			continue;
		depth = close_sections(out, base, depth, shared);
		fputs(count++ ? "," : "", out);
		for (; shared > 0; shared--)
			name = strchr(name, '.') + 1;
		for (; (dot = strchr(name, '.')); name = dot + 1) {
			indent(out, base + ++depth);
			fprintf(out, "\"%.*s\": {", (int)(dot - name), name);
		}
		indent(out, base + depth + 1);
		fprintf(out, "\"%s\": ", name);
		conf_kind_of(key)->write(out, conf_field_const(key, fields));
		last = key->path;
	}
	close_sections(out, base, depth, 0);
	indent(out, base);
	putc('}', out);
}

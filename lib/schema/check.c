/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules between a sink's schema, its fields and its encoding. */
#include "schema/kind.h"

#include "encode/encode.h"

#include <errno.h>
#include <stdio.h>

static bool has_key(const struct schema_kind *kind, const char *word)
{
	for (const char *const *key = kind->keys; *key; key++)
		if (strcmp(*key, word) == 0)
			return true;
	return false;
}

/* Refuses names that no document has: they would have no effect. */
static int check_fields(const struct schema_kind *kind, const char *path,
	const struct conf_strings *list, struct conf_error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		if (has_key(kind, list->at[i]))
			continue;
		snprintf(err->text, sizeof(err->text),
			"%s: \"%.100s\" is no member of the schema %s; doc/schemas.md lists them",
			path, list->at[i], kind->name);
		return -EINVAL;
	}
	return 0;
}

int schema_check(const struct conf_sink *conf, struct conf_error *err)
{
	const struct schema_kind *kind = schema_kind_of(conf->schema);
	bool all = conf->fields_include.count + conf->fields_exclude.count == 0;
	int rc = check_fields(kind, "fields.include", &conf->fields_include, err);

	if (rc == 0)
		rc = check_fields(kind, "fields.exclude", &conf->fields_exclude, err);
	if (rc == 0 && conf->encoding == CONF_ENCODING_AVRO &&
		(conf->schema != CONF_SCHEMA_GOPASSIVEDNS || !all)) {
		snprintf(err->text, sizeof(err->text),
			"encoding: avro is the form of the schema gopassivedns with all its "
			"members: set schema to gopassivedns, and no fields");
		rc = -EINVAL;
	}
	if (rc == 0 && conf->level[strspn(conf->level, SCHEMA_LEVEL)]) {
		snprintf(err->text, sizeof(err->text),
			"level: \"%s\" has more than letters and digits", conf->level);
		rc = -EINVAL;
	}
	return rc;
}

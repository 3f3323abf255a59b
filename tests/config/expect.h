/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the tests of the configuration. */
#ifndef TESTS_CONFIG_EXPECT_H
#define TESTS_CONFIG_EXPECT_H

#include "config/conf_inner.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdlib.h>

/* Expects a text; prints both texts where they differ. */
static inline void expect_text(const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fprintf(stderr, "\n  got:  %s\n  want: %s\n", got, want);
	CU_ASSERT_STRING_EQUAL(got, want);
}

/* Returns the conf as JSON, to free(). */
static inline char *expect_json(const struct conf *conf)
{
	char *json = NULL;
	size_t len;
	FILE *out = open_memstream(&json, &len);

	CU_ASSERT_EQUAL_FATAL(conf_write(conf, out), 0);
	fclose(out);
	return json;
}

/* Loads a text and expects the error `want`; NULL: success. */
static inline void expect_load(struct conf *conf, const char *json, const char *want)
{
	struct conf_error err = {""};
	int rc = conf_load_memory(conf, "t.json", json, strlen(json), &err);

	expect_text(err.text, want ? want : "");
	CU_ASSERT_EQUAL(rc, want ? -EINVAL : 0);
}

/* The same for one assignment "path=value". */
static inline void expect_set(struct conf *conf, const char *assignment, const char *want)
{
	struct conf_error err = {""};
	int rc = conf_set(conf, assignment, &err);

	expect_text(err.text, want ? want : "");
	CU_ASSERT_EQUAL(rc, want ? -EINVAL : 0);
}

#endif

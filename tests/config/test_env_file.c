/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of variables, compared with how systemd 252 parses the same lines (systemd.exec(5), and its
 * test-env-file.c for special cases). */
#include "config/conf.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void test_config_env_file(void);

static char path[] = "/tmp/test_env_file.XXXXXX";

static int set_up(void)
{
	int fd = mkstemp(path);
	return fd < 0 ? 1 : close(fd);
}

static int tear_down(void)
{
	return unlink(path);
}

static int read_text(const char *text, size_t n, struct conf_env *env, struct conf_error *err)
{
	FILE *f = fopen(path, "wb");
	CU_ASSERT_EQUAL(fwrite(text, 1, n, f), n);
	fclose(f);
	return conf_env_read(env, path, err);
}

static void forms(void)
{
	static const struct {
		const char *text, *variables[6];
	} rows[] = {{"", {NULL}}, {"a=b\nc=d", {"a=b", "c=d"}}, {"a=\n", {"a="}},
		{" a = b c \t\n", {"a=b c"}}, {"a=b\r\n", {"a=b"}},
		{"# a=b\n;c=d\n  # e=f\n\n\ng=#h\n", {"g=#h"}}, {"a=b # c\n", {"a=b # c"}},
		{"a=\"b c \"\n", {"a=b c "}}, {"a='b \"c\\'\n", {"a=b \"c\\"}},
		{"a=\"b \\\"c\\\" \\$d \\`e\\` \\\\ \\n\"\n", {"a=b \"c\" $d `e` \\ \\n"}},
		{"a='b'\"c\"d\n", {"a=bcd"}}, {"a='b' 'c'\n", {"a=bc"}}, {"a=b'c'\n", {"a=b'c'"}},
		{"a=b\"c\"\n", {"a=b\"c\""}}, {"a=b\\\nc\n", {"a=bc"}}, {"a=b\\ \\c\n", {"a=b c"}},
		{"a=\\#b\n", {"a=#b"}}, {"a=\"b\\\nc\nd\"\ne=f", {"a=bc\nd", "e=f"}},
		{"a='b\nc'\n", {"a=b\nc"}}, {"a='b", {"a=b"}}, {"a=\"b\\", {"a=b"}},
		{"a=\\", {"a="}}, {"# one \\\na=b\n", {"a=b"}},
		{"export a=b\nexporta=c\n", {"a=b", "exporta=c"}}, {"a==b=\n", {"a==b="}},
		{"a=\xc3\xa4\n", {"a=\xc3\xa4"}}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf_env env;
		struct conf_error err;
		CU_ASSERT_EQUAL_FATAL(read_text(rows[i].text, strlen(rows[i].text), &env, &err), 0);
		size_t n = 0;
		for (; rows[i].variables[n]; n++)
			if (n >= env.count || strcmp(env.list[n], rows[i].variables[n]) != 0) {
				fprintf(stderr, "\n%s: %s\n", rows[i].text,
					n < env.count ? env.list[n] : "nothing");
				CU_FAIL("variable");
			}
		CU_ASSERT(env.count == n && env.list[n] == NULL);
		conf_env_free(&env);
	}
}

static void wrong(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {{"a=b\nc\n", "line 2 is no NAME=value"}, {"=b\n", "line 1"},
		{"a='\n\n'\n\nnothing", "line 5"}, {"a=b\\\nc\n #\n x", "line 4"},
		{"export =x", "line 1"}};
	struct conf_env env;
	struct conf_error err;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(read_text(rows[i].text, strlen(rows[i].text), &env, &err), -EINVAL);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, rows[i].want));
		CU_ASSERT(env.count == 0 && !env.list);
	}
	CU_ASSERT_EQUAL(read_text("a=b\0c", 5, &env, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "zero octet"));
	CU_ASSERT_EQUAL(conf_env_read(&env, "/nowhere", &err), -ENOENT);
}

void test_config_env_file(void)
{
	CU_pSuite s = CU_add_suite("config/env_file", set_up, tear_down);
	CU_add_test(s, "forms", forms);
	CU_add_test(s, "errors", wrong);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules between keys. */
#include "expect.h"

void test_config_check(void);

static void check(const char *input, const char *output, const char *stats, const char *want)
{
	struct conf_error err = {""};
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "input.files", input, &err), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "output.file", output, &err), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "stats.file", stats, &err), 0);
	CU_ASSERT_EQUAL(conf_check(&c, &err), want[0] ? -EINVAL : 0);
	expect_text(err.text, want);
	conf_free(&c);
}

static void test_files(void)
{
	check("", "-", "", "");
	check("-", "-", "", "");
	check("-", "o", "-", "");
	check("a,b,-", "o", "s", "");
	check("a,a", "-", "s", "");
	check("a", "-", "-",
		"stats.file: is \"-\", but standard output holds the records already: set "
		"output.file to a file, or stats.file to another");
	check("a", "x", "x", "stats.file: is the same file as output.file, \"x\"");
	check("a,b", "b", "-", "output.file: would overwrite the capture in input.files, \"b\"");
	check("a,b", "-", "a", "stats.file: would overwrite the capture in input.files, \"a\"");
	check("-,a,-", "-", "",
		"input.files: has \"-\" 2 times, but standard input can be read only once");
}

void test_config_check(void)
{
	CU_pSuite s = CU_add_suite("config/check", NULL, NULL);

	CU_add_test(s, "files", test_files);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration and its keys, printed. */
#include "expect.h"

void test_config_list(void);

/* The JSON is readable: one key on each line, sections indented. */
static void test_write(void)
{
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_set(&c, "input.files=[\"a\\\"b\", \"c\\\\\\n\"]", NULL);
	expect_set(&c, "dns.ports=53,5353", NULL);
	expect_set(&c, "eal.log=true", NULL);
	char *json = expect_json(&c);
	CU_ASSERT_PTR_EQUAL(strstr(json, "{\n  \"input\": {\n    \"files\": "), json);
	CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"files\": [\"a\\\"b\", \"c\\\\\\u000a\"],\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(json, "\n  \"dns\": {\n    \"ports\": [53, 5353]\n  },\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(json, "\n  \"workers\": 0,\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(json, "\n    \"level\": \"normal\"\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(json, "\n    \"log\": true,\n"));
	CU_ASSERT_EQUAL(strcmp(json + strlen(json) - 4, "}\n}\n"), 0);
	free(json);
	expect_set(&c, "dns.ports=53,54,5300-5310,5302,any", NULL);
	CU_ASSERT(c.dns_ports.count == 14 && c.dns_ports.any);
	json = expect_json(&c);
	CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"ports\": [53, 54, \"5300-5310\", 5302, \"any\"]\n"));
	free(json);
	conf_free(&c);
}

/* A full disk is not success. */
static void test_write_fails(void)
{
	struct conf c;
	FILE *out = fopen("/dev/full", "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL(conf_write(&c, out), -ENOSPC);
	fclose(out);
	conf_free(&c);
}

/* Returns what a function prints, to free(). */
static char *text_from(void (*print)(FILE *out))
{
	char *s = NULL;
	size_t len;
	FILE *out = open_memstream(&s, &len);

	print(out);
	fclose(out);
	return s;
}

/* Each list names each key with its variable. */
static void test_lists(void)
{
	char *keys = text_from(conf_list_keys), *markdown = text_from(conf_list_markdown);
	char name[CONF_ENV_MAX], want[200];
	size_t lines = 0;

	for (size_t i = 0; i < CONF_KEYS; i++) {
		conf_env_name(&conf_keys[i], name);
		snprintf(want, sizeof(want), "\n%s ", conf_keys[i].path);
		CU_ASSERT_PTR_NOT_NULL(strstr(keys, want));
		snprintf(want, sizeof(want), "; %s\n", name);
		CU_ASSERT_PTR_NOT_NULL(strstr(keys, want));
		snprintf(want, sizeof(want), "\n| `%s` | ", conf_keys[i].path);
		CU_ASSERT_PTR_NOT_NULL(strstr(markdown, want));
		snprintf(want, sizeof(want), " | `%s` | ", name);
		CU_ASSERT_PTR_NOT_NULL(strstr(markdown, want));
	}
	for (size_t i = 0; i < CONF_SINK_KEYS; i++) {
		snprintf(want, sizeof(want), "\n%s ", conf_sink_keys[i].path);
		CU_ASSERT_PTR_NOT_NULL(strstr(keys, want));
		snprintf(want, sizeof(want), "\n| `%s` | ", conf_sink_keys[i].path);
		CU_ASSERT_PTR_NOT_NULL(strstr(markdown, want));
	}
	for (const char *p = markdown; (p = strchr(p, '\n')); p++)
		lines++;
	CU_ASSERT_EQUAL(lines, CONF_KEYS + 2 + 3 + CONF_SINK_KEYS + 2);
	CU_ASSERT_PTR_NOT_NULL(
		strstr(markdown, "| `txn.timeout_ms` | a whole number from 1 to 3600000 | `5000` | "
				 "`DNSLOUPE_TXN_TIMEOUT_MS` | `--timeout MS` | How long "));
	CU_ASSERT_PTR_NOT_NULL(strstr(keys, "one of quiet, normal, verbose; DNSLOUPE_LOG_LEVEL"));
	free(keys);
	free(markdown);
}

static void test_flags(void)
{
	char *flags = text_from(conf_list_flags);

	CU_ASSERT_PTR_NOT_NULL(strstr(flags, "  -w, --workers N       Worker threads."));
	CU_ASSERT_PTR_NOT_NULL(strstr(flags, "      --timeout MS      How long "));
	CU_ASSERT_PTR_NOT_NULL(strstr(flags, "(default 5000)\n"));
	for (const char *line = flags, *end; (end = strchr(line, '\n')); line = end + 1)
		CU_ASSERT(end - line <= 80);
	free(flags);
}

void test_config_list(void)
{
	CU_pSuite s = CU_add_suite("config/list", NULL, NULL);

	CU_add_test(s, "write", test_write);
	CU_add_test(s, "write to a full disk", test_write_fails);
	CU_add_test(s, "lists", test_lists);
	CU_add_test(s, "flags", test_flags);
}

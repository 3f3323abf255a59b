/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of keys: defaults, copies. */
#include "expect.h"

#include <inttypes.h>

void test_config_conf(void);

static void test_defaults(void)
{
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL(c.input_files.count, 0);
	CU_ASSERT_EQUAL_FATAL(c.dns_ports.count, 1);
	CU_ASSERT_EQUAL(c.dns_ports.at[0], 53);
	CU_ASSERT_EQUAL(c.workers, 0);
	expect_text(c.sensor, "");
	CU_ASSERT_EQUAL(c.txn_timeout_ms, 5000);
	CU_ASSERT_EQUAL(c.txn_max_open, 131072);
	CU_ASSERT_EQUAL(c.txn_reorder_ms, 1000);
	expect_text(c.output_file, "-");
	expect_text(c.stats_file, "");
	CU_ASSERT_EQUAL(c.log_level, CONF_LOG_NORMAL);
	CU_ASSERT_EQUAL(c.memory_record_mb, 16);
	CU_ASSERT_EQUAL(c.memory_mbufs, 0);
	CU_ASSERT_EQUAL(c.eal_hugepages, CONF_HUGEPAGES_AUTO);
	CU_ASSERT_FALSE(c.eal_log);
	expect_text(c.eal_args, "");
	conf_free(&c);
	conf_free(&c);
}

/* Each default is valid by its own row. */
static void test_every_default(void)
{
	struct conf_error err;
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	for (size_t i = 0; i < CONF_KEYS; i++) {
		int rc = conf_set_key(&c, conf_keys[i].path, conf_keys[i].initial, &err);
		CU_ASSERT_EQUAL(rc, 0);
	}
	conf_free(&c);
}

/* Paths and variables are unique; no path is a section of another; sections are contiguous. */
static void test_rows(void)
{
	char a[CONF_ENV_MAX], b[CONF_ENV_MAX];

	for (size_t i = 0; i < CONF_KEYS; i++) {
		const char *path = conf_keys[i].path;
		size_t n = strlen(path);
		conf_env_name(&conf_keys[i], a);
		CU_ASSERT_PTR_EQUAL(conf_find(path), &conf_keys[i]);
		CU_ASSERT_EQUAL(strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789_."), n);
		CU_ASSERT(strcmp(a, "DNSLOUPE_CONFIG") != 0);
		for (size_t k = 0; k < CONF_KEYS; k++) {
			conf_env_name(&conf_keys[k], b);
			CU_ASSERT(k == i || strcmp(a, b) != 0);
			CU_ASSERT_FALSE(strncmp(conf_keys[k].path, path, n) == 0 &&
					conf_keys[k].path[n] == '.');
		}
		size_t help = strlen(conf_keys[i].help);
		CU_ASSERT(help > 0 && conf_keys[i].help[help - 1] == '.');
		CU_ASSERT_PTR_NULL(strchr(conf_keys[i].help, '|'));
	}
	conf_env_name(&conf_keys[CONF_KEY_txn_timeout_ms], a);
	expect_text(a, "DNSLOUPE_TXN_TIMEOUT_MS");
	CU_ASSERT_PTR_NULL(conf_find("txn"));
	CU_ASSERT_PTR_NULL(conf_find(""));
}

/* No two keys share a flag. */
static void test_flags(void)
{
	for (size_t i = 0; i < CONF_KEYS; i++)
		for (size_t k = 0; k < i; k++) {
			const struct conf_flag *a = &conf_keys[i].flag, *b = &conf_keys[k].flag;
			CU_ASSERT(!a->letter || a->letter != b->letter);
			CU_ASSERT(!a->name || !b->name || strcmp(a->name, b->name) != 0);
		}
}

/* Every ENUM has words, contiguous in enum conf_choice, without duplicates. */
static void test_choices(void)
{
	size_t all = 0;

	for (size_t i = 0; i < CONF_KEYS + CONF_SINK_KEYS; i++) {
		const struct conf_key *key =
			i < CONF_KEYS ? &conf_keys[i] : &conf_sink_keys[i - CONF_KEYS];
		enum conf_choice first;
		size_t n = conf_choices_of(key, &first);
		all += n;
		CU_ASSERT_EQUAL(key->type == CONF_ENUM, n >= 1);
		for (size_t a = 0; a < n; a++)
			for (size_t b = 0; b < a; b++)
				CU_ASSERT_STRING_NOT_EQUAL(
					conf_choice_word((enum conf_choice)(first + a)),
					conf_choice_word((enum conf_choice)(first + b)));
	}
	CU_ASSERT_EQUAL(all, CONF_CHOICES);
	expect_text(conf_choice_word(CONF_HUGEPAGES_NEVER), "never");
}

/* Writes a value other than the default, in the notation of conf_set(). */
static void other_value(const struct conf_key *key, char *buffer, size_t size)
{
	enum conf_choice first;
	size_t count = conf_choices_of(key, &first);
	const char *word = "";

	switch (key->type) {
	case CONF_BOOL: word = strcmp(key->initial, "true") == 0 ? "false" : "true"; break;
	case CONF_SECRET:
	case CONF_STRING: word = "\"\\u00e4\\n\\\"\\\\\\u007f\""; break;
	case CONF_STRINGS: word = "a.pcap,-"; break;
	case CONF_PORTS:
	case CONF_ANYPORTS: word = "65535,1"; break;
	case CONF_PAIRS: word = "{\"a.b\":\"1\",\"c\":\"\"}"; break;
	case CONF_SINKS: word = "type=file,path=x,filter.qtypes=[\"A\",\"MX\"]"; break;
	case CONF_ENUM:
		word = conf_choice_word(first);
		if (strcmp(key->initial, word) == 0)
			word = conf_choice_word((enum conf_choice)(first + count - 1));
		break;
	case CONF_NUMBER:
		snprintf(buffer, size, "%" PRIu64,
			strtoull(key->initial, NULL, 10) == key->max ? key->min : key->max);
		return;
	}
	snprintf(buffer, size, "%s", word);
}

/* A copy is equal, owns its memory, and differs after any key is set; JSON has every value. */
static void test_copy_equal_write(void)
{
	struct conf_error err;
	struct conf base, c, back;
	char value[64];

	CU_ASSERT_EQUAL_FATAL(conf_init(&base), 0);
	for (size_t i = 0; i < CONF_KEYS; i++) {
		const struct conf_key *key = &conf_keys[i];
		other_value(key, value, sizeof(value));
		CU_ASSERT_EQUAL_FATAL(conf_copy(&c, &base), 0);
		CU_ASSERT(conf_equal(&c, &base));
		CU_ASSERT_EQUAL(conf_set_key(&c, key->path, value, &err), 0);
		CU_ASSERT_FALSE(conf_equal(&c, &base));
		for (size_t k = 0; k < CONF_KEYS; k++)
			CU_ASSERT_EQUAL(conf_key_equal(&conf_keys[k], &c, &base), k != i);
		char *json = expect_json(&c);
		CU_ASSERT_EQUAL_FATAL(conf_init(&back), 0);
		expect_load(&back, json, NULL);
		CU_ASSERT(conf_equal(&back, &c));
		free(json);
		conf_free(&back);
		conf_free(&base);
		base = c; /* so that the next copy has all values so far */
	}
	conf_free(&base);
}

void test_config_conf(void)
{
	CU_pSuite s = CU_add_suite("config/conf", NULL, NULL);

	CU_add_test(s, "defaults", test_defaults);
	CU_add_test(s, "every default is allowed", test_every_default);
	CU_add_test(s, "rows", test_rows);
	CU_add_test(s, "flags", test_flags);
	CU_add_test(s, "choices", test_choices);
	CU_add_test(s, "copy, equal, write", test_copy_equal_write);
}

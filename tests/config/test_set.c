/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration from single values: --set, flags, environment; and their precedence. */
#include "expect.h"

void test_config_set(void);

#define NUMBERS ", expected a whole number from 0 to 64"
#define PORTS                                                                                      \
	", expected a list of 1 to 256 ports, each from 1 to 65535, or ranges as 5300-5310, or "   \
	"any"
#define STRINGS ", expected a list of at most 4096 strings, each of 1 to 4095 octets"

static void test_values(void)
{
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_set(&c, "workers=7", NULL);
	CU_ASSERT_EQUAL(c.workers, 7);
	expect_set(&c, "workers= 8 ", NULL);
	CU_ASSERT_EQUAL(c.workers, 8);
	expect_set(&c, "txn.timeout_ms=2e3", NULL);
	CU_ASSERT_EQUAL(c.txn_timeout_ms, 2000);
	expect_set(&c, "eal.log=true", NULL);
	CU_ASSERT_TRUE(c.eal_log);
	expect_set(&c, "log.level=verbose", NULL);
	CU_ASSERT_EQUAL(c.log_level, CONF_LOG_VERBOSE);
	expect_set(&c, "log.level=\"quiet\"", NULL);
	CU_ASSERT_EQUAL(c.log_level, CONF_LOG_QUIET);
	expect_set(&c, "sensor=a=b, c", NULL);
	expect_text(c.sensor, "a=b, c");
	expect_set(&c, "sensor=\"\\u00e4\\\"\"", NULL);
	expect_text(c.sensor, "\xc3\xa4\"");
	expect_set(&c, "sensor=", NULL);
	expect_text(c.sensor, "");
	expect_set(&c, "dns.ports=53, 5353", NULL);
	CU_ASSERT_EQUAL_FATAL(c.dns_ports.count, 2);
	CU_ASSERT_EQUAL(c.dns_ports.at[1], 5353);
	expect_set(&c, "dns.ports=[1]", NULL);
	CU_ASSERT_EQUAL(c.dns_ports.count, 1);
	expect_set(&c, "input.files=a b,c", NULL);
	CU_ASSERT_EQUAL_FATAL(c.input_files.count, 2);
	expect_text(c.input_files.at[0], "a b");
	expect_text(c.input_files.at[1], "c");
	expect_set(&c, "input.files=[\"a,b\"]", NULL);
	CU_ASSERT_EQUAL_FATAL(c.input_files.count, 1);
	expect_text(c.input_files.at[0], "a,b");
	expect_set(&c, "input.files=", NULL);
	CU_ASSERT_EQUAL(c.input_files.count, 0);
	conf_free(&c);
}

static const struct {
	const char *assignment;
	const char *want;
} wrongs[] = {
	{"workers", "\"workers\" has no '=', expected KEY=VALUE"},
	{"", "\"\" has no '=', expected KEY=VALUE"},
	{"=4", "unknown key \"\""},
	{"wrkrs=4", "unknown key \"wrkrs\" (did you mean \"workers\"?)"},
	{"wokrers=4", "unknown key \"wokrers\" (did you mean \"workers\"?)"},
	{"txn.timeout=4", "unknown key \"txn.timeout\" (did you mean \"txn.timeout_ms\"?)"},
	{"hugepages=4", "unknown key \"hugepages\" (did you mean \"eal.hugepages\"?)"},
	{"DNS.PORTS=4", "unknown key \"DNS.PORTS\" (did you mean \"dns.ports\"?)"},
	{"colour=red", "unknown key \"colour\""},
	{"workers=", "workers: got \"\"" NUMBERS},
	{"workers=four", "workers: got \"four\"" NUMBERS},
	{"workers=4 5", "workers: got \"4 5\"" NUMBERS},
	{"workers=010", "workers: got \"010\"" NUMBERS},
	{"workers=0x10", "workers: got \"0x10\"" NUMBERS},
	{"workers=65", "workers: 65 is out of range" NUMBERS},
	{"workers=-1", "workers: -1 is out of range" NUMBERS},
	{"workers=1.5", "workers: 1.5 is not a whole number" NUMBERS},
	{"workers=true", "workers: got a truth value" NUMBERS},
	{"workers=\"4\"", "workers: got a string" NUMBERS},
	{"workers=\"4", "workers: got \"4 (column 1: this string does not end)" NUMBERS},
	{"workers=[4]", "workers: got a list" NUMBERS},
	{"eal.log=yes", "eal.log: got \"yes\", expected true or false"},
	{"eal.log=1", "eal.log: got a number, expected true or false"},
	{"log.level=", "log.level: unknown word \"\", expected one of quiet, normal, verbose"},
	{"log.level=LOUD",
		"log.level: unknown word \"LOUD\", expected one of quiet, normal, verbose"},
	{"output.file=", "output.file: is empty, expected a string of 1 to 4095 octets"},
	{"sensor=ab\xe4", "sensor: octet 3 is not UTF-8, expected a string of at most 255 octets"},
	{"sensor=\"a\" b", "sensor: got \"a\" b (column 5: a string stands in double quotes; bare "
			   "words are true, false, null), expected a string of at most 255 octets"},
	{"dns.ports=", "dns.ports: the list is empty" PORTS},
	{"dns.ports=53,", "dns.ports: got \"53,\"" PORTS},
	{"dns.ports=53;54", "dns.ports: got \"53;54\"" PORTS},
	{"dns.ports=53],[54", "dns.ports: got \"53],[54\"" PORTS},
	{"dns.ports=domain", "dns.ports: entry 1: \"domain\" is no range of ports" PORTS},
	{"dns.ports=5310-5300", "dns.ports: entry 1: \"5310-5300\" is no range of ports" PORTS},
	{"dns.ports=53,0-9", "dns.ports: entry 2: \"0-9\" is no range of ports" PORTS},
	{"dns.ports=1-65536", "dns.ports: entry 1: \"1-65536\" is no range of ports" PORTS},
	{"dns.ports=1-2-3", "dns.ports: entry 1: \"1-2-3\" is no range of ports" PORTS},
	{"dns.ports=1-65535,53", "dns.ports: the ranges overlap, or name a port twice" PORTS},
	{"dns.ports=53,0", "dns.ports: entry 2: 0 is out of range" PORTS},
	{"dns.ports=[53,",
		"dns.ports: got [53, (column 5: the JSON document ends too early)" PORTS},
	{"input.files=a,,b", "input.files: entry 2: is empty" STRINGS},
	{"input.files=a,", "input.files: entry 2: is empty" STRINGS},
	{"input.files=,", "input.files: entry 1: is empty" STRINGS},
	{"input.files=[a]",
		"input.files: got [a] (column 2: a string stands in double quotes; bare "
		"words are true, false, null)" STRINGS},
};

static void test_errors(void)
{
	struct conf c, before;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL_FATAL(conf_copy(&before, &c), 0);
	for (size_t i = 0; i < BITS_COUNT(wrongs); i++) {
		expect_set(&c, wrongs[i].assignment, wrongs[i].want);
		CU_ASSERT(conf_equal(&c, &before));
	}
	conf_free(&before);
	conf_free(&c);
}

/* The word of a flag is not parsed. */
static void test_flag(void)
{
	const struct conf_key *files = &conf_keys[CONF_KEY_input_files];
	const struct conf_key *output = &conf_keys[CONF_KEY_output_file];
	const struct conf_key *ports = &conf_keys[CONF_KEY_dns_ports];
	struct conf_error err = {""};
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_set(&c, "input.files=old", NULL);
	CU_ASSERT_EQUAL(conf_set_flag(&c, files, "[a,b", false, &err), 0);
	CU_ASSERT_EQUAL(conf_set_flag(&c, files, "c", true, &err), 0);
	CU_ASSERT_EQUAL_FATAL(c.input_files.count, 2);
	expect_text(c.input_files.at[0], "[a,b");
	expect_text(c.input_files.at[1], "c");
	CU_ASSERT_EQUAL(conf_set_flag(&c, files, "", true, &err), -EINVAL);
	expect_text(err.text, "input.files: entry 3: is empty" STRINGS);
	CU_ASSERT_EQUAL(c.input_files.count, 2);
	CU_ASSERT_EQUAL(conf_set_flag(&c, output, "\"x", false, &err), 0);
	expect_text(c.output_file, "\"x");
	CU_ASSERT_EQUAL(conf_set_flag(&c, ports, "853,53", false, &err), 0);
	CU_ASSERT_EQUAL_FATAL(c.dns_ports.count, 2);
	CU_ASSERT_EQUAL(c.dns_ports.at[0], 853);
	conf_free(&c);
}

static void env_error(struct conf *c, const char *variable, const char *want)
{
	char first[] = "DNSLOUPE_WORKERS=3", second[100];
	char *environ[] = {first, second, NULL};
	struct conf_error err = {""};
	struct conf before;

	snprintf(second, sizeof(second), "%s", variable);
	CU_ASSERT_EQUAL_FATAL(conf_copy(&before, c), 0);
	CU_ASSERT_EQUAL(conf_load_env(c, environ, &err), -EINVAL);
	expect_text(err.text, want);
	CU_ASSERT(conf_equal(c, &before));
	conf_free(&before);
}

static void test_environment(void)
{
	char path[] = "PATH=/bin", near[] = "XDNSLOUPE_WORKERS=1",
	     port[] = "DNSLOUPE_DNS_PORTS=53,5353";
	char file[] = "DNSLOUPE_CONFIG=x.json", odd[] = "DNSLOUPE_NO_EQUALS";
	char timeout[] = "DNSLOUPE_TXN_TIMEOUT_MS=7", sensor[] = "DNSLOUPE_SENSOR=a=b";
	char *environ[] = {path, near, port, file, odd, timeout, sensor, NULL};
	struct conf_error err = {""};
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL(conf_load_env(&c, environ, &err), 0);
	expect_text(err.text, "");
	CU_ASSERT_EQUAL(c.dns_ports.count, 2);
	CU_ASSERT_EQUAL(c.txn_timeout_ms, 7);
	CU_ASSERT_EQUAL(c.workers, 0);
	expect_text(c.sensor, "a=b");
	expect_text(conf_env_file(environ), "x.json");
	CU_ASSERT_PTR_NULL(conf_env_file(environ + 4));
	CU_ASSERT_EQUAL(conf_load_env(&c, NULL, &err), 0);
	CU_ASSERT_PTR_NULL(conf_env_file(NULL));

	env_error(&c, "DNSLOUPE_TXN_TIMEOUT_MS=0",
		"DNSLOUPE_TXN_TIMEOUT_MS: txn.timeout_ms: 0 is "
		"out of range, expected a whole number from 1 to 3600000");
	env_error(&c, "DNSLOUPE_TXN_TIMEOUT=5",
		"unknown environment variable DNSLOUPE_TXN_TIMEOUT "
		"(did you mean DNSLOUPE_TXN_TIMEOUT_MS?)");
	env_error(&c, "DNSLOUPE_WROKERS=5",
		"unknown environment variable DNSLOUPE_WROKERS (did you mean DNSLOUPE_WORKERS?)");
	env_error(&c, "DNSLOUPE_workers=5",
		"unknown environment variable DNSLOUPE_workers (did you mean DNSLOUPE_WORKERS?)");
	env_error(&c, "DNSLOUPE_COLOUR=red", "unknown environment variable DNSLOUPE_COLOUR");
	env_error(&c, "DNSLOUPE_=", "unknown environment variable DNSLOUPE_");
	env_error(&c, "DNSLOUPE_CONFIGS=", "unknown environment variable DNSLOUPE_CONFIGS");
	conf_free(&c);
}

/* File, then environment, then flags: each overrides the one before, key by key. */
static void test_precedence(void)
{
	static const char json[] = "{\"workers\": 1, \"sensor\": \"file\", \"txn\": "
				   "{\"timeout_ms\": 1}, \"dns\": {\"ports\": [1, 2, 3]}}";
	char workers[] = "DNSLOUPE_WORKERS=2", sensor[] = "DNSLOUPE_SENSOR=env";
	char *environ[] = {workers, sensor, NULL};
	struct conf_error err;
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_load(&c, json, NULL);
	CU_ASSERT_EQUAL(conf_load_env(&c, environ, &err), 0);
	expect_set(&c, "workers=3", NULL);
	expect_set(&c, "dns.ports=53", NULL);
	CU_ASSERT_EQUAL(c.workers, 3);
	expect_text(c.sensor, "env");
	CU_ASSERT_EQUAL(c.txn_timeout_ms, 1);
	CU_ASSERT_EQUAL(c.dns_ports.count, 1);
	CU_ASSERT_EQUAL(c.txn_max_open, 131072);
	conf_free(&c);
}

void test_config_set(void)
{
	CU_pSuite s = CU_add_suite("config/set", NULL, NULL);

	CU_add_test(s, "values", test_values);
	CU_add_test(s, "errors", test_errors);
	CU_add_test(s, "flags", test_flag);
	CU_add_test(s, "environment", test_environment);
	CU_add_test(s, "precedence", test_precedence);
}

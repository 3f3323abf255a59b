/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration from a document and from a file: what is accepted, and every error message. */
#include "expect.h"
#include "support/guard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void test_config_load(void);

static const char full[] =
	"{\"//\": \"all keys\", \"//\": \"twice\",\n"
	" \"input\": {\"files\": [\"a.pcap\", \"b,c.pcap\"]},\n"
	" \"dns\": {\"ports\": [53, 5.353e3, 65535], \"//\": \"mDNS too\"},\n"
	" \"workers\": 4, \"sensor\": \"t\\u00e4p\",\n"
	" \"txn\": {\"timeout_ms\": 2000, \"max_open\": 1024, \"reorder_ms\": 3600000},\n"
	" \"output\": {\"file\": \"o\"}, \"stats\": {\"file\": \"-\"},\n"
	" \"log\": {\"level\": \"quiet\"}, \"memory\": {\"record_mb\": 1, \"mbufs\": 7},\n"
	" \"eal\": {\"hugepages\": \"never\", \"log\": true, \"args\": \"-v\"}}";

static void test_values(void)
{
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_load(&c, full, NULL);
	CU_ASSERT_EQUAL_FATAL(c.input_files.count, 2);
	expect_text(c.input_files.at[0], "a.pcap");
	expect_text(c.input_files.at[1], "b,c.pcap");
	CU_ASSERT_EQUAL_FATAL(c.dns_ports.count, 3);
	CU_ASSERT_EQUAL(c.dns_ports.at[1], 5353);
	CU_ASSERT_EQUAL(c.dns_ports.at[2], 65535);
	CU_ASSERT_EQUAL(c.workers, 4);
	expect_text(c.sensor, "t\xc3\xa4p");
	CU_ASSERT_EQUAL(c.txn_timeout_ms, 2000);
	CU_ASSERT_EQUAL(c.txn_max_open, 1024);
	CU_ASSERT_EQUAL(c.txn_reorder_ms, 3600000);
	expect_text(c.output_file, "o");
	expect_text(c.stats_file, "-");
	CU_ASSERT_EQUAL(c.log_level, CONF_LOG_QUIET);
	CU_ASSERT_EQUAL(c.memory_record_mb, 1);
	CU_ASSERT_EQUAL(c.memory_mbufs, 7);
	CU_ASSERT_EQUAL(c.eal_hugepages, CONF_HUGEPAGES_NEVER);
	CU_ASSERT_TRUE(c.eal_log);
	expect_text(c.eal_args, "-v");
	/* Keys that a second document lacks are unchanged; a list is replaced. */
	expect_load(&c, "{\"input\": {\"files\": []}, \"workers\": 0}", NULL);
	CU_ASSERT_EQUAL(c.input_files.count, 0);
	CU_ASSERT_EQUAL(c.workers, 0);
	CU_ASSERT_EQUAL(c.txn_timeout_ms, 2000);
	expect_load(&c, "{}", NULL);
	conf_free(&c);
}

static const struct {
	const char *json;
	const char *want;
} wrongs[] = {
	{"", "t.json: is empty, expected a JSON object"},
	{"[]", "t.json: the document is a list, expected an object"},
	{"null", "t.json: the document is null, expected an object"},
	{"{\n  \"workers\": 1,\n}", "t.json:2:15: a comma before }"},
	{"{} x", "t.json:1:4: a string stands in double quotes; bare words are true, false, null"},
	{"{} {}", "t.json:1:4: the JSON document has ended before this"},
	{"{\"sensor\": \"\xe4\"}", "t.json:1:13: this is not UTF-8"},
	/* names */
	{"{\"wrokers\": 1}", "t.json: unknown key \"wrokers\" (did you mean \"workers\"?)"},
	{"{\"Workers\": 1}", "t.json: unknown key \"Workers\" (did you mean \"workers\"?)"},
	{"{\"txn\": {\"timeout\": 1}}",
		"t.json: unknown key \"txn.timeout\" (did you mean \"txn.timeout_ms\"?)"},
	{"{\"tnx\": {\"timeout_ms\": 1}}", "t.json: unknown key \"tnx\" (did you mean \"txn\"?)"},
	{"{\"timeout_ms\": 1}",
		"t.json: unknown key \"timeout_ms\" (did you mean \"txn.timeout_ms\"?)"},
	{"{\"zebra\": 1}", "t.json: unknown key \"zebra\""},
	{"{\"\": 1}", "t.json: unknown key \"\""},
	{"{\"txn\": {\"\": 1}}", "t.json: unknown key \"txn.\" (did you mean \"txn.timeout_ms\"?)"},
	{"{\"txn\": {\"zebra\": {}}}", "t.json: unknown key \"txn.zebra\""},
	{"{\"txn.timeout_ms\": 1}", "t.json: unknown key \"txn.timeout_ms\": write its dots as "
				    "objects, {\"a\": {\"b\": ...}} for a.b"},
	{"{\"workers\": 1, \"sensor\": \"\", \"workers\": 1}", "t.json: workers: is given twice"},
	{"{\"txn\": {\"max_open\": 1024, \"max_open\": 1024}}",
		"t.json: txn.max_open: is given twice"},
	{"{\"txn\": {}, \"txn\": {}}", "t.json: txn: is given twice"},
	{"{\"txn\": 5}", "t.json: txn: got a number, expected an object: it is a section of keys"},
	{"{\"//\": 5}", "t.json: //: got a number, expected a string: this is a comment"},
	{"{\"txn\": {\"//\": []}}",
		"t.json: txn.//: got a list, expected a string: this is a comment"},
	/* BOOL */
	{"{\"eal\": {\"log\": 1}}", "t.json: eal.log: got a number, expected true or false"},
	{"{\"eal\": {\"log\": \"true\"}}", "t.json: eal.log: got a string, expected true or false"},
	{"{\"eal\": {\"log\": null}}", "t.json: eal.log: got null, expected true or false"},
	/* NUMBER */
	{"{\"txn\": {\"timeout_ms\": 0}}", "t.json: txn.timeout_ms: 0 is out of range, expected a "
					   "whole number from 1 to 3600000"},
	{"{\"txn\": {\"timeout_ms\": 3600001}}", "t.json: txn.timeout_ms: 3600001 is out of range, "
						 "expected a whole number from 1 to "
						 "3600000"},
	{"{\"workers\": -1}",
		"t.json: workers: -1 is out of range, expected a whole number from 0 to 64"},
	{"{\"workers\": 1e999}",
		"t.json: workers: inf is out of range, expected a whole number from 0 to 64"},
	{"{\"workers\": 2.5}",
		"t.json: workers: 2.5 is not a whole number, expected a whole number from 0 to 64"},
	{"{\"workers\": \"4\"}",
		"t.json: workers: got a string, expected a whole number from 0 to 64"},
	{"{\"workers\": true}",
		"t.json: workers: got a truth value, expected a whole number from 0 to 64"},
	{"{\"workers\": {}}",
		"t.json: workers: got an object, expected a whole number from 0 to 64"},
	{"{\"workers\": [4]}", "t.json: workers: got a list, expected a whole number from 0 to 64"},
	/* STRING */
	{"{\"sensor\": 5}",
		"t.json: sensor: got a number, expected a string of at most 255 octets"},
	{"{\"output\": {\"file\": \"\"}}",
		"t.json: output.file: is empty, expected a string of 1 to 4095 octets"},
	/* ENUM */
	{"{\"log\": {\"level\": 2}}",
		"t.json: log.level: got a number, expected one of quiet, normal, verbose"},
	{"{\"log\": {\"level\": \"loud\"}}",
		"t.json: log.level: unknown word \"loud\", expected one of quiet, normal, verbose"},
	{"{\"log\": {\"level\": \"auto\"}}",
		"t.json: log.level: unknown word \"auto\", expected one of quiet, normal, verbose"},
	/* STRINGS */
	{"{\"input\": {\"files\": \"a\"}}",
		"t.json: input.files: got a string, expected a list of at most 4096 strings, each "
		"of 1 to 4095 octets"},
	{"{\"input\": {\"files\": [\"a\", 5]}}",
		"t.json: input.files: entry 2: got a number, expected a list of at most 4096 "
		"strings, each of 1 to 4095 octets"},
	{"{\"input\": {\"files\": [\"\"]}}",
		"t.json: input.files: entry 1: is empty, expected a list of at most 4096 strings, "
		"each of 1 to 4095 octets"},
	/* PORTS */
	{"{\"dns\": {\"ports\": 53}}",
		"t.json: dns.ports: got a number, expected a list of 1 to "
		"256 ports, each from 1 to 65535, or ranges as 5300-5310, or any"},
	{"{\"dns\": {\"ports\": []}}",
		"t.json: dns.ports: the list is empty, expected a list of 1 "
		"to 256 ports, each from 1 to 65535, or ranges as 5300-5310, or any"},
	{"{\"dns\": {\"ports\": [53, 0]}}",
		"t.json: dns.ports: entry 2: 0 is out of range, expected a list of 1 to 256 ports, "
		"each from 1 to 65535, or ranges as 5300-5310, or any"},
	{"{\"dns\": {\"ports\": [65536]}}",
		"t.json: dns.ports: entry 1: 65536 is out of range, expected a list of 1 to 256 "
		"ports, each from 1 to 65535, or ranges as 5300-5310, or any"},
	{"{\"dns\": {\"ports\": [53.5]}}",
		"t.json: dns.ports: entry 1: 53.5 is not a whole number, expected a list of 1 to "
		"256 ports, each from 1 to 65535, or ranges as 5300-5310, or any"},
	{"{\"dns\": {\"ports\": [\"53\"]}}",
		"t.json: dns.ports: entry 1: \"53\" is no range of ports, expected a list of 1 to "
		"256 ports, each from 1 to 65535, or ranges as 5300-5310, or any"},
};

/* The error is reported, and nothing has changed, not even by valid keys before it. */
static void test_errors(void)
{
	struct conf c, before;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_load(&c, full, NULL);
	CU_ASSERT_EQUAL_FATAL(conf_copy(&before, &c), 0);
	for (size_t i = 0; i < BITS_COUNT(wrongs); i++) {
		expect_load(&c, wrongs[i].json, wrongs[i].want);
		CU_ASSERT(conf_equal(&c, &before));
	}
	expect_load(&c, "{\"sensor\": \"new\", \"input\": {\"files\": [\"n\"]}, \"workers\": 65}",
		"t.json: workers: 65 is out of range, expected a whole number from 0 to 64");
	CU_ASSERT(conf_equal(&c, &before));
	conf_free(&before);
	conf_free(&c);
}

/* Returns {"a": [x, x, ...]} with n entries, to free(). */
static char *many(const char *section, const char *key, const char *entry, size_t n)
{
	char *json = NULL;
	size_t len;
	FILE *out = open_memstream(&json, &len);

	fprintf(out, "{\"%s\": {\"%s\": [", section, key);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? "," : "", entry);
	fputs("]}}", out);
	fclose(out);
	return json;
}

static void test_limits(void)
{
	struct conf_error err;
	struct conf c;
	char buffer[300];

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	char *json = many("dns", "ports", "53", 256);
	expect_load(&c, json, NULL);
	CU_ASSERT_EQUAL(c.dns_ports.count, 256);
	free(json);
	json = many("dns", "ports", "53", 257);
	expect_load(&c, json,
		"t.json: dns.ports: the list has 257 entries, expected a list of 1 to "
		"256 ports, each from 1 to 65535, or ranges as 5300-5310, or any");
	free(json);
	json = many("input", "files", "\"f\"", 4097);
	expect_load(&c, json,
		"t.json: input.files: the list has 4097 entries, expected a list of "
		"at most 4096 strings, each of 1 to 4095 octets");
	free(json);
	snprintf(buffer, sizeof(buffer), "{\"sensor\": \"%0255d\"}", 7);
	expect_load(&c, buffer, NULL);
	CU_ASSERT_EQUAL(strlen(c.sensor), 255);
	snprintf(buffer, sizeof(buffer), "{\"sensor\": \"%0256d\"}", 7);
	expect_load(&c, buffer,
		"t.json: sensor: is 256 octets long, expected a string of at most 255 octets");

	/* Exactly as large as allowed, and one octet more. */
	char *large = malloc(CONF_FILE_MAX + 1);
	memset(large, ' ', CONF_FILE_MAX + 1);
	large[0] = '{';
	large[1] = '}';
	CU_ASSERT_EQUAL(conf_load_memory(&c, "big", large, CONF_FILE_MAX, &err), 0);
	CU_ASSERT_EQUAL(conf_load_memory(&c, "big", large, CONF_FILE_MAX + 1, &err), -EFBIG);
	expect_text(err.text, "big: is larger than 1048576 octets");
	free(large);
	conf_free(&c);
}

/* Long unknown words are truncated in the message, between characters; the rest is complete. */
static void test_long_names(void)
{
	char name[2000], json[2100];
	struct conf_error err;
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	memset(name, 'n', sizeof(name));
	for (size_t i = 0; i + 1 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa4", 2);
	name[sizeof(name) - 1] = '\0';
	name[sizeof(name) - 2] = 'x';
	snprintf(json, sizeof(json), "{\"%s\": 1}", name);
	CU_ASSERT_EQUAL(conf_load_memory(&c, name, json, strlen(json), &err), -EINVAL);
	CU_ASSERT_EQUAL(conf_utf8(err.text, strlen(err.text)), strlen(err.text));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "\xa4...: unknown key \"\xc3\xa4"));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "\xa4...\""));
	snprintf(json, sizeof(json), "{\"log\": {\"level\": \"%s\"}}", name);
	CU_ASSERT_EQUAL(conf_load_memory(&c, name, json, strlen(json), &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "...\", expected one of quiet, normal, verbose"));
	conf_free(&c);
}

/* Every cut of a valid document is an error that changes nothing, and is not read beyond. */
static void test_cuts(void)
{
	struct conf_error err;
	struct conf c, before;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL_FATAL(conf_copy(&before, &c), 0);
	for (size_t n = 0; n < sizeof(full) - 1; n++) {
		uint8_t *copy = guard_copy(full, n);
		CU_ASSERT_EQUAL(conf_load_memory(&c, "cut", (char *)copy, n, &err), -EINVAL);
		CU_ASSERT(conf_equal(&c, &before));
		guard_free(copy, n);
	}
	conf_free(&before);
	conf_free(&c);
}

static void file_error(const char *path, int rc, const char *want)
{
	struct conf_error err = {""};
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL(conf_load_file(&c, path, &err), rc);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, want));
	if (!strstr(err.text, want))
		fprintf(stderr, "\n  got:  %s\n  want: %s\n", err.text, want);
	conf_free(&c);
}

static void test_files(void)
{
	char dir[] = "/tmp/dnsloupe-conf-XXXXXX", path[64];
	struct conf_error err;
	struct conf c;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/c.json", dir);
	file_error(path, -ENOENT, "/c.json: cannot open: No such file or directory");
	file_error(dir, -EISDIR, ": is a directory, expected a file");
	file_error("", -ENOENT, "the configuration file's name is empty");
	file_error("/dev/null", -EINVAL, "/dev/null: is empty, expected a JSON object");
	file_error("/dev/zero", -EFBIG, "/dev/zero: is larger than 1048576 octets");
	file_error("/proc/self/mem", -EIO, "/proc/self/mem: cannot read: Input/output error");

	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CU_ASSERT_EQUAL_FATAL(write(fd, full, sizeof(full) - 1), (ssize_t)sizeof(full) - 1);
	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL(conf_load_file(&c, path, &err), 0);
	CU_ASSERT_EQUAL(c.memory_mbufs, 7);
	conf_free(&c);
	CU_ASSERT_EQUAL_FATAL(write(fd, "}", 1), 1);
	close(fd);
	file_error(path, -EINVAL, "/c.json:8:59: the JSON document has ended before this");
	if (geteuid() != 0) {
		chmod(path, 0);
		file_error(path, -EACCES, "/c.json: cannot open: Permission denied");
	}
	unlink(path);
	rmdir(dir);
}

void test_config_load(void)
{
	CU_pSuite s = CU_add_suite("config/load", NULL, NULL);

	CU_add_test(s, "values", test_values);
	CU_add_test(s, "errors", test_errors);
	CU_add_test(s, "limits", test_limits);
	CU_add_test(s, "long names", test_long_names);
	CU_add_test(s, "cuts", test_cuts);
	CU_add_test(s, "files", test_files);
}

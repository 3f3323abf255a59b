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

/* Expects the error of these keys, in the notation of --set; "": none. */
static void check_encrypted(
	const char *sightings, const char *ports, const char *resolvers, const char *want)
{
	struct conf_error err = {""};
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "encrypted.sightings", sightings, &err), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "encrypted.ports", ports, &err), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "encrypted.resolvers", resolvers, &err), 0);
	CU_ASSERT_EQUAL(conf_check(&c, &err), want[0] ? -EINVAL : 0);
	expect_text(err.text, want);
	conf_free(&c);
}

static void test_encrypted(void)
{
	check_encrypted("true", "853,8853", "192.0.2.1,192.0.2.0/24,2001:db8::/32,::1", "");
	check_encrypted("true", "", "", "");
	check_encrypted("false", "53", "", "");
	check_encrypted("true", "853,53", "",
		"encrypted.ports: 53 is in dns.ports, too: remove it from one of them");
	check_encrypted("false", "853", "192.0.2.1,dns.example",
		"encrypted.resolvers: entry 2: \"dns.example\" is no address; expected an address "
		"or "
		"a prefix, as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32");
	check_encrypted("true", "853", "192.0.2.1/24",
		"encrypted.resolvers: entry 1: \"192.0.2.1/24\" is more than a prefix: bits behind "
		"it "
		"are set; expected an address or a prefix, as 192.0.2.1, 192.0.2.0/24 or "
		"2001:db8::/32");
}

static void check_live(
	const char *files, const char *interfaces, const char *devices, const char *want)
{
	struct conf_error err = {""};
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "input.files", files, &err), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "input.interfaces", interfaces, &err), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "input.devices", devices, &err), 0);
	CU_ASSERT_EQUAL(conf_check(&c, &err), want[0] ? -EINVAL : 0);
	expect_text(err.text, want);
	conf_free(&c);
}

static void test_live(void)
{
	check_live("", "eth0", "", "");
	check_live("", "eth0,enp3s0f1.100", "[\"net_tap0,iface=x\",\"3b:00.0\"]", "");
	check_live("a", "eth0", "",
		"input.files: goes with neither input.interfaces nor input.devices: read files or "
		"listen, not both");
	check_live("a", "", "net_tap0",
		"input.files: goes with neither input.interfaces nor input.devices: read files or "
		"listen, not both");
	check_live("", "eth0/1", "", "input.interfaces: \"eth0/1\" is no name of an interface");
	check_live("", "[\"a,b\"]", "",
		"input.interfaces: \"a,b\" is no name of an interface: give each by a flag or "
		"entry "
		"of its own (-i eth0 -i eth1), or all by -i any");
	check_live("", "[\"any\",\"b\"]", "",
		"input.interfaces: \"any\" goes with no other interface");
	check_live("", "sixteen-letters-", "",
		"input.interfaces: \"sixteen-letters-\" is no name of an interface");
	check_live("", "", "[\"a\",\",b\"]", "input.devices: entry 2 names no device");
}

void test_config_check(void)
{
	CU_pSuite s = CU_add_suite("config/check", NULL, NULL);

	CU_add_test(s, "files", test_files);
	CU_add_test(s, "live", test_live);
	CU_add_test(s, "encrypted", test_encrypted);
}

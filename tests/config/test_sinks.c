/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of sinks from JSON, from pairs and from the flag, and its errors. */
#include "expect.h"

void test_config_sinks(void);

#define KAFKA "sinks=type=kafka,"
#define PAIRS "expected an object of at most 256 strings"
#define TYPES "expected one of "

static __attribute__((noinline)) unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

static void test_json(void)
{
	struct conf c, back;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL(c.sinks.count, 0);
	expect_load(&c,
		"{\"sinks\": [{\"type\": \"file\", \"path\": \"a,b\", \"filter\": {\"qtypes\": "
		"[\"A\", \"MX\"]}, \"//\": \"why\", \"rotate\": {\"//\": \"x\", \"keep\": 3}}, "
		"{\"type\": \"stdout\", \"name\": \"o\"}]}",
		NULL);
	CU_ASSERT_EQUAL_FATAL(c.sinks.count, 2);
	CU_ASSERT_EQUAL(c.sinks.at[0].type, CONF_SINK_FILE);
	expect_text(c.sinks.at[0].path, "a,b");
	CU_ASSERT_EQUAL(c.sinks.at[0].filter_qtypes.count, 2);
	CU_ASSERT_EQUAL(c.sinks.at[0].rotate_keep, 3);
	CU_ASSERT_TRUE(c.sinks.at[0].append);
	expect_text(conf_sink_name(&c.sinks.at[0]), "file");
	CU_ASSERT_EQUAL(c.sinks.at[1].type, CONF_SINK_STDOUT);
	expect_text(conf_sink_name(&c.sinks.at[1]), "o");
	/* Only keys that the kind accepts are printed, and they are read back as the same. */
	char *json = expect_json(&c);
	CU_ASSERT_EQUAL(count(json, "\"name\""), 2);
	CU_ASSERT_EQUAL(count(json, "\"path\""), 1);
	CU_ASSERT_EQUAL_FATAL(conf_init(&back), 0);
	expect_load(&back, json, NULL);
	CU_ASSERT(conf_equal(&back, &c));
	free(json);
	conf_free(&back);
	conf_free(&c);
}

static void test_pairs(void)
{
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_set(&c, "sinks=type=file,path=x=y,filter.qtypes=A,queue_mb=3,part=true", NULL);
	CU_ASSERT_EQUAL_FATAL(c.sinks.count, 1);
	expect_text(c.sinks.at[0].path, "x=y");
	CU_ASSERT_EQUAL(c.sinks.at[0].queue_mb, 3);
	CU_ASSERT_TRUE(c.sinks.at[0].part);
	expect_text(c.sinks.at[0].filter_qtypes.at[0], "A");
	expect_set(&c,
		"sinks=type=file,path=\"a,\\\"]b\",filter.qtypes=[\"A\",\"]\"],filter.rcodes=[]",
		NULL);
	expect_text(c.sinks.at[0].path, "a,\"]b");
	CU_ASSERT_EQUAL(c.sinks.at[0].filter_qtypes.count, 2);
	expect_set(&c, "sinks={\"type\": \"stdout\"}", NULL);
	CU_ASSERT_EQUAL(c.sinks.at[0].type, CONF_SINK_STDOUT);
	expect_set(&c, "sinks=[{\"type\": \"stdout\"}, {\"type\": \"file\"}]", NULL);
	CU_ASSERT_EQUAL(c.sinks.count, 2);
	expect_set(&c, "sinks=", NULL);
	CU_ASSERT_EQUAL(c.sinks.count, 0);
	conf_free(&c);
}

/* Names of librdkafka's properties, which contain dots. */
static void test_properties(void)
{
	struct conf c, back;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_set(&c,
		KAFKA "kafka.properties.sasl.mechanism=PLAIN,kafka.topic=dns,"
		      "kafka.properties.debug=\"broker,topic\",kafka.properties.empty=",
		NULL);
	CU_ASSERT_EQUAL_FATAL(c.sinks.count, 1);
	const struct conf_pairs *list = &c.sinks.at[0].kafka_properties;
	CU_ASSERT_EQUAL_FATAL(list->count, 3);
	expect_text(list->at[0].name, "sasl.mechanism");
	expect_text(list->at[0].value, "PLAIN");
	expect_text(list->at[1].name, "debug");
	expect_text(list->at[1].value, "broker,topic");
	expect_text(list->at[2].value, "");
	expect_text(c.sinks.at[0].kafka_topic, "dns");

	char *json = expect_json(&c);
	CU_ASSERT_PTR_NOT_NULL(strstr(json,
		"\"properties\": {\"sasl.mechanism\": \"PLAIN\", \"debug\": \"broker,topic\", "
		"\"empty\": \"\"}"));
	CU_ASSERT_EQUAL_FATAL(conf_init(&back), 0);
	expect_load(&back, json, NULL);
	CU_ASSERT(conf_equal(&back, &c));
	expect_set(
		&back, KAFKA "kafka.properties={\"//\":\"why\",\"a\":\"1,2}\"},queue_mb=3", NULL);
	CU_ASSERT_EQUAL_FATAL(back.sinks.at[0].kafka_properties.count, 1);
	expect_text(back.sinks.at[0].kafka_properties.at[0].value, "1,2}");
	CU_ASSERT_EQUAL(back.sinks.at[0].queue_mb, 3);
	CU_ASSERT(!conf_equal(&back, &c));
	free(json);
	conf_free(&back);
	conf_free(&c);
}

static const struct {
	const char *assignment;
	const char *want; /* the beginning */
} wrongs[] = {
	{"sinks=type=fle", "sinks[0].type: unknown word \"fle\", " TYPES},
	{"sinks=path=x", "sinks[0].type: is missing, " TYPES},
	{"sinks=[1]", "sinks[0]: got a number, expected an object"},
	{"sinks=[{\"type\":\"stdout\"},{}]", "sinks[1].type: is missing, " TYPES},
	{"sinks={\"type\":1}", "sinks[0].type: got a number, " TYPES},
	{"sinks=type=stdout,path=x", "sinks[0].path: a sink of type stdout has no such key"},
	{"sinks=type=file,pth=x", "unknown key \"sinks[0].pth\" (did you mean \"sinks[0].path\"?)"},
	{"sinks=type=file,filter.qtype=A",
		"unknown key \"sinks[0].filter.qtype\" (did you mean \"sinks[0].filter.qtypes\"?)"},
	{"sinks={\"type\":\"file\",\"filter.qtypes\":[]}",
		"unknown key \"sinks[0].filter.qtypes\": write its dots as objects"},
	{"sinks={\"type\":\"file\",\"filter\":[]}",
		"sinks[0].filter: got a list, expected an object: it is a section of keys"},
	{"sinks={\"type\":\"file\",\"type\":\"file\"}", "sinks[0].type: is given twice"},
	{"sinks={\"type\":\"file\",\"//\":1}", "sinks[0].//: got a number, expected a string"},
	{"sinks=type=file,queue_mb=0", "sinks[0].queue_mb: 0 is out of range, expected a whole "},
	{"sinks=type=file,queue_mb=x", "sinks[0].queue_mb: got a string, expected a whole number"},
	{"sinks=type=file,name=a b", "sinks[0].name: \"a b\" has other characters than letters"},
	{"sinks=type=file,name=../x", "sinks[0].name: \"../x\" has other characters"},
	{"sinks=type=file,filter.qtypes=[\"A\"", "sinks: got \"type=file,filter.qtypes=[\"A\"\""},
	{"sinks=file", "sinks: got \"file\", expected a list of at most "},
	{"sinks=type=file,,path=x", "sinks: got \"type=file,,path=x\""},
	{"sinks={\"type\":", "sinks: got"},
	{"sinks=null", "sinks: got \"null\""},
	{KAFKA "kafka.properties=x", "sinks[0].kafka.properties: got a string, " PAIRS},
	{KAFKA "kafka.properties=[\"a=b\"]", "sinks[0].kafka.properties: got a list, " PAIRS},
	{KAFKA "kafka.properties={\"a\":1}",
		"sinks[0].kafka.properties: \"a\" got a number, " PAIRS},
	{KAFKA "kafka.properties={\"\":\"1\"}",
		"sinks[0].kafka.properties: a name is empty, " PAIRS},
	{KAFKA "kafka.properties.=1", "sinks[0].kafka.properties: a name is empty, " PAIRS},
	{KAFKA "kafka.properties.\xff=1",
		"sinks[0].kafka.properties: the name \"\xff\" is not UTF-8"},
	{KAFKA "kafka.properties.a=1,kafka.properties.a=2",
		"sinks[0].kafka.properties: \"a\" is given twice, " PAIRS},
	{KAFKA "kafka.properties={\"a\":", "sinks: got"},
	{KAFKA "kafka.propertie.a=1", "unknown key \"sinks[0].kafka.propertie"},
	{"sinks=type=stdout,kafka.properties.a=1",
		"sinks[0].kafka.properties: a sink of type stdout has no such key"},
};

static void test_errors(void)
{
	struct conf c, before;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_set(&c, "sinks=type=file,path=before", NULL);
	CU_ASSERT_EQUAL_FATAL(conf_copy(&before, &c), 0);
	for (size_t i = 0; i < BITS_COUNT(wrongs); i++) {
		struct conf_error err = {""};
		CU_ASSERT_EQUAL(conf_set(&c, wrongs[i].assignment, &err), -EINVAL);
		err.text[strlen(wrongs[i].want)] = '\0';
		expect_text(err.text, wrongs[i].want);
		CU_ASSERT(conf_equal(&c, &before));
	}
	conf_free(&before);
	conf_free(&c);
}

/* Each flag adds a sink; errors number them in sequence. */
static void test_flag(void)
{
	const struct conf_key *key = &conf_keys[CONF_KEY_sinks];
	struct conf_error err = {""};
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_set(&c, "sinks=type=stdout,name=old", NULL);
	CU_ASSERT_EQUAL(conf_set_flag(&c, key, "type=file,path=a", false, &err), 0);
	CU_ASSERT_EQUAL(c.sinks.count, 1);
	CU_ASSERT_EQUAL(
		conf_set_flag(&c, key, "{\"type\":\"file\",\"path\":\"\xc3\xa4\"}", true, &err), 0);
	CU_ASSERT_EQUAL_FATAL(c.sinks.count, 2);
	expect_text(c.sinks.at[0].path, "a");
	expect_text(c.sinks.at[1].path, "\xc3\xa4");
	CU_ASSERT_EQUAL(conf_set_flag(&c, key, "type=file,part=1", true, &err), -EINVAL);
	expect_text(err.text, "sinks[2].part: got a number, expected true or false");
	CU_ASSERT_EQUAL(conf_set_flag(&c, key, "file", true, &err), -EINVAL);
	CU_ASSERT_EQUAL(c.sinks.count, 2);
	conf_free(&c);
}

/* The short form: output.file adds a sink unless it is empty. */
static void test_all(void)
{
	struct conf_sinks all;
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL_FATAL(conf_sinks_all(&c, &all), 0);
	CU_ASSERT_EQUAL_FATAL(all.count, 1);
	CU_ASSERT_EQUAL(all.at[0].type, CONF_SINK_STDOUT);
	expect_text(conf_sink_name(&all.at[0]), "output");
	conf_sinks_free(&all);
	expect_set(&c, "sinks=type=stdout", NULL);
	CU_ASSERT_EQUAL_FATAL(conf_sinks_all(&c, &all), 0);
	CU_ASSERT_EQUAL(all.count, 1);
	expect_text(conf_sink_name(&all.at[0]), "stdout");
	conf_sinks_free(&all);
	expect_set(&c, "output.file=x", NULL);
	CU_ASSERT_EQUAL_FATAL(conf_sinks_all(&c, &all), 0);
	CU_ASSERT_EQUAL_FATAL(all.count, 2);
	CU_ASSERT_EQUAL(all.at[1].type, CONF_SINK_FILE);
	expect_text(all.at[1].path, "x");
	CU_ASSERT_FALSE(all.at[1].append);
	conf_sinks_free(&all);
	conf_free(&c);
}

/* A file for each logger. */
static void test_split(void)
{
	struct conf_sinks all;
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	expect_set(&c, "sinks=type=file,path={logger}/a.{logger}", NULL);
	expect_set(&c, "output.file=x", NULL);
	CU_ASSERT_EQUAL_FATAL(conf_sinks_all(&c, &all), 0);
	CU_ASSERT_EQUAL_FATAL(conf_sinks_per_logger(&all, 12), 0);
	CU_ASSERT_EQUAL_FATAL(all.count, 13);
	for (unsigned i = 0; i < 12; i++)
		CU_ASSERT_EQUAL(all.at[i].logger_number, i + 1);
	expect_text(all.at[0].path, "0/a.0");
	expect_text(all.at[11].path, "11/a.11");
	expect_text(conf_sink_name(&all.at[11]), "file.11");
	CU_ASSERT_EQUAL(all.at[12].logger_number, 0);
	expect_text(all.at[12].path, "x");
	conf_sinks_free(&all);
	conf_free(&c);
}

/* Expects the error of these sinks, captures and file of counters; "": none. */
static void check(const char *sinks, const char *input, const char *stats, const char *want)
{
	struct conf_error err = {""};
	struct conf c;

	CU_ASSERT_EQUAL_FATAL(conf_init(&c), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "sinks", sinks, &err), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "input.files", input, &err), 0);
	CU_ASSERT_EQUAL(conf_set_key(&c, "stats.file", stats, &err), 0);
	CU_ASSERT_EQUAL(conf_check(&c, &err), want[0] ? -EINVAL : 0);
	expect_text(err.text, want);
	conf_free(&c);
}

static void test_check(void)
{
	check("[{\"type\":\"file\",\"path\":\"a\"},{\"type\":\"stdout\"}]", "i", "s", "");
	check("type=file", "i", "", "sinks[0].path: is empty, expected the name of a file");
	check("type=file,path=i", "i", "",
		"sinks[0].path: would overwrite the capture in input.files, \"i\"");
	check("type=file,path=s", "i", "s", "stats.file: is the same file as sinks[0].path, \"s\"");
	check("type=file,path=a", "i", "-", "");
	check("type=stdout", "i", "-",
		"stats.file: is \"-\", but standard output holds the records already: set "
		"sinks[0].type to a file, or stats.file to another");
	check("[{\"type\":\"file\",\"path\":\"a\"},{\"type\":\"file\",\"path\":\"b\"}]", "i", "",
		"sinks[1].name: \"file\" is the name of sinks[0] already; give each sink a name of "
		"its "
		"own");
	check("[{\"type\":\"file\",\"path\":\"a\"},{\"type\":\"file\",\"path\":\"a\",\"name\":"
	      "\"b\"}]",
		"i", "", "sinks[1].path: sinks[0].path writes the file a already");
	check("[{\"type\":\"stdout\"},{\"type\":\"stdout\",\"name\":\"b\"}]", "i", "",
		"sinks[1].type: sinks[0].type writes standard output already");
}

void test_config_sinks(void)
{
	CU_pSuite s = CU_add_suite("config/sinks", NULL, NULL);

	CU_add_test(s, "JSON", test_json);
	CU_add_test(s, "pairs", test_pairs);
	CU_add_test(s, "properties", test_properties);
	CU_add_test(s, "errors", test_errors);
	CU_add_test(s, "the flag", test_flag);
	CU_add_test(s, "the short form", test_all);
	CU_add_test(s, "a file for each logger", test_split);
	CU_add_test(s, "rules between keys", test_check);
}

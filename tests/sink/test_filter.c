/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/rig.h"

void test_sink_filter(void);

static struct filter filter;

static void open_filter(const char *keys)
{
	struct conf_error err = {""};
	char line[600];
	snprintf(line, sizeof(line), "type=stdout%s%s", keys[0] ? "," : "", keys);
	int rc = filter_init(&filter, rig_sink(&rig, line, false), &err);
	if (rc)
		fprintf(stderr, "%s: %s\n", keys, err.text);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
}

static bool accepts(const struct record *r)
{
	struct filter_view view;
	memset(&view, 0xff, sizeof(view)); /* only `parsed` is set by callers */
	view.parsed = false;
	return filter_match(&filter, r, &view);
}

static void expect(const char *keys, const char *name, unsigned type, unsigned rcode, bool want)
{
	open_filter(keys);
	bool got = accepts(rig_record(1, name, type, rcode));
	if (got != want)
		fprintf(stderr, "\n%s: %s %u %u\n", keys, name, type, rcode);
	CU_ASSERT_EQUAL(got, want);
	filter_free(&filter);
}

static void words(void)
{
	expect("", "a", 1, 0, true);
	expect("filter.qtypes=A", "a", 1, 0, true);
	expect("filter.qtypes=aaaa", "a", 28, 0, true);
	expect("filter.qtypes=A", "a", 28, 0, false);
	expect("filter.qtypes=[\"MX\",\"TYPE65280\"]", "a", 65280, 0, true);
	expect("filter.qtypes=[\"MX\",\"TYPE65280\"]", "a", 15, 0, true);
	expect("filter.qtypes=[\"MX\",\"TYPE65280\"]", "a", 65281, 0, false);
	expect("filter.rcodes=NOERROR", "a", 1, 0, true);
	expect("filter.rcodes=NOERROR", "a", 1, 3, false);
	expect("filter.rcodes=[\"NXDOMAIN\",\"SERVFAIL\"]", "a", 1, 2, true);
	/* All lists must match. */
	expect("filter.rcodes=NXDOMAIN,filter.qtypes=A", "a", 1, 3, true);
	expect("filter.rcodes=NXDOMAIN,filter.qtypes=A", "a", 2, 3, false);
	expect("filter.rcodes=NXDOMAIN,filter.qtypes=A", "a", 1, 0, false);
}

static void domains(void)
{
	static const struct {
		const char *domain, *name;
		bool want;
	} rows[] = {
		{"example", "example", true},
		{"example", "www.example", true},
		{"EXAMPLE.", "a.b.WwW.eXample", true},
		{"example", "badexample", false},
		{"example", "example.org", false},
		{"www.example", "example", false},
		{".", "anything.at.all", true},
		{".", "", true},
		{"example", "", false},
		{"[\"net\",\"a.org\"]", "b.a.org", true},
		{"[\"net\",\"a.org\"]", "org", false},
		{"[\"net\",\"a.org\"]", "x.net", true},
		{"www\\\\.example", "www.example", false},
		{"\\\\119ww.example", "www.example", true},
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		char keys[100];
		const char *quote = rows[i].domain[0] == '[' ? "" : "\"";
		snprintf(keys, sizeof(keys), "filter.domains=[%s%s%s]", quote, rows[i].domain,
			quote);
		if (!quote[0])
			snprintf(keys, sizeof(keys), "filter.domains=%s", rows[i].domain);
		expect(keys, rows[i].name, 1, 0, rows[i].want);
	}
	/* The longest name with the maximum of labels. */
	char longest[256];
	for (int i = 0; i < 126; i++)
		memcpy(longest + 2 * i, "a.", 2);
	memcpy(longest + 252, "b", 2);
	expect("filter.domains=b", longest, 1, 0, true);
	expect("filter.domains=a", longest, 1, 0, false);
}

static void clients(void)
{
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1};
	struct record *r = rig_record(1, "a", 1, 0); /* of 192.0.2.1 */
	open_filter("filter.clients=[\"192.0.2.0/24\",\"2001:db8::/33\"]");
	CU_ASSERT_TRUE(accepts(r));
	r->addrs.octets[ADDR_CLIENT][14] = 3;
	CU_ASSERT_FALSE(accepts(r));
	memcpy(r->addrs.octets[ADDR_CLIENT], v6, sizeof(v6));
	CU_ASSERT_FALSE(accepts(r)); /* not taken for IPv4 */
	r->addrs.family = ADDR_IPV6;
	CU_ASSERT_TRUE(accepts(r));
	r->addrs.octets[ADDR_CLIENT][4] = 0x80;
	CU_ASSERT_FALSE(accepts(r));
	filter_free(&filter);
	open_filter("filter.clients=192.0.2.1");
	CU_ASSERT_FALSE(accepts(r));
	CU_ASSERT_TRUE(accepts(rig_record(1, "a", 1, 0)));
	filter_free(&filter);
	open_filter("filter.clients=0.0.0.0/0");
	CU_ASSERT_FALSE(accepts(r) && r->addrs.family == ADDR_IPV6);
	CU_ASSERT_TRUE(accepts(rig_record(1, "a", 1, 0)));
	filter_free(&filter);
	/* A prefix that ends within an octet. */
	open_filter("filter.clients=192.0.2.76/31");
	r = rig_record(1, "a", 1, 0);
	r->addrs.octets[ADDR_CLIENT][15] = 76;
	CU_ASSERT_TRUE(accepts(r));
	r->addrs.octets[ADDR_CLIENT][15] = 78;
	CU_ASSERT_FALSE(accepts(r));
	filter_free(&filter);
}

/* Records without the part that a list compares never match it. */
static void lacking(void)
{
	struct record *r = rig_record(1, "a", 1, 0);
	r->status = RECORD_NO_REPLY;
	r->reply_len = r->reply_wire = 0;
	open_filter("filter.rcodes=NOERROR");
	CU_ASSERT_FALSE(accepts(r));
	filter_free(&filter);
	open_filter("filter.statuses=[\"no_reply\",\"malformed\"]");
	CU_ASSERT_TRUE(accepts(r));
	CU_ASSERT_FALSE(accepts(rig_record(1, "a", 1, 0)));
	filter_free(&filter);
	r->query_len = 5;
	r->status = RECORD_MALFORMED;
	open_filter("filter.domains=.");
	CU_ASSERT_FALSE(accepts(r));
	filter_free(&filter);
	open_filter("filter.qtypes=A");
	CU_ASSERT_FALSE(accepts(r));
	filter_free(&filter);
}

/* A sighting of encrypted DNS has no message, whatever its server's name looks like. */
static void encrypted(void)
{
	static const char *const keys[] = {"filter.qtypes=A", "filter.rcodes=NOERROR",
		"filter.domains=.", "filter.statuses=answered"};
	struct record *r = rig_record(1, "a", 1, 0);
	for (size_t i = 0; i < BITS_COUNT(keys); i++) {
		r->status = RECORD_ANSWERED;
		open_filter(keys[i]);
		CU_ASSERT_TRUE(accepts(r));
		r->status = RECORD_ENCRYPTED;
		CU_ASSERT_FALSE(accepts(r));
		filter_free(&filter);
	}
	open_filter("filter.statuses=encrypted");
	CU_ASSERT_TRUE(accepts(r));
	filter_free(&filter);
}

/* The upper bits of a response code are in the reply's OPT record. */
static void extended(void)
{
	static const uint8_t opt[11] = {0, 0, 41, 4, 0, 1, 0, 0, 0, 0, 0}; /* BADVERS: 16 */
	struct record *r = rig_record(1, "a", 1, 0);
	memcpy(r->data + r->query_len + r->reply_len, opt, sizeof(opt));
	r->data[r->query_len + 11] = 1;
	r->reply_len += sizeof(opt);
	open_filter("filter.rcodes=NOERROR");
	CU_ASSERT_FALSE(accepts(r));
	filter_free(&filter);
	open_filter("filter.rcodes=BADVERS");
	CU_ASSERT_TRUE(accepts(r));
	CU_ASSERT_FALSE(accepts(rig_record(1, "a", 1, 0)));
	filter_free(&filter);
}

/* Excluded records do not match, whatever else does. */
static void exclusions(void)
{
	static const struct {
		const char *keys;
		bool accepts; /* www.example.com A, answered, from 192.0.2.1 to 192.0.2.53 */
	} rows[] = {{"filter.exclude.clients=192.0.2.1", false},
		{"filter.exclude.clients=[\"198.51.100.0/24\",\"192.0.2.0/24\"]", false},
		{"filter.exclude.clients=192.0.2.53", true},
		{"filter.exclude.servers=192.0.2.53", false},
		{"filter.exclude.servers=192.0.2.1", true}, {"filter.servers=192.0.2.53", true},
		{"filter.servers=192.0.2.1", false}, {"filter.exclude.domains=EXAMPLE.com", false},
		{"filter.exclude.domains=ample.com", true}, {"filter.exclude.domains=.", false},
		{"filter.domains=com,filter.exclude.domains=www.example.com", false},
		{"filter.domains=com,filter.exclude.domains=mail.example.com", true},
		{"filter.exclude.qtypes=A", false}, {"filter.exclude.qtypes=AAAA", true},
		{"filter.exclude.statuses=answered", false},
		{"filter.exclude.statuses=no_reply", true},
		{"filter.statuses=answered,filter.exclude.statuses=answered", false},
		{"filter.qtypes=A,filter.exclude.clients=192.0.2.1", false}};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		open_filter(rows[i].keys);
		CU_ASSERT_FALSE(filter.any);
		CU_ASSERT_EQUAL(accepts(rig_record(1, "www.example.com", 1, 0)), rows[i].accepts);
		filter_free(&filter);
	}
}

static void wrong(void)
{
	static const struct {
		const char *keys, *want;
	} rows[] = {
		{"filter.qtypes=QUUX", "filter.qtypes: entry 1: unknown word \"QUUX\""},
		{"filter.rcodes=[\"NOERROR\",\"\\\"\"]", "filter.rcodes: entry 2: unknown word"},
		{"filter.statuses=open", "filter.statuses: entry 1: unknown word \"open\""},
		{"filter.clients=1.2.3.4/33",
			"filter.clients: entry 1: \"1.2.3.4/33\" is not followed by / and 0 to 32"},
		{"filter.clients=1.2.3/8", "is no address"},
		{"filter.clients=1.2.3.4/", "is not followed by / and 0 to 32"},
		{"filter.clients=1.2.3.4/-1", "is not followed by"},
		{"filter.clients=::/129", "is not followed by / and 0 to 128"},
		{"filter.clients=example", "is no address"},
		{"filter.clients=192.0.2.77/31", "is more than a prefix: bits behind it are set"},
		{"filter.exclude.clients=1.2.3/8",
			"filter.exclude.clients: entry 1: \"1.2.3/8\" is no address"},
		{"filter.exclude.domains=a..b", "filter.exclude.domains: entry 1"},
		{"filter.exclude.qtypes=QUUX", "filter.exclude.qtypes: entry 1: unknown word"},
		{"filter.domains=a..b", "filter.domains: entry 1: \"a..b\" is no domain name"},
		{"filter.domains=.a", "is no domain name"},
		{"filter.domains=[\"a\",\"b\\\\\"]", "entry 2"},
		{"filter.domains=[\"\\\\256\"]", "is no domain name"},
		{"filter.domains=[\"\\\\9\"]", "is no domain name"},
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		struct conf_error err = {""};
		char line[200];
		snprintf(line, sizeof(line), "type=stdout,%s", rows[i].keys);
		CU_ASSERT_EQUAL(filter_init(&filter, rig_sink(&rig, line, false), &err), -EINVAL);
		if (!strstr(err.text, rows[i].want))
			fprintf(stderr, "\n%s: %s\n", rows[i].keys, err.text);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, rows[i].want));
	}
	char line[200] = "type=stdout,filter.domains=";
	memset(line + strlen(line), 'a', 64);
	struct conf_error err;
	CU_ASSERT_EQUAL(filter_init(&filter, rig_sink(&rig, line, false), &err), -EINVAL);
}

void test_sink_filter(void)
{
	CU_pSuite s = CU_add_suite("sink/filter", rig_set_up, rig_tear_down);
	CU_add_test(s, "words", words);
	CU_add_test(s, "domains", domains);
	CU_add_test(s, "clients", clients);
	CU_add_test(s, "records without a part", lacking);
	CU_add_test(s, "encrypted", encrypted);
	CU_add_test(s, "extended response codes", extended);
	CU_add_test(s, "exclusions", exclusions);
	CU_add_test(s, "invalid keys", wrong);
}

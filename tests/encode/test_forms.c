/* SPDX-License-Identifier: BSD-3-Clause */
/* The encodings: expected octets by hand, buffers of every size, documents truncated anywhere. */
#include "encode/encode.h"

#include "encode/msgpack.h"
#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void test_encode_forms(void);

extern const struct encode_kind encode_kind_msgpack, encode_kind_tagged, encode_kind_text,
	encode_kind_avro;

#define TS 1444531212643494000

static size_t encode(const struct encode_kind *kind, const char *json, size_t n, size_t size,
	char *to, int *rc, bool *full)
{
	uint8_t *copy = guard_copy(json, n), *buffer = guard_copy(to, size);
	struct encode_doc d = {(char *)copy, n, "dns-gazer.dns.tx", TS};
	struct text t = text_of((char *)buffer, size);
	*rc = kind->encode(&t, &d);
	*full = t.full;
	size_t len = text_len(&t);
	CU_ASSERT_FATAL(len <= size);
	memcpy(to, buffer, len);
	guard_free(buffer, size);
	guard_free(copy, n);
	return len;
}

static void expect(const struct encode_kind *kind, const char *json, const char *octets, size_t n)
{
	static char to[70000];
	bool full;
	int rc;
	size_t len = encode(kind, json, strlen(json), sizeof(to), to, &rc, &full);
	CU_ASSERT_EQUAL(rc, 0);
	CU_ASSERT_FALSE(full);
	CU_ASSERT_EQUAL(len, n);
	if (len != n || memcmp(to, octets, n) != 0) {
		printf("\n%s of %s:", kind->name, json);
		for (size_t i = 0; i < len; i++)
			printf(" %02x", (uint8_t)to[i]);
	}
	CU_ASSERT(len == n && memcmp(to, octets, n) == 0);
}

#define MSGPACK(json, octets) expect(&encode_kind_msgpack, json, octets, sizeof(octets) - 1)

static void numbers(void)
{
	MSGPACK("{}", "\x80");
	MSGPACK("{\"a\":0}", "\x81\xa1"
			     "a\x00");
	MSGPACK("{\"a\":127}", "\x81\xa1"
			       "a\x7f");
	MSGPACK("{\"a\":128}", "\x81\xa1"
			       "a\xcc\x80");
	MSGPACK("{\"a\":255}", "\x81\xa1"
			       "a\xcc\xff");
	MSGPACK("{\"a\":256}", "\x81\xa1"
			       "a\xcd\x01\x00");
	MSGPACK("{\"a\":65535}", "\x81\xa1"
				 "a\xcd\xff\xff");
	MSGPACK("{\"a\":65536}", "\x81\xa1"
				 "a\xce\x00\x01\x00\x00");
	MSGPACK("{\"a\":4294967295}", "\x81\xa1"
				      "a\xce\xff\xff\xff\xff");
	MSGPACK("{\"a\":4294967296}", "\x81\xa1"
				      "a\xcf\x00\x00\x00\x01\x00\x00\x00\x00");
	MSGPACK("{\"a\":18446744073709551615}", "\x81\xa1"
						"a\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
	MSGPACK("{\"a\":-1}", "\x81\xa1"
			      "a\xff");
	MSGPACK("{\"a\":-32}", "\x81\xa1"
			       "a\xe0");
	MSGPACK("{\"a\":-33}", "\x81\xa1"
			       "a\xd0\xdf");
	MSGPACK("{\"a\":-128}", "\x81\xa1"
				"a\xd0\x80");
	MSGPACK("{\"a\":-129}", "\x81\xa1"
				"a\xd1\xff\x7f");
	MSGPACK("{\"a\":-32768}", "\x81\xa1"
				  "a\xd1\x80\x00");
	MSGPACK("{\"a\":-32769}", "\x81\xa1"
				  "a\xd2\xff\xff\x7f\xff");
	MSGPACK("{\"a\":-2147483648}", "\x81\xa1"
				       "a\xd2\x80\x00\x00\x00");
	MSGPACK("{\"a\":-2147483649}", "\x81\xa1"
				       "a\xd3\xff\xff\xff\xff\x7f\xff\xff\xff");
	MSGPACK("{\"a\":-9223372036854775808}", "\x81\xa1"
						"a\xd3\x80\x00\x00\x00\x00\x00\x00\x00");
	MSGPACK("{\"a\":-9223372036854775809}", "\x81\xa1"
						"a\xcb\xc3\xe0\x00\x00\x00\x00\x00\x00");
	MSGPACK("{\"a\":-1.5}", "\x81\xa1"
				"a\xcb\xbf\xf8\x00\x00\x00\x00\x00\x00");
	MSGPACK("{\"a\":2.0}", "\x81\xa1"
			       "a\xcb\x40\x00\x00\x00\x00\x00\x00\x00");
	MSGPACK("{\"a\":[true,false,null]}", "\x81\xa1"
					     "a\x93\xc3\xc2\xc0");
}

/* Strings and lists around each length at which their marker changes. */
static void lengths(void)
{
	static const struct {
		size_t n;
		const char *str, *list;
		size_t str_len, list_len;
	} steps[] = {
		{0, "\xa0", "\x90", 1, 1},
		{15, "\xaf", "\x9f", 1, 1},
		{16, "\xb0", "\xdc\x00\x10", 1, 3},
		{31, "\xbf", "\xdc\x00\x1f", 1, 3},
		{32, "\xd9\x20", "\xdc\x00\x20", 2, 3},
		{255, "\xd9\xff", "\xdc\x00\xff", 2, 3},
		{256, "\xda\x01\x00", "\xdc\x01\x00", 3, 3},
		{65535, "\xda\xff\xff", "\xdc\xff\xff", 3, 3},
		{65536, "\xdb\x00\x01\x00\x00", "\xdd\x00\x01\x00\x00", 5, 5},
	};
	static char json[140000], want[70000];
	for (size_t i = 0; i < BITS_COUNT(steps); i++) {
		size_t n = steps[i].n, head = 3 + steps[i].str_len;
		strcpy(json, "{\"a\":\"");
		memset(json + 6, 'x', n);
		strcpy(json + 6 + n, "\"}");
		memcpy(want,
			"\x81\xa1"
			"a",
			3);
		memcpy(want + 3, steps[i].str, steps[i].str_len);
		memset(want + head, 'x', n);
		expect(&encode_kind_msgpack, json, want, head + n);
		if (n) { /* with an escape: longer in JSON than its value */
			memmove(json + 7, json + 6, n + 3);
			json[6] = '\\';
			json[7] = 'n';
			want[head] = '\n';
			expect(&encode_kind_msgpack, json, want, head + n);
		}
		strcpy(json, "{\"a\":[");
		for (size_t k = 0; k < n; k++)
			memcpy(json + 6 + 2 * k, "1,", 2);
		strcpy(json + 6 + 2 * n - (n > 0), "]}");
		memcpy(want + 3, steps[i].list, steps[i].list_len);
		memset(want + 3 + steps[i].list_len, 1, n);
		expect(&encode_kind_msgpack, json, want, 3 + steps[i].list_len + n);
	}
}

static void parts(void)
{
	char buffer[64];
	struct text t = text_of(buffer, sizeof(buffer));
	msgpack_array(&t, 3);
	msgpack_str(&t, "tag", 3);
	msgpack_event_time(&t, TS);
	msgpack_map(&t, 0);
	CU_ASSERT_EQUAL(text_len(&t), 1 + 4 + 10 + 1);
	CU_ASSERT_EQUAL(
		memcmp(buffer, "\x93\xa3tag\xd7\x00\x56\x19\xcc\x0c\x26\x5a\xf0\x70\x80", 16), 0);
	t.at = buffer;
	msgpack_event_time(&t, -1);
	msgpack_event_time(&t, INT64_MAX);
	msgpack_bin(&t, "\x00\x01", 2);
	msgpack_bool(&t, true);
	CU_ASSERT_EQUAL(memcmp(buffer,
				"\xd7\x00\0\0\0\0\0\0\0\0\xd7\x00\xff\xff\xff\xff\x3b\x9a\xc9\xff"
				"\xc4\x02\x00\x01\xc3",
				25),
		0);
}

static void tagged(void)
{
	static const char want[] = "\x93\xb0"
				   "dns-gazer.dns.tx\xce\x56\x19\xcc\x0c\x81\xa1"
				   "a\x01";
	expect(&encode_kind_tagged, "{\"a\":1}", want, sizeof(want) - 1);
}

static void text(void)
{
	static const char want[] =
		"2015-10-11T02:40:12+00:00\tdns-gazer.dns.tx\t"
		"{\"a\": [{\"b\": \",:\\\"\", \"c\": {}}, 1, []], \"d\": true}\n";
	expect(&encode_kind_text, "{\"a\":[{\"b\":\",:\\\"\",\"c\":{}},1,[]],\"d\":true}", want,
		sizeof(want) - 1);
}

/* gopassivedns's example of its Avro form, with a name that has escapes. */
#define GOPASSIVEDNS                                                                               \
	"{\"query_id\":1234,\"rcode\":0,\"q\":\"ex\\\"mple.com\",\"qtype\":\"A\","                 \
	"\"a\":\"1.2.3.4\",\"atype\":\"A\",\"ttl\":4294967295,\"dst\":\"8.8.8.8\","                \
	"\"src\":\"10.0.0.1\",\"tstamp\":\"t\",\"elapsed\":-1000,\"sport\":\"12345\","             \
	"\"level\":\"INFO\",\"bytes\":64,\"protocol\":\"udp\",\"truncated\":false,\"aa\":true,"    \
	"\"rd\":true,\"ra\":false}"
#define GOPASSIVEDNS_AVRO                                                                          \
	"\xc3\x01\x71\x60\xbe\x31\x1c\xda\xcc\xcc\xa4\x13\x00\x16"                                 \
	"ex\"mple.com\x02"                                                                         \
	"A\x0e"                                                                                    \
	"1.2.3.4\x02"                                                                              \
	"A\xfe\xff\xff\xff\x1f\x0e"                                                                \
	"8.8.8.8\x10"                                                                              \
	"10.0.0.1\x02t\xcf\x0f\x0a"                                                                \
	"12345\x08INFO\x80\x01\x06udp\x00\x01\x01\x00"

static void avro(void)
{
	static const char want[] = GOPASSIVEDNS_AVRO;
	expect(&encode_kind_avro, GOPASSIVEDNS, want, sizeof(want) - 1);
}

/* The fingerprint is the schema's: CRC-64-AVRO bit by bit (Avro 1.11, "Schema fingerprints"). */
static void fingerprint(void)
{
	const uint64_t empty = 0xc15d213aa4d7a795u;
	uint64_t crc = empty;
	for (const char *p = encode_avro_schema; *p; p++) {
		crc ^= (uint8_t)*p;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (empty & (0 - (crc & 1)));
	}
	char octets[8];
	for (int i = 0; i < 8; i++)
		octets[i] = (char)(crc >> 8 * i);
	CU_ASSERT_EQUAL(memcmp(octets, &GOPASSIVEDNS_AVRO[2], 8), 0);
}

static void refuse(const struct encode_kind *kind, const char *json)
{
	char to[1000];
	bool full;
	int rc;
	encode(kind, json, strlen(json), sizeof(to), to, &rc, &full);
	if (rc != -EINVAL)
		printf("\n%s takes %s", kind->name, json);
	CU_ASSERT_EQUAL(rc, -EINVAL);
}

/* Documents that the Avro schema cannot represent. */
static void no_avro(void)
{
	refuse(&encode_kind_avro, "{\"query_id\":1}");
	refuse(&encode_kind_avro, "{\"rcode\":1}");
	refuse(&encode_kind_avro, "{}");
	for (const char *p = GOPASSIVEDNS; *p; p++) {
		char other[] = GOPASSIVEDNS;
		char *q = other + (p - (const char *)GOPASSIVEDNS);
		if (*p >= 'a' && *p <= 'z' && p[-1] == '"' && strchr(p, ':')[-1] == '"' &&
			strcspn(p, ":") < strcspn(p, ",")) { /* a key */
			*q = '_';
			refuse(&encode_kind_avro, other);
		}
	}
}

static const struct encode_kind *const kinds[] = {
	&encode_kind_msgpack, &encode_kind_tagged, &encode_kind_text, &encode_kind_avro};

static void every_size(void)
{
	for (size_t k = 0; k < BITS_COUNT(kinds); k++) {
		char want[2000], to[2000];
		bool full;
		int rc;
		size_t n = strlen(GOPASSIVEDNS), fits = 0;
		size_t need = encode(kinds[k], GOPASSIVEDNS, n, sizeof(want), want, &rc, &full);
		CU_ASSERT_FALSE_FATAL(full || rc);
		for (size_t size = 0; size < need + 200; size++) {
			size_t len = encode(kinds[k], GOPASSIVEDNS, n, size, to, &rc, &full);
			CU_ASSERT_EQUAL_FATAL(rc, 0);
			CU_ASSERT_FATAL(full ? fits == 0 : len == need);
			CU_ASSERT_FATAL(full || memcmp(to, want, need) == 0);
			fits += !full;
		}
		CU_ASSERT(fits > 0);
	}
}

static void every_cut(void)
{
	for (size_t k = 0; k < BITS_COUNT(kinds); k++)
		for (size_t n = 0; n < strlen(GOPASSIVEDNS); n++) {
			char to[2000];
			bool full;
			int rc;
			encode(kinds[k], GOPASSIVEDNS, n, sizeof(to), to, &rc, &full);
			CU_ASSERT_EQUAL(rc, -EINVAL);
		}
}

void test_encode_forms(void)
{
	CU_pSuite s = CU_add_suite("encode/forms", NULL, NULL);
	CU_add_test(s, "MessagePack: numbers", numbers);
	CU_add_test(s, "MessagePack: lengths", lengths);
	CU_add_test(s, "MessagePack: parts of Fluentd's protocol", parts);
	CU_add_test(s, "MessagePack with tag and time", tagged);
	CU_add_test(s, "text with tag and time", text);
	CU_add_test(s, "Avro", avro);
	CU_add_test(s, "Avro: the schema's fingerprint", fingerprint);
	CU_add_test(s, "Avro: other documents", no_avro);
	CU_add_test(s, "buffers of every size", every_size);
	CU_add_test(s, "every cut", every_cut);
}

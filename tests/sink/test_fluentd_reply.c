/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of receivers: complete, truncated at every octet, with every octet changed. */
#include "sink/fluentd_reply.h"

#include "encode/msgpack.h"
#include "sink/fluentd_login.h"
#include "support/guard.h"

#include <CUnit/CUnit.h>
#include <errno.h>

void test_sink_fluentd_reply(void);

static char buffer[1000];
static struct text t;

static bool is(const struct fluentd_octets *o, const char *word)
{
	return o->len == strlen(word) && memcmp(o->at, word, o->len) == 0;
}

static void helo(const char *auth)
{
	t = text_of(buffer, sizeof(buffer));
	msgpack_array(&t, 2);
	msgpack_str(&t, "HELO", 4);
	msgpack_map(&t, 4);
	msgpack_str(&t, "nonce", 5);
	msgpack_bin(&t, "0123456789abcdef", 16);
	msgpack_str(&t, "auth", 4);
	msgpack_str(&t, auth, strlen(auth));
	msgpack_str(&t, "later", 5);
	msgpack_array(&t, 3); /* a member of a later version */
	msgpack_double(&t, 1.5);
	msgpack_int(&t, -70000);
	msgpack_event_time(&t, 5);
	msgpack_str(&t, "keepalive", 9);
	msgpack_bool(&t, false);
}

static void pong(bool accepted, const char *digest)
{
	t = text_of(buffer, sizeof(buffer));
	msgpack_array(&t, 5);
	msgpack_str(&t, "PONG", 4);
	msgpack_bool(&t, accepted);
	msgpack_str(&t, "why", 3);
	msgpack_str(&t, "server", 6);
	msgpack_str(&t, digest, strlen(digest));
}

static void ack(void)
{
	t = text_of(buffer, sizeof(buffer));
	msgpack_map(&t, 1);
	msgpack_str(&t, "ack", 3);
	msgpack_str(&t, "0123456789abcdef0123456789abcdef", 32);
}

/* Complete and truncated everywhere, in front of a guard page: no read outside, no wrong result. */
static void read_truncated(enum fluentd_reply_kind kind)
{
	struct fluentd_reply r;
	size_t n = text_len(&t);
	for (size_t cut = 0; cut <= n; cut++) {
		uint8_t *at = guard_copy((const uint8_t *)buffer, cut);
		int used = fluentd_reply_read((const char *)at, cut, &r);
		CU_ASSERT_EQUAL(used, cut == n ? (int)n : 0);
		if (cut == n)
			CU_ASSERT_EQUAL(r.kind, kind);
		guard_free(at, cut);
	}
	for (size_t i = 0; i < n; i++)
		for (int v = 0; v < 256; v++) {
			uint8_t *at = guard_copy((const uint8_t *)buffer, n);
			at[i] = (uint8_t)v;
			int used = fluentd_reply_read((const char *)at, n, &r);
			CU_ASSERT(used >= -EINVAL && used <= (int)n);
			guard_free(at, n);
		}
}

static void replies(void)
{
	struct fluentd_reply r;
	helo("");
	read_truncated(FLUENTD_HELO);
	fluentd_reply_read(buffer, text_len(&t), &r);
	CU_ASSERT(is(&r.nonce, "0123456789abcdef") && is(&r.auth, "") && !r.keepalive);
	pong(true, "digest");
	read_truncated(FLUENTD_PONG);
	fluentd_reply_read(buffer, text_len(&t), &r);
	CU_ASSERT(r.accepted && is(&r.reason, "why") && is(&r.hostname, "server"));
	CU_ASSERT(is(&r.digest, "digest"));
	ack();
	read_truncated(FLUENTD_ACK);
	fluentd_reply_read(buffer, text_len(&t), &r);
	CU_ASSERT(is(&r.ack, "0123456789abcdef0123456789abcdef"));
}

static void not_replies(void)
{
	static const struct {
		const char *octets;
		size_t n;
	} rows[] = {{"HTTP/1.1 400", 12}, {"\xc1", 1}, {"\x90", 1}, {"\x80", 1}, {"\xc0", 1},
		{"\x92\xa4WHAT\x80", 7}, {"\x91\xa4HELO", 6}, {"\x92\xa4HELO\x01", 7},
		{"\x95\xa4PONG\x01", 7},
		{"\x81\xa3"
		 "ack\x01",
			6},
		{"\x81\xa3nak\xa1x", 7}, {"\xdf\xff\xff\xff\xff", 5},
		{"\x81\xa3"
		 "ack"
		 "\xc1",
			6}};
	struct fluentd_reply r;
	for (size_t i = 0; i < BITS_COUNT(rows); i++)
		CU_ASSERT_EQUAL(fluentd_reply_read(rows[i].octets, rows[i].n, &r), -EINVAL);
	/* Arrays nested without end. */
	memset(buffer, 0x91, sizeof(buffer));
	memcpy(buffer, "\x81\xa1x", 3);
	CU_ASSERT_EQUAL(fluentd_reply_read(buffer, sizeof(buffer), &r), -EINVAL);
}

/* Digests computed by another program: hashlib.sha512() of salt, host, nonce, key. */
static void login(void)
{
	struct fluentd_login l = {
		.shared_key = "key", .hostname = "client", .username = "u", .password = "p"};
	struct fluentd_reply r;
	char out_buffer[1000];
	struct text out = text_of(out_buffer, sizeof(out_buffer));
	helo("salt");
	fluentd_reply_read(buffer, text_len(&t), &r);
	if (!fluentd_login_available())
		return;
	CU_ASSERT_EQUAL(fluentd_login_ping(&l, &r, &out), 0);
	/* It ends in sha512("salt" "u" "p"). */
	CU_ASSERT_EQUAL(memcmp(out.at - 128, "55964ce69466428d0b4277ca9c8e5b3e", 32), 0);
	memcpy(l.salt, "00112233445566778899aabbccddeeff", 32);
	pong(true, "26a1808a8a603ad5dc549cd435ed05ff66220a051eb64add9813168b0d14886a"
		   "42f582dc28690b9aa9b37855566d05e3bab7ac967a2e0a2eaaef0783999da56d");
	fluentd_reply_read(buffer, text_len(&t), &r);
	CU_ASSERT_PTR_NULL(fluentd_login_pong(&l, &r));
	l.salt[0] = '1';
	CU_ASSERT_STRING_EQUAL(fluentd_login_pong(&l, &r), "does not know the shared key");
	pong(false, "x");
	fluentd_reply_read(buffer, text_len(&t), &r);
	CU_ASSERT_STRING_EQUAL(fluentd_login_pong(&l, &r), "refused the login");
	r.nonce.len = FLUENTD_NONCE + 1;
	CU_ASSERT_EQUAL(fluentd_login_ping(&l, &r, &out), -EINVAL);
}

void test_sink_fluentd_reply(void)
{
	CU_pSuite s = CU_add_suite("sink/fluentd_reply", NULL, NULL);
	CU_add_test(s, "replies", replies);
	CU_add_test(s, "no replies", not_replies);
	CU_add_test(s, "login", login);
}

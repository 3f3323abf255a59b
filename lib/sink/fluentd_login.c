/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/fluentd_login.h"

#include "encode/msgpack.h"

#include <errno.h>
#include <sys/random.h>

#ifdef SINK_TLS

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define HEX_LEN 128 /* of SHA-512 */

static struct fluentd_octets octets_of(const char *s)
{
	return (struct fluentd_octets){s, (uint32_t)strlen(s)};
}

/* Computes SHA-512 of the concatenated parts as lower-case hexadecimal digits. False: OpenSSL
 * failed. */
static bool digest(char hex[HEX_LEN], const struct fluentd_octets *parts, int n)
{
	uint8_t raw[HEX_LEN / 2];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c && EVP_DigestInit_ex(c, EVP_sha512(), NULL) == 1;
	for (int i = 0; i < n && good; i++)
		good = EVP_DigestUpdate(c, parts[i].at, parts[i].len) == 1;
	good = good && EVP_DigestFinal_ex(c, raw, NULL) == 1;
	EVP_MD_CTX_free(c);
	struct text t = text_of(hex, HEX_LEN);
	if (good)
		text_hex(&t, raw, sizeof(raw));
	return good;
}

/* Computes the digest that proves that `host` knows the key. */
static bool key_digest(
	char hex[HEX_LEN], const struct fluentd_login *l, const struct fluentd_octets *host)
{
	const struct fluentd_octets parts[] = {{l->salt, sizeof(l->salt)}, *host,
		{l->nonce, (uint32_t)l->nonce_len}, octets_of(l->shared_key)};
	return digest(hex, parts, 4);
}

bool fluentd_login_available(void)
{
	return true;
}

int fluentd_login_ping(struct fluentd_login *l, const struct fluentd_reply *helo, struct text *out)
{
	char hex[HEX_LEN], user[HEX_LEN];
	uint8_t salt[FLUENTD_SALT / 2];
	struct fluentd_octets host = octets_of(l->hostname);
	const struct fluentd_octets parts[] = {
		helo->auth, octets_of(l->username), octets_of(l->password)};
	if (helo->nonce.len > sizeof(l->nonce))
		return -EINVAL;
	if (getrandom(salt, sizeof(salt), 0) != sizeof(salt))
		return -EIO;
	struct text digits = text_of(l->salt, sizeof(l->salt));
	text_hex(&digits, salt, sizeof(salt));
	l->nonce_len = helo->nonce.len;
	if (l->nonce_len)
		memcpy(l->nonce, helo->nonce.at, l->nonce_len);
	if (!key_digest(hex, l, &host) || !digest(user, parts, 3))
		return -EIO;
	msgpack_array(out, 6);
	msgpack_str(out, "PING", 4);
	msgpack_str(out, host.at, host.len);
	msgpack_str(out, l->salt, sizeof(l->salt));
	msgpack_str(out, hex, sizeof(hex));
	/* Without a request for a user, both members are empty. */
	size_t name = helo->auth.len ? strlen(l->username) : 0;
	msgpack_str(out, l->username, name);
	msgpack_str(out, user, helo->auth.len ? sizeof(user) : 0);
	return out->full ? -EINVAL : 0;
}

const char *fluentd_login_pong(const struct fluentd_login *l, const struct fluentd_reply *pong)
{
	char hex[HEX_LEN];
	if (!pong->accepted)
		return "refused the login";
	if (!key_digest(hex, l, &pong->hostname) || pong->digest.len != sizeof(hex) ||
		CRYPTO_memcmp(hex, pong->digest.at, sizeof(hex)) != 0)
		return "does not know the shared key";
	return NULL;
}

#else

bool fluentd_login_available(void)
{
	return false;
}

int fluentd_login_ping(struct fluentd_login *l, const struct fluentd_reply *helo, struct text *out)
{
	return l && helo && out ? -EIO : -EINVAL;
}

const char *fluentd_login_pong(const struct fluentd_login *l, const struct fluentd_reply *pong)
{
	return l && pong ? "this dnsloupe was built without a login (OpenSSL)" : NULL;
}

#endif

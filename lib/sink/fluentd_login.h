/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The login of Fluentd's forward protocol v1. The receiver's HELO has a nonce; the client's PING
 * proves by a digest that it knows the shared key; the receiver's PONG proves the same of the
 * receiver. The key itself is never sent. SHA-512 comes from OpenSSL: a build without it has no
 * login.
 */
#ifndef SINK_FLUENTD_LOGIN_H
#define SINK_FLUENTD_LOGIN_H

#include "base/text.h"
#include "sink/fluentd_reply.h"

#define FLUENTD_SALT 32 /* hexadecimal digits: some receivers treat it as text */
#define FLUENTD_NONCE 128

struct fluentd_login {
	const char *shared_key; /* "": no login */
	const char *hostname; /* ours */
	const char *username, *password;
	char salt[FLUENTD_SALT]; /* of this connection */
	char nonce[FLUENTD_NONCE]; /* the receiver's */
	size_t nonce_len;
};

/* True if this build has it. */
bool fluentd_login_available(void);

/* Appends the PING that replies to a HELO. Returns 0; -EINVAL: the nonce is too long; -EIO: there
 * are no random octets. */
int fluentd_login_ping(struct fluentd_login *l, const struct fluentd_reply *helo, struct text *out);

/* Verifies the PONG: that the login was accepted, and that the receiver knows the key. Returns
 * NULL, or the error. */
const char *fluentd_login_pong(const struct fluentd_login *l, const struct fluentd_reply *pong);

#endif

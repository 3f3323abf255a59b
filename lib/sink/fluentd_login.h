/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The login of Fluentd's forward protocol v1: the receiver's HELO brings a nonce, our PING shows by
 * a digest that we know the shared key, the receiver's PONG shows the same of the receiver. Nobody
 * says the key itself. SHA-512 is OpenSSL's: a build without it has no login.
 */
#ifndef SINK_FLUENTD_LOGIN_H
#define SINK_FLUENTD_LOGIN_H

#include "base/text.h"
#include "sink/fluentd_reply.h"

#define FLUENTD_SALT 32 /* hexadecimal digits, for receivers that take it for text */
#define FLUENTD_NONCE 128

struct fluentd_login {
	const char *shared_key; /* "": no login */
	const char *hostname; /* ours */
	const char *username, *password;
	char salt[FLUENTD_SALT]; /* of this connection */
	char nonce[FLUENTD_NONCE]; /* the receiver's */
	size_t nonce_len;
};

/* Can this build do it? */
bool fluentd_login_available(void);

/*
 * Answers HELO: appends the PING. 0; -EINVAL: a nonce that is too long; -EIO: no random octets.
 */
int fluentd_login_ping(struct fluentd_login *l, const struct fluentd_reply *helo, struct text *out);

/* Does the PONG let us in, and did the receiver know the key? NULL, or why not in words. */
const char *fluentd_login_pong(const struct fluentd_login *l, const struct fluentd_reply *pong);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The name of the server in a ClientHello that is in the clear (RFC 6066 section 3): of TLS (RFC
 * 8446, RFC 5246) as the client's octets of a TCP connection, of DTLS (RFC 6347, RFC 9147) as one
 * datagram. What a ClientHello looks like is the same in all of them (RFC 8446 section 4.1.2).
 */
#ifndef SIGHT_HELLO_H
#define SIGHT_HELLO_H

#include "base/cursor.h"

#define HELLO_MAX 4096 /* octets that are looked at */
#define HELLO_NAME_MAX 255 /* no host name is longer */

enum hello_result {
	HELLO_MORE, /* nothing yet, and the ClientHello goes on behind what is at hand */
	HELLO_NAME,
	HELLO_NONE, /* a ClientHello without a name */
	HELLO_BAD, /* no ClientHello, or a broken one */
};

struct hello {
	uint8_t len; /* of the name; HELLO_NAME only: 1 to HELLO_NAME_MAX */
	uint8_t name[HELLO_NAME_MAX]; /* whatever octets the client sent */
};

/* Reads the first octets of a client's stream; what is beyond HELLO_MAX is not looked at. */
enum hello_result hello_tls(struct hello *hello, const uint8_t *data, uint32_t len);

/* Reads a client's datagram. HELLO_MORE: the rest is in another one. */
enum hello_result hello_dtls(struct hello *hello, const uint8_t *data, uint32_t len);

/* Is it a record of DTLS, whatever it carries? */
bool hello_is_dtls(const uint8_t *data, uint32_t len);

#endif

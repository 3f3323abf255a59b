/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server name in a ClientHello in the clear (RFC 6066 section 3): of TLS (RFC 8446, RFC 5246)
 * from the client's octets of a TCP connection, of DTLS (RFC 6347, RFC 9147) from one datagram. All
 * of them share the format of the ClientHello (RFC 8446 section 4.1.2).
 */
#ifndef SIGHT_HELLO_H
#define SIGHT_HELLO_H

#include "base/cursor.h"

#define SIGHT_HELLO_MAX 4096 /* octets that are parsed at most */
#define SIGHT_NAME_MAX 255 /* no host name is longer */

enum sight_hello_result {
	SIGHT_HELLO_MORE, /* no name yet, and the ClientHello continues behind the octets */
	SIGHT_HELLO_NAME,
	SIGHT_HELLO_NONE, /* a ClientHello without a name */
	SIGHT_HELLO_BAD, /* no ClientHello, or a broken one */
};

struct sight_hello {
	uint8_t len; /* of the name; SIGHT_HELLO_NAME only: 1 to SIGHT_NAME_MAX */
	uint8_t name[SIGHT_NAME_MAX]; /* whatever octets the client sent */
	uint32_t missing; /* SIGHT_HELLO_MORE only: octets that the ClientHello still lacks at least
			   */
};

/*
 * Parses the first octets of a client's stream; octets beyond SIGHT_HELLO_MAX are ignored. Of a
 * longer prefix the result is the same unless it is SIGHT_HELLO_MORE.
 */
enum sight_hello_result sight_hello_tls(
	struct sight_hello *hello, const uint8_t *data, uint32_t len);

/* Parses a client's datagram. SIGHT_HELLO_MORE: the rest is in another one. */
enum sight_hello_result sight_hello_dtls(
	struct sight_hello *hello, const uint8_t *data, uint32_t len);

/* True if a datagram begins with a DTLS record, of any content. */
bool sight_hello_is_dtls(const uint8_t *data, uint32_t len);

#endif

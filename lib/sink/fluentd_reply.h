/* SPDX-License-Identifier: BSD-3-Clause */
/* Parses the messages of a receiver of Fluentd's forward protocol v1: HELO, PONG, acknowledgements.
 */
#ifndef SINK_FLUENTD_REPLY_H
#define SINK_FLUENTD_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a reply, in the buffer that was parsed. */
struct fluentd_octets {
	const char *at;
	uint32_t len;
};

enum fluentd_reply_kind { FLUENTD_HELO = 1, FLUENTD_PONG, FLUENTD_ACK };

struct fluentd_reply {
	enum fluentd_reply_kind kind;
	struct fluentd_octets nonce, auth; /* HELO; auth empty: no user is required */
	bool keepalive; /* HELO: more than one chunk for each connection */
	bool accepted; /* PONG */
	struct fluentd_octets reason, hostname, digest; /* PONG */
	struct fluentd_octets ack; /* ACK: the chunk's id */
};

/* Parses one reply at the start of the octets. Returns its length (> 0); 0: it is incomplete;
 * -EINVAL: it is no reply. */
int fluentd_reply_read(const char *octets, size_t len, struct fluentd_reply *r);

#endif

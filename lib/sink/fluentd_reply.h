/* SPDX-License-Identifier: BSD-3-Clause */
/* What a receiver of Fluentd's forward protocol v1 says: HELO, PONG and acknowledgements. */
#ifndef SINK_FLUENTD_REPLY_H
#define SINK_FLUENTD_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a reply, in the buffer that was read. */
struct fluentd_octets {
	const char *at;
	uint32_t len;
};

enum fluentd_reply_kind { FLUENTD_HELO = 1, FLUENTD_PONG, FLUENTD_ACK };

struct fluentd_reply {
	enum fluentd_reply_kind kind;
	struct fluentd_octets nonce, auth; /* HELO; auth empty: no user is asked for */
	bool keepalive; /* HELO: more than one chunk a connection */
	bool accepted; /* PONG */
	struct fluentd_octets reason, hostname, digest; /* PONG */
	struct fluentd_octets ack; /* ACK: the chunk's id */
};

/*
 * Reads one reply from the start of what was received. Its octets (> 0); 0: it is not all there
 * yet; -EINVAL: it is none.
 */
int fluentd_reply_read(const char *octets, size_t len, struct fluentd_reply *r);

#endif

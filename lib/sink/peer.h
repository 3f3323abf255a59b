/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network receiver, for the sinks that have one: its connection, configured by the sink's keys,
 * and a send buffer of frames, of which the last to be sent may leave in parts.
 */
#ifndef SINK_PEER_H
#define SINK_PEER_H

#include "sink/clock.h"
#include "sink/conn.h"
#include "sink/sink.h"

#define PEER_FRAMES 4096 /* at most in the buffer */

struct peer {
	struct conn conn;
	struct conn_conf conf;
	char host[256];
	struct text out; /* the send buffer: complete frames */
	size_t sent; /* octets of it that the kernel has accepted */
	int64_t progress_ns; /* when it last accepted some, or the wait for that began */
	size_t first_start; /* where the first frame begins */
	uint32_t frames; /* in the buffer */
	size_t ends[PEER_FRAMES]; /* where each ends */
};

/* Fills peer->conf from the keys of a kind. Returns 0, or -EINVAL and the error, which begins with
 * the key's path. */
typedef int peer_configure(struct peer *peer, const struct conf_sink *conf, struct conf_error *err);

/* Sets the error's text. Returns -EINVAL. */
int peer_conf_error(struct conf_error *err, const char *text);

/*
 * Fills peer->conf from the keys that all kinds have (transport, address, path, tls.*). `port` is
 * used if the address has none. Returns 0, or -EINVAL and the error, which begins with the key's
 * path.
 */
int peer_conf(struct peer *peer, const struct conf_sink *conf, enum conf_choice transport,
	uint16_t port, struct conf_error *err);

/* Checks the keys: ops->check() of a kind. Returns 0, -EINVAL with the error, or -ENOMEM. */
int peer_check(const struct conf_sink *conf, peer_configure *configure, struct conf_error *err);

/* Configures and opens the connection, allocates the buffer. Returns 0, or -errno with
 * s->error_text. */
int peer_open(struct sink *s, struct peer *peer, peer_configure *configure);

/*
 * Connects: until the connection is up, one try has failed, or the time is over. Discards what the
 * peer sends. False: it is not up; s->error_text says why, unless only the time was over.
 */
bool peer_connect(struct sink *s, struct peer *peer, int64_t until_ns);

/* Returns the first frame, of which a part was sent; the rest must be sent before anything else.
 * NULL: none. */
static inline const char *peer_partial_frame(const struct peer *peer, size_t *len)
{
	*len = peer->frames ? peer->ends[0] - peer->first_start : 0;
	return peer->frames ? peer->out.start + peer->first_start : NULL;
}

/* Empties the buffer. */
void peer_clear(struct peer *peer);

/* Grows the buffer to at least `size` octets and keeps its contents. Returns 0 or -ENOMEM. */
int peer_grow(struct peer *peer, size_t size);

/* Ends a frame: what was appended since the end of the last one. */
static inline void peer_end_frame(struct peer *peer)
{
	peer->ends[peer->frames++] = text_len(&peer->out);
}

/*
 * Sends the buffer until it is empty or the time is over. Returns the frames that were sent
 * completely. *error: 0; -ETIMEDOUT: a frame that was sent in part stays in the buffer (with TLS,
 * all frames of which an octet is encrypted), the others were removed; -errno: the connection is
 * lost, the buffer empty, s->error_text set.
 */
uint32_t peer_flush(struct sink *s, struct peer *peer, int64_t until_ns, int *error);

/* Notes that octets were sent, or that there were none to send. */
static inline void peer_progress(struct peer *peer)
{
	peer->progress_ns = sink_clock_ns();
}

/* True if nothing could be sent for so long that the receiver is not slow but away; sets
 * s->error_text. */
bool peer_is_stalled(struct sink *s, const struct peer *peer);

/* Waits up to 1 s for the peer's kernel to acknowledge what was sent, closes, frees. */
void peer_close(struct peer *peer);

/* ops->idle() and ops->close() of kinds whose state begins with a struct peer: notices that the
 * receiver has closed before documents are lost by that; closes and frees the state. */
int peer_idle(struct sink *s, int deadline_ms);
int peer_free(struct sink *s);

#endif

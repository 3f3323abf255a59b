/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the sinks that speak over a network share: the connection as the keys of a sink ask for it,
 * and a buffer of frames that may leave in parts.
 */
#ifndef SINK_PEER_H
#define SINK_PEER_H

#include "sink/conn.h"
#include "sink/sink.h"

#define PEER_FRAMES 4096 /* at most in the buffer at a time */

struct peer {
	struct conn conn;
	struct conn_conf conf;
	char host[256];
	struct text out; /* whole frames, ready to be sent */
	size_t sent; /* octets of them that the kernel has */
	int64_t moved_ns; /* when it took some, or what was there to be sent began to wait */
	size_t cut; /* where the first of them begins */
	uint32_t frames; /* in it */
	size_t ends[PEER_FRAMES]; /* where each ends */
};

/* The error's text. Returns -EINVAL. */
int peer_refuse(struct conf_error *err, const char *what);

/*
 * The connection that a sink's keys ask for (transport, address, path, tls.*): fills w->conf.
 * `port` where the address names none. 0, or -EINVAL and the error in words, the key's path in
 * front.
 */
int peer_conf(struct peer *w, const struct conf_sink *conf, enum conf_choice transport,
	uint16_t port, struct conf_error *err);

/* Opens the stream; allocates. 0, or -errno with s->why. */
int peer_open(struct sink *s, struct peer *w);

/*
 * Connects until it is up, one try has failed, or the time is over; and what the peer says unasked
 * is thrown away. false: it is not up, and where that is no matter of time s->why says why.
 */
bool peer_up(struct sink *s, struct peer *w, int64_t until_ns);

/*
 * The first frame of which a part has left, if there is one: the rest must leave before anything
 * else does. NULL: none.
 */
static inline const char *peer_cut(const struct peer *w, size_t *len)
{
	*len = w->frames ? w->ends[0] - w->cut : 0;
	return w->frames ? w->out.start + w->cut : NULL;
}

/* Empties the buffer. */
void peer_clear(struct peer *w);

/* Makes the buffer at least so large; what it holds stays. 0 or -ENOMEM. */
int peer_grow(struct peer *w, size_t room);

/* What was appended since the last frame is a frame. */
static inline void peer_end_frame(struct peer *w)
{
	w->ends[w->frames++] = text_len(&w->out);
}

/*
 * Sends the buffer until the time is over. Frames that have left as a whole. *error: 0; -ETIMEDOUT:
 * frames that are on their way stay (one of which a part has left, with TLS all of which a part is
 * encrypted), the others are gone from the buffer; -errno: the connection is lost and the buffer
 * empty, and s->why says it.
 */
uint32_t peer_flush(struct sink *s, struct peer *w, int64_t until_ns, int *error);

/* Octets have moved, or there are none to be moved. */
static inline void peer_moved(struct peer *w)
{
	w->moved_ns = conn_clock();
}

/* Nothing has moved for so long that the receiver is not slow but away: says so in s->why. */
bool peer_is_stuck(struct sink *s, const struct peer *w);

/* Waits a little for the peer's kernel to take what was sent, closes, frees. */
void peer_close(struct peer *w);

#endif

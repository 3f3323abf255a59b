/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends lines over a stream: TCP, TLS, unix socket. There are no acknowledgements: what the kernel
 * has accepted counts as written. A document of which only a part was sent when the connection
 * broke is sent again, completely, over the next one.
 */
#include "sink/peer.h"

#include <errno.h>
#include <stdlib.h>

#define PORT 0 /* no default: the address must have one */

static enum conf_choice transport_of(const struct conf_sink *conf)
{
	if (conf->transport != CONF_TRANSPORT_AUTO)
		return conf->transport;
	return conf->address[0] ? CONF_TRANSPORT_TCP : CONF_TRANSPORT_UNIX;
}

static int configure(struct peer *peer, const struct conf_sink *conf, struct conf_error *err)
{
	enum conf_choice transport = transport_of(conf);

	if (transport == CONF_TRANSPORT_UDP || transport == CONF_TRANSPORT_LOCAL)
		return peer_conf_error(
			err, "transport: is no stream, expected auto, unix, tcp or tls");
	int error = peer_conf(peer, conf, transport, PORT, err);
	if (error == 0 && transport != CONF_TRANSPORT_UNIX && peer->conf.port == PORT)
		return peer_conf_error(
			err, "address: has no port, expected host:port or [IPv6 address]:port");
	return error;
}

static int stream_check(const struct conf_sink *conf, struct conf_error *err)
{
	return peer_check(conf, configure, err);
}

static int stream_open(struct sink *s)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return -ENOMEM;
	int error = peer_open(s, peer, configure);
	if (error) {
		free(peer);
		return error;
	}
	s->state = peer;
	return 0;
}

/* Fills the buffer with documents from i on. Returns the first that is not in it. */
static uint32_t fill_buffer(struct sink *s, const struct sink_block *b, uint32_t i)
{
	struct peer *peer = s->state;

	while (i < b->n_docs && peer->frames < PEER_FRAMES) {
		int rc = sink_encode(s, b, i, &peer->out);
		if (rc == -ENOSPC && peer->frames == 0) {
			if (peer_grow(peer, 2 * (size_t)(peer->out.end - peer->out.start)) < 0)
				break;
			continue;
		}
		if (rc == -ENOSPC)
			break;
		if (rc < 0)
			sink_reject(s, b, i);
		peer_end_frame(peer);
		i++;
	}
	return i;
}

static int stream_deliver(
	struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct peer *peer = s->state;
	int64_t until = sink_clock_ns() + (int64_t)deadline_ms * WHEN_NS_PER_MS;
	uint32_t i = from;
	int error = 0;

	if (!peer_connect(s, peer, until))
		return 0;
	/* Frames sent in part are those of the first documents, which came again. */
	if (peer->frames)
		i += peer_flush(s, peer, until, &error);
	while (i < b->n_docs && error == 0 && peer->frames == 0) {
		if (fill_buffer(s, b, i) == i)
			return i > from ? (int)(i - from) : sink_set_error(s, 0, "out of memory");
		i += peer_flush(s, peer, until, &error);
	}
	return (int)(i - from);
}

const struct sink_ops sink_stream = {
	.name = "stream",
	.check = stream_check,
	.open = stream_open,
	.deliver = stream_deliver,
	.idle = peer_idle,
	.close = peer_free,
};

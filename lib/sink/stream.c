/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sink of lines over a stream: TCP, TLS, unix socket. Nobody acknowledges: what the kernel took
 * counts as written, and a document of which only a part had left when the connection broke is sent
 * again, as a whole, over the next one.
 */
#include "base/when.h"
#include "sink/peer.h"

#include <errno.h>
#include <stdlib.h>

#define PORT 0 /* there is no usual one: the address must name it */

static enum conf_choice transport_of(const struct conf_sink *conf)
{
	if (conf->transport != CONF_TRANSPORT_AUTO)
		return conf->transport;
	return conf->address[0] ? CONF_TRANSPORT_TCP : CONF_TRANSPORT_UNIX;
}

static int set_up(struct peer *w, const struct conf_sink *conf, struct conf_error *err)
{
	enum conf_choice transport = transport_of(conf);
	const char *wrong = NULL;

	if (transport == CONF_TRANSPORT_UDP || transport == CONF_TRANSPORT_LOCAL)
		wrong = "transport: is no stream, expected auto, unix, tcp or tls";
	int error = wrong ? -EINVAL : peer_conf(w, conf, transport, PORT, err);
	if (error == 0 && transport != CONF_TRANSPORT_UNIX && w->conf.port == PORT) {
		wrong = "address: has no port, expected host:port or [IPv6 address]:port";
		error = -EINVAL;
	}
	if (wrong)
		snprintf(err->text, sizeof(err->text), "%s", wrong);
	return error;
}

static int stream_check(const struct conf_sink *conf, struct conf_error *err)
{
	struct peer *w = calloc(1, sizeof(*w));
	int error = w ? set_up(w, conf, err) : -ENOMEM;

	free(w);
	return error;
}

static int stream_open(struct sink *s)
{
	struct conf_error err;
	struct peer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	int error = set_up(w, s->conf, &err);
	if (error)
		sink_why(s, error, "%.190s", err.text);
	else
		error = peer_open(s, w);
	if (error) {
		free(w);
		return error;
	}
	s->state = w;
	return 0;
}

/* Fills the buffer with the documents from i on. The first that is not in it. */
static uint32_t fill(struct sink *s, const struct sink_block *b, uint32_t i)
{
	struct peer *w = s->state;

	while (i < b->n_docs && w->frames < PEER_FRAMES) {
		int rc = sink_encode(s, b, i, &w->out);
		if (rc == -ENOSPC && w->frames == 0) {
			if (peer_grow(w, 2 * (size_t)(w->out.end - w->out.start)) < 0)
				break;
			continue;
		}
		if (rc == -ENOSPC)
			break;
		if (rc < 0)
			sink_reject(s, b, i);
		peer_end_frame(w);
		i++;
	}
	return i;
}

static int stream_deliver(
	struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct peer *w = s->state;
	int64_t until = conn_clock() + (int64_t)deadline_ms * WHEN_NS_PER_MS;
	uint32_t i = from;
	int error = 0;

	if (!peer_up(s, w, until))
		return 0;
	/* What is on its way are the first documents, which came again. */
	if (w->frames)
		i += peer_flush(s, w, until, &error);
	while (i < b->n_docs && error == 0 && w->frames == 0) {
		if (fill(s, b, i) == i)
			return i > from ? (int)(i - from) : sink_why(s, 0, "no memory");
		i += peer_flush(s, w, until, &error);
	}
	return (int)(i - from);
}

/* A receiver that closes while there is nothing to say is better known before there is. */
static int stream_idle(struct sink *s, int deadline_ms)
{
	struct peer *w = s->state;

	(void)deadline_ms;
	conn_alive(&w->conn);
	return 0;
}

static int stream_close(struct sink *s)
{
	struct peer *w = s->state;

	peer_close(w);
	free(w);
	s->state = NULL;
	return 0;
}

const struct sink_ops sink_stream = {
	.name = "stream",
	.check = stream_check,
	.open = stream_open,
	.deliver = stream_deliver,
	.idle = stream_idle,
	.close = stream_close,
};

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/peer.h"

#include <errno.h>
#include <stdlib.h>

#define PEER_BUFFER (512 * 1024)
/* Between tries within one call; the framework backs off between calls. */
#define PEER_RETRY_MIN_MS 50
#define PEER_RETRY_MAX_MS 1000
#define PEER_STALLED_NS (INT64_C(5) * WHEN_NS_PER_S)
#define PEER_DRAIN_NS (INT64_C(1) * WHEN_NS_PER_S)

int peer_conf_error(struct conf_error *err, const char *text)
{
	return conf_fail(err, -EINVAL, "%s", text);
}

/* Checks the rules between the keys. */
static int check(const struct conf_sink *conf, enum conf_choice transport, struct conf_error *err)
{
	bool named = transport != CONF_TRANSPORT_UNIX && transport != CONF_TRANSPORT_LOCAL;
	if (named && !conf->address[0])
		return peer_conf_error(err, "address: is missing: set host:port of the receiver");
	if (!named && conf->address[0])
		return peer_conf_error(err, "address: is not for unix sockets, which have a path");
	if (named && conf->path[0])
		return peer_conf_error(err, "path: is for unix sockets; set address");
	if (transport == CONF_TRANSPORT_UNIX && !conf->path[0])
		return peer_conf_error(err, "path: is missing: set the receiver's unix socket");
	if (transport != CONF_TRANSPORT_TLS &&
		(conf->tls_ca[0] || conf->tls_cert[0] || conf->tls_key[0] || conf->tls_name[0] ||
			!conf->tls_verify))
		return peer_conf_error(err, "tls: needs transport tls");
	return 0;
}

int peer_conf(struct peer *peer, const struct conf_sink *conf, enum conf_choice transport,
	uint16_t port, struct conf_error *err)
{
	int error = check(conf, transport, err);
	if (error)
		return error;
	peer->conf = (struct conn_conf){.kind = CONN_TCP,
		.host = peer->host,
		.port = port,
		.tls = transport == CONF_TRANSPORT_TLS,
		.unverified = !conf->tls_verify,
		.ca_file = conf->tls_ca,
		.cert_file = conf->tls_cert,
		.key_file = conf->tls_key,
		.server_name = conf->tls_name,
		.connect_ms = (uint32_t)conf->connect_ms,
		.retry_min_ms = PEER_RETRY_MIN_MS,
		.retry_max_ms = PEER_RETRY_MAX_MS};
	switch (transport) {
	case CONF_TRANSPORT_LOCAL:
		peer->conf.kind = CONN_UNIX_DGRAM;
		peer->conf.host = conf->path[0] ? conf->path : "/dev/log";
		return 0;
	case CONF_TRANSPORT_UNIX:
		peer->conf.kind = CONN_UNIX;
		peer->conf.host = conf->path;
		return 0;
	case CONF_TRANSPORT_UDP: peer->conf.kind = CONN_UDP; break;
	default: break;
	}
	if (conn_split(conf->address, peer->host, sizeof(peer->host), &peer->conf.port) < 0)
		return peer_conf_error(
			err, "address: expected host, host:port or [IPv6 address]:port");
	return 0;
}

int peer_check(const struct conf_sink *conf, peer_configure *configure, struct conf_error *err)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int error = peer ? configure(peer, conf, err) : -ENOMEM;

	free(peer);
	return error;
}

int peer_open(struct sink *s, struct peer *peer, peer_configure *configure)
{
	struct conf_error err;
	int error = configure(peer, s->conf, &err);

	if (error)
		return sink_set_error(s, error, "%.190s", err.text);
	error = conn_open(&peer->conn, &peer->conf);
	if (error)
		return sink_set_error(s, error, "%s", peer->conn.error_text);
	char *buffer = malloc(PEER_BUFFER);
	if (!buffer) {
		conn_close(&peer->conn);
		return sink_set_error(s, -ENOMEM, "out of memory");
	}
	peer->out = text_of(buffer, PEER_BUFFER);
	return 0;
}

bool peer_connect(struct sink *s, struct peer *peer, int64_t until_ns)
{
	struct conn *conn = &peer->conn;
	uint64_t failures = conn->failures;
	bool stream = peer->conf.kind == CONN_TCP || peer->conf.kind == CONN_UNIX;
	if (conn->state == CONN_UP && (!stream || conn_check(conn)))
		return true;
	peer_clear(peer); /* the rest of a frame must not go over another connection */
	for (int64_t now = sink_clock_ns(); now < until_ns; now = sink_clock_ns()) {
		if (conn_step(conn, now)) {
			peer_progress(peer);
			return true;
		}
		if (conn->failures > failures && conn->state == CONN_DOWN) {
			sink_set_error(s, 0, "%s", conn->error_text);
			break;
		}
		conn_wait(conn, 0, until_ns);
	}
	return false;
}

bool peer_is_stalled(struct sink *s, const struct peer *peer)
{
	if (sink_clock_ns() - peer->progress_ns < PEER_STALLED_NS)
		return false;
	sink_set_error(s, 0, "%s: has read nothing for 5 s", peer->conf.host);
	return true;
}

void peer_clear(struct peer *peer)
{
	peer->out = text_of(peer->out.start, (size_t)(peer->out.end - peer->out.start));
	peer->frames = 0;
	peer->first_start = 0;
	peer->sent = 0;
}

int peer_grow(struct peer *peer, size_t size)
{
	size_t len = text_len(&peer->out);
	if (size <= (size_t)(peer->out.end - peer->out.start))
		return 0;
	char *start = malloc(size);
	if (!start)
		return -ENOMEM;
	memcpy(start, peer->out.start, len);
	free(peer->out.start);
	peer->out.start = start;
	peer->out.at = start + len;
	peer->out.end = start + size;
	return 0;
}

/* Removes the first `done` frames, which were sent, and those of which no octet was sent: only
 * frames sent in part stay. */
static void keep_partial(struct peer *peer, uint32_t done)
{
	size_t start = done ? peer->ends[done - 1] : peer->first_start;
	size_t begun = peer->sent + peer->conn.pending;
	uint32_t keep = done;

	while (keep < peer->frames && (keep > done ? peer->ends[keep - 1] : start) < begun)
		keep++;
	if (keep == done) {
		peer_clear(peer);
		return;
	}
	peer->first_start = start;
	peer->frames = keep - done;
	memmove(peer->ends, peer->ends + done, peer->frames * sizeof(*peer->ends));
	peer->out.at = peer->out.start + peer->ends[peer->frames - 1];
}

uint32_t peer_flush(struct sink *s, struct peer *peer, int64_t until_ns, int *error)
{
	size_t sent = 0;
	uint32_t done = 0;
	*error = conn_send_all(&peer->conn, peer->out.start + peer->sent,
		text_len(&peer->out) - peer->sent, &sent, until_ns);
	metrics_add(&s->metrics->writes, 1);
	metrics_add(&s->metrics->octets, sent);
	peer->sent += sent;
	if (sent || *error != -ETIMEDOUT)
		peer_progress(peer);
	while (done < peer->frames && peer->ends[done] <= peer->sent)
		done++;
	if (*error == 0) {
		peer_clear(peer);
	} else if (*error == -ETIMEDOUT) {
		peer_is_stalled(s, peer);
		keep_partial(peer, done);
	} else {
		sink_set_error(s, 0, "%s", peer->conn.error_text);
		peer_clear(peer);
	}
	return done;
}

int peer_idle(struct sink *s, int deadline_ms)
{
	struct peer *peer = s->state;

	(void)deadline_ms;
	if (peer->conf.kind != CONN_UDP)
		conn_check(&peer->conn);
	return 0;
}

int peer_free(struct sink *s)
{
	struct peer *peer = s->state;

	peer_close(peer);
	free(peer);
	s->state = NULL;
	return 0;
}

void peer_close(struct peer *peer)
{
	conn_drain(&peer->conn, sink_clock_ns() + PEER_DRAIN_NS);
	conn_close(&peer->conn);
	free(peer->out.start);
	peer->out = (struct text){0};
}

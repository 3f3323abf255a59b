/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/peer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#define PEER_ROOM (512 * 1024)
/* The framework paces tries while the receiver is away; this keeps apart those within one call. */
#define PEER_RETRY_MIN_MS 50
#define PEER_RETRY_MAX_MS 1000
#define PEER_STUCK_NS (INT64_C(5000) * 1000000)
#define PEER_GOODBYE_NS (INT64_C(1000) * 1000000)

int peer_refuse(struct conf_error *err, const char *what)
{
	struct text t = text_of(err->text, sizeof(err->text) - 1);
	text_str(&t, what);
	*t.at = '\0';
	return -EINVAL;
}

/* Rules between the keys. */
static int check(const struct conf_sink *conf, enum conf_choice transport, struct conf_error *err)
{
	bool named = transport != CONF_TRANSPORT_UNIX && transport != CONF_TRANSPORT_LOCAL;
	if (named && !conf->address[0])
		return peer_refuse(err, "address: is missing: host:port of the receiver");
	if (!named && conf->address[0])
		return peer_refuse(err, "address: a unix socket has a path and no address");
	if (named && conf->path[0])
		return peer_refuse(err, "path: is for unix sockets, and this transport is none");
	if (transport == CONF_TRANSPORT_UNIX && !conf->path[0])
		return peer_refuse(err, "path: is missing: of the receiver's unix socket");
	if (transport != CONF_TRANSPORT_TLS &&
		(conf->tls_ca[0] || conf->tls_cert[0] || conf->tls_key[0] || conf->tls_name[0] ||
			!conf->tls_verify))
		return peer_refuse(err, "tls: is for the transport tls only");
	return 0;
}

int peer_conf(struct peer *w, const struct conf_sink *conf, enum conf_choice transport,
	uint16_t port, struct conf_error *err)
{
	int error = check(conf, transport, err);
	if (error)
		return error;
	w->conf = (struct conn_conf){.kind = CONN_TCP,
		.host = w->host,
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
		w->conf.kind = CONN_UNIX_DGRAM;
		w->conf.host = conf->path[0] ? conf->path : "/dev/log";
		return 0;
	case CONF_TRANSPORT_UNIX:
		w->conf.kind = CONN_UNIX;
		w->conf.host = conf->path;
		return 0;
	case CONF_TRANSPORT_UDP: w->conf.kind = CONN_UDP; break;
	default: break;
	}
	if (conn_split(conf->address, w->host, sizeof(w->host), &w->conf.port) < 0)
		return peer_refuse(err, "address: expected host, host:port or [IPv6 address]:port");
	return 0;
}

int peer_open(struct sink *s, struct peer *w)
{
	int error = conn_open(&w->conn, &w->conf);
	if (error)
		return sink_why(s, error, "%s", w->conn.why);
	char *room = malloc(PEER_ROOM);
	if (!room) {
		conn_close(&w->conn);
		return sink_why(s, -ENOMEM, "no memory");
	}
	w->out = text_of(room, PEER_ROOM);
	return 0;
}

bool peer_up(struct sink *s, struct peer *w, int64_t until_ns)
{
	struct conn *conn = &w->conn;
	uint64_t failures = conn->failures;
	bool stream = w->conf.kind == CONN_TCP || w->conf.kind == CONN_UNIX;
	if (conn->state == CONN_UP && (!stream || conn_alive(conn)))
		return true;
	peer_clear(w); /* a frame's rest makes no sense on another connection */
	for (int64_t now = conn_clock(); now < until_ns; now = conn_clock()) {
		if (conn_step(conn, now)) {
			peer_moved(w);
			return true;
		}
		if (conn->failures > failures && conn->state == CONN_DOWN) {
			sink_why(s, 0, "%s", conn->why);
			break;
		}
		conn_wait(conn, 0, until_ns);
	}
	return false;
}

bool peer_is_stuck(struct sink *s, const struct peer *w)
{
	if (conn_clock() - w->moved_ns < PEER_STUCK_NS)
		return false;
	sink_why(s, 0, "%s: takes nothing", w->conf.host);
	return true;
}

void peer_clear(struct peer *w)
{
	w->out = text_of(w->out.start, (size_t)(w->out.end - w->out.start));
	w->frames = 0;
	w->cut = 0;
	w->sent = 0;
}

int peer_grow(struct peer *w, size_t room)
{
	size_t len = text_len(&w->out);
	if (room <= (size_t)(w->out.end - w->out.start))
		return 0;
	char *start = malloc(room);
	if (!start)
		return -ENOMEM;
	memcpy(start, w->out.start, len);
	free(w->out.start);
	w->out.start = start;
	w->out.at = start + len;
	w->out.end = start + room;
	return 0;
}

/* Of the frames behind those that are gone, only those stay that are on their way: what is left of
 * them must leave first, later. */
static void keep_begun(struct peer *w, uint32_t gone)
{
	size_t cut = gone ? w->ends[gone - 1] : w->cut;
	size_t begun = w->sent + w->conn.pending;
	uint32_t keep = gone;

	while (keep < w->frames && (keep > gone ? w->ends[keep - 1] : cut) < begun)
		keep++;
	if (keep == gone) {
		peer_clear(w);
		return;
	}
	w->cut = cut;
	w->frames = keep - gone;
	memmove(w->ends, w->ends + gone, w->frames * sizeof(*w->ends));
	w->out.at = w->out.start + w->ends[w->frames - 1];
}

uint32_t peer_flush(struct sink *s, struct peer *w, int64_t until_ns, int *error)
{
	size_t sent = 0;
	uint32_t gone = 0;
	*error = conn_send_all(
		&w->conn, w->out.start + w->sent, text_len(&w->out) - w->sent, &sent, until_ns);
	metrics_add(&s->metrics->writes, 1);
	metrics_add(&s->metrics->octets, sent);
	w->sent += sent;
	if (sent || *error != -ETIMEDOUT)
		peer_moved(w);
	while (gone < w->frames && w->ends[gone] <= w->sent)
		gone++;
	if (*error == 0) {
		peer_clear(w);
	} else if (*error == -ETIMEDOUT) {
		peer_is_stuck(s, w);
		keep_begun(w, gone);
	} else {
		sink_why(s, 0, "%s", w->conn.why);
		peer_clear(w);
	}
	return gone;
}

void peer_close(struct peer *w)
{
	conn_drain(&w->conn, conn_clock() + PEER_GOODBYE_NS);
	conn_close(&w->conn);
	free(w->out.start);
	w->out = (struct text){0};
}

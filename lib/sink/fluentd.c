/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fluentd's forward protocol v1 over TCP, TLS or a unix socket: at least once delivery. With
 * acknowledgements up to WINDOW chunks are in flight, and a chunk counts as written when it is
 * acknowledged; without, when the kernel has accepted it.
 */
#include "sink/fluentd_chunk.h"
#include "sink/fluentd_login.h"
#include "sink/peer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#define FLUENTD_PORT 24224
#define WINDOW 4
#define BUFFER_MAX (1024u * 1024 * 1024)

/* Of a connection: just made; waits for HELO; waits for PONG; may send chunks. */
enum phase { PHASE_NEW, PHASE_HELO, PHASE_PONG, PHASE_READY };

struct fluentd {
	struct peer peer;
	struct fluentd_format format;
	struct fluentd_login login;
	enum phase phase;
	int64_t login_until_ns;
	bool keepalive; /* more than one chunk for each connection */
	bool has_unacked; /* `unacked` says what the receiver has of the chunk that is sent again */
	uint64_t base; /* octets of this connection before those in peer.out */
	size_t in_len;
	char in[4096]; /* received, not yet parsed */
	unsigned first, count; /* chunks of the window that are in flight */
	struct fluentd_chunk window[WINDOW];
	struct fluentd_chunk unacked; /* the first chunk in flight when the connection was lost */
};

static enum conf_choice transport_of(const struct conf_sink *conf)
{
	if (conf->transport != CONF_TRANSPORT_AUTO)
		return conf->transport;
	return conf->address[0] || !conf->path[0] ? CONF_TRANSPORT_TCP : CONF_TRANSPORT_UNIX;
}

static int configure(struct peer *peer, const struct conf_sink *conf, struct conf_error *err)
{
	enum conf_choice transport = transport_of(conf);
	if (transport == CONF_TRANSPORT_LOCAL || transport == CONF_TRANSPORT_UDP)
		return peer_conf_error(err, "transport: expected tcp, tls or unix for fluentd");
	if (conf->encoding != CONF_ENCODING_JSON)
		return peer_conf_error(
			err, "encoding: is always MessagePack for fluentd: leave it out");
	if (!conf->fluentd_shared_key[0] &&
		(conf->fluentd_username[0] || conf->fluentd_password[0] ||
			conf->fluentd_hostname[0]))
		return peer_conf_error(err, "fluentd.shared_key: is missing: a login needs it");
	if (conf->fluentd_shared_key[0] && !fluentd_login_available())
		return peer_conf_error(
			err, "fluentd.shared_key: this dnsloupe was built without OpenSSL");
	int error = peer_conf(peer, conf, transport, FLUENTD_PORT, err);
	peer->conf.reads_replies = true;
	return error;
}

static int fluentd_check(const struct conf_sink *conf, struct conf_error *err)
{
	return peer_check(conf, configure, err);
}

static int fluentd_open(struct sink *s)
{
	const struct conf_sink *conf = s->conf;
	struct fluentd *f = calloc(1, sizeof(*f));
	if (!f)
		return sink_set_error(s, -ENOMEM, "out of memory");
	int error = fluentd_format_init(&f->format, s);
	if (error == 0)
		error = peer_open(s, &f->peer, configure);
	if (error) {
		fluentd_format_free(&f->format);
		free(f);
		return error;
	}
	f->login = (struct fluentd_login){.shared_key = conf->fluentd_shared_key,
		.hostname = conf->fluentd_hostname[0] ? conf->fluentd_hostname : s->sensor,
		.username = conf->fluentd_username,
		.password = conf->fluentd_password};
	s->state = f;
	return 0;
}

static struct fluentd_chunk *chunk_at(struct fluentd *f, unsigned i)
{
	return &f->window[(f->first + i) % WINDOW];
}

/* Resets the state of a connection that is lost. Keeps which messages of the first chunk in flight
 * are acknowledged: these need not be sent again. */
static void reset_connection(struct fluentd *f)
{
	if (f->count) {
		f->unacked = *chunk_at(f, 0);
		f->has_unacked = true;
	}
	peer_clear(&f->peer);
	f->phase = PHASE_NEW;
	f->base = 0;
	f->in_len = 0;
	f->count = 0;
}

/* Closes the connection: the receiver broke the protocol, or was late. */
static void fail(struct fluentd *f, const char *what)
{
	conn_fail(&f->peer.conn, sink_clock_ns(), -EPROTO, "%s", what);
}

static void handle_ack(struct fluentd *f, const struct fluentd_octets *id)
{
	for (unsigned i = 0; i < f->count; i++)
		if (fluentd_chunk_ack(chunk_at(f, i), id))
			return;
}

static void handle_helo(struct fluentd *f, const struct fluentd_reply *r)
{
	if (f->phase != PHASE_HELO) {
		fail(f, "requires a login: set fluentd.shared_key");
		return;
	}
	f->keepalive = r->keepalive;
	if (r->auth.len && !f->login.username[0])
		fail(f, "requires a user: set fluentd.username and fluentd.password");
	else if (fluentd_login_ping(&f->login, r, &f->peer.out) < 0)
		fail(f, "sent a HELO that cannot be answered");
	else
		f->phase = PHASE_PONG;
}

static void handle_pong(struct fluentd *f, const struct fluentd_reply *r)
{
	const char *error = f->phase == PHASE_PONG ? fluentd_login_pong(&f->login, r)
						   : "sent a PONG without a PING";
	if (!error)
		f->phase = PHASE_READY;
	else if (r->accepted)
		fail(f, error);
	else
		conn_fail(&f->peer.conn, sink_clock_ns(), -EPROTO, "%s: %.*s", error,
			(int)(r->reason.len < 80 ? r->reason.len : 80),
			r->reason.len ? r->reason.at : "");
}

/* Parses what was received. */
static void handle_replies(struct fluentd *f)
{
	struct fluentd_reply r;
	size_t at = 0;
	int n = 0;
	while (f->peer.conn.state == CONN_UP && at < f->in_len &&
		(n = fluentd_reply_read(f->in + at, f->in_len - at, &r)) > 0) {
		at += (size_t)n;
		switch (r.kind) {
		case FLUENTD_ACK: handle_ack(f, &r.ack); break;
		case FLUENTD_HELO: handle_helo(f, &r); break;
		case FLUENTD_PONG: handle_pong(f, &r); break;
		}
	}
	if (n < 0 || (at == 0 && f->in_len == sizeof(f->in)))
		fail(f, "replies with something other than Fluentd's forward protocol");
	f->in_len -= at;
	memmove(f->in, f->in + at, f->in_len);
}

/* Sends and receives without waiting. False: the connection is lost. */
static bool exchange(struct sink *s, struct fluentd *f)
{
	struct peer *peer = &f->peer;
	struct conn *conn = &peer->conn;
	ssize_t n = 0;
	while (peer->sent < text_len(&peer->out) &&
		(n = conn_send(conn, peer->out.start + peer->sent,
			 text_len(&peer->out) - peer->sent)) > 0) {
		peer->sent += (size_t)n;
		metrics_add(&s->metrics->octets, (uint64_t)n);
		metrics_add(&s->metrics->writes, 1);
		peer_progress(peer);
	}
	for (unsigned i = 0; i < f->count && !f->format.ack; i++)
		fluentd_chunk_sent(chunk_at(f, i), f->base + peer->sent);
	if (peer->sent == text_len(&peer->out)) {
		f->base += peer->sent;
		peer_clear(peer);
	}
	while (conn->state == CONN_UP &&
		(n = conn_recv(conn, f->in + f->in_len, sizeof(f->in) - f->in_len)) > 0) {
		f->in_len += (size_t)n;
		handle_replies(f);
	}
	return conn->state == CONN_UP;
}

static void wait_ready(struct fluentd *f, int64_t until_ns)
{
	bool unsent = f->peer.sent < text_len(&f->peer.out);
	conn_wait(&f->peer.conn, unsent ? POLLIN | POLLOUT : POLLIN, until_ns);
}

/* Connects and logs in. False: not yet, or it failed: s->error_text. */
static bool log_in(struct sink *s, struct fluentd *f, int64_t until_ns)
{
	struct conn *conn = &f->peer.conn;
	if (conn->state != CONN_UP) {
		reset_connection(f);
		if (!peer_connect(s, &f->peer, until_ns))
			return false;
	}
	if (f->phase == PHASE_NEW) {
		f->phase = f->login.shared_key[0] ? PHASE_HELO : PHASE_READY;
		f->keepalive = true;
		f->login_until_ns =
			sink_clock_ns() + (int64_t)f->peer.conf.connect_ms * WHEN_NS_PER_MS;
	}
	while (f->phase != PHASE_READY && exchange(s, f)) {
		int64_t now = sink_clock_ns();
		if (f->phase == PHASE_READY)
			break;
		if (now >= f->login_until_ns)
			fail(f, "the login took longer than connect_ms");
		else if (now >= until_ns)
			return false;
		else
			wait_ready(f, until_ns < f->login_until_ns ? until_ns : f->login_until_ns);
	}
	if (conn->state != CONN_UP)
		sink_set_error(s, 0, "%s", conn->error_text);
	return conn->state == CONN_UP;
}

/* Returns the block of the next document to send, behind those in flight, and its number; or NULL.
 */
static const struct sink_block *next_unsent(
	struct sink *s, struct fluentd *f, const struct sink_block *b, uint32_t *from)
{
	if (f->count == 0)
		return b;
	const struct fluentd_chunk *last = chunk_at(f, f->count - 1);
	unsigned k = (unsigned)(last->seq - b->seq);
	const struct sink_block *of = k ? sink_peek_ahead(s, k) : b;
	*from = last->from + last->n;
	if (of && *from == of->n_docs) {
		of = sink_peek_ahead(s, k + 1);
		*from = 0;
	}
	return of;
}

/* Builds the next chunk if the window has space for it. Returns 0 or -ENOMEM. */
static int fill_window(struct sink *s, struct fluentd *f, const struct sink_block *b, uint32_t from)
{
	unsigned max = f->format.ack && f->keepalive ? WINDOW : 1;
	struct peer *peer = &f->peer;
	if (f->count >= max || text_len(&peer->out))
		return 0;
	const struct sink_block *of = next_unsent(s, f, b, &from);
	if (!of)
		return 0;
	struct fluentd_chunk *c = chunk_at(f, f->count);
	int error;
	while ((error = fluentd_chunk(&f->format, of, from, f->has_unacked ? &f->unacked : NULL,
			&peer->out, c)) == -ENOSPC) {
		size_t size = 2 * (size_t)(peer->out.end - peer->out.start);
		if (size > BUFFER_MAX || peer_grow(peer, size) < 0)
			return -ENOMEM;
	}
	if (error)
		return error;
	f->has_unacked = false;
	for (uint32_t i = 0; i < c->messages; i++)
		c->message[i].end += f->base;
	c->sent_ns = sink_clock_ns();
	peer_progress(peer);
	f->count++;
	return 0;
}

/* Returns the documents of the first chunk that are delivered: 0 unless all are; `some`: those that
 * are. */
static int settle(struct sink *s, struct fluentd *f, const struct sink_block *b, bool some)
{
	if (f->count == 0)
		return 0;
	struct fluentd_chunk *c = chunk_at(f, 0);
	uint32_t k = fluentd_chunk_settled(&f->format, c);
	if (k == 0 || (k < c->n && !some))
		return 0;
	fluentd_chunk_settle(c, s, b, k);
	if (c->n == 0) {
		f->first = (f->first + 1) % WINDOW;
		f->count--;
		if (!f->keepalive)
			conn_disconnect(&f->peer.conn);
	}
	return (int)k;
}

/* Sends and receives once. Returns the documents settled; 0: none yet, go on; -1: not now. */
static int deliver_once(struct sink *s, struct fluentd *f, const struct sink_block *b,
	uint32_t from, int64_t until_ns)
{
	int64_t overdue_ns = (int64_t)s->conf->fluentd_ack_ms * WHEN_NS_PER_MS;
	if (fill_window(s, f, b, from) < 0) {
		sink_reject(s, b, from); /* a document so large is alone in its block */
		return 1;
	}
	bool up = exchange(s, f);
	int n = settle(s, f, b, !up);
	if (n > 0)
		return n;
	int64_t now = sink_clock_ns();
	if (up && f->count && now - chunk_at(f, 0)->sent_ns >= overdue_ns) {
		fail(f, "did not acknowledge a chunk within fluentd.ack_ms");
		up = false;
	}
	if (!up) {
		sink_set_error(s, 0, "%s", f->peer.conn.error_text);
		return -1;
	}
	if (now >= until_ns) {
		n = settle(s, f, b, true);
		if (n == 0 && text_len(&f->peer.out))
			peer_is_stalled(s, &f->peer);
		return n > 0 ? n : -1;
	}
	wait_ready(f, until_ns < now + overdue_ns ? until_ns : now + overdue_ns);
	return 0;
}

static int fluentd_deliver(
	struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct fluentd *f = s->state;
	int64_t until = sink_clock_ns() + (int64_t)deadline_ms * WHEN_NS_PER_MS;
	if (f->count && (chunk_at(f, 0)->seq != b->seq || chunk_at(f, 0)->from != from)) {
		/* Other documents are in flight than those to deliver: start anew. */
		conn_disconnect(&f->peer.conn);
		reset_connection(f);
		f->has_unacked = false;
	}
	/* They may be acknowledged already, even over a connection that is lost. */
	int n = settle(s, f, b, false);
	if (n > 0)
		return n;
	if (!log_in(s, f, until))
		return 0;
	do {
		n = deliver_once(s, f, b, from, until);
	} while (n == 0);
	return n > 0 ? n : 0;
}

static int fluentd_idle(struct sink *s, int deadline_ms)
{
	struct fluentd *f = s->state;
	if (deadline_ms > 0 && f->peer.conn.state == CONN_UP && f->phase == PHASE_READY)
		exchange(s, f);
	return 0;
}

static int fluentd_close(struct sink *s)
{
	struct fluentd *f = s->state;
	peer_close(&f->peer);
	fluentd_format_free(&f->format);
	free(f);
	s->state = NULL;
	return 0;
}

const struct sink_ops sink_fluentd = {
	.name = "fluentd",
	.check = fluentd_check,
	.open = fluentd_open,
	.deliver = fluentd_deliver,
	.idle = fluentd_idle,
	.close = fluentd_close,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fluentd's forward protocol v1 over TCP, TLS or a unix socket. With acknowledgements up to WINDOW
 * chunks are on their way at once, and a chunk counts as written when it is acknowledged; without,
 * when the kernel has taken it.
 */
#include "base/when.h"
#include "sink/fluentd_chunk.h"
#include "sink/fluentd_login.h"
#include "sink/peer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#define FLUENTD_PORT 24224
#define WINDOW 4
#define ROOM_MAX (1024u * 1024 * 1024)

enum phase { PHASE_NEW, PHASE_HELO, PHASE_PONG, PHASE_TALK };

struct fluentd {
	struct peer peer;
	struct fluentd_format form;
	struct fluentd_login login;
	enum phase phase; /* of this connection; PHASE_NEW: nothing was done on it */
	int64_t login_until_ns;
	bool keepalive; /* more than one chunk a connection */
	bool resent; /* `lost` says what the receiver has of the chunk that comes again */
	uint64_t base; /* octets of this connection before those in peer.out */
	size_t in_len;
	char in[4096]; /* received, not yet understood */
	unsigned first, count; /* of the window's chunks that are on their way */
	struct fluentd_chunk window[WINDOW];
	struct fluentd_chunk lost;
};

static enum conf_choice transport_of(const struct conf_sink *conf)
{
	if (conf->transport != CONF_TRANSPORT_AUTO)
		return conf->transport;
	return conf->address[0] || !conf->path[0] ? CONF_TRANSPORT_TCP : CONF_TRANSPORT_UNIX;
}

static int set_up(struct peer *w, const struct conf_sink *conf, struct conf_error *err)
{
	enum conf_choice transport = transport_of(conf);
	if (transport == CONF_TRANSPORT_LOCAL || transport == CONF_TRANSPORT_UDP)
		return peer_refuse(err, "transport: of fluentd it is tcp, tls or unix");
	if (conf->encoding != CONF_ENCODING_JSON)
		return peer_refuse(
			err, "encoding: of fluentd it is always MessagePack's map: leave it out");
	if (!conf->fluentd_shared_key[0] &&
		(conf->fluentd_username[0] || conf->fluentd_password[0] ||
			conf->fluentd_hostname[0]))
		return peer_refuse(err, "fluentd.shared_key: is missing, and a login needs it");
	if (conf->fluentd_shared_key[0] && !fluentd_login_available())
		return peer_refuse(
			err, "fluentd.shared_key: this dnsloupe was built without OpenSSL");
	int error = peer_conf(w, conf, transport, FLUENTD_PORT, err);
	w->conf.answers = true;
	return error;
}

static int fluentd_check(const struct conf_sink *conf, struct conf_error *err)
{
	struct peer *w = calloc(1, sizeof(*w));
	int error = w ? set_up(w, conf, err) : -ENOMEM;
	free(w);
	return error;
}

static int fluentd_open(struct sink *s)
{
	const struct conf_sink *conf = s->conf;
	struct conf_error err;
	struct fluentd *f = calloc(1, sizeof(*f));
	if (!f)
		return sink_why(s, -ENOMEM, "no memory");
	int error = set_up(&f->peer, conf, &err);
	if (error)
		sink_why(s, error, "%.190s", err.text);
	else
		error = fluentd_format_init(&f->form, s);
	if (error == 0)
		error = peer_open(s, &f->peer);
	if (error) {
		fluentd_format_free(&f->form);
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

/* The connection is gone, and with it all that was on its way, but for what is known of the first.
 */
static void forget(struct fluentd *f)
{
	if (f->count) {
		f->lost = *chunk_at(f, 0);
		f->resent = true;
	}
	peer_clear(&f->peer);
	f->phase = PHASE_NEW;
	f->base = 0;
	f->in_len = 0;
	f->count = 0;
}

/* The receiver does not keep to the protocol, or not in time. */
static void give_up(struct fluentd *f, const char *what)
{
	conn_fail(&f->peer.conn, conn_clock(), -EPROTO, "%s", what);
}

static void take_ack(struct fluentd *f, const struct fluentd_octets *id)
{
	for (unsigned i = 0; i < f->count; i++)
		if (fluentd_chunk_ack(chunk_at(f, i), id))
			return;
}

static void take_helo(struct fluentd *f, const struct fluentd_reply *r)
{
	if (f->phase != PHASE_HELO) {
		give_up(f, "asks for a login: set fluentd.shared_key");
		return;
	}
	f->keepalive = r->keepalive;
	if (r->auth.len && !f->login.username[0])
		give_up(f, "asks for a user: set fluentd.username and fluentd.password");
	else if (fluentd_login_ping(&f->login, r, &f->peer.out) < 0)
		give_up(f, "its HELO cannot be answered");
	else
		f->phase = PHASE_PONG;
}

static void take_pong(struct fluentd *f, const struct fluentd_reply *r)
{
	const char *why = f->phase == PHASE_PONG ? fluentd_login_pong(&f->login, r)
						 : "says PONG, and nobody said PING";
	if (!why)
		f->phase = PHASE_TALK;
	else if (r->accepted)
		give_up(f, why);
	else
		conn_fail(&f->peer.conn, conn_clock(), -EPROTO, "%s: %.*s", why,
			(int)(r->reason.len < 80 ? r->reason.len : 80),
			r->reason.len ? r->reason.at : "");
}

/* Understands what has been received. */
static void take_replies(struct fluentd *f)
{
	struct fluentd_reply r;
	size_t at = 0;
	int n = 0;
	while (f->peer.conn.state == CONN_UP && at < f->in_len &&
		(n = fluentd_reply_read(f->in + at, f->in_len - at, &r)) > 0) {
		at += (size_t)n;
		switch (r.kind) {
		case FLUENTD_ACK: take_ack(f, &r.ack); break;
		case FLUENTD_HELO: take_helo(f, &r); break;
		case FLUENTD_PONG: take_pong(f, &r); break;
		}
	}
	if (n < 0 || (at == 0 && f->in_len == sizeof(f->in)))
		give_up(f, "answers what is not Fluentd's forward protocol");
	f->in_len -= at;
	memmove(f->in, f->in + at, f->in_len);
}

/* Sends and receives what goes without waiting. Is the connection still up? */
static bool exchange(struct sink *s, struct fluentd *f)
{
	struct peer *w = &f->peer;
	struct conn *conn = &w->conn;
	ssize_t n = 0;
	while (w->sent < text_len(&w->out) &&
		(n = conn_send(conn, w->out.start + w->sent, text_len(&w->out) - w->sent)) > 0) {
		w->sent += (size_t)n;
		metrics_add(&s->metrics->octets, (uint64_t)n);
		metrics_add(&s->metrics->writes, 1);
		peer_moved(w);
	}
	for (unsigned i = 0; i < f->count && !f->form.ack; i++)
		fluentd_chunk_sent(chunk_at(f, i), f->base + w->sent);
	if (w->sent == text_len(&w->out)) {
		f->base += w->sent;
		peer_clear(w);
	}
	while (conn->state == CONN_UP &&
		(n = conn_recv(conn, f->in + f->in_len, sizeof(f->in) - f->in_len)) > 0) {
		f->in_len += (size_t)n;
		take_replies(f);
	}
	return conn->state == CONN_UP;
}

static void wait(struct fluentd *f, int64_t until_ns)
{
	bool unsent = f->peer.sent < text_len(&f->peer.out);
	conn_wait(&f->peer.conn, unsent ? POLLIN | POLLOUT : POLLIN, until_ns);
}

/* Connects and logs in. false: not yet, or not at all: s->why. */
static bool ready(struct sink *s, struct fluentd *f, int64_t until_ns)
{
	struct conn *conn = &f->peer.conn;
	if (conn->state != CONN_UP) {
		forget(f);
		if (!peer_up(s, &f->peer, until_ns))
			return false;
	}
	if (f->phase == PHASE_NEW) {
		f->phase = f->login.shared_key[0] ? PHASE_HELO : PHASE_TALK;
		f->keepalive = true;
		f->login_until_ns =
			conn_clock() + (int64_t)f->peer.conf.connect_ms * WHEN_NS_PER_MS;
	}
	while (f->phase != PHASE_TALK && exchange(s, f)) {
		int64_t now = conn_clock();
		if (f->phase == PHASE_TALK)
			break;
		if (now >= f->login_until_ns)
			give_up(f, "the login takes too long");
		else if (now >= until_ns)
			return false;
		else
			wait(f, until_ns < f->login_until_ns ? until_ns : f->login_until_ns);
	}
	if (conn->state != CONN_UP)
		sink_why(s, 0, "%s", conn->why);
	return conn->state == CONN_UP;
}

/* The next document to be sent, behind those on their way: its block and number, or NULL. */
static const struct sink_block *next(
	struct sink *s, struct fluentd *f, const struct sink_block *b, uint32_t *from)
{
	if (f->count == 0)
		return b;
	const struct fluentd_chunk *last = chunk_at(f, f->count - 1);
	unsigned k = (unsigned)(last->seq - b->seq);
	const struct sink_block *of = k ? sink_ahead(s, k) : b;
	*from = last->from + last->n;
	if (of && *from == of->n_docs) {
		of = sink_ahead(s, k + 1);
		*from = 0;
	}
	return of;
}

/* Puts the next chunk together, where there is room for it. 0 or -ENOMEM. */
static int load(struct sink *s, struct fluentd *f, const struct sink_block *b, uint32_t from)
{
	unsigned most = f->form.ack && f->keepalive ? WINDOW : 1;
	struct peer *w = &f->peer;
	if (f->count >= most || text_len(&w->out))
		return 0;
	const struct sink_block *of = next(s, f, b, &from);
	if (!of)
		return 0;
	struct fluentd_chunk *c = chunk_at(f, f->count);
	int error;
	while ((error = fluentd_chunk(
			&f->form, of, from, f->resent ? &f->lost : NULL, &w->out, c)) == -ENOSPC) {
		size_t room = 2 * (size_t)(w->out.end - w->out.start);
		if (room > ROOM_MAX || peer_grow(w, room) < 0)
			return -ENOMEM;
	}
	if (error)
		return error;
	f->resent = false;
	for (uint32_t i = 0; i < c->messages; i++)
		c->message[i].end += f->base;
	c->sent_ns = conn_clock();
	peer_moved(w);
	f->count++;
	return 0;
}

/* Documents of the first chunk that are delivered: all, or where it ends here some. */
static int settle(struct sink *s, struct fluentd *f, const struct sink_block *b, bool some)
{
	if (f->count == 0)
		return 0;
	struct fluentd_chunk *c = chunk_at(f, 0);
	uint32_t k = fluentd_chunk_settled(&f->form, c);
	if (k == 0 || (k < c->n && !some))
		return 0;
	fluentd_chunk_settle(c, s, b, k);
	if (c->n == 0) {
		f->first = (f->first + 1) % WINDOW;
		f->count--;
		if (!f->keepalive)
			conn_hang_up(&f->peer.conn);
	}
	return (int)k;
}

/* One turn: 0: nothing settled yet and all is well; more: documents; negative: not now. */
static int turn(struct sink *s, struct fluentd *f, const struct sink_block *b, uint32_t from,
	int64_t until_ns)
{
	int64_t overdue_ns = (int64_t)s->conf->fluentd_ack_ms * WHEN_NS_PER_MS;
	if (load(s, f, b, from) < 0) {
		sink_reject(s, b, from); /* the only document that is so large stands alone */
		return 1;
	}
	bool up = exchange(s, f);
	int n = settle(s, f, b, !up);
	if (n > 0)
		return n;
	int64_t now = conn_clock();
	if (up && f->count && now - chunk_at(f, 0)->sent_ns >= overdue_ns) {
		give_up(f, "does not acknowledge in time");
		up = false;
	}
	if (!up) {
		sink_why(s, 0, "%s", f->peer.conn.why);
		return -1;
	}
	if (now >= until_ns) {
		n = settle(s, f, b, true);
		if (n == 0 && text_len(&f->peer.out))
			peer_is_stuck(s, &f->peer);
		return n > 0 ? n : -1;
	}
	wait(f, until_ns < now + overdue_ns ? until_ns : now + overdue_ns);
	return 0;
}

static int fluentd_deliver(
	struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct fluentd *f = s->state;
	int64_t until = conn_clock() + (int64_t)deadline_ms * WHEN_NS_PER_MS;
	if (f->count && (chunk_at(f, 0)->seq != b->seq || chunk_at(f, 0)->from != from)) {
		/* What is on its way is no longer wanted: another connection, another start. */
		conn_hang_up(&f->peer.conn);
		forget(f);
		f->resent = false;
	}
	/* Acknowledged already, maybe by a connection that is no more. */
	int n = settle(s, f, b, false);
	if (n > 0)
		return n;
	if (!ready(s, f, until))
		return 0;
	do {
		n = turn(s, f, b, from, until);
	} while (n == 0);
	return n > 0 ? n : 0;
}

static int fluentd_idle(struct sink *s, int deadline_ms)
{
	struct fluentd *f = s->state;
	if (deadline_ms > 0 && f->peer.conn.state == CONN_UP && f->phase == PHASE_TALK)
		exchange(s, f);
	return 0;
}

static int fluentd_close(struct sink *s)
{
	struct fluentd *f = s->state;
	peer_close(&f->peer);
	fluentd_format_free(&f->form);
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

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Syslog: the local daemon's socket in its own form, or RFC 5424 over UDP (RFC 5426), TCP with
 * octet counting (RFC 6587 section 3.4.1) and TLS (RFC 5425). Nothing in these protocols
 * acknowledges: what the kernel has taken counts as written.
 */
#include "sink/peer.h"
#include "sink/syslog_format.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SYSLOG_PORT 514
#define SYSLOG_PORT_TLS 6514
#define SYSLOG_HEAD 512 /* more than all that stands before a message */
#define SYSLOG_BURST 64 /* datagrams a call */

struct syslog {
	struct peer peer; /* first: freed with it */
	struct syslog_format form;
	bool local;
	char heads[SYSLOG_BURST][SYSLOG_HEAD];
};

static enum conf_choice transport_of(const struct conf_sink *conf)
{
	if (conf->transport != CONF_TRANSPORT_AUTO)
		return conf->transport;
	return conf->address[0] ? CONF_TRANSPORT_UDP : CONF_TRANSPORT_LOCAL;
}

static int check_name(struct conf_error *err, const char *key, const char *word, int number,
	void (*names)(struct text *))
{
	if (number >= 0)
		return 0;
	struct text t = text_of(err->text, sizeof(err->text) - 1);
	text_format(&t, "%s: unknown name \"%.40s\", expected one of ", key, word);
	names(&t);
	*t.at = '\0';
	return -EINVAL;
}

static int set_up(struct peer *w, const struct conf_sink *conf, struct conf_error *err)
{
	enum conf_choice transport = transport_of(conf);
	int error = check_name(err, "syslog.facility", conf->syslog_facility,
		syslog_facility(conf->syslog_facility), syslog_facilities);
	if (error == 0)
		error = check_name(err, "syslog.priority", conf->syslog_priority,
			syslog_severity(conf->syslog_priority), syslog_severities);
	if (error)
		return error;
	return peer_conf(w, conf, transport,
		transport == CONF_TRANSPORT_TLS ? SYSLOG_PORT_TLS : SYSLOG_PORT, err);
}

static int syslog_check(const struct conf_sink *conf, struct conf_error *err)
{
	struct peer *w = calloc(1, sizeof(*w));
	int error = w ? set_up(w, conf, err) : -ENOMEM;
	free(w);
	return error;
}

static int syslog_open(struct sink *s)
{
	const struct conf_sink *conf = s->conf;
	struct conf_error err;
	struct syslog *y = calloc(1, sizeof(*y));
	if (!y)
		return sink_why(s, -ENOMEM, "no memory");
	int error = set_up(&y->peer, conf, &err);
	if (error)
		sink_why(s, error, "%.190s", err.text);
	else
		error = peer_open(s, &y->peer);
	if (error) {
		free(y);
		return error;
	}
	unsigned facility = (unsigned)syslog_facility(conf->syslog_facility);
	unsigned severity = (unsigned)syslog_severity(conf->syslog_priority);
	y->local = transport_of(conf) == CONF_TRANSPORT_LOCAL;
	syslog_format_init(&y->form, facility * 8 + severity, y->local, s->sensor, conf->syslog_app,
		(long)getpid());
	s->state = y;
	return 0;
}

/* Appends one frame. false: no room, and the buffer is as before. */
static bool frame(struct syslog *y, const char *json, size_t len, int64_t ts_ns, const char *tag)
{
	struct peer *w = &y->peer;
	char *head_at = y->heads[0];
	struct text head = text_of(head_at, SYSLOG_HEAD);
	syslog_head(&y->form, &head, ts_ns, tag);
	size_t head_len = text_len(&head);
	if ((size_t)(w->out.end - w->out.at) < head_len + len + 24)
		return false;
	if (!y->local) {
		text_u64(&w->out, head_len + len);
		text_char(&w->out, ' ');
	}
	text_put(&w->out, head_at, head_len);
	text_put(&w->out, json, len);
	if (y->local)
		text_char(&w->out, '\0'); /* as the C library ends them on a local stream */
	peer_end_frame(w);
	return true;
}

/* Is the first frame of which a part has left that of this document, which comes again? Then those
 * behind it are those of the next. */
static bool is_cut(const struct syslog *y, const struct sink_block *b, uint32_t i)
{
	size_t n, len;
	const char *cut = peer_cut(&y->peer, &n), *json = sink_doc_json(b, i, &len);
	return n >= len + y->local && memcmp(cut + n - y->local - len, json, len) == 0;
}

/* Fills the buffer with frames of the documents from i on. The first that is not in it. */
static uint32_t fill(struct sink *s, const struct sink_block *b, uint32_t i)
{
	struct syslog *y = s->state;
	for (; i < b->n_docs && y->peer.frames < PEER_FRAMES; i++) {
		size_t len;
		const char *json = sink_doc_json(b, i, &len);
		if (y->peer.frames == 0 && peer_grow(&y->peer, len + SYSLOG_HEAD + 24) < 0)
			break;
		if (!frame(y, json, len, b->docs[i].ts_ns, sink_doc_tag(s, b, i)))
			break;
	}
	return i;
}

static int deliver_stream(
	struct sink *s, const struct sink_block *b, uint32_t from, int64_t until_ns)
{
	struct syslog *y = s->state;
	uint32_t i = from;
	int error = 0;
	if (y->peer.frames) {
		bool again = is_cut(y, b, i);
		uint32_t gone = peer_flush(s, &y->peer, until_ns, &error);
		if (again)
			i = gone < b->n_docs - i ? i + gone : b->n_docs;
	}
	while (i < b->n_docs && error == 0 && y->peer.frames == 0) {
		if (fill(s, b, i) == i) {
			sink_reject(s, b, i++); /* no memory for one so large */
			continue;
		}
		i += peer_flush(s, &y->peer, until_ns, &error);
	}
	return (int)(i - from);
}

/* One call's worth. Documents settled, 0: none taken now. */
static int burst(struct sink *s, const struct sink_block *b, uint32_t from)
{
	struct syslog *y = s->state;
	struct conn_datagram d[SYSLOG_BURST];
	unsigned n = 0;
	size_t octets = 0;
	for (; n < SYSLOG_BURST && from + n < b->n_docs; n++) {
		struct text head = text_of(y->heads[n], SYSLOG_HEAD);
		size_t len;
		const char *json = sink_doc_json(b, from + n, &len);
		syslog_head(&y->form, &head, b->docs[from + n].ts_ns, sink_doc_tag(s, b, from + n));
		d[n] = (struct conn_datagram){y->heads[n], text_len(&head), json, len};
	}
	int sent = conn_send_datagrams(&y->peer.conn, d, n);
	metrics_add(&s->metrics->writes, 1);
	if (sent == -EMSGSIZE) {
		sink_reject(s, b, from);
		return 1;
	}
	for (int i = 0; i < sent; i++)
		octets += d[i].head_len + d[i].body_len;
	metrics_add(&s->metrics->octets, octets);
	return sent;
}

static int deliver_datagrams(
	struct sink *s, const struct sink_block *b, uint32_t from, int64_t until_ns)
{
	struct syslog *y = s->state;
	struct conn *conn = &y->peer.conn;
	uint32_t i = from;
	while (i < b->n_docs) {
		int n = burst(s, b, i);
		if (n < 0) {
			sink_why(s, 0, "%s", conn->why);
			break;
		}
		i += (uint32_t)n;
		if (n > 0) {
			peer_moved(&y->peer);
			continue;
		}
		if (conn_clock() >= until_ns) {
			peer_is_stuck(s, &y->peer);
			break;
		}
		conn_wait(conn, POLLOUT, until_ns);
	}
	return (int)(i - from);
}

static int syslog_deliver(
	struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct syslog *y = s->state;
	struct peer *w = &y->peer;
	int64_t until = conn_clock() + (int64_t)deadline_ms * WHEN_NS_PER_MS;
	bool up = peer_up(s, w, until);
	if (!up && y->local && w->conn.error == -EPROTOTYPE) {
		/* The daemon's socket is of the other type: some listen on a stream. */
		bool was_stream = w->conf.kind == CONN_UNIX;
		w->conf.kind = was_stream ? CONN_UNIX_DGRAM : CONN_UNIX;
		up = peer_up(s, w, until);
	}
	if (!up)
		return 0;
	return w->conf.kind == CONN_UDP || w->conf.kind == CONN_UNIX_DGRAM
		       ? deliver_datagrams(s, b, from, until)
		       : deliver_stream(s, b, from, until);
}

/* A receiver that closes while there is nothing to say is better known before there is. */
static int syslog_idle(struct sink *s, int deadline_ms)
{
	struct syslog *y = s->state;
	if (deadline_ms > 0 && y->peer.conf.kind != CONN_UDP)
		conn_alive(&y->peer.conn);
	return 0;
}

static int syslog_close(struct sink *s)
{
	struct syslog *y = s->state;
	peer_close(&y->peer);
	free(y);
	s->state = NULL;
	return 0;
}

const struct sink_ops sink_syslog = {
	.name = "syslog",
	.check = syslog_check,
	.open = syslog_open,
	.deliver = syslog_deliver,
	.idle = syslog_idle,
	.close = syslog_close,
};

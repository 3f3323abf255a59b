/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Syslog: the local daemon's socket in its own format, or RFC 5424 over UDP (RFC 5426), TCP with
 * octet counting (RFC 6587 section 3.4.1) and TLS (RFC 5425). These protocols have no
 * acknowledgements: what the kernel has accepted counts as written.
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
#define SYSLOG_HEADER 512 /* octets; more than any header has */
#define SYSLOG_BURST 64 /* datagrams of one system call */

struct syslog {
	struct peer peer; /* first, as peer_free() wants it */
	struct syslog_format format;
	bool local;
	char headers[SYSLOG_BURST][SYSLOG_HEADER];
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

static int configure(struct peer *peer, const struct conf_sink *conf, struct conf_error *err)
{
	enum conf_choice transport = transport_of(conf);
	int error = check_name(err, "syslog.facility", conf->syslog_facility,
		syslog_facility(conf->syslog_facility), syslog_facilities);
	if (error == 0)
		error = check_name(err, "syslog.priority", conf->syslog_priority,
			syslog_severity(conf->syslog_priority), syslog_severities);
	if (error)
		return error;
	return peer_conf(peer, conf, transport,
		transport == CONF_TRANSPORT_TLS ? SYSLOG_PORT_TLS : SYSLOG_PORT, err);
}

static int syslog_check(const struct conf_sink *conf, struct conf_error *err)
{
	return peer_check(conf, configure, err);
}

static int syslog_open(struct sink *s)
{
	const struct conf_sink *conf = s->conf;
	struct syslog *y = calloc(1, sizeof(*y));
	if (!y)
		return sink_set_error(s, -ENOMEM, "out of memory");
	int error = peer_open(s, &y->peer, configure);
	if (error) {
		free(y);
		return error;
	}
	unsigned facility = (unsigned)syslog_facility(conf->syslog_facility);
	unsigned severity = (unsigned)syslog_severity(conf->syslog_priority);
	y->local = transport_of(conf) == CONF_TRANSPORT_LOCAL;
	syslog_format_init(&y->format, facility * 8 + severity, y->local, s->sensor,
		conf->syslog_app, (long)getpid());
	s->state = y;
	return 0;
}

/* Appends one frame. False: the buffer is full, and as before. */
static bool append_frame(
	struct syslog *y, const char *json, size_t len, int64_t ts_ns, const char *tag)
{
	struct peer *peer = &y->peer;
	struct text header = text_of(y->headers[0], SYSLOG_HEADER);
	syslog_header(&y->format, &header, ts_ns, tag);
	size_t header_len = text_len(&header);
	if ((size_t)(peer->out.end - peer->out.at) < header_len + len + 24)
		return false;
	if (!y->local) {
		text_u64(&peer->out, header_len + len); /* MSG-LEN (RFC 6587 section 3.4.1) */
		text_char(&peer->out, ' ');
	}
	text_put(&peer->out, y->headers[0], header_len);
	text_put(&peer->out, json, len);
	if (y->local)
		text_char(&peer->out, '\0'); /* as the C library ends them on a local stream */
	peer_end_frame(peer);
	return true;
}

/* True if the frame that was sent in part is that of document i, which came again. Then the frames
 * behind it are those of the next documents. */
static bool is_partial(const struct syslog *y, const struct sink_block *b, uint32_t i)
{
	size_t n, len;
	const char *frame = peer_partial_frame(&y->peer, &n), *json = sink_doc_json(b, i, &len);
	return n >= len + y->local && memcmp(frame + n - y->local - len, json, len) == 0;
}

/* Fills the buffer with documents from i on. Returns the first that is not in it. */
static uint32_t fill_buffer(struct sink *s, const struct sink_block *b, uint32_t i)
{
	struct syslog *y = s->state;
	for (; i < b->n_docs && y->peer.frames < PEER_FRAMES; i++) {
		size_t len;
		const char *json = sink_doc_json(b, i, &len);
		if (y->peer.frames == 0 && peer_grow(&y->peer, len + SYSLOG_HEADER + 24) < 0)
			break;
		if (!append_frame(y, json, len, b->docs[i].ts_ns, sink_doc_tag(s, b, i)))
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
		bool partial = is_partial(y, b, i);
		uint32_t done = peer_flush(s, &y->peer, until_ns, &error);
		if (partial)
			i = done < b->n_docs - i ? i + done : b->n_docs;
	}
	while (i < b->n_docs && error == 0 && y->peer.frames == 0) {
		if (fill_buffer(s, b, i) == i) {
			sink_reject(s, b, i++); /* there is no memory for a document so large */
			continue;
		}
		i += peer_flush(s, &y->peer, until_ns, &error);
	}
	return (int)(i - from);
}

/* Sends one burst. Returns the documents settled; 0: the kernel accepts none now; -errno. */
static int send_burst(struct sink *s, const struct sink_block *b, uint32_t from)
{
	struct syslog *y = s->state;
	struct conn_datagram d[SYSLOG_BURST];
	unsigned n = 0;
	size_t octets = 0;
	for (; n < SYSLOG_BURST && from + n < b->n_docs; n++) {
		struct text header = text_of(y->headers[n], SYSLOG_HEADER);
		size_t len;
		const char *json = sink_doc_json(b, from + n, &len);
		syslog_header(
			&y->format, &header, b->docs[from + n].ts_ns, sink_doc_tag(s, b, from + n));
		d[n] = (struct conn_datagram){y->headers[n], text_len(&header), json, len};
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
		int n = send_burst(s, b, i);
		if (n < 0) {
			sink_set_error(s, 0, "%s", conn->error_text);
			break;
		}
		i += (uint32_t)n;
		if (n > 0) {
			peer_progress(&y->peer);
			continue;
		}
		if (sink_clock_ns() >= until_ns) {
			peer_is_stalled(s, &y->peer);
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
	struct peer *peer = &y->peer;
	int64_t until = sink_clock_ns() + (int64_t)deadline_ms * WHEN_NS_PER_MS;
	bool up = peer_connect(s, peer, until);
	if (!up && y->local && peer->conn.error == -EPROTOTYPE) {
		/* The daemon's socket is of the other type: some daemons listen on a stream. */
		bool was_stream = peer->conf.kind == CONN_UNIX;
		peer->conf.kind = was_stream ? CONN_UNIX_DGRAM : CONN_UNIX;
		up = peer_connect(s, peer, until);
	}
	if (!up)
		return 0;
	return peer->conf.kind == CONN_UDP || peer->conf.kind == CONN_UNIX_DGRAM
		       ? deliver_datagrams(s, b, from, until)
		       : deliver_stream(s, b, from, until);
}

const struct sink_ops sink_syslog = {
	.name = "syslog",
	.check = syslog_check,
	.open = syslog_open,
	.deliver = syslog_deliver,
	.idle = peer_idle,
	.close = peer_free,
};

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/statsd.h"

#include <errno.h>
#include <stdio.h>

int statsd_open(struct statsd *s, const char *address, const char *prefix, const char *name,
	unsigned interval_s)
{
	memset(s, 0, sizeof(*s));
	s->conf = (struct conn_conf){.kind = CONN_UDP,
		.host = s->host,
		.port = STATSD_PORT,
		.connect_ms = 1000,
		.retry_min_ms = 1000,
		.retry_max_ms = 60000};
	s->interval_ns = interval_s * (int64_t)WHEN_NS_PER_S;
	int n = snprintf(s->prefix, sizeof(s->prefix), "%.200s%s%.250s%s", prefix,
		prefix[0] ? "." : "", name, name[0] ? "." : "");
	for (int i = 0; i < n; i++)
		if (strchr(":|@#, \n", s->prefix[i]) || s->prefix[i] < ' ')
			s->prefix[i] = '_';
	s->out = text_of(s->buffer, sizeof(s->buffer));
	if (conn_split(address, s->host, sizeof(s->host), &s->conf.port) < 0) {
		snprintf(s->conn.error_text, sizeof(s->conn.error_text),
			"expected host, host:port or [IPv6 address]:port");
		return -EINVAL;
	}
	return conn_open(&s->conn, &s->conf);
}

bool statsd_due(struct statsd *s, int64_t now_ns)
{
	conn_step(&s->conn, now_ns);
	if (s->due_ns == 0)
		s->due_ns = now_ns + s->interval_ns;
	if (now_ns < s->due_ns)
		return false;
	s->due_ns += s->interval_ns;
	if (s->due_ns <= now_ns)
		s->due_ns = now_ns + s->interval_ns;
	return true;
}

void statsd_flush(struct statsd *s)
{
	size_t len = text_len(&s->out);
	if (len == 0)
		return;
	if (conn_send(&s->conn, s->buffer, len) > 0) {
		s->datagrams++;
		for (unsigned i = 0; i < s->pending; i++)
			s->sent[s->slot[i]] = s->total[i];
	} else {
		s->dropped++;
	}
	s->pending = 0;
	s->out = text_of(s->buffer, sizeof(s->buffer));
}

/* Appends one line to this datagram, or to the next. */
static void append_line(struct statsd *s, int index, const char *name, uint64_t v, char kind)
{
	for (int tries = 0; tries < 2; tries++) {
		struct text before = s->out, *t = &s->out;
		if (text_len(t))
			text_char(t, '\n');
		text_str(t, s->prefix);
		if (index >= 0) {
			text_u64(t, (unsigned)index);
			text_char(t, '.');
		}
		text_str(t, name);
		text_char(t, ':');
		text_u64(t, v);
		text_char(t, '|');
		text_char(t, kind);
		if (!t->full)
			return;
		s->out = before;
		statsd_flush(s);
	}
}

void statsd_count(struct statsd *s, unsigned slot, int index, const char *name, uint64_t total)
{
	if (slot >= STATSD_SLOTS || total <= s->sent[slot])
		return; /* it has not risen */
	append_line(s, index, name, total - s->sent[slot], 'c');
	s->slot[s->pending] = slot;
	s->total[s->pending++] = total;
}

void statsd_gauge(struct statsd *s, int index, const char *name, uint64_t value)
{
	append_line(s, index, name, value, 'g');
}

void statsd_close(struct statsd *s)
{
	conn_close(&s->conn);
}

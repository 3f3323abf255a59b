/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions of a connection that wait. */
#include "sink/clock.h"
#include "sink/conn_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Rounds up to at least 1 ms for poll(2), so that nothing spins. */
static int poll_ms(int64_t left_ns)
{
	int64_t ms = (left_ns + WHEN_NS_PER_MS - 1) / WHEN_NS_PER_MS;
	return left_ns <= 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

static void sleep_ns(int64_t ns)
{
	struct timespec t = {ns / WHEN_NS_PER_S, ns % WHEN_NS_PER_S};
	if (ns > 0)
		nanosleep(&t, NULL);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void conn_wait(struct conn *s, short events, int64_t until_ns)
{
	int64_t now = sink_clock_ns();
	if (s->state == CONN_DOWN) {
		sleep_ns(earlier(until_ns, s->backoff.next_ns) - now);
		return;
	}
	if (s->state == CONN_RESOLVING) {
		conn_lookup_wait(s->lookup, until_ns - now);
		return;
	}
	if (s->state != CONN_UP) {
		until_ns = earlier(until_ns, s->until_ns);
		events = s->wants;
	} else if (s->ssl && s->wants) {
		events |= s->wants;
	}
	struct pollfd p = {.fd = s->fd, .events = events};
	poll(&p, 1, poll_ms(until_ns - now));
}

bool conn_connect(struct conn *s, int64_t until_ns)
{
	int64_t now = sink_clock_ns();
	while (!conn_step(s, now) && now < until_ns) {
		conn_wait(s, 0, until_ns);
		now = sink_clock_ns();
	}
	return s->state == CONN_UP;
}

int conn_send_all(struct conn *s, const void *octets, size_t len, size_t *sent, int64_t until_ns)
{
	const char *p = octets;
	*sent = 0;
	while (*sent < len) {
		ssize_t n = conn_send(s, p + *sent, len - *sent);
		if (n < 0)
			return (int)n;
		*sent += (size_t)n;
		if (n > 0)
			continue;
		if (sink_clock_ns() >= until_ns)
			return -ETIMEDOUT;
		conn_wait(s, POLLOUT, until_ns);
	}
	return 0;
}

size_t conn_drain(struct conn *s, int64_t until_ns)
{
	while (s->state == CONN_UP && conn_in_flight(s) > 0 && conn_check(s) &&
		sink_clock_ns() < until_ns)
		sleep_ns(WHEN_NS_PER_MS / 2);
	return s->state == CONN_UP ? conn_in_flight(s) : s->unacknowledged;
}

static int number(const char *p, uint16_t *port)
{
	char *end;
	unsigned long v = strtoul(p, &end, 10);
	if (*p < '0' || *p > '9' || *end || v == 0 || v > 65535)
		return -EINVAL;
	*port = (uint16_t)v;
	return 0;
}

int conn_split(const char *text, char *host, size_t size, uint16_t *port)
{
	const char *end = text + strlen(text), *colon = strchr(text, ':');
	if (text[0] == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		colon = end[1] ? end + 1 : NULL;
	} else if (colon && strchr(colon + 1, ':')) {
		colon = NULL; /* more than one: an IPv6 address without a port */
	} else if (colon) {
		end = colon;
	}
	if (end == text || (size_t)(end - text) >= size)
		return -EINVAL;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	return colon ? number(colon + 1, port) : 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/clock.h"
#include "sink/conn_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A connection that was up for so long resets the back-off, whatever ended it. */
#define LONG_LIVED_NS (INT64_C(5) * WHEN_NS_PER_S)

static bool is_unix(const struct conn_conf *conf)
{
	return conf->kind == CONN_UNIX || conf->kind == CONN_UNIX_DGRAM;
}

int conn_set_error(struct conn *s, int error, const char *format, ...)
{
	const struct conn_conf *conf = s->conf;
	va_list args;
	int n = is_unix(conf)
			? snprintf(s->error_text, sizeof(s->error_text), "%s: ", conf->host)
			: snprintf(s->error_text, sizeof(s->error_text),
				  strchr(conf->host, ':') ? "[%s]:%u: " : "%s:%u: ", conf->host,
				  conf->port);
	va_start(args, format);
	if (n > 0 && (size_t)n < sizeof(s->error_text))
		vsnprintf(s->error_text + n, sizeof(s->error_text) - (size_t)n, format, args);
	va_end(args);
	return error;
}

int conn_open(struct conn *s, const struct conn_conf *conf)
{
	uint64_t seed = (uint64_t)(uintptr_t)s;
	memset(s, 0, sizeof(*s));
	s->conf = conf;
	s->fd = -1;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed ^= (uint64_t)getpid() << 32;
	s->backoff = backoff_of(conf->retry_min_ms, conf->retry_max_ms, seed);
	if (!conf->host || !conf->host[0])
		return conn_set_error(s, -EINVAL, "no address is configured");
	if (is_unix(conf) && strlen(conf->host) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return conn_set_error(s, -EINVAL, "the path has more than %zu octets",
			sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	if (conf->tls && conf->kind != CONN_TCP)
		return conn_set_error(s, -EINVAL, "TLS needs TCP");
	return conf->tls ? conn_tls_open(s) : 0;
}

/* Closes the socket and keeps how much was in flight. */
static void disconnect(struct conn *s, bool graceful)
{
	if (s->ssl)
		conn_tls_end(s, graceful);
	if (s->fd >= 0) {
		s->unacknowledged = conn_in_flight(s);
		close(s->fd);
	}
	s->fd = -1;
	s->state = CONN_DOWN;
}

/* Handles the failure of the connection or of all tries to connect; s->error_text is set. Returns
 * error. */
static int handle_failure(struct conn *s, int64_t now_ns, int error)
{
	if (s->state == CONN_UP && now_ns - s->up_ns >= LONG_LIVED_NS)
		backoff_worked(&s->backoff);
	disconnect(s, false);
	conn_addresses_free(s->addresses);
	s->addresses = s->address = NULL;
	s->error = error;
	s->failures++;
	backoff_failed(&s->backoff, now_ns);
	return error;
}

void conn_fail(struct conn *s, int64_t now_ns, int error, const char *format, ...)
{
	char text[160];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	conn_set_error(s, error, "%s", text);
	if (s->state != CONN_DOWN)
		handle_failure(s, now_ns, error);
}

void conn_disconnect(struct conn *s)
{
	disconnect(s, s->state == CONN_UP);
	conn_addresses_free(s->addresses);
	s->addresses = s->address = NULL;
	backoff_worked(&s->backoff);
}

static bool set_up(struct conn *s, int64_t now_ns)
{
	s->state = CONN_UP;
	s->wants = 0;
	s->write_closed = false;
	s->up_ns = now_ns;
	s->connects++;
	s->unacknowledged = 0;
	return true;
}

static bool connected(struct conn *s, int64_t now_ns)
{
	if (!s->conf->tls)
		return set_up(s, now_ns);
	int error = conn_tls_start(s);
	if (error) {
		handle_failure(s, now_ns, error);
		return false;
	}
	s->state = CONN_HANDSHAKE;
	s->wants = POLLOUT;
	s->until_ns = now_ns + (int64_t)s->conf->connect_ms * WHEN_NS_PER_MS;
	return false;
}

/* Starts to connect to s->address. Returns 0: in progress or connected; -errno. */
static int start_connect(struct conn *s, int64_t now_ns)
{
	const struct addrinfo *a = s->address;
	int one = 1;
	s->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	if (s->conf->kind == CONN_TCP) {
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(s->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	}
	if (connect(s->fd, a->ai_addr, a->ai_addrlen) == 0) {
		connected(s, now_ns);
		return 0;
	}
	if (errno != EINPROGRESS)
		return -errno;
	s->state = CONN_CONNECTING;
	s->wants = POLLOUT;
	s->until_ns = now_ns + (int64_t)s->conf->connect_ms * WHEN_NS_PER_MS;
	return 0;
}

/* Tries the addresses from s->address on until a connect is in progress. */
static void try_addresses(struct conn *s, int64_t now_ns, int error)
{
	for (; s->address; s->address = s->address->ai_next) {
		error = start_connect(s, now_ns);
		if (error == 0)
			return;
		disconnect(s, false);
	}
	handle_failure(s, now_ns, conn_set_error(s, error, "%s", strerror(-error)));
}

static void next_address(struct conn *s, int64_t now_ns, int error)
{
	disconnect(s, false);
	s->address = s->address->ai_next;
	try_addresses(s, now_ns, error);
}

static void step_down(struct conn *s, int64_t now_ns)
{
	if (!backoff_due(&s->backoff, now_ns))
		return;
	if (!s->lookup)
		s->lookup = conn_lookup_start(s->conf);
	if (s->lookup)
		s->state = CONN_RESOLVING;
	else
		handle_failure(s, now_ns, conn_set_error(s, -ENOMEM, "out of memory"));
}

static void step_resolving(struct conn *s, int64_t now_ns)
{
	const char *text = "";
	int rc = conn_lookup_poll(s->lookup, &s->addresses, &text);
	if (rc == 0)
		return;
	conn_lookup_free(s->lookup);
	s->lookup = NULL;
	if (rc < 0) {
		handle_failure(
			s, now_ns, conn_set_error(s, rc, "cannot resolve the name: %s", text));
		return;
	}
	s->address = s->addresses;
	try_addresses(s, now_ns, -ENOENT);
}

static void step_connecting(struct conn *s, int64_t now_ns)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof(error);
	if (poll(&p, 1, 0) <= 0) {
		if (now_ns >= s->until_ns)
			next_address(s, now_ns, -ETIMEDOUT);
		return;
	}
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error)
		next_address(s, now_ns, -error);
	else
		connected(s, now_ns);
}

static void step_handshake(struct conn *s, int64_t now_ns)
{
	int done = conn_tls_handshake(s);
	if (done > 0)
		set_up(s, now_ns);
	else if (done < 0)
		handle_failure(s, now_ns, done);
	else if (now_ns >= s->until_ns)
		handle_failure(s, now_ns,
			conn_set_error(s, -ETIMEDOUT, "no TLS handshake within %u ms",
				s->conf->connect_ms));
}

bool conn_step(struct conn *s, int64_t now_ns)
{
	enum conn_state before;
	do {
		before = s->state;
		switch (s->state) {
		case CONN_DOWN: step_down(s, now_ns); break;
		case CONN_RESOLVING: step_resolving(s, now_ns); break;
		case CONN_CONNECTING: step_connecting(s, now_ns); break;
		case CONN_HANDSHAKE: step_handshake(s, now_ns); break;
		case CONN_UP: return true;
		}
	} while (s->state > before); /* a failure leads back to CONN_DOWN and ends the step */
	return s->state == CONN_UP;
}

/* Handles the kernel's error of a send or receive. Returns 0 if a later call may succeed. */
static ssize_t handle_io_error(struct conn *s, int error)
{
	if (error == EAGAIN || error == EINTR || error == ENOBUFS)
		return 0;
	if (error == EMSGSIZE)
		return -error;
	return handle_failure(s, sink_clock_ns(), conn_set_error(s, -error, "%s", strerror(error)));
}

ssize_t conn_send(struct conn *s, const void *octets, size_t len)
{
	if (s->state != CONN_UP)
		return -ENOTCONN;
	if (s->write_closed)
		return 0;
	ssize_t n = s->ssl ? conn_tls_send(s, octets, len) : send(s->fd, octets, len, MSG_NOSIGNAL);
	if (n < 0 && s->ssl)
		return handle_failure(s, sink_clock_ns(), (int)n);
	if (n < 0 && s->conf->reads_replies && (errno == EPIPE || errno == ECONNRESET)) {
		s->write_closed = true;
		return 0;
	}
	return n < 0 ? handle_io_error(s, errno) : n;
}

ssize_t conn_recv(struct conn *s, void *buffer, size_t size)
{
	if (s->state != CONN_UP)
		return -ENOTCONN;
	ssize_t n = s->ssl ? conn_tls_recv(s, buffer, size) : recv(s->fd, buffer, size, 0);
	if (n > 0)
		return n;
	if (n == 0 && !s->ssl && s->address->ai_socktype == SOCK_STREAM)
		return handle_failure(
			s, sink_clock_ns(), conn_set_error(s, -EPIPE, CONN_CLOSED_TEXT));
	if (n < 0 && s->ssl)
		return handle_failure(s, sink_clock_ns(), (int)n);
	return n < 0 ? handle_io_error(s, errno) : 0;
}

int conn_send_datagrams(struct conn *s, const struct conn_datagram *d, unsigned count)
{
	struct mmsghdr messages[64];
	struct iovec parts[64][2];
	if (s->state != CONN_UP)
		return -ENOTCONN;
	if (count > BITS_COUNT(messages))
		count = BITS_COUNT(messages);
	for (unsigned i = 0; i < count; i++) {
		parts[i][0] = (struct iovec){(void *)(uintptr_t)d[i].head, d[i].head_len};
		parts[i][1] = (struct iovec){(void *)(uintptr_t)d[i].body, d[i].body_len};
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = parts[i], .msg_iovlen = 2}};
	}
	int n = sendmmsg(s->fd, messages, count, MSG_NOSIGNAL);
	return n < 0 ? (int)handle_io_error(s, errno) : n;
}

bool conn_check(struct conn *s)
{
	char discarded[4096];
	while (conn_recv(s, discarded, sizeof(discarded)) > 0)
		;
	return s->state == CONN_UP;
}

size_t conn_in_flight(const struct conn *s)
{
	int octets = 0;
	if (s->fd < 0 || s->conf->kind != CONN_TCP || ioctl(s->fd, SIOCOUTQ, &octets) < 0)
		return 0;
	return (size_t)octets;
}

void conn_close(struct conn *s)
{
	if (!s->conf)
		return;
	disconnect(s, s->state == CONN_UP);
	conn_lookup_free(s->lookup);
	conn_addresses_free(s->addresses);
	if (s->tls)
		conn_tls_close(s);
	*s = (struct conn){.fd = -1};
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Real sockets; the listener is in the same thread, for neither end ever waits. */
#include "sink/clock.h"
#include "sink/conn.h"

#include <CUnit/CUnit.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void test_sink_conn(void);

#define MS INT64_C(1000000)
#define LONG_NS (60000 * MS) /* only against hangs */

static char path[100];
static int listener;

static struct conn_conf tcp_conf(uint16_t port)
{
	return (struct conn_conf){.kind = CONN_TCP,
		.host = "127.0.0.1",
		.port = port,
		.connect_ms = 60000,
		.retry_min_ms = 1,
		.retry_max_ms = 20};
}

/* Listens on a port of 127.0.0.1 (0: any). Returns the port. */
static uint16_t listen_tcp(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int one = 1;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	CU_ASSERT_EQUAL_FATAL(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	CU_ASSERT_EQUAL_FATAL(listen(listener, 8), 0);
	getsockname(listener, (struct sockaddr *)&a, &len);
	return ntohs(a.sin_port);
}

static int listen_unix(int type)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	unlink(path);
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (type == SOCK_STREAM)
		CU_ASSERT_EQUAL_FATAL(listen(fd, 8), 0);
	return fd;
}

static int set_up(void)
{
	snprintf(path, sizeof(path), "/tmp/dnsloupe-conn-%d", (int)getpid());
	return 0;
}

static int tear_down(void)
{
	unlink(path);
	return 0;
}

static int64_t soon(void)
{
	return sink_clock_ns() + LONG_NS;
}

/* Accepts the pending connection. */
static int accept_one(int from)
{
	struct pollfd p = {.fd = from, .events = POLLIN};
	poll(&p, 1, 60000);
	int fd = accept4(from, NULL, NULL, SOCK_NONBLOCK);
	CU_ASSERT_FATAL(fd >= 0);
	return fd;
}

/* Reads until n octets have arrived or the peer has closed. */
static size_t read_n(int fd, char *to, size_t n)
{
	size_t got = 0;
	while (got < n) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		poll(&p, 1, 60000);
		ssize_t k = read(fd, to + got, n - got);
		if (k == 0 || (k < 0 && errno != EAGAIN))
			break;
		got += k > 0 ? (size_t)k : 0;
	}
	return got;
}

static void exchange(struct conn *s, int from)
{
	char got[32] = "";
	size_t sent;
	CU_ASSERT_TRUE_FATAL(conn_connect(s, soon()));
	int peer = accept_one(from);
	CU_ASSERT_EQUAL(conn_recv(s, got, sizeof(got)), 0);
	CU_ASSERT_EQUAL(conn_send_all(s, "to and", 6, &sent, soon()), 0);
	CU_ASSERT(read_n(peer, got, 6) == 6 && memcmp(got, "to and", 6) == 0);
	CU_ASSERT_EQUAL(write(peer, "fro", 3), 3);
	conn_wait(s, POLLIN, soon());
	CU_ASSERT(conn_recv(s, got, sizeof(got)) == 3 && memcmp(got, "fro", 3) == 0);
	CU_ASSERT_TRUE(conn_check(s));
	close(peer);
	conn_wait(s, POLLIN, soon());
	CU_ASSERT_FALSE(conn_check(s));
	CU_ASSERT(s->error == -EPIPE && strstr(s->error_text, "closed"));
	CU_ASSERT_EQUAL(conn_send(s, "x", 1), -ENOTCONN);
}

static void tcp(void)
{
	struct conn_conf conf = tcp_conf(listen_tcp(0));
	struct conn s;
	CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
	for (unsigned i = 0; i < 3; i++)
		exchange(&s, listener);
	CU_ASSERT(s.connects == 3 && s.failures == 3);
	CU_ASSERT(strstr(s.error_text, "127.0.0.1:") != NULL);
	conn_close(&s);
	conn_close(&s);
	close(listener);
}

static void unix_stream(void)
{
	struct conn_conf conf = {
		.kind = CONN_UNIX, .host = path, .connect_ms = 1000, .retry_min_ms = 1};
	struct conn s;
	int fd = listen_unix(SOCK_STREAM);
	CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
	exchange(&s, fd);
	close(fd);
	CU_ASSERT_FALSE(conn_connect(&s, sink_clock_ns() + 20 * MS));
	CU_ASSERT_EQUAL(s.error, -ECONNREFUSED);
	unlink(path);
	CU_ASSERT_FALSE(conn_connect(&s, sink_clock_ns() + 20 * MS));
	CU_ASSERT(s.error == -ENOENT && strncmp(s.error_text, path, strlen(path)) == 0);
	fd = listen_unix(SOCK_STREAM);
	exchange(&s, fd);
	conn_close(&s);
	close(fd);
}

/* Names are resolved by another thread; of several addresses the one that accepts is used. */
static void by_name(void)
{
	struct conn_conf conf = tcp_conf(listen_tcp(0));
	struct conn s;
	conf.host = "localhost";
	CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
	CU_ASSERT_FALSE(conn_step(&s, sink_clock_ns()));
	CU_ASSERT(s.state == CONN_RESOLVING || s.state == CONN_CONNECTING);
	exchange(&s, listener);
	conn_close(&s);
	conf.host = "no-such-host.invalid";
	CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
	conn_step(&s, sink_clock_ns());
	conn_close(&s); /* during the lookup */
	close(listener);
}

/* Nobody listens, then somebody does: the back-off grows with each try, then a try succeeds. */
static void refused(void)
{
	struct conn_conf conf = tcp_conf(listen_tcp(0));
	struct conn s;
	int64_t now = 1000 * MS;
	close(listener);
	conf.retry_min_ms = 100;
	conf.retry_max_ms = 1000;
	CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
	for (unsigned i = 1; i <= 6; i++) {
		/* Over loopback the kernel refuses at once. */
		for (int turn = 0; s.failures < i && turn < 1000; turn++) {
			conn_step(&s, now);
			usleep(100);
		}
		CU_ASSERT_EQUAL_FATAL(s.failures, i);
		CU_ASSERT(s.state == CONN_DOWN && s.error == -ECONNREFUSED);
		int64_t delay = s.backoff.next_ns - now, due = 100 * MS << (i - 1);
		due = due > 1000 * MS ? 1000 * MS : due;
		CU_ASSERT(delay >= due / 2 && delay <= due);
		CU_ASSERT_FALSE(conn_step(&s, s.backoff.next_ns - 1));
		CU_ASSERT_EQUAL(s.state, CONN_DOWN);
		now = s.backoff.next_ns;
	}
	listen_tcp(conf.port);
	s.backoff.next_ns = 0;
	exchange(&s, listener);
	conn_close(&s);
	close(listener);
}

/* A listener whose backlog is full: the kernel does not reply, the deadline ends the try. */
static void hangs(void)
{
	struct conn_conf conf = tcp_conf(listen_tcp(0));
	struct conn s, filler[16];
	int64_t now = 5000 * MS;
	listen(listener, 0);
	for (unsigned i = 0; i < BITS_COUNT(filler); i++) {
		conn_open(&filler[i], &conf);
		conn_step(&filler[i], now);
	}
	conf.connect_ms = 300;
	CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
	CU_ASSERT_FALSE(conn_step(&s, now));
	CU_ASSERT_EQUAL(s.state, CONN_CONNECTING);
	CU_ASSERT_FALSE(conn_step(&s, now + 300 * MS - 1));
	CU_ASSERT_EQUAL(s.state, CONN_CONNECTING);
	CU_ASSERT_FALSE(conn_step(&s, now + 300 * MS));
	CU_ASSERT(s.state == CONN_DOWN && s.error == -ETIMEDOUT);
	conn_close(&s);
	for (unsigned i = 0; i < BITS_COUNT(filler); i++)
		conn_close(&filler[i]);
	close(listener);
}

/* More than the buffers hold: sent in parts, nothing lost or duplicated; then a peer that does not
 * read. */
static void partial(void)
{
	enum { SIZE = 64 << 20 }; /* more than both kernels' buffers may grow to */
	struct conn_conf conf = tcp_conf(listen_tcp(0));
	struct conn s;
	char *out = malloc(SIZE), *in = malloc(SIZE);
	size_t sent = 0, got = 0;
	for (size_t i = 0; i < SIZE; i++)
		out[i] = (char)(i * 2654435761u >> 24);
	CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
	CU_ASSERT_TRUE_FATAL(conn_connect(&s, soon()));
	int peer = accept_one(listener);
	CU_ASSERT_EQUAL(conn_send_all(&s, out, SIZE, &sent, sink_clock_ns()), -ETIMEDOUT);
	CU_ASSERT(sent > 0 && sent < SIZE);
	CU_ASSERT(conn_in_flight(&s) > 0 && conn_in_flight(&s) <= sent);
	for (unsigned turn = 0; got < SIZE && turn < 100000; turn++) {
		ssize_t n = conn_send(&s, out + sent, SIZE - sent);
		CU_ASSERT_FATAL(n >= 0);
		sent += (size_t)n;
		n = read(peer, in + got, SIZE - got);
		got += n > 0 ? (size_t)n : 0;
	}
	CU_ASSERT(got == SIZE && memcmp(in, out, SIZE) == 0);
	CU_ASSERT_EQUAL(conn_drain(&s, soon()), 0);
	/* Fill both kernels' buffers, however slowly that goes: the rest stays unacknowledged. */
	int64_t until = soon();
	do {
		CU_ASSERT_EQUAL(
			conn_send_all(&s, out, SIZE, &sent, sink_clock_ns() + 20 * MS), -ETIMEDOUT);
	} while (conn_drain(&s, sink_clock_ns() + 5 * MS) == 0 && sink_clock_ns() < until);
	CU_ASSERT(conn_in_flight(&s) > 0);
	/* Reset with unread octets: the rest of the send queue is known to be lost. */
	struct linger now = {1, 0};
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(peer);
	CU_ASSERT(conn_send_all(&s, out, SIZE, &sent, soon()) < 0);
	CU_ASSERT(s.state == CONN_DOWN && s.unacknowledged > 0 && s.unacknowledged < SIZE);
	CU_ASSERT_EQUAL(conn_drain(&s, soon()), s.unacknowledged);
	conn_close(&s);
	close(listener);
	free(out);
	free(in);
}

static void datagrams(void)
{
	struct conn_conf conf = {.kind = CONN_UNIX_DGRAM, .host = path, .retry_min_ms = 1};
	struct conn s;
	struct conn_datagram d[100];
	char got[100], *huge = calloc(1, 8 << 20);
	int fd = listen_unix(SOCK_DGRAM);
	CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
	CU_ASSERT_TRUE_FATAL(conn_connect(&s, soon()));
	for (unsigned i = 0; i < 100; i++)
		d[i] = (struct conn_datagram){"head", 4, "and body", i % 9};
	unsigned sent = 0, received = 0;
	while (sent < 100) {
		int n = conn_send_datagrams(&s, d + sent, 100 - sent);
		CU_ASSERT_FATAL(n >= 0);
		sent += (unsigned)n;
		ssize_t k;
		while ((k = read(fd, got, sizeof(got))) > 0) {
			CU_ASSERT_EQUAL(k, 4 + received % 9);
			CU_ASSERT(memcmp(got, "headand body", (size_t)k) == 0);
			received++;
		}
	}
	CU_ASSERT_EQUAL(received, 100);
	d[0] = (struct conn_datagram){"", 0, huge, 8 << 20};
	CU_ASSERT_EQUAL(conn_send_datagrams(&s, d, 1), -EMSGSIZE);
	CU_ASSERT_EQUAL(s.state, CONN_UP);
	close(fd);
	d[0].body_len = 1;
	CU_ASSERT_EQUAL(conn_send_datagrams(&s, d, 1), -ECONNREFUSED);
	CU_ASSERT_EQUAL(conn_send_datagrams(&s, d, 1), -ENOTCONN);
	conn_close(&s);
	free(huge);
}

static void wrong(void)
{
	char much[200];
	struct conn s;
	memset(much, 'x', sizeof(much));
	much[199] = '\0';
	struct conn_conf rows[] = {{.kind = CONN_TCP, .host = ""}, {.kind = CONN_TCP},
		{.kind = CONN_UNIX, .host = much}, {.kind = CONN_UDP, .host = "::1", .tls = true}};
	for (unsigned i = 0; i < BITS_COUNT(rows); i++) {
		rows[i].host = rows[i].host ? rows[i].host : "";
		CU_ASSERT_EQUAL(conn_open(&s, &rows[i]), -EINVAL);
		CU_ASSERT(s.error_text[0]);
	}
}

static void split(void)
{
	static const struct {
		const char *text, *host;
		int rc;
		uint16_t port;
	} rows[] = {{"a", "a", 0, 7}, {"a:1", "a", 0, 1},
		{"192.0.2.1:65535", "192.0.2.1", 0, 65535},
		{"[2001:db8::1]:24224", "2001:db8::1", 0, 24224}, {"[::1]", "::1", 0, 7},
		{"2001:db8::1", "2001:db8::1", 0, 7}, {"::", "::", 0, 7}, {"", "", -EINVAL, 7},
		{":1", "", -EINVAL, 7}, {"a:", "", -EINVAL, 7}, {"a:0", "", -EINVAL, 7},
		{"a:65536", "", -EINVAL, 7}, {"a:1x", "", -EINVAL, 7}, {"a:+1", "", -EINVAL, 7},
		{"[::1", "", -EINVAL, 7}, {"[]:1", "", -EINVAL, 7}, {"[::1]1", "", -EINVAL, 7},
		{"[::1]:", "", -EINVAL, 7}, {"0123456789abcdef", "", -EINVAL, 7}};
	for (unsigned i = 0; i < BITS_COUNT(rows); i++) {
		char host[16] = "";
		uint16_t port = 7;
		CU_ASSERT_EQUAL(conn_split(rows[i].text, host, sizeof(host), &port), rows[i].rc);
		if (rows[i].rc == 0) {
			CU_ASSERT_STRING_EQUAL(host, rows[i].host);
			CU_ASSERT_EQUAL(port, rows[i].port);
		}
	}
}

void test_sink_conn(void)
{
	CU_pSuite s = CU_add_suite("sink/conn", set_up, tear_down);
	CU_add_test(s, "TCP", tcp);
	CU_add_test(s, "unix socket", unix_stream);
	CU_add_test(s, "by name", by_name);
	CU_add_test(s, "refused, then not", refused);
	CU_add_test(s, "a connection that hangs", hangs);
	CU_add_test(s, "partial writes", partial);
	CU_add_test(s, "datagrams", datagrams);
	CU_add_test(s, "invalid settings", wrong);
	CU_add_test(s, "host and port", split);
}

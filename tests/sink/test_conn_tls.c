/* SPDX-License-Identifier: BSD-3-Clause */
/* A TLS server in the same thread; certificates are made by tests/support/make-certs. */
#include "sink/clock.h"
#include "sink/conn.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void test_sink_conn_tls(void);

#ifdef SINK_TLS

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS INT64_C(1000000)

static char dir[64], files[8][100];
static const char *const names[8] = {"ca.pem", "server.pem", "server.key", "client.pem",
	"client.key", "other.pem", "elsewhere.pem", "elsewhere.key"};
enum { CA, SERVER, SERVER_KEY, CLIENT, CLIENT_KEY, OTHER, ELSEWHERE, ELSEWHERE_KEY };
static int listener;
static uint16_t port;

static int set_up(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	char command[512];
	const char *root = getenv("DNSLOUPE_SOURCE_ROOT");
	signal(SIGPIPE, SIG_IGN);
	strcpy(dir, "/tmp/dnsloupe-tls-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	for (int i = 0; i < 8; i++)
		snprintf(files[i], sizeof(files[i]), "%s/%s", dir, names[i]);
	snprintf(
		command, sizeof(command), "%s/tests/support/make-certs %s", root ? root : ".", dir);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (system(command) != 0 || bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
		listen(listener, 8) < 0)
		return 1;
	getsockname(listener, (struct sockaddr *)&a, &len);
	port = ntohs(a.sin_port);
	return 0;
}

static int tear_down(void)
{
	char command[100];
	snprintf(command, sizeof(command), "rm -r %s", dir);
	close(listener);
	return system(command) != 0;
}

/* One connection of a server. */
struct server {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	bool up;
};

static void server_open(struct server *v, int cert, int key, bool ask_client)
{
	v->ctx = SSL_CTX_new(TLS_server_method());
	v->ssl = NULL;
	v->up = false;
	CU_ASSERT_EQUAL_FATAL(SSL_CTX_use_certificate_chain_file(v->ctx, files[cert]), 1);
	CU_ASSERT_EQUAL_FATAL(SSL_CTX_use_PrivateKey_file(v->ctx, files[key], SSL_FILETYPE_PEM), 1);
	SSL_CTX_load_verify_locations(v->ctx, files[CA], NULL);
	if (ask_client)
		SSL_CTX_set_verify(v->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static void server_drop(struct server *v)
{
	if (!v->ssl)
		return;
	SSL_free(v->ssl);
	close(v->fd);
	v->ssl = NULL;
}

static void server_close(struct server *v)
{
	server_drop(v);
	SSL_CTX_free(v->ctx);
	ERR_clear_error();
}

/* Accepts a pending connection, continues the handshake. */
static void server_step(struct server *v)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	if (!v->ssl && poll(&p, 1, 0) == 1) {
		v->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		v->ssl = SSL_new(v->ctx);
		SSL_set_fd(v->ssl, v->fd);
	}
	if (v->ssl && !v->up)
		v->up = SSL_accept(v->ssl) == 1;
	ERR_clear_error();
}

static struct conn_conf conf_of(const char *host)
{
	return (struct conn_conf){.kind = CONN_TCP,
		.host = host,
		.port = port,
		.tls = true,
		.ca_file = files[CA],
		.connect_ms = 60000,
		.retry_min_ms = 1,
		.retry_max_ms = 1};
}

/* Steps both ends until one is done. True: the connection is up, after one try. */
static bool connect_both(struct conn *s, struct server *v)
{
	for (int turn = 0; turn < 20000; turn++) {
		bool is_up = conn_step(s, sink_clock_ns());
		server_step(v);
		/* A server refuses a client's certificate after its own Finished. */
		if (is_up && !conn_check(s))
			return false;
		if (is_up && v->up)
			return true;
		if (s->failures)
			return false;
		usleep(100);
	}
	return false;
}

static void trusted(void)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost"};
	char got[100];
	size_t n, sent;
	ssize_t got_n;
	for (int i = 0; i < 2; i++) {
		struct conn_conf conf = conf_of(hosts[i]);
		struct conn s;
		struct server v;
		server_open(&v, SERVER, SERVER_KEY, false);
		CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
		CU_ASSERT_TRUE(connect_both(&s, &v));
		const char *sni = SSL_get_servername(v.ssl, TLSEXT_NAMETYPE_host_name);
		CU_ASSERT(i == 0 ? !sni : sni && strcmp(sni, "localhost") == 0);
		CU_ASSERT_EQUAL(conn_send_all(&s, "hello", 5, &sent, sink_clock_ns()), 0);
		usleep(1000);
		CU_ASSERT(SSL_read_ex(v.ssl, got, sizeof(got), &n) == 1 && n == 5);
		CU_ASSERT(SSL_write_ex(v.ssl, "welcome", 7, &n) == 1);
		/* Session tickets arrive first: octets of TLS without data. */
		for (got_n = 0; got_n == 0; got_n = conn_recv(&s, got, sizeof(got)))
			conn_wait(&s, POLLIN, sink_clock_ns() + 60000 * MS);
		CU_ASSERT(got_n == 7 && memcmp(got, "welcome", 7) == 0);
		CU_ASSERT_EQUAL(conn_recv(&s, got, sizeof(got)), 0);
		if (i == 0)
			SSL_shutdown(v.ssl);
		server_drop(&v);
		conn_wait(&s, POLLIN, sink_clock_ns() + 60000 * MS);
		CU_ASSERT_FALSE(conn_check(&s));
		CU_ASSERT(s.error == -EPIPE || s.error == -ECONNRESET);
		conn_close(&s);
		server_close(&v);
	}
}

/* Connections that must not come up, and their errors. */
static void refused(void)
{
	static const struct {
		int cert, key, ca;
		bool ask;
		const char *name, *error;
	} rows[] = {{SERVER, SERVER_KEY, OTHER, false, "", "certificate is not valid"},
		{ELSEWHERE, ELSEWHERE_KEY, CA, false, "", "hostname mismatch"},
		{SERVER, SERVER_KEY, CA, false, "elsewhere.example", "hostname mismatch"},
		{SERVER, SERVER_KEY, CA, false, "192.0.2.1", "IP address mismatch"},
		{SERVER, SERVER_KEY, CA, true, "", "certificate required"}};
	for (unsigned i = 0; i < BITS_COUNT(rows); i++) {
		struct conn_conf conf = conf_of("localhost");
		struct conn s;
		struct server v;
		conf.ca_file = files[rows[i].ca];
		conf.server_name = rows[i].name;
		server_open(&v, rows[i].cert, rows[i].key, rows[i].ask);
		CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
		CU_ASSERT_FALSE(connect_both(&s, &v));
		CU_ASSERT(s.failures == 1 && s.error < 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(s.error_text, rows[i].error));
		conn_close(&s);
		server_close(&v);
	}
}

/* A client certificate; a name other than the host; no verification. */
static void options(void)
{
	for (int i = 0; i < 3; i++) {
		struct conn_conf conf = conf_of("localhost");
		struct conn s;
		struct server v;
		server_open(&v, i == 0 ? SERVER : ELSEWHERE, i == 0 ? SERVER_KEY : ELSEWHERE_KEY,
			i == 0);
		conf.cert_file = i == 0 ? files[CLIENT] : "";
		conf.key_file = i == 0 ? files[CLIENT_KEY] : "";
		conf.server_name = i == 1 ? "elsewhere.example" : "";
		conf.unverified = i == 2;
		CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
		CU_ASSERT_TRUE(connect_both(&s, &v));
		conn_close(&s);
		server_close(&v);
	}
}

/* A peer that accepts and sends nothing: the handshake has a deadline. */
static void silent(void)
{
	struct conn_conf conf = conf_of("127.0.0.1");
	struct conn s;
	int64_t now = sink_clock_ns();
	CU_ASSERT_EQUAL_FATAL(conn_open(&s, &conf), 0);
	for (int turn = 0; s.state != CONN_HANDSHAKE && turn < 20000; turn++) {
		conn_step(&s, now);
		usleep(100);
	}
	CU_ASSERT_FALSE(conn_step(&s, now + 60000 * MS - 1));
	CU_ASSERT_EQUAL(s.state, CONN_HANDSHAKE);
	CU_ASSERT_FALSE(conn_step(&s, now + 60000 * MS));
	CU_ASSERT(s.state == CONN_DOWN && s.error == -ETIMEDOUT);
	CU_ASSERT_PTR_NOT_NULL(strstr(s.error_text, "handshake"));
	conn_close(&s);
	close(accept(listener, NULL, NULL));
}

/* Missing and wrong files: reported before any connection. */
static void wrong_files(void)
{
	struct conn s;
	struct conn_conf rows[5];
	for (int i = 0; i < 5; i++)
		rows[i] = conf_of("localhost");
	rows[0].ca_file = "/nonexistent";
	rows[1].ca_file = files[SERVER_KEY];
	rows[2].cert_file = "/nonexistent";
	rows[3].cert_file = files[CLIENT];
	rows[3].key_file = files[SERVER_KEY]; /* not its key */
	rows[4].key_file = files[CLIENT_KEY];
	for (int i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(conn_open(&s, &rows[i]), -EINVAL);
		CU_ASSERT(strlen(s.error_text) > 30);
	}
}

void test_sink_conn_tls(void)
{
	CU_pSuite s = CU_add_suite("sink/conn_tls", set_up, tear_down);
	CU_add_test(s, "trusted", trusted);
	CU_add_test(s, "refused", refused);
	CU_add_test(s, "a client certificate, another name, unverified", options);
	CU_add_test(s, "a silent peer", silent);
	CU_add_test(s, "wrong files", wrong_files);
}

#else

static void without(void)
{
	struct conn_conf conf = {.kind = CONN_TCP, .host = "localhost", .tls = true};
	struct conn s;
	CU_ASSERT_EQUAL(conn_open(&s, &conf), -ENOTSUP);
	CU_ASSERT_PTR_NOT_NULL(strstr(s.error_text, "without TLS"));
}

void test_sink_conn_tls(void)
{
	CU_pSuite s = CU_add_suite("sink/conn_tls", NULL, NULL);
	CU_add_test(s, "a build without TLS", without);
}

#endif

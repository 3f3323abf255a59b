/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS by OpenSSL, whose licence fits and which librdkafka links too. */
#include "sink/conn_inner.h"

#include <errno.h>
#include <string.h>

#ifdef SINK_TLS

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct conn_tls {
	SSL_CTX *ctx;
};

/* Refuses to read an encrypted key: there is nobody to enter its passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *asked)
{
	(void)buffer;
	(void)size;
	(void)writing;
	if (asked)
		*(bool *)asked = true;
	return -1;
}

/* Returns the text of OpenSSL's last error and clears its queue. */
static const char *openssl_error(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return text ? text : "unknown error";
}

static const char encrypted[] = "it is encrypted: decrypt it (openssl pkey -in IN -out OUT) into a "
				"file that only this program can read";

static const char *or_null(const char *s)
{
	return s && s[0] ? s : NULL;
}

static int load(struct conn *s, SSL_CTX *ctx)
{
	const struct conn_conf *conf = s->conf;
	const char *ca = or_null(conf->ca_file), *cert = or_null(conf->cert_file),
		   *key = or_null(conf->key_file);
	bool asked = false;
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, &asked);
	if (ca ? SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1
	       : SSL_CTX_set_default_verify_paths(ctx) != 1)
		return conn_set_error(s, -EINVAL, "cannot use the CA certificates of %s: %s",
			ca ? ca : "the system", openssl_error());
	if (cert && SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return conn_set_error(
			s, -EINVAL, "cannot use the certificate %s: %s", cert, openssl_error());
	if (key && !cert)
		return conn_set_error(s, -EINVAL, "the key %s has no certificate", key);
	if (cert && SSL_CTX_use_PrivateKey_file(ctx, key ? key : cert, SSL_FILETYPE_PEM) != 1)
		return conn_set_error(s, -EINVAL, "cannot use the key %s: %s", key ? key : cert,
			asked ? (ERR_clear_error(), encrypted) : openssl_error());
	SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
	return 0;
}

int conn_tls_open(struct conn *s)
{
	s->tls = calloc(1, sizeof(*s->tls));
	SSL_CTX *ctx = s->tls ? SSL_CTX_new(TLS_client_method()) : NULL;
	if (!ctx) {
		free(s->tls);
		s->tls = NULL;
		return conn_set_error(s, -ENOMEM, "no memory for TLS");
	}
	s->tls->ctx = ctx;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* Accept a peer that closes without close_notify. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(ctx, s->conf->unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	int error = load(s, ctx);
	if (error)
		conn_tls_close(s);
	return error;
}

void conn_tls_close(struct conn *s)
{
	SSL_CTX_free(s->tls->ctx);
	free(s->tls);
	s->tls = NULL;
}

/* Sets the name that the certificate must have; SNI is for names only (RFC 6066 section 3). */
static bool set_expected_name(SSL *ssl, const char *name)
{
	struct in6_addr address;
	if (inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

int conn_tls_start(struct conn *s)
{
	const char *name = or_null(s->conf->server_name);
	SSL *ssl = SSL_new(s->tls->ctx);
	if (!ssl || SSL_set_fd(ssl, s->fd) != 1 ||
		!set_expected_name(ssl, name ? name : s->conf->host)) {
		SSL_free(ssl);
		return conn_set_error(s, -ENOMEM, "cannot set up TLS: %s", openssl_error());
	}
	SSL_set_connect_state(ssl);
	s->ssl = ssl;
	return 0;
}

/* Handles the failure of an OpenSSL call. Returns 0 if it waits for s->wants, or -errno. */
static int handle_error(struct conn *s, int result)
{
	int saved = errno;
	long verified = SSL_get_verify_result(s->ssl);
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ: s->wants = POLLIN; return 0;
	case SSL_ERROR_WANT_WRITE: s->wants = POLLOUT; return 0;
	case SSL_ERROR_ZERO_RETURN: return conn_set_error(s, -EPIPE, CONN_CLOSED_TEXT);
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		return saved ? conn_set_error(s, -saved, "%s", strerror(saved))
			     : conn_set_error(s, -EPIPE, CONN_CLOSED_TEXT);
	default: break;
	}
	if (verified != X509_V_OK && !s->conf->unverified)
		return conn_set_error(s, -EPROTO, "the receiver's certificate is not valid: %s",
			X509_verify_cert_error_string(verified));
	return conn_set_error(s, -EPROTO, "TLS: %s", openssl_error());
}

int conn_tls_handshake(struct conn *s)
{
	errno = 0;
	int done = SSL_do_handshake(s->ssl);
	s->wants = 0;
	return done == 1 ? 1 : handle_error(s, done);
}

ssize_t conn_tls_send(struct conn *s, const void *octets, size_t len)
{
	size_t n = 0;
	s->wants = 0;
	errno = 0;
	/* A record that was encrypted and sent in part must be offered again unchanged
	 * (SSL_write(3)). */
	if (s->pending > len)
		return conn_set_error(s, -EPROTO, "TLS: a record was not offered again");
	if (s->pending)
		len = s->pending;
	else if (len > SSL3_RT_MAX_PLAIN_LENGTH)
		len = SSL3_RT_MAX_PLAIN_LENGTH;
	int done = SSL_write_ex(s->ssl, octets, len, &n);
	if (done == 1) {
		s->pending = s->pending > n ? s->pending - n : 0;
		return (ssize_t)n;
	}
	int error = handle_error(s, done);
	s->pending = error == 0 ? len : 0;
	return error;
}

ssize_t conn_tls_recv(struct conn *s, void *buffer, size_t size)
{
	size_t n = 0;
	s->wants = 0;
	errno = 0;
	int done = SSL_read_ex(s->ssl, buffer, size, &n);
	if (done == 1)
		return (ssize_t)n;
	int error = handle_error(s, done);
	s->wants = 0; /* a reader waits for POLLIN anyway */
	return error;
}

void conn_tls_end(struct conn *s, bool graceful)
{
	if (graceful)
		SSL_shutdown(s->ssl);
	SSL_free(s->ssl);
	ERR_clear_error();
	s->ssl = NULL;
	s->pending = 0;
}

#else

int conn_tls_open(struct conn *s)
{
	return conn_set_error(s, -ENOTSUP, "this dnsloupe was built without TLS (OpenSSL)");
}

/* The functions below are never called without TLS settings. */
void conn_tls_close(struct conn *s)
{
	s->tls = NULL;
}

int conn_tls_start(struct conn *s)
{
	return conn_set_error(s, -ENOTSUP, "no TLS");
}

int conn_tls_handshake(struct conn *s)
{
	return conn_set_error(s, -ENOTSUP, "no TLS");
}

ssize_t conn_tls_send(struct conn *s, const void *octets, size_t len)
{
	return octets && len ? conn_set_error(s, -ENOTSUP, "no TLS") : 0;
}

ssize_t conn_tls_recv(struct conn *s, void *buffer, size_t size)
{
	return buffer && size ? conn_set_error(s, -ENOTSUP, "no TLS") : 0;
}

void conn_tls_end(struct conn *s, bool graceful)
{
	s->ssl = graceful ? NULL : NULL;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS by OpenSSL: its licence fits, and librdkafka brings the same library along. */
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

/* A key with a passphrase: nobody is there to be asked for it. */
static int no_passphrase(char *room, int size, int writing, void *asked)
{
	(void)room;
	(void)size;
	(void)writing;
	if (asked)
		*(bool *)asked = true;
	return -1;
}

/* The last entry of OpenSSL's queue in words, which it empties. */
static const char *reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return text ? text : "unknown error";
}

static const char encrypted[] = "it is encrypted; give one that is not (openssl pkey -in IN -out "
				"OUT), readable for this program alone";

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
		return conn_why(s, -EINVAL, "cannot use the CA certificates of %s: %s",
			ca ? ca : "the system", reason());
	if (cert && SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return conn_why(s, -EINVAL, "cannot use the certificate %s: %s", cert, reason());
	if (key && !cert)
		return conn_why(s, -EINVAL, "the key %s has no certificate", key);
	if (cert && SSL_CTX_use_PrivateKey_file(ctx, key ? key : cert, SSL_FILETYPE_PEM) != 1)
		return conn_why(s, -EINVAL, "cannot use the key %s: %s", key ? key : cert,
			asked ? (ERR_clear_error(), encrypted) : reason());
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
		return conn_why(s, -ENOMEM, "no memory for TLS");
	}
	s->tls->ctx = ctx;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* A peer that closes without TLS's goodbye has closed all the same. */
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

/* Whom the certificate must name; SNI is for names only (RFC 6066 section 3). */
static bool expect(SSL *ssl, const char *name)
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
	if (!ssl || SSL_set_fd(ssl, s->fd) != 1 || !expect(ssl, name ? name : s->conf->host)) {
		SSL_free(ssl);
		return conn_why(s, -ENOMEM, "cannot set up TLS: %s", reason());
	}
	SSL_set_connect_state(ssl);
	s->ssl = ssl;
	return 0;
}

/* Why a call did not do it. 0: s->wants says for what to wait. */
static int verdict(struct conn *s, int result)
{
	int saved = errno;
	long verified = SSL_get_verify_result(s->ssl);
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ: s->wants = POLLIN; return 0;
	case SSL_ERROR_WANT_WRITE: s->wants = POLLOUT; return 0;
	case SSL_ERROR_ZERO_RETURN: return conn_why(s, -EPIPE, "the peer has closed");
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		return saved ? conn_why(s, -saved, "%s", strerror(saved))
			     : conn_why(s, -EPIPE, "the peer has closed");
	default: break;
	}
	if (verified != X509_V_OK && !s->conf->unverified)
		return conn_why(s, -EPROTO, "the certificate is refused: %s",
			X509_verify_cert_error_string(verified));
	return conn_why(s, -EPROTO, "TLS: %s", reason());
}

int conn_tls_handshake(struct conn *s)
{
	errno = 0;
	int done = SSL_do_handshake(s->ssl);
	s->wants = 0;
	return done == 1 ? 1 : verdict(s, done);
}

ssize_t conn_tls_send(struct conn *s, const void *octets, size_t len)
{
	size_t n = 0;
	s->wants = 0;
	errno = 0;
	/* A record that is encrypted and has not left as a whole must be offered again as it was:
	 * its octets are on their way, whatever becomes of the buffer (SSL_write(3)). */
	if (s->pending > len)
		return conn_why(s, -EPROTO, "TLS: a part of a record was taken back");
	if (s->pending)
		len = s->pending;
	else if (len > SSL3_RT_MAX_PLAIN_LENGTH)
		len = SSL3_RT_MAX_PLAIN_LENGTH;
	int done = SSL_write_ex(s->ssl, octets, len, &n);
	if (done == 1) {
		s->pending = s->pending > n ? s->pending - n : 0;
		return (ssize_t)n;
	}
	int error = verdict(s, done);
	s->pending = error == 0 ? len : 0;
	return error;
}

ssize_t conn_tls_recv(struct conn *s, void *room, size_t size)
{
	size_t n = 0;
	s->wants = 0;
	errno = 0;
	int done = SSL_read_ex(s->ssl, room, size, &n);
	if (done == 1)
		return (ssize_t)n;
	int error = verdict(s, done);
	s->wants = 0; /* who reads waits for POLLIN anyway */
	return error;
}

void conn_tls_end(struct conn *s, bool polite)
{
	if (polite)
		SSL_shutdown(s->ssl);
	SSL_free(s->ssl);
	ERR_clear_error();
	s->ssl = NULL;
	s->pending = 0;
}

#else

int conn_tls_open(struct conn *s)
{
	return conn_why(s, -ENOTSUP, "this dnsloupe was built without TLS (OpenSSL)");
}

/* A stream without settings of TLS comes to none of these. */
void conn_tls_close(struct conn *s)
{
	s->tls = NULL;
}

int conn_tls_start(struct conn *s)
{
	return conn_why(s, -ENOTSUP, "no TLS");
}

int conn_tls_handshake(struct conn *s)
{
	return conn_why(s, -ENOTSUP, "no TLS");
}

ssize_t conn_tls_send(struct conn *s, const void *octets, size_t len)
{
	return octets && len ? conn_why(s, -ENOTSUP, "no TLS") : 0;
}

ssize_t conn_tls_recv(struct conn *s, void *room, size_t size)
{
	return room && size ? conn_why(s, -ENOTSUP, "no TLS") : 0;
}

void conn_tls_end(struct conn *s, bool polite)
{
	s->ssl = polite ? NULL : NULL;
}

#endif

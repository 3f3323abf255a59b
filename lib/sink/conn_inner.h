/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of a connection only. */
#ifndef SINK_CONN_INNER_H
#define SINK_CONN_INNER_H

#include "sink/conn.h"

#include <poll.h>

#define CONN_CLOSED_TEXT "the receiver has closed the connection"

/* Starts to resolve conf->host, in a thread of the C library. Literal addresses and unix paths are
 * complete at once. NULL: out of memory. */
struct conn_lookup *conn_lookup_start(const struct conn_conf *conf);

/* Returns 1 if the lookup is complete, and *addresses is the caller's, for conn_addresses_free();
 * 0: not yet; -errno, with *error_text. */
int conn_lookup_poll(struct conn_lookup *l, struct addrinfo **addresses, const char **error_text);

/* Waits until the lookup is complete or the time is over. */
void conn_lookup_wait(struct conn_lookup *l, int64_t timeout_ns);

/* Cancels the lookup and frees it; one that cannot be cancelled stays until the process ends. */
void conn_lookup_free(struct conn_lookup *l);

void conn_addresses_free(struct addrinfo *a);

/* TLS, with the return values of conn.h. A build without TLS fails in conn_tls_open(). */
int conn_tls_open(struct conn *s);
void conn_tls_close(struct conn *s);
/* Sets up TLS on the connected socket. Returns 0 or -errno. */
int conn_tls_start(struct conn *s);
/* Continues the handshake. Returns 1: complete; 0: waits for s->wants; -errno with s->error_text.
 */
int conn_tls_handshake(struct conn *s);
ssize_t conn_tls_send(struct conn *s, const void *octets, size_t len);
ssize_t conn_tls_recv(struct conn *s, void *buffer, size_t size);
/* Ends one connection; `graceful`: sends close_notify. */
void conn_tls_end(struct conn *s, bool graceful);

/* Sets s->error_text, with the peer's name in front. Returns error. */
int conn_set_error(struct conn *s, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif

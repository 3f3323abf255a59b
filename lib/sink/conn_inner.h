/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of a stream share and nobody else needs. */
#ifndef SINK_CONN_INNER_H
#define SINK_CONN_INNER_H

#include "sink/conn.h"

#include <poll.h>

/*
 * Starts resolving conf->host, on a thread of the C library. Literal addresses and unix paths are
 * done at once. NULL: no memory.
 */
struct conn_lookup *conn_lookup_start(const struct conn_conf *conf);

/*
 * Has it ended? 1: *addresses is the caller's, for conn_addresses_free(); 0: not yet; -errno with
 * the reason in words.
 */
int conn_lookup_poll(struct conn_lookup *l, struct addrinfo **addresses, const char **why);

/* Waits until it has ended or the time is over. */
void conn_lookup_wait(struct conn_lookup *l, int64_t timeout_ns);

/* Gives up and frees; one that cannot be stopped is left to the end of the process. */
void conn_lookup_free(struct conn_lookup *l);

void conn_addresses_free(struct addrinfo *a);

/* TLS. Return values as stream.h says; a build without TLS refuses in conn_tls_open(). */
int conn_tls_open(struct conn *s);
void conn_tls_close(struct conn *s);
/* Puts TLS on the connected socket. 0 or -errno. */
int conn_tls_start(struct conn *s);
/* 1: done, 0: s->wants says for what it waits, -errno with s->why. */
int conn_tls_handshake(struct conn *s);
ssize_t conn_tls_send(struct conn *s, const void *octets, size_t len);
ssize_t conn_tls_recv(struct conn *s, void *room, size_t size);
/* Ends one connection; says so to the peer where `polite`. */
void conn_tls_end(struct conn *s, bool polite);

/* s->why = what with the peer's name in front; returns error. */
int conn_why(struct conn *s, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif

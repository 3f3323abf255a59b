/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of a stream share and nobody else needs. */
#ifndef SINK_STREAM_INNER_H
#define SINK_STREAM_INNER_H

#include "sink/stream.h"

#include <poll.h>

/*
 * Starts resolving conf->host, on a thread of the C library. Literal addresses and unix paths are
 * done at once. NULL: no memory.
 */
struct stream_lookup *stream_lookup_start(const struct stream_conf *conf);

/*
 * Has it ended? 1: *addresses is the caller's, for stream_addresses_free(); 0: not yet; -errno with
 * the reason in words.
 */
int stream_lookup_poll(struct stream_lookup *l, struct addrinfo **addresses, const char **why);

/* Waits until it has ended or the time is over. */
void stream_lookup_wait(struct stream_lookup *l, int64_t timeout_ns);

/* Gives up and frees; one that cannot be stopped is left to the end of the process. */
void stream_lookup_free(struct stream_lookup *l);

void stream_addresses_free(struct addrinfo *a);

/* TLS. Return values as stream.h says; a build without TLS refuses in stream_tls_open(). */
int stream_tls_open(struct stream *s);
void stream_tls_close(struct stream *s);
/* Puts TLS on the connected socket. 0 or -errno. */
int stream_tls_start(struct stream *s);
/* 1: done, 0: s->wants says for what it waits, -errno with s->why. */
int stream_tls_handshake(struct stream *s);
ssize_t stream_tls_send(struct stream *s, const void *octets, size_t len);
ssize_t stream_tls_recv(struct stream *s, void *room, size_t size);
/* Ends one connection; says so to the peer where `polite`. */
void stream_tls_end(struct stream *s, bool polite);

/* s->why = what with the peer's name in front; returns error. */
int stream_why(struct stream *s, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client's connection that comes back by itself: TCP, unix socket (stream or datagram), UDP, and
 * TLS over TCP. Used by one thread, a sink's own. Sockets do not block; names are resolved by a
 * helper thread of the C library; a failed connection is tried again after a growing delay.
 *
 * conn_step(), conn_send() and conn_recv() never wait. conn_up(), conn_send_all() and
 * conn_drain() wait up to a moment on conn_clock(), which only they read.
 */
#ifndef SINK_CONN_H
#define SINK_CONN_H

#include "sink/backoff.h"

#include <netdb.h>
#include <stddef.h>
#include <sys/types.h>

enum conn_kind { CONN_TCP, CONN_UDP, CONN_UNIX, CONN_UNIX_DGRAM };

/* Whom to speak to, and how. Strings are borrowed until conn_close(); "" is as good as NULL. */
struct conn_conf {
	enum conn_kind kind;
	const char *host; /* a name or an address; the path of a unix socket */
	uint16_t port;
	bool tls; /* TCP only */
	bool unverified; /* take any certificate */
	bool answers; /* the peer does: where it has closed, what it said before is still received
		       */
	const char *ca_file; /* PEM; empty: those that the system trusts */
	const char *cert_file; /* PEM, ours with its chain; empty: none */
	const char *key_file; /* PEM; empty: it stands in cert_file */
	const char *server_name; /* whom the certificate must name; empty: host */
	uint32_t connect_ms; /* for connecting and for the handshake, each; of one address */
	uint32_t retry_min_ms; /* bounds of the delay between tries */
	uint32_t retry_max_ms;
};

enum conn_state {
	CONN_DOWN, /* until the back-off is over */
	CONN_RESOLVING,
	CONN_CONNECTING,
	CONN_HANDSHAKE,
	CONN_UP,
};

struct conn_lookup; /* a name being resolved */
struct conn_tls; /* settings for all connections of a stream */
struct ssl_st; /* one connection's */

struct conn {
	const struct conn_conf *conf;
	enum conn_state state;
	int fd; /* -1: none */
	int error; /* -errno of the last failure */
	short wants; /* poll(2)'s events that the state waits for */
	char why[200]; /* the last failure in words, with the peer's name */
	struct backoff backoff;
	int64_t until_ns; /* of the step under way */
	int64_t up_ns; /* since when it is up */
	uint64_t connects; /* how often it came up */
	uint64_t failures; /* connections and tries that failed */
	bool deaf; /* the peer takes no more; what it has said is being received (conf->answers) */
	size_t unconfirmed; /* TCP: octets of the last connection that its peer never confirmed */
	struct conn_lookup *lookup;
	struct addrinfo *addresses; /* what the name stands for */
	struct addrinfo *address; /* the one in use */
	/* TLS: octets of a send that is begun and not through: the next one must begin with them.
	 */
	size_t pending;
	struct conn_tls *tls;
	struct ssl_st *ssl;
};

/* Nanoseconds of the monotonic clock. */
int64_t conn_clock(void);

/*
 * Prepares; reads the files of TLS, connects to nobody. 0; -EINVAL, -ENOTSUP (TLS and built without
 * it), -ENOMEM or -errno of a file, with s->why. Nothing is left behind then.
 */
int conn_open(struct conn *s, const struct conn_conf *conf);

/* One step towards being up, as far as it goes without waiting. Is it up? */
bool conn_step(struct conn *s, int64_t now_ns);

/*
 * Waits until until_ns (on conn_clock()) or until the next step is possible; when it is up, until
 * one of `events` (POLLIN, POLLOUT) is there. How late is what poll(2) makes of it.
 */
void conn_wait(struct conn *s, short events, int64_t until_ns);

/* Steps and waits until it is up or the time is over. Is it up? */
bool conn_up(struct conn *s, int64_t until_ns);

/*
 * Sends what fits: octets taken (0: none now; with TLS the next call must offer s->pending octets
 * of the same again), or -errno: the connection is lost, and the next
 * conn_step() begins anew after the back-off. Datagrams are sent whole; -EMSGSIZE leaves the
 * connection as it is. A stream that is not up gives -ENOTCONN. With conf->answers a peer that
 * takes no more gives 0, and conn_recv() the error, after all that it had said (not with TLS).
 */
ssize_t conn_send(struct conn *s, const void *octets, size_t len);

/* Octets received (0: none now), or -errno as conn_send(); -EPIPE: the peer has closed. */
ssize_t conn_recv(struct conn *s, void *room, size_t size);

/* Sends all; 0, -ETIMEDOUT (a part may be sent: *sent says how much), or -errno: it is lost. */
int conn_send_all(struct conn *s, const void *octets, size_t len, size_t *sent, int64_t until_ns);

/* Datagrams, in as few calls as possible: how many the kernel took, or -errno of the first. */
struct conn_datagram {
	const char *head; /* sent before the body */
	size_t head_len;
	const char *body;
	size_t body_len;
};
int conn_send_datagrams(struct conn *s, const struct conn_datagram *d, unsigned count);

/*
 * For protocols in which the peer says nothing: throws away what it says all the same and notices
 * that it has closed, before more is written into the void. Is it still up?
 */
bool conn_alive(struct conn *s);

/* The protocol above found the connection useless: closes it, remembers why, backs off. */
void conn_fail(struct conn *s, int64_t now_ns, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Closes as agreed: no failure; the next step begins anew at once. */
void conn_hang_up(struct conn *s);

/* TCP: octets taken by the kernel and not yet confirmed by the peer's; 0 where that is unknown. */
size_t conn_in_flight(const struct conn *s);

/* Waits until the peer's kernel has confirmed all, or the time is over. Octets that it has not. */
size_t conn_drain(struct conn *s, int64_t until_ns);

/* Says goodbye where that takes no waiting, closes, frees. Right for a stream of zeros, and twice.
 */
void conn_close(struct conn *s);

/*
 * Splits "host", "host:port", "[v6]:port" or a bare IPv6 address. 0, or -EINVAL. *port stays where
 * none is given.
 */
int conn_split(const char *text, char *host, size_t size, uint16_t *port);

#endif

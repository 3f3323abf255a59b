/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client connection that reconnects by itself: TCP, TLS over TCP, UDP, unix socket (stream or
 * datagram). Used by one thread, a sink's own. Sockets do not block; names are resolved by a helper
 * thread of the C library; a failed connection is tried again after a back-off.
 *
 * conn_step(), conn_send() and conn_recv() never wait. conn_connect(), conn_send_all() and
 * conn_drain() wait until a time of sink_clock_ns().
 */
#ifndef SINK_CONN_H
#define SINK_CONN_H

#include "sink/backoff.h"

#include <netdb.h>
#include <stddef.h>
#include <sys/types.h>

enum conn_kind { CONN_TCP, CONN_UDP, CONN_UNIX, CONN_UNIX_DGRAM };

/* The peer and how to connect to it. Strings are borrowed until conn_close(); "" is as good as
 * NULL. */
struct conn_conf {
	enum conn_kind kind;
	const char *host; /* a name or an address; the path of a unix socket */
	uint16_t port;
	bool tls; /* TCP only */
	bool unverified; /* accept any certificate */
	bool reads_replies; /* the peer replies: what it sent before it closed is still received */
	const char *ca_file; /* PEM; empty: the authorities that the system trusts */
	const char *cert_file; /* PEM, ours with its chain; empty: none */
	const char *key_file; /* PEM; empty: the key is in cert_file */
	const char *server_name; /* that the certificate must have; empty: host */
	uint32_t connect_ms; /* for connecting and for the handshake, each; of one address */
	uint32_t retry_min_ms; /* bounds of the back-off */
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
struct conn_tls; /* TLS settings of all connections of a struct conn */
struct ssl_st; /* TLS of the present connection */

struct conn {
	const struct conn_conf *conf;
	enum conn_state state;
	int fd; /* -1: none */
	int error; /* -errno of the last failure */
	short wants; /* events of poll(2) that the state waits for */
	char error_text[200]; /* the last failure, with the peer's name */
	struct backoff backoff;
	int64_t until_ns; /* of the present state */
	int64_t up_ns; /* since when it is up */
	uint64_t connects; /* times that it came up */
	uint64_t failures; /* connections and tries that failed */
	bool write_closed; /* the peer reads no more; its last data is being received */
	size_t unacknowledged; /* TCP: octets that the peer of the last connection did not
				  acknowledge */
	struct conn_lookup *lookup;
	struct addrinfo *addresses; /* of the name */
	struct addrinfo *address; /* the one in use */
	/* TLS: octets of a send that was begun and not completed: the next send must begin with
	 * them. */
	size_t pending;
	struct conn_tls *tls;
	struct ssl_st *ssl;
};

/*
 * Prepares a connection: reads the files of TLS, does not connect. Returns 0; -EINVAL, -ENOTSUP
 * (TLS in a build without it), -ENOMEM or -errno of a file, with s->error_text and nothing left
 * behind.
 */
int conn_open(struct conn *s, const struct conn_conf *conf);

/* Advances the state as far as possible without waiting. True: the connection is up. */
bool conn_step(struct conn *s, int64_t now_ns);

/*
 * Waits until until_ns, or until the next step is possible; if the connection is up, until one of
 * `events` (POLLIN, POLLOUT) occurs. As precise as poll(2).
 */
void conn_wait(struct conn *s, short events, int64_t until_ns);

/* Connects: steps and waits until the connection is up or the time is over. True: it is up. */
bool conn_connect(struct conn *s, int64_t until_ns);

/*
 * Sends what fits. Returns the octets accepted (0: none now; with TLS the next call must offer the
 * same s->pending octets again), or -errno: the connection is lost, and conn_step() reconnects
 * after the back-off. Datagrams are sent completely; -EMSGSIZE leaves the connection as it is.
 * Returns -ENOTCONN if the connection is not up. With conf->reads_replies it returns 0 for a peer
 * that reads no more, and conn_recv() returns the error behind the peer's last data (not with TLS).
 */
ssize_t conn_send(struct conn *s, const void *octets, size_t len);

/* Returns the octets received (0: none now), or -errno as conn_send(); -EPIPE: the peer has closed.
 */
ssize_t conn_recv(struct conn *s, void *buffer, size_t size);

/* Sends everything. Returns 0; -ETIMEDOUT (*sent says how much was sent); -errno: the connection is
 * lost. */
int conn_send_all(struct conn *s, const void *octets, size_t len, size_t *sent, int64_t until_ns);

/* A datagram of two parts. */
struct conn_datagram {
	const char *head;
	size_t head_len;
	const char *body;
	size_t body_len;
};

/* Sends datagrams in as few system calls as possible. Returns how many the kernel accepted, or
 * -errno of the first. */
int conn_send_datagrams(struct conn *s, const struct conn_datagram *d, unsigned count);

/*
 * For protocols in which the peer sends nothing: discards what it sends anyway, and notices that it
 * has closed before more is sent. True: the connection is still up.
 */
bool conn_check(struct conn *s);

/* Closes the connection that the protocol above found faulty; sets the error, backs off. */
void conn_fail(struct conn *s, int64_t now_ns, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Closes the connection regularly: no failure, the next step reconnects at once. */
void conn_disconnect(struct conn *s);

/* TCP: returns the octets sent that the peer's kernel has not acknowledged; 0 if that is unknown.
 */
size_t conn_in_flight(const struct conn *s);

/* Waits until the peer's kernel has acknowledged everything, or the time is over. Returns the
 * octets that it has not. */
size_t conn_drain(struct conn *s, int64_t until_ns);

/* Closes the connection, without waiting, and frees. May be called twice, and for a struct of
 * zeros. */
void conn_close(struct conn *s);

/*
 * Splits "host", "host:port", "[v6]:port" or a bare IPv6 address. Returns 0, or -EINVAL. *port
 * stays as it is if there is none.
 */
int conn_split(const char *text, char *host, size_t size, uint16_t *port);

#endif

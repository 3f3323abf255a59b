/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/when.h"
#include "sink/conn_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

struct conn_lookup {
	struct gaicb request;
	struct addrinfo hints;
	struct addrinfo *ready; /* of a literal address or a path, without a resolver */
	bool requested; /* the C library resolves it */
	char host[256];
	char port[8];
};

/* A unix socket's path in the form of an address list of getaddrinfo(3). */
struct unix_address {
	struct addrinfo info; /* first: conn_addresses_free() frees by it */
	struct sockaddr_un where;
};

static struct addrinfo *of_unix(const struct conn_conf *conf)
{
	struct unix_address *u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->info.ai_family = AF_UNIX;
	u->info.ai_socktype = conf->kind == CONN_UNIX ? SOCK_STREAM : SOCK_DGRAM;
	u->info.ai_addr = (struct sockaddr *)&u->where;
	u->info.ai_addrlen = sizeof(u->where);
	u->where.sun_family = AF_UNIX;
	strncpy(u->where.sun_path, conf->host, sizeof(u->where.sun_path) - 1);
	return &u->info;
}

struct conn_lookup *conn_lookup_start(const struct conn_conf *conf)
{
	struct conn_lookup *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	if (conf->kind == CONN_UNIX || conf->kind == CONN_UNIX_DGRAM) {
		l->ready = of_unix(conf);
		if (l->ready)
			return l;
		free(l);
		return NULL;
	}
	snprintf(l->host, sizeof(l->host), "%s", conf->host);
	snprintf(l->port, sizeof(l->port), "%u", conf->port);
	l->hints.ai_socktype = conf->kind == CONN_UDP ? SOCK_DGRAM : SOCK_STREAM;
	l->hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
	if (getaddrinfo(l->host, l->port, &l->hints, &l->ready) == 0)
		return l;
	l->ready = NULL;
	l->hints.ai_flags = AI_NUMERICSERV;
	l->request =
		(struct gaicb){.ar_name = l->host, .ar_service = l->port, .ar_request = &l->hints};
	struct gaicb *list[] = {&l->request};
	l->requested = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) == 0;
	return l;
}

int conn_lookup_poll(struct conn_lookup *l, struct addrinfo **addresses, const char **error_text)
{
	if (l->ready) {
		*addresses = l->ready;
		l->ready = NULL;
		return 1;
	}
	int code = l->requested ? gai_error(&l->request) : EAI_MEMORY;
	if (code == EAI_INPROGRESS)
		return 0;
	l->requested = false;
	if (code == 0) {
		*addresses = l->request.ar_result;
		return 1;
	}
	*error_text = gai_strerror(code);
	return code == EAI_MEMORY ? -ENOMEM : -ENOENT;
}

void conn_lookup_wait(struct conn_lookup *l, int64_t timeout_ns)
{
	const struct gaicb *list[] = {&l->request};
	struct timespec t = {timeout_ns / WHEN_NS_PER_S, timeout_ns % WHEN_NS_PER_S};
	if (l->requested && timeout_ns > 0)
		gai_suspend(list, 1, &t);
}

void conn_lookup_free(struct conn_lookup *l)
{
	if (!l)
		return;
	if (l->requested && gai_cancel(&l->request) == EAI_NOTCANCELED &&
		gai_error(&l->request) == EAI_INPROGRESS)
		return; /* the library's thread still writes to the request */
	if (l->requested && l->request.ar_result)
		freeaddrinfo(l->request.ar_result);
	conn_addresses_free(l->ready);
	free(l);
}

void conn_addresses_free(struct addrinfo *a)
{
	if (a && a->ai_family == AF_UNIX)
		free(a);
	else if (a)
		freeaddrinfo(a);
}

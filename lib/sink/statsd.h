/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters and gauges for a statsd server, over UDP: "PREFIX.NAME:DELTA|c", several lines a
 * datagram. A counter is given as its total; what is sent is how much it has risen since it was
 * last sent, and it counts as sent only when the kernel has taken the datagram. Used by one thread,
 * which never waits.
 */
#ifndef SINK_STATSD_H
#define SINK_STATSD_H

#include "base/text.h"
#include "sink/conn.h"

#define STATSD_PORT 8125
#define STATSD_SLOTS 512 /* counters at most */
#define STATSD_DATAGRAM 1432 /* octets: fits every Ethernet whole */

struct statsd {
	struct conn conn;
	struct conn_conf conf;
	char host[256];
	char prefix[512]; /* with the last dot */
	int64_t interval_ns, due_ns;
	uint64_t sent[STATSD_SLOTS]; /* totals that the server knows */
	uint64_t datagrams, lost; /* sent; not taken by the kernel */
	/* the datagram being filled */
	unsigned pending, slot[STATSD_SLOTS];
	uint64_t total[STATSD_SLOTS];
	char room[STATSD_DATAGRAM];
	struct text out;
};

/*
 * Prepares. `address` is host or host:port; the names begin with "prefix.name." (what statsd's
 * syntax takes for itself becomes '_'). 0, or -EINVAL, -ENOMEM with s->conn.why.
 */
int statsd_open(struct statsd *s, const char *address, const char *prefix, const char *name,
	unsigned interval_s);

/* Is it time for the next round? The first is one interval after the first call. */
bool statsd_due(struct statsd *s, int64_t now_ns);

/* Counter number `slot` stands at `total`. `index` >= 0: "INDEX.NAME" in place of "NAME". */
void statsd_count(struct statsd *s, unsigned slot, int index, const char *name, uint64_t total);
void statsd_gauge(struct statsd *s, int index, const char *name, uint64_t value);

/* Ends a round: sends what is left of it. */
void statsd_flush(struct statsd *s);

void statsd_close(struct statsd *s);

#endif

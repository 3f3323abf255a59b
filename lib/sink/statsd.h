/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends counters and gauges to a statsd server over UDP: "PREFIX.NAME:DELTA|c", several lines in
 * each datagram. The caller passes a counter's total; its rise since the last
 * datagram is sent, and counts as sent when the kernel has accepted it. Used by one thread, which
 * never waits.
 */
#ifndef SINK_STATSD_H
#define SINK_STATSD_H

#include "base/text.h"
#include "sink/conn.h"

#define STATSD_PORT 8125
#define STATSD_SLOTS 512 /* counters at most */
#define STATSD_DATAGRAM 1432 /* octets: never fragmented on an Ethernet */

struct statsd {
	struct conn conn;
	struct conn_conf conf;
	char host[256];
	char prefix[512]; /* with its final dot */
	int64_t interval_ns, due_ns;
	uint64_t sent[STATSD_SLOTS]; /* totals that were sent */
	uint64_t datagrams, dropped; /* accepted by the kernel, or not */
	/* the datagram being filled */
	unsigned pending, slot[STATSD_SLOTS];
	uint64_t total[STATSD_SLOTS];
	char buffer[STATSD_DATAGRAM];
	struct text out;
};

/*
 * Prepares. `address` is host or host:port. Names begin with "prefix.name."; characters of statsd's
 * syntax in them become '_'. Returns 0, or -EINVAL, -ENOMEM with s->conn.error_text.
 */
int statsd_open(struct statsd *s, const char *address, const char *prefix, const char *name,
	unsigned interval_s);

/* True if the next round is due. The first is due one interval after the first call. */
bool statsd_due(struct statsd *s, int64_t now_ns);

/* Append the counter number `slot` with its total, or a gauge. `index` >= 0: as "INDEX.NAME". */
void statsd_count(struct statsd *s, unsigned slot, int index, const char *name, uint64_t total);
void statsd_gauge(struct statsd *s, int index, const char *name, uint64_t value);

/* Sends the datagram that is not full: the end of a round. */
void statsd_flush(struct statsd *s);

void statsd_close(struct statsd *s);

#endif

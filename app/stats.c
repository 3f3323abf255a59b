/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/stats.h"

#include "base/log.h"
#include "base/when.h"

#include <errno.h>

#define LAST_NS ((int64_t)200 * WHEN_NS_PER_MS) /* time limit of the last connection attempt */

/* Slots of the counters of all workers together; those of worker i are TOTALS + i. */
enum { PACKETS, IPV6, RECEIVED, DROPPED, IFDROPPED, TCP, CACHE, TOTALS };

int stats_check(const struct conf *conf, struct conf_error *err)
{
	char host[256];
	uint16_t port;
	if (!conf->statsd_host[0] || conn_split(conf->statsd_host, host, sizeof(host), &port) == 0)
		return 0;
	snprintf(err->text, sizeof(err->text),
		"statsd.host: expected host, host:port or [IPv6 address]:port");
	return -EINVAL;
}

int stats_open(struct statsd *s, const struct engine *e)
{
	const struct conf *conf = e->conf;
	if (!conf->statsd_host[0])
		return 0;
	int error = statsd_open(s, conf->statsd_host, conf->statsd_prefix, e->sensor,
		(unsigned)conf->statsd_interval);
	if (error)
		log_error("statsd.host: %s", s->conn.error_text);
	return error;
}

static void send_counters(struct statsd *s, const struct engine *e)
{
	struct metrics_worker sum = ledger_workers(&e->ledger);
	const struct port_counts port = ledger_input(&e->ledger).port;
	const uint64_t received = port.packets + port.missed;
	uint64_t depth = 0;
	for (unsigned i = 0; i < e->workers; i++) {
		const struct worker *w = &e->worker[i];
		const unsigned pending = queue_depth(&w->queue);
		statsd_count(s, TOTALS + i, (int)i, "dns_lookups",
			metrics_read(&w->metrics.txn.answered));
		depth += pending;
		statsd_gauge(s, (int)i, "log_depth", pending);
	}
	statsd_count(s, PACKETS, -1, "packets", sum.rx.packets);
	statsd_count(s, IPV6, -1, "packets_ipv6", sum.rx.ipv6);
	statsd_count(s, RECEIVED, -1, "packets_received",
		received > sum.rx.packets ? received : sum.rx.packets);
	statsd_count(s, DROPPED, -1, "packets_dropped", port.missed + port.no_mbuf);
	statsd_count(s, IFDROPPED, -1, "packets_ifdropped", port.errors);
	statsd_count(s, TCP, -1, "reassembed_tcp", sum.reasm.tcp_messages);
	statsd_count(s, CACHE, -1, "cache_entries_dropped", sum.txn.no_reply);
	statsd_gauge(s, -1, "incoming_log_depth", depth);
	statsd_flush(s);
}

void stats_turn(struct statsd *s, const struct engine *e, int64_t now_ns, bool last)
{
	if (!e->conf->statsd_host[0])
		return;
	if (last) /* a short run may still be resolving the server's name */
		conn_connect(&s->conn, now_ns + LAST_NS);
	if (statsd_due(s, now_ns) || last)
		send_counters(s, e);
}

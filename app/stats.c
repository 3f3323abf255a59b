/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/stats.h"

#include "app/totals.h"
#include "base/log.h"
#include "base/when.h"

#include <errno.h>
#include <rte_ethdev.h>

#define LAST_NS ((int64_t)200 * WHEN_NS_PER_MS)

/* Slots of the counters of all workers together; those of worker i follow. */
enum { PACKETS, IPV6, RECEIVED, DROPPED, IFDROPPED, TCP, CACHE, TOTALS };

int stats_check(const struct conf *conf, struct conf_error *err)
{
	char host[256];
	uint16_t port;
	if (!conf->statsd_host[0] ||
		stream_split(conf->statsd_host, host, sizeof(host), &port) == 0)
		return 0;
	snprintf(err->text, sizeof(err->text),
		"statsd.host: expected host, host:port or [IPv6 address]:port");
	return -EINVAL;
}

int stats_open(struct statsd *s, const struct run *run)
{
	const struct conf *conf = run->conf;
	if (!conf->statsd_host[0])
		return 0;
	int error = statsd_open(s, conf->statsd_host, conf->statsd_prefix, run->sensor,
		(unsigned)conf->statsd_interval);
	if (error)
		log_error("statsd.host: %s", s->stream.why);
	return error;
}

/* What the ports received, could not take, and received damaged. */
static void ports(const struct run *run, uint64_t *received, uint64_t *dropped, uint64_t *bad)
{
	uint16_t port;
	for (unsigned i = 0; run->live && i < run->live->n_ports; i++) {
		struct port_counts e; /* with what the kernel missed */
		live_counts(run->live, i, &e);
		*received += e.packets + e.missed;
		*dropped += e.missed + e.no_mbuf;
		*bad += e.errors;
	}
	if (run->live)
		return;
	RTE_ETH_FOREACH_DEV(port)
	{
		struct rte_eth_stats e;
		if (rte_eth_stats_get(port, &e) != 0)
			continue;
		*received += e.ipackets + e.imissed;
		*dropped += e.imissed + e.rx_nombuf;
		*bad += e.ierrors;
	}
}

static void round_of(struct statsd *s, const struct run *run)
{
	struct metrics_worker sum = totals_worker(run);
	uint64_t received = 0, dropped = 0, bad = 0, depth = 0;
	for (unsigned i = 0; i < run->workers; i++) {
		const struct worker *w = &run->worker[i];
		statsd_count(s, TOTALS + i, (int)i, "dns_lookups",
			metrics_read(&w->metrics.txn.answered));
		depth += rte_ring_count(w->ring);
		statsd_gauge(s, (int)i, "log_depth", rte_ring_count(w->ring));
	}
	ports(run, &received, &dropped, &bad);
	statsd_count(s, PACKETS, -1, "packets", sum.rx.packets);
	statsd_count(s, IPV6, -1, "packets_ipv6", sum.rx.ipv6);
	statsd_count(s, RECEIVED, -1, "packets_received",
		received > sum.rx.packets ? received : sum.rx.packets);
	statsd_count(s, DROPPED, -1, "packets_dropped", dropped);
	statsd_count(s, IFDROPPED, -1, "packets_ifdropped", bad);
	statsd_count(s, TCP, -1, "reassembed_tcp", sum.reasm.tcp_messages);
	statsd_count(s, CACHE, -1, "cache_entries_dropped", sum.txn.no_reply);
	statsd_gauge(s, -1, "incoming_log_depth", depth);
	statsd_flush(s);
}

void stats_turn(struct statsd *s, const struct run *run, int64_t now_ns, bool last)
{
	if (!run->conf->statsd_host[0])
		return;
	if (last)
		stream_up(
			&s->stream, now_ns + LAST_NS); /* a short run: its name may be on the way */
	if (statsd_due(s, now_ns) || last)
		round_of(s, run);
}

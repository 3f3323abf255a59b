/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/totals.h"

#include <string.h>

struct metrics_worker totals_worker(const struct run *run)
{
	struct metrics_worker sum = {0};
	for (unsigned i = 0; i < run->workers; i++)
		metrics_sum_worker(&sum, &run->worker[i].metrics);
	return sum;
}

uint64_t totals_taken_for(const struct run *run, const struct conf_sink *sink)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < run->loggers; i++)
		if (sink->of_logger == 0 || sink->of_logger == i + 1)
			n += metrics_read(&run->logger[i].metrics.sink.taken);
	return n;
}

uint64_t totals_taken(const struct run *run)
{
	static const struct conf_sink every;
	return totals_taken_for(run, &every);
}

struct metrics_logger totals_logger(const struct run *run)
{
	struct metrics_logger sum = {0};
	for (unsigned i = 0; i < run->loggers; i++)
		metrics_sum_logger(&sum, &run->logger[i].metrics);
	memset(&sum.sink, 0, sizeof(sum.sink));
	for (unsigned i = 0; i < run->sinks.count; i++)
		sinks_sum(&run->sinks, i, &sum.sink);
	return sum;
}

struct metrics_logger totals_logger_one(const struct run *run, unsigned self)
{
	struct metrics_logger one = run->logger[self].metrics;
	memset(&one.sink, 0, sizeof(one.sink));
	for (unsigned i = 0; i < run->sinks.count; i++) {
		const struct sink_lane *lane = sink_lane_of(&run->sinks.thread[i], self);
		if (lane)
			metrics_sum_sink(&one.sink, &lane->metrics);
	}
	return one;
}

struct port_counts totals_ports(const struct run *run)
{
	struct port_counts sum = {0}, one;
	if (!run->live) {
		port_counts(&run->port, &sum);
		return sum;
	}
	for (unsigned i = 0; i < run->live->n_ports; i++) {
		live_counts(run->live, i, &one);
		sum.packets += one.packets;
		sum.missed += one.missed;
		sum.errors += one.errors;
		sum.no_mbuf += one.no_mbuf;
	}
	return sum;
}

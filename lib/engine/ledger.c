/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ledger.h"

#include <string.h>

struct metrics_worker ledger_workers(const struct ledger *l)
{
	struct metrics_worker sum = {0};
	for (unsigned i = 0; i < l->workers; i++)
		metrics_sum_worker(&sum, l->worker[i]);
	return sum;
}

uint64_t ledger_taken_by(const struct ledger *l, const struct conf_sink *sink)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < l->loggers; i++)
		if (sink->logger_number == 0 || sink->logger_number == i + 1)
			n += metrics_read(&l->logger[i]->sink.taken);
	return n;
}

uint64_t ledger_taken(const struct ledger *l)
{
	static const struct conf_sink every;
	return ledger_taken_by(l, &every);
}

struct metrics_logger ledger_loggers(const struct ledger *l)
{
	struct metrics_logger sum = {0};
	for (unsigned i = 0; i < l->loggers; i++)
		metrics_sum_logger(&sum, l->logger[i]);
	memset(&sum.sink, 0, sizeof(sum.sink));
	for (unsigned i = 0; i < l->sinks->count; i++)
		sinks_sum(l->sinks, i, &sum.sink);
	return sum;
}

struct metrics_logger ledger_logger(const struct ledger *l, unsigned self)
{
	struct metrics_logger one = *l->logger[self];
	memset(&one.sink, 0, sizeof(one.sink));
	for (unsigned i = 0; i < l->sinks->count; i++) {
		const struct sink_queue *queue = sink_queue_of(&l->sinks->thread[i], self);
		if (queue)
			metrics_sum_sink(&one.sink, &queue->metrics);
	}
	return one;
}

struct input_counts ledger_input(const struct ledger *l)
{
	struct input_counts counts;
	l->input->ops->counts(l->input, &counts);
	return counts;
}

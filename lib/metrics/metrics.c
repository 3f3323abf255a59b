/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/metrics.h"

#define METRIC(name, help) {#name, help, offsetof(struct METRICS_OWNER, METRICS_STAGE.name)},

#define METRICS_OWNER metrics_worker
#define METRICS_STAGE rx
static const struct metrics_row rows_rx[] = {
#include "metrics/rx.def"
};
#undef METRICS_STAGE
#define METRICS_STAGE packet
static const struct metrics_row rows_packet[] = {
#include "metrics/packet.def"
};
#undef METRICS_STAGE
#define METRICS_STAGE reasm
static const struct metrics_row rows_reasm[] = {
#include "metrics/reasm.def"
};
#undef METRICS_STAGE
#define METRICS_STAGE txn
static const struct metrics_row rows_txn[] = {
#include "metrics/txn.def"
};
#undef METRICS_STAGE
#define METRICS_STAGE sight
static const struct metrics_row rows_sight[] = {
#include "metrics/sight.def"
};
#undef METRICS_STAGE
#define METRICS_STAGE record
static const struct metrics_row rows_record[] = {
#include "metrics/record.def"
};
#undef METRICS_STAGE
#undef METRICS_OWNER
#define METRICS_OWNER metrics_logger
#define METRICS_STAGE dns
static const struct metrics_row rows_dns[] = {
#include "metrics/dns.def"
};
#undef METRICS_STAGE
#define METRICS_STAGE sink
static const struct metrics_row rows_sink[] = {
#include "metrics/sink.def"
};
#undef METRICS_STAGE
#undef METRICS_OWNER
#undef METRIC

const struct metrics_list metrics_lists_worker[6] = {
	{"rx", rows_rx, BITS_COUNT(rows_rx)},
	{"packet", rows_packet, BITS_COUNT(rows_packet)},
	{"reasm", rows_reasm, BITS_COUNT(rows_reasm)},
	{"txn", rows_txn, BITS_COUNT(rows_txn)},
	{"sight", rows_sight, BITS_COUNT(rows_sight)},
	{"record", rows_record, BITS_COUNT(rows_record)},
};

const struct metrics_list metrics_lists_logger[2] = {
	{"dns", rows_dns, BITS_COUNT(rows_dns)},
	{"sink", rows_sink, BITS_COUNT(rows_sink)},
};

static void sum_lists(const struct metrics_list *lists, size_t n, void *sum, const void *from)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < lists[i].count; k++) {
			const struct metrics_row *row = &lists[i].rows[k];
			*(uint64_t *)((char *)sum + row->offset) += metrics_at(from, row);
		}
}

void metrics_sum_worker(struct metrics_worker *sum, const struct metrics_worker *from)
{
	sum_lists(metrics_lists_worker, BITS_COUNT(metrics_lists_worker), sum, from);
	heavy_merge(&sum->ethertypes, &from->ethertypes);
	heavy_merge(&sum->link_types, &from->link_types);
}

void metrics_sum_logger(struct metrics_logger *sum, const struct metrics_logger *from)
{
	sum_lists(metrics_lists_logger, BITS_COUNT(metrics_lists_logger), sum, from);
}

void metrics_sum_sink(struct metrics_sink *sum, const struct metrics_sink *from)
{
	const size_t base = offsetof(struct metrics_logger, sink);
	for (size_t k = 0; k < BITS_COUNT(rows_sink); k++) {
		size_t at = rows_sink[k].offset - base;
		*(uint64_t *)((char *)sum + at) +=
			metrics_read((const uint64_t *)((const char *)from + at));
	}
}

uint64_t metrics_verdicts(const struct metrics_worker *w)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < BITS_COUNT(rows_packet); i++)
		sum += metrics_at(w, &rows_packet[i]);
	return sum;
}

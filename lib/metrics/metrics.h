/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters. The list of a stage (STAGE.def) defines its struct, names and help texts. Each core
 * counts in structs of its own; other threads may read them at any time and see recent values.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "base/heavy.h"
#include "base/text.h"

#define METRIC(name, help) uint64_t name;
struct metrics_rx {
#include "metrics/rx.def"
};
struct metrics_packet {
#include "metrics/packet.def"
};
struct metrics_reasm {
#include "metrics/reasm.def"
};
struct metrics_txn {
#include "metrics/txn.def"
};
struct metrics_sight {
#include "metrics/sight.def"
};
struct metrics_record {
#include "metrics/record.def"
};
struct metrics_dns {
#include "metrics/dns.def"
};
struct metrics_sink {
#include "metrics/sink.def"
};
#undef METRIC

struct metrics_worker {
	struct metrics_rx rx;
	struct metrics_packet packet;
	struct metrics_reasm reasm;
	struct metrics_txn txn;
	struct metrics_sight sight;
	struct metrics_record record;
	/* of packets that ended as other_ethertype and other_link_type */
	struct heavy ethertypes, link_types;
} __attribute__((aligned(BITS_CACHE_LINE)));

struct metrics_logger {
	struct metrics_dns dns;
	struct metrics_sink sink;
} __attribute__((aligned(BITS_CACHE_LINE)));

/* Adds n to a counter. Only the owning core writes it, so no locked instruction is needed. */
static inline void metrics_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline uint64_t metrics_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* A counter of a list, and its offset in metrics_worker or metrics_logger. */
struct metrics_row {
	const char *name;
	const char *help;
	size_t offset;
};

/* The counters of a stage. */
struct metrics_list {
	const char *stage;
	const struct metrics_row *rows;
	size_t count;
};

extern const struct metrics_list metrics_lists_worker[6]; /* rx to record */
extern const struct metrics_list metrics_lists_logger[2]; /* dns, sink */

/* Returns the value of a row's counter in a metrics_worker or metrics_logger. */
static inline uint64_t metrics_at(const void *owner, const struct metrics_row *row)
{
	return metrics_read((const uint64_t *)((const char *)owner + row->offset));
}

/* Add every counter of `from` to `sum`. */
void metrics_sum_worker(struct metrics_worker *sum, const struct metrics_worker *from);
void metrics_sum_logger(struct metrics_logger *sum, const struct metrics_logger *from);
void metrics_sum_sink(struct metrics_sink *sum, const struct metrics_sink *from);

/* Returns the sum of all verdicts: the packets processed. */
uint64_t metrics_verdicts(const struct metrics_worker *w);

#endif

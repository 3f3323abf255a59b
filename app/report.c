/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/report.h"

#include "base/log.h"
#include "base/when.h"
#include "engine/blind.h"

#include <inttypes.h>

static double seconds_of(const struct engine *e)
{
	return (double)(e->ended_ns - e->started_ns) / WHEN_NS_PER_S;
}

/* "12 tcp, 3 fragment": verdicts of packets that carried no decoded message. */
static void list_other_packets(const struct metrics_worker *sum)
{
	const struct metrics_list *list = &metrics_lists_worker[1]; /* packet */
	char room[1024];
	struct text t = text_of(room, sizeof(room) - 1);
	for (size_t i = 0; i < list->count; i++) {
		uint64_t n = metrics_at(sum, &list->rows[i]);
		if (i != PACKET_dns && n)
			text_format(&t, "%s%" PRIu64 " %s", text_len(&t) ? ", " : "", n,
				list->rows[i].name);
	}
	*t.at = '\0';
	if (text_len(&t))
		log_note("other packets: %s", room);
}

/* A tap that shows less than it should. */
static void list_blind(const struct metrics_worker *sum)
{
	char room[600];
	struct text t = text_of(room, sizeof(room) - 1);
	bool say = blind_describe(NULL, sum, &t);
	*t.at = '\0';
	if (say)
		log_warn("%s", room);
}

static void list_losses(const struct engine *e, const struct metrics_worker *sum)
{
	const struct metrics_sink sink = ledger_loggers(&e->ledger).sink;
	const struct input_counts counts = ledger_input(&e->ledger);
	char room[512];
	struct text t = text_of(room, sizeof(room) - 1);
	const struct {
		const char *what;
		uint64_t n;
	} rows[] = {
		{"packets missed by the device", counts.port.missed},
		{"packets for want of buffers", counts.port.no_mbuf},
		{"packets between workers", sum->rx.handoff_lost},
		{"packets cut because larger than 262112 octets", counts.cut},
		{"records for want of room", sum->record.dropped_full},
		{"records by the output", sink.dropped_sink},
		{"records for want of room in the queue of a sink", sink.dropped_queue},
		{"records for want of room in the spool", sink.dropped_spool},
		{"records in damaged parts of the spool", sink.dropped_damaged},
		{"records that waited at the end", sink.dropped_end},
		{"records that were refused", sink.dropped_refused},
		{"records too large", sink.dropped_large},
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++)
		if (rows[i].n)
			text_format(&t, "%s%" PRIu64 " %s", text_len(&t) ? ", " : "", rows[i].n,
				rows[i].what);
	*t.at = '\0';
	if (text_len(&t))
		log_warn("lost: %s", room);
	if (sum->txn.evicted)
		log_warn("%" PRIu64 " queries left as no_reply before their time because the table "
			 "was full; the counters txn.evicted_* say whose, raise txn.max_open if it "
			 "was no flood",
			sum->txn.evicted);
}

/* Records written: of one sink what it has, of several what the loggers took. */
static uint64_t records_of(const struct engine *e)
{
	return e->sinks.count == 1 ? ledger_loggers(&e->ledger).sink.written
				   : ledger_taken(&e->ledger);
}

/* One line a sink, where there are several. */
static void list_sinks(const struct engine *e)
{
	for (unsigned i = 0; e->sinks.count > 1 && i < e->sinks.count; i++) {
		struct metrics_sink m = {0};
		char room[400];
		struct text t = text_of(room, sizeof(room) - 1);
		sinks_sum(&e->sinks, i, &m);
		const uint64_t dropped = sinks_dropped(&m);
		const struct {
			const char *what;
			uint64_t n;
		} rows[] = {{"filtered", m.filtered}, {"dropped", dropped}, {"spooled", m.spooled},
			{"left in the spool", m.spool_left}, {"outages", m.outages}};
		for (size_t k = 0; k < BITS_COUNT(rows); k++)
			if (rows[k].n)
				text_format(&t, ", %" PRIu64 " %s", rows[k].n, rows[k].what);
		*t.at = '\0';
		log_note("sink %s: %" PRIu64 " records written%s", e->sinks.thread[i].sink.name,
			m.written, room);
	}
}

void report_summary(const struct engine *e)
{
	struct metrics_worker sum = ledger_workers(&e->ledger);
	double seconds = seconds_of(e);
	uint64_t messages = sum.txn.queries + sum.txn.replies + sum.txn.malformed + sum.txn.copies;

	log_note("%" PRIu64 " packets, %" PRIu64 " DNS messages, %" PRIu64
		 " records in %.2f s (%.0f packets/s)",
		sum.rx.packets, messages, records_of(e), seconds,
		seconds > 0 ? (double)sum.rx.packets / seconds : 0);
	log_note("transactions: %" PRIu64 " answered, %" PRIu64 " no_reply, %" PRIu64
		 " no_query, %" PRIu64 " mismatch, %" PRIu64 " malformed; %" PRIu64 " retries",
		sum.txn.answered, sum.txn.no_reply, sum.txn.no_query, sum.txn.mismatch,
		sum.txn.malformed, sum.txn.retries);
	if (sum.sight.flows)
		log_note("encrypted DNS: %" PRIu64 " connections, %" PRIu64 " with a server name",
			sum.sight.flows, sum.sight.sni);
	list_sinks(e);
	list_other_packets(&sum);
	list_blind(&sum);
	list_losses(e, &sum);
}

void report_left(const struct engine *e)
{
	struct metrics_worker sum = ledger_workers(&e->ledger);
	uint64_t whole =
		0; /* sinks that get every record, those of one logger each taken together */
	for (unsigned i = 0; i < e->sinks.count; i++)
		whole += e->sinks.thread[i].sink.conf->logger_number <= 1;
	log_error("stopped at once by a second signal: of %" PRIu64 " packets received, %" PRIu64
		  " queries were still open and %" PRIu64 " records were not written",
		sum.rx.packets, sum.txn.opened - sum.txn.answered - sum.txn.no_reply,
		sum.record.made - sum.record.dropped_full -
			(whole ? ledger_loggers(&e->ledger).sink.written / whole : 0));
}

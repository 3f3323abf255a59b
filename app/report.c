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

/* Lists the verdicts of packets that carried no decoded message: "12 tcp, 3 fragment". */
static void list_other_packets(const struct metrics_worker *sum)
{
	const struct metrics_list *list = &metrics_lists_worker[1]; /* packet */
	char buffer[1024];
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	for (size_t i = 0; i < list->count; i++) {
		uint64_t n = metrics_at(sum, &list->rows[i]);
		if (i != PACKET_dns && n)
			text_format(&t, "%s%" PRIu64 " %s", text_len(&t) ? ", " : "", n,
				list->rows[i].name);
	}
	*t.at = '\0';
	if (text_len(&t))
		log_note("other packets: %s", buffer);
}

/* Warns if too many packets were not decoded. */
static void warn_if_blind(const struct metrics_worker *sum)
{
	char buffer[600];
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	bool blind = blind_describe(NULL, sum, &t);
	*t.at = '\0';
	if (blind)
		log_warn("%s", buffer);
}

/* Warns of everything that was dropped, with the reasons. */
static void list_losses(const struct engine *e, const struct metrics_worker *sum)
{
	const struct metrics_sink sink = ledger_loggers(&e->ledger).sink;
	const struct input_counts counts = ledger_input(&e->ledger);
	char buffer[512];
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	const struct {
		const char *what;
		uint64_t n;
	} rows[] = {
		{"packets missed by the device", counts.port.missed},
		{"packets because no packet buffer was free", counts.port.no_mbuf},
		{"packets because the queue of another worker was full", sum->rx.handoff_lost},
		{"records because the memory for records was full", sum->record.dropped_full},
		{"records because the output could not be written", sink.dropped_sink},
		{"records because the queue of a sink was full", sink.dropped_queue},
		{"records because the spool was full or could not be written", sink.dropped_spool},
		{"records in damaged parts of the spool", sink.dropped_damaged},
		{"records still pending at the end", sink.dropped_end},
		{"records refused by a receiver or an encoding", sink.dropped_refused},
		{"records too large for a buffer", sink.dropped_large},
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++)
		if (rows[i].n)
			text_format(&t, "%s%" PRIu64 " %s", text_len(&t) ? ", " : "", rows[i].n,
				rows[i].what);
	*t.at = '\0';
	if (text_len(&t))
		log_warn("dropped: %s", buffer);
	if (counts.cut)
		log_warn("%" PRIu64 " packets were truncated to 262112 octets: the capture may be "
			 "damaged",
			counts.cut);
	if (sum->txn.evicted)
		log_warn("%" PRIu64 " open queries were evicted as no_reply because the table was "
			 "full: raise txn.max_open unless it was a flood; the counters "
			 "txn.evicted_* show whose queries they were",
			sum->txn.evicted);
}

/* Returns the records written by the only sink; of several sinks, those that the loggers took. */
static uint64_t records_of(const struct engine *e)
{
	return e->sinks.count == 1 ? ledger_loggers(&e->ledger).sink.written
				   : ledger_taken(&e->ledger);
}

/* Prints one line per sink if there are several. */
static void list_sinks(const struct engine *e)
{
	for (unsigned i = 0; e->sinks.count > 1 && i < e->sinks.count; i++) {
		struct metrics_sink m = {0};
		char buffer[400];
		struct text t = text_of(buffer, sizeof(buffer) - 1);
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
			m.written, buffer);
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
	warn_if_blind(&sum);
	list_losses(e, &sum);
}

void report_left(const struct engine *e)
{
	struct metrics_worker sum = ledger_workers(&e->ledger);
	/* sinks that get every record; those with one file per logger count as one */
	uint64_t whole = 0;
	for (unsigned i = 0; i < e->sinks.count; i++)
		whole += e->sinks.thread[i].sink.conf->logger_number <= 1;
	log_error("stopped at once by a second signal: of %" PRIu64 " packets received, %" PRIu64
		  " queries were still open and %" PRIu64 " records were not written",
		sum.rx.packets, sum.txn.opened - sum.txn.answered - sum.txn.no_reply,
		sum.record.made - sum.record.dropped_full -
			(whole ? ledger_loggers(&e->ledger).sink.written / whole : 0));
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/books.h"

#include "base/log.h"

#include <inttypes.h>

static bool equal(const char *what, uint64_t a, uint64_t b)
{
	if (a != b)
		log_error("the books do not balance: %s: %" PRIu64 " and %" PRIu64
			  "; please report this as a bug",
			what, a, b);
	return a == b;
}

/* Returns true if every record that a sink took is counted by one outcome. */
static bool sink_balances(const struct ledger *l, unsigned i)
{
	struct metrics_sink m = {0};
	char what[160];

	sinks_sum(l->sinks, i, &m);
	snprintf(what, sizeof(what), "sink %s: records taken, and what became of them",
		l->sinks->thread[i].sink.name);
	bool same = equal("records of the loggers and of a sink",
		ledger_taken_by(l, l->sinks->thread[i].sink.conf), m.taken);
	bool ended = equal(what, m.taken + m.spool_found,
		m.filtered + m.written + sinks_dropped(&m) + m.spool_left);
	return same && ended;
}

bool books_balance(const struct ledger *l, bool whole)
{
	struct metrics_worker w = ledger_workers(l);
	bool right = true;

	if (whole && l->input->ops->given)
		right &= equal("frames read and packets received", l->input->ops->given(l->input),
			w.rx.packets);
	right &= equal(
		"packets and verdicts", w.rx.packets, metrics_verdicts(&w) + w.rx.handoff_lost);
	right &= equal("packets handed over, and taken over and lost", w.rx.handed_over,
		w.rx.taken_over + w.rx.handoff_lost);
	right &= equal("DNS packets, datagrams, subframes and stream messages, and messages",
		w.packet.dns + w.reasm.frag_dns + w.reasm.amsdu_dns + w.reasm.tcp_messages,
		w.txn.queries + w.txn.replies + w.txn.malformed + w.txn.copies);
	right &= equal("datagrams and subframes handed over and taken over",
		w.reasm.frag_handed_over,
		w.reasm.frag_taken_over + w.reasm.frag_lost + w.reasm.amsdu_lost);
	right &= equal("datagrams begun, and what became of them", w.reasm.frag_started,
		w.reasm.frag_whole + w.reasm.frag_overlapped + w.reasm.frag_timeouts +
			w.reasm.frag_evicted + w.reasm.frag_incomplete + w.reasm.frag_unfinished);
	right &= equal("whole datagrams and what they carried", w.reasm.frag_whole,
		w.reasm.frag_dns + w.reasm.frag_tcp_dns + w.reasm.frag_encrypted +
			w.reasm.frag_other + w.reasm.frag_lost);
	right &= equal("subframes and what they carried", w.reasm.amsdu_subframes,
		w.reasm.amsdu_dns + w.reasm.amsdu_tcp_dns + w.reasm.amsdu_encrypted +
			w.reasm.amsdu_fragment + w.reasm.amsdu_other + w.reasm.amsdu_lost);
	right &= equal(
		"queries, and opened and retries", w.txn.queries, w.txn.opened + w.txn.retries);
	right &= equal(
		"opened, and answered and no_reply", w.txn.opened, w.txn.answered + w.txn.no_reply);
	right &= equal("queries evicted and why", w.txn.evicted,
		w.txn.evicted_server + w.txn.evicted_domain + w.txn.evicted_client +
			w.txn.evicted_long + w.txn.evicted_oldest + w.txn.evicted_bucket);
	right &= equal("replies and their outcomes", w.txn.replies,
		w.txn.answered + w.txn.no_query + w.txn.mismatch + w.txn.duplicate +
			w.txn.transfer_messages);
	right &= equal("connections of encrypted DNS, and those with and without a name",
		w.sight.flows, w.sight.sni + w.sight.no_sni);
	right &= equal("transactions, connections of encrypted DNS, and records", w.record.made,
		w.txn.answered + w.txn.no_reply + w.txn.no_query + w.txn.mismatch +
			w.txn.duplicate + w.txn.malformed + w.sight.flows);
	right &= equal("records made, and taken and dropped", w.record.made,
		ledger_taken(l) + w.record.dropped_full);
	for (unsigned i = 0; i < l->sinks->count; i++)
		right &= sink_balances(l, i);
	return right;
}

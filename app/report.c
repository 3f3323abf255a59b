/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/report.h"

#include "base/log.h"
#include "encode/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#define REPORT_ROOM (1024 * 1024)

static struct metrics_worker sum_of(const struct run *run)
{
	struct metrics_worker sum = {0};
	for (unsigned i = 0; i < run->workers; i++)
		metrics_sum_worker(&sum, &run->worker[i].metrics);
	return sum;
}

/* The counters of the logger, with those of all sinks together. */
static struct metrics_logger logger_sum(const struct run *run)
{
	struct metrics_logger sum = run->logger.metrics;
	memset(&sum.sink, 0, sizeof(sum.sink));
	for (unsigned i = 0; i < run->sinks.count; i++)
		sinks_sum(&run->sinks, i, &sum.sink);
	return sum;
}

static double seconds_of(const struct run *run)
{
	return (double)(run->ended_ns - run->started_ns) / WHEN_NS_PER_S;
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

/* Of all ports. */
static struct port_counts counts_of(const struct run *run)
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

static void list_losses(const struct run *run, const struct metrics_worker *sum)
{
	const struct metrics_sink sink = logger_sum(run).sink;
	struct port_counts counts = counts_of(run);
	uint64_t cut = atomic_load(&run->feed.frames_cut);
	char room[512];
	struct text t = text_of(room, sizeof(room) - 1);
	const struct {
		const char *what;
		uint64_t n;
	} rows[] = {
		{"packets missed by the device", counts.missed},
		{"packets for want of buffers", counts.no_mbuf},
		{"packets between workers", sum->rx.handoff_lost},
		{"packets cut because larger than 262112 octets", cut},
		{"records for want of room", sum->record.dropped_full},
		{"records by the output", sink.dropped_sink},
		{"records for want of room in the queue of a sink", sink.dropped_queue},
		{"records for want of room in the spool", sink.dropped_spool},
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
			 "was full; raise txn.max_open",
			sum->txn.evicted);
}

/* Records written: of one sink what it has, of several what the loggers took. */
static uint64_t records_of(const struct run *run)
{
	return run->sinks.count == 1 ? logger_sum(run).sink.written
				     : run->logger.metrics.sink.taken;
}

/* One line a sink, where there are several. */
static void list_sinks(const struct run *run)
{
	for (unsigned i = 0; run->sinks.count > 1 && i < run->sinks.count; i++) {
		struct metrics_sink m = {0};
		char room[400];
		struct text t = text_of(room, sizeof(room) - 1);
		sinks_sum(&run->sinks, i, &m);
		const uint64_t dropped = m.dropped_queue + m.dropped_spool + m.dropped_sink +
					 m.dropped_end + m.dropped_refused + m.dropped_large;
		const struct {
			const char *what;
			uint64_t n;
		} rows[] = {{"filtered", m.filtered}, {"dropped", dropped}, {"spooled", m.spooled},
			{"left in the spool", m.spool_left}, {"outages", m.outages}};
		for (size_t k = 0; k < BITS_COUNT(rows); k++)
			if (rows[k].n)
				text_format(&t, ", %" PRIu64 " %s", rows[k].n, rows[k].what);
		*t.at = '\0';
		log_note("sink %s: %" PRIu64 " records written%s", run->sinks.thread[i].sink.name,
			m.written, room);
	}
}

void report_summary(const struct run *run)
{
	struct metrics_worker sum = sum_of(run);
	double seconds = seconds_of(run);
	uint64_t messages = sum.txn.queries + sum.txn.replies + sum.txn.malformed + sum.txn.copies;

	log_note("%" PRIu64 " packets, %" PRIu64 " DNS messages, %" PRIu64
		 " records in %.2f s (%.0f packets/s)",
		sum.rx.packets, messages, records_of(run), seconds,
		seconds > 0 ? (double)sum.rx.packets / seconds : 0);
	log_note("transactions: %" PRIu64 " answered, %" PRIu64 " no_reply, %" PRIu64
		 " no_query, %" PRIu64 " mismatch, %" PRIu64 " malformed; %" PRIu64 " retries",
		sum.txn.answered, sum.txn.no_reply, sum.txn.no_query, sum.txn.mismatch,
		sum.txn.malformed, sum.txn.retries);
	if (sum.sight.flows)
		log_note("encrypted DNS: %" PRIu64 " connections, %" PRIu64 " with a server name",
			sum.sight.flows, sum.sight.sni);
	list_sinks(run);
	list_other_packets(&sum);
	list_losses(run, &sum);
}

void report_left(const struct run *run)
{
	struct metrics_worker sum = sum_of(run);
	log_error("stopped at once by a second signal: of %" PRIu64 " packets received, %" PRIu64
		  " queries were still open and %" PRIu64 " records were not written",
		sum.rx.packets, sum.txn.opened - sum.txn.answered - sum.txn.no_reply,
		sum.record.made - sum.record.dropped_full -
			(run->sinks.count ? logger_sum(run).sink.written / run->sinks.count : 0));
}

static void put_counters(struct text *t, const struct metrics_list *list, const void *owner)
{
	for (size_t k = 0; k < list->count; k++) {
		text_char(t, '"');
		text_str(t, list->rows[k].name);
		text_lit(t, "\":");
		json_u64(t, metrics_at(owner, &list->rows[k]));
	}
}

static void put_lists(struct text *t, const struct metrics_list *lists, size_t n, const void *owner)
{
	json_open(t, '{');
	for (size_t i = 0; i < n; i++) {
		text_char(t, '"');
		text_str(t, lists[i].stage);
		text_lit(t, "\":{");
		put_counters(t, &lists[i], owner);
		json_close(t, '}');
	}
	json_close(t, '}');
}

static void put_sinks(struct text *t, const struct run *run)
{
	static const char *const states[] = {
		[SINK_UP] = "up", [SINK_AWAY] = "away", [SINK_FAILED] = "failed"};
	JSON_KEY(t, "sinks");
	json_open(t, '[');
	for (unsigned i = 0; i < run->sinks.count; i++) {
		const struct sink_thread *thread = &run->sinks.thread[i];
		struct metrics_logger m = {0};
		sinks_sum(&run->sinks, i, &m.sink);
		json_open(t, '{');
		JSON_KEY(t, "name");
		json_str(t, thread->sink.name, strlen(thread->sink.name));
		JSON_KEY(t, "type");
		json_str(t, thread->sink.ops->name, strlen(thread->sink.ops->name));
		JSON_KEY(t, "state");
		json_str(t, states[thread->state], strlen(states[thread->state]));
		put_counters(t, &metrics_lists_logger[1], &m);
		json_close(t, '}');
	}
	json_close(t, ']');
}

/* One port of a live run. */
static void put_port(struct text *t, const struct live *live, unsigned i)
{
	struct port_counts counts;
	const char *given = live->device_of[i]->given;
	live_counts(live, i, &counts);
	json_open(t, '{');
	JSON_KEY(t, "device");
	json_str(t, given, strlen(given));
	JSON_KEY(t, "driver");
	json_str(t, live->ports[i].plan.driver, strlen(live->ports[i].plan.driver));
	JSON_KEY(t, "queues");
	json_u64(t, live->ports[i].plan.queues);
	JSON_KEY(t, "packets");
	json_u64(t, counts.packets);
	JSON_KEY(t, "missed");
	json_u64(t, counts.missed);
	JSON_KEY(t, "no_mbuf");
	json_u64(t, counts.no_mbuf);
	JSON_KEY(t, "errors");
	json_u64(t, counts.errors);
	json_close(t, '}');
}

static void put_input(struct text *t, const struct run *run)
{
	struct feed_progress p;

	JSON_KEY(t, "input");
	json_open(t, '{');
	if (run->live) {
		JSON_KEY(t, "ports");
		json_open(t, '[');
		for (unsigned i = 0; i < run->live->n_ports; i++)
			put_port(t, run->live, i);
		json_close(t, ']');
		json_close(t, '}');
		return;
	}
	feed_progress(&run->feed, &p);
	JSON_KEY(t, "octets");
	json_u64(t, p.octets_read);
	JSON_KEY(t, "frames");
	json_u64(t, p.frames);
	JSON_KEY(t, "frames_cut");
	json_u64(t, p.frames_cut);
	JSON_KEY(t, "files_failed");
	json_u64(t, p.files_failed);
	JSON_KEY(t, "no_mbuf");
	json_u64(t, counts_of(run).no_mbuf);
	json_close(t, '}');
}

static void put_stats(struct text *t, const struct run *run)
{
	struct metrics_worker sum = sum_of(run);

	json_open(t, '{');
	JSON_PAIR(t, "version", DNSLOUPE_VERSION);
	JSON_KEY(t, "seconds");
	json_milli(t, (run->ended_ns - run->started_ns) / WHEN_NS_PER_MS);
	JSON_KEY(t, "hugepages");
	json_bool(t, run->hugepages);
	put_input(t, run);
	JSON_KEY(t, "total");
	put_lists(t, metrics_lists_worker, BITS_COUNT(metrics_lists_worker), &sum);
	JSON_KEY(t, "logger");
	const struct metrics_logger logger = logger_sum(run);
	put_lists(t, metrics_lists_logger, BITS_COUNT(metrics_lists_logger), &logger);
	put_sinks(t, run);
	JSON_KEY(t, "workers");
	json_open(t, '[');
	for (unsigned i = 0; i < run->workers; i++)
		put_lists(t, metrics_lists_worker, BITS_COUNT(metrics_lists_worker),
			&run->worker[i].metrics);
	json_close(t, ']');
	json_end_line(t);
}

int report_stats(const struct run *run, const char *path)
{
	static char room[REPORT_ROOM];
	struct text t = text_of(room, sizeof(room));
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDOUT_FILENO
			  : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	int error = fd < 0 ? -errno : 0;

	put_stats(&t, run);
	for (size_t done = 0, n = text_len(&t); error == 0 && done < n;) {
		ssize_t k = write(fd, room + done, n - done);
		if (k < 0 && errno != EINTR)
			error = -errno;
		done += k > 0 ? (size_t)k : 0;
	}
	if (!standard && fd >= 0 && close(fd) < 0 && error == 0)
		error = -errno;
	if (error)
		log_error("cannot write the counters to %s: %s", path, strerror(-error));
	return error;
}

static bool equal(const char *what, uint64_t a, uint64_t b)
{
	if (a != b)
		log_error("the books do not balance: %s: %" PRIu64 " and %" PRIu64
			  "; please report this as a bug",
			what, a, b);
	return a == b;
}

/* Every record that a sink took ended in one way. */
static bool sink_books(const struct run *run, unsigned i)
{
	struct metrics_sink m = {0};
	char what[160];

	sinks_sum(&run->sinks, i, &m);
	snprintf(what, sizeof(what), "sink %s: records taken, and what became of them",
		run->sinks.thread[i].sink.name);
	bool same = equal(
		"records of the logger and of a sink", run->logger.metrics.sink.taken, m.taken);
	bool ended = equal(what, m.taken + m.spool_found,
		m.filtered + m.written + m.dropped_queue + m.dropped_spool + m.dropped_sink +
			m.dropped_end + m.dropped_refused + m.dropped_large + m.spool_left);
	return same && ended;
}

bool report_books(const struct run *run, bool whole)
{
	struct metrics_worker w = sum_of(run);
	bool right = true;

	if (whole && !run->live)
		right &= equal("frames read and packets received", atomic_load(&run->feed.frames),
			w.rx.packets);
	right &= equal(
		"packets and verdicts", w.rx.packets, metrics_verdicts(&w) + w.rx.handoff_lost);
	right &= equal("packets handed over, and taken over and lost", w.rx.handed_over,
		w.rx.taken_over + w.rx.handoff_lost);
	right &= equal("DNS packets, datagrams and stream messages, and messages",
		w.packet.dns + w.reasm.frag_dns + w.reasm.tcp_messages,
		w.txn.queries + w.txn.replies + w.txn.malformed + w.txn.copies);
	right &= equal("datagrams handed over and taken over", w.reasm.frag_handed_over,
		w.reasm.frag_taken_over + w.reasm.frag_lost);
	right &= equal("whole datagrams and what they carried", w.reasm.frag_whole,
		w.reasm.frag_dns + w.reasm.frag_tcp_dns + w.reasm.frag_encrypted +
			w.reasm.frag_other + w.reasm.frag_lost);
	right &= equal(
		"queries, and opened and retries", w.txn.queries, w.txn.opened + w.txn.retries);
	right &= equal(
		"opened, and answered and no_reply", w.txn.opened, w.txn.answered + w.txn.no_reply);
	right &= equal("replies and their outcomes", w.txn.replies,
		w.txn.answered + w.txn.no_query + w.txn.mismatch + w.txn.duplicate +
			w.txn.transfer_messages);
	right &= equal("connections of encrypted DNS, and those with and without a name",
		w.sight.flows, w.sight.sni + w.sight.no_sni);
	right &= equal("transactions, connections of encrypted DNS, and records", w.record.made,
		w.txn.answered + w.txn.no_reply + w.txn.no_query + w.txn.mismatch +
			w.txn.duplicate + w.txn.malformed + w.sight.flows);
	right &= equal("records made, and taken and dropped", w.record.made,
		run->logger.metrics.sink.taken + w.record.dropped_full);
	for (unsigned i = 0; i < run->sinks.count; i++)
		right &= sink_books(run, i);
	return right;
}

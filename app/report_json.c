/* SPDX-License-Identifier: BSD-3-Clause */
/* All counters as JSON. */
#include "app/report.h"

#include "app/totals.h"
#include "base/log.h"
#include "encode/json.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define REPORT_ROOM (1024 * 1024)

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
		if (thread->sink.conf->of_logger) {
			JSON_KEY(t, "logger");
			json_u64(t, thread->sink.conf->of_logger - 1);
		}
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
	json_u64(t, totals_ports(run).no_mbuf);
	json_close(t, '}');
}

static void put_stats(struct text *t, const struct run *run)
{
	struct metrics_worker sum = totals_worker(run);

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
	const struct metrics_logger logger = totals_logger(run);
	put_lists(t, metrics_lists_logger, BITS_COUNT(metrics_lists_logger), &logger);
	JSON_KEY(t, "loggers");
	json_open(t, '[');
	for (unsigned i = 0; i < run->loggers; i++) {
		const struct metrics_logger one = totals_logger_one(run, i);
		put_lists(t, metrics_lists_logger, BITS_COUNT(metrics_lists_logger), &one);
	}
	json_close(t, ']');
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

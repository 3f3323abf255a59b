/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes all counters as JSON. */
#include "app/report.h"

#include "base/log.h"
#include "base/when.h"
#include "encode/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define REPORT_BYTES (1024 * 1024)

static void write_string(struct text *t, const char *name, const char *value)
{
	json_name(t, name);
	json_str(t, value, strlen(value));
}

static void write_sinks(struct text *t, const struct engine *e)
{
	static const char *const states[] = {
		[SINK_UP] = "up", [SINK_AWAY] = "away", [SINK_FAILED] = "failed"};
	JSON_KEY(t, "sinks");
	json_open(t, '[');
	for (unsigned i = 0; i < e->sinks.count; i++) {
		const struct sink_thread *thread = &e->sinks.thread[i];
		struct metrics_logger m = {0};
		sinks_sum(&e->sinks, i, &m.sink);
		json_open(t, '{');
		write_string(t, "name", thread->sink.name);
		write_string(t, "type", thread->sink.ops->name);
		if (thread->sink.conf->logger_number)
			json_count(t, "logger", thread->sink.conf->logger_number - 1);
		write_string(t, "state", states[thread->state]);
		counters_members(t, &metrics_lists_logger[1], &m);
		json_close(t, '}');
	}
	json_close(t, ']');
}

/* Writes numbers that are in no list of counters. */
static void write_numbers(struct text *t, const struct input_number *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_count(t, rows[i].name, rows[i].n);
}

/* Writes the driver's drop counters that are not 0, by its own names. */
static void write_drops(struct text *t, const struct port_drops *d)
{
	JSON_KEY(t, "drops");
	json_open(t, '{');
	for (unsigned i = 0; i < d->n; i++)
		if (d->now[i])
			json_count(t, d->name[i], d->now[i]);
	json_close(t, '}');
}

static void write_parts(struct text *t, const struct input *in)
{
	struct input_part part;

	JSON_KEY(t, "ports");
	json_open(t, '[');
	for (unsigned i = 0; in->ops->part(in, i, &part); i++) {
		json_open(t, '{');
		write_string(t, "device", part.device);
		write_string(t, "driver", part.driver);
		write_numbers(t, part.numbers, part.n_numbers);
		write_drops(t, part.drops);
		json_close(t, '}');
	}
	json_close(t, ']');
}

static void write_input(struct text *t, const struct input *in)
{
	struct input_number numbers[INPUT_NUMBERS];

	JSON_KEY(t, "input");
	json_open(t, '{');
	write_numbers(t, numbers, in->ops->numbers(in, numbers));
	if (in->ops->part)
		write_parts(t, in);
	json_close(t, '}');
}

static void write_stats(struct text *t, const struct engine *e)
{
	struct metrics_worker sum = ledger_workers(&e->ledger);

	json_open(t, '{');
	JSON_PAIR(t, "version", DNSLOUPE_VERSION);
	JSON_KEY(t, "seconds");
	json_milli(t, (e->ended_ns - e->started_ns) / WHEN_NS_PER_MS);
	JSON_KEY(t, "hugepages");
	json_bool(t, e->hugepages);
	write_input(t, &e->input);
	json_count(t, "messages_lost", log_lost());
	JSON_KEY(t, "total");
	counters_stages(t, metrics_lists_worker, BITS_COUNT(metrics_lists_worker), &sum);
	JSON_KEY(t, "logger");
	const struct metrics_logger logger = ledger_loggers(&e->ledger);
	counters_stages(t, metrics_lists_logger, BITS_COUNT(metrics_lists_logger), &logger);
	JSON_KEY(t, "loggers");
	json_open(t, '[');
	for (unsigned i = 0; i < e->loggers; i++) {
		const struct metrics_logger one = ledger_logger(&e->ledger, i);
		counters_stages(t, metrics_lists_logger, BITS_COUNT(metrics_lists_logger), &one);
	}
	json_close(t, ']');
	write_sinks(t, e);
	JSON_KEY(t, "workers");
	json_open(t, '[');
	for (unsigned i = 0; i < e->workers; i++)
		counters_stages(t, metrics_lists_worker, BITS_COUNT(metrics_lists_worker),
			e->ledger.worker[i]);
	json_close(t, ']');
	json_end_line(t);
}

int report_stats(const struct engine *e, const char *path)
{
	static char buffer[REPORT_BYTES];
	struct text t = text_of(buffer, sizeof(buffer));
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDOUT_FILENO
			  : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	int error = fd < 0 ? -errno : 0;

	write_stats(&t, e);
	for (size_t done = 0, n = text_len(&t); error == 0 && done < n;) {
		ssize_t k = write(fd, buffer + done, n - done);
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

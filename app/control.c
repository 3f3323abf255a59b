/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/control.h"

#include "app/report.h"
#include "app/stats.h"
#include "base/log.h"
#include "base/text.h"
#include "base/when.h"
#include "engine/blind.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CONTROL_TURN_MS 200
#define SAME_SIGNAL_NS ((int64_t)WHEN_NS_PER_S)
#define PROGRESS_AFTER_NS (2 * (int64_t)WHEN_NS_PER_S)

static void signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGUSR1);
	sigaddset(set, SIGHUP);
}

int control_block_signals(void)
{
	sigset_t set;
	signals(&set);
	sigaddset(&set, SIGPIPE); /* a closed pipe is an error of write() */
	sigaddset(&set, SIGXFSZ); /* likewise a file at its limit (ulimit -f): EFBIG */
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static void show_progress(const struct engine *e, int64_t now)
{
	struct input_progress p;
	char line[160];
	e->input.ops->progress(&e->input, &p);
	double seconds = (double)(now - e->started_ns) / WHEN_NS_PER_S;
	double rate = (double)p.octets_read / seconds;
	struct text t = text_of(line, sizeof(line));

	text_format(&t, "\r%.1f MB", (double)p.octets_read / 1e6);
	if (p.octets_total)
		text_format(&t, " of %.1f MB (%.0f %%)", (double)p.octets_total / 1e6,
			100.0 * (double)p.octets_read / (double)p.octets_total);
	text_format(&t, ", %.1f MB/s, %.0f packets/s", rate / 1e6, (double)p.frames / seconds);
	if (p.octets_total > p.octets_read && rate > 0)
		text_format(&t, ", %.0f s left", (double)(p.octets_total - p.octets_read) / rate);
	text_lit(&t, "\033[K");
	log_octets(t.start, text_len(&t));
}

/* Warns, live, if too many packets are not decoded. */
static void warn_if_blind(struct blind *b, const struct engine *e, int64_t now)
{
	char line[600];
	struct text t = text_of(line, sizeof(line) - 1);
	const struct metrics_worker sum = ledger_workers(&e->ledger);
	bool warn = blind_check(b, &sum, now, &t);
	*t.at = '\0';
	if (warn)
		log_warn("recently %s", line);
}

/* Lets the input check its devices, and stops the run if none is left. */
static void watch(struct engine *e, struct control_end *end, int64_t now)
{
	if (!e->input.ops->watch || !e->input.ops->watch(&e->input, now) || atomic_load(&e->stop))
		return;
	log_error("stopping: there is nothing left to listen on");
	end->input_gone = true;
	atomic_store(&e->stop, true);
}

/* Handles a signal. A second one ends the process, unless it comes within a second of the first:
 * timeout, sudo and shells signal the process and its group. */
static void handle_signal(struct engine *e, int fd, struct control_end *end)
{
	struct signalfd_siginfo info;
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGHUP) {
		sinks_reopen(&e->sinks);
		return;
	}
	int64_t now = engine_now_ns();
	if (end->signal && now - end->signal_ns < SAME_SIGNAL_NS)
		return;
	if (end->signal) {
		report_left(e);
		_exit(1);
	}
	log_note("stopping: %s",
		info.ssi_signo == SIGINT ? "interrupted" : "terminated by a signal");
	end->signal = (int)info.ssi_signo;
	end->signal_ns = now;
	atomic_store(&e->stop, true);
	sinks_begin_drain(&e->sinks);
}

void control_loop(struct engine *e, struct control_end *end)
{
	static struct statsd statsd; /* too large for a stack */
	struct blind blind = {.next_ns = 0};
	bool progress = e->input.ops->progress && log_is(LOG_LEVEL_NORMAL) && isatty(STDERR_FILENO);
	bool shown = false;
	sigset_t set;

	*end = (struct control_end){0};
	signals(&set);
	int fd = signalfd(-1, &set, SFD_CLOEXEC);
	stats_open(&statsd, e);
	while (!engine_has_ended(e)) {
		struct pollfd fds[2] = {
			{.fd = e->wake_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
		poll(fds, 2, CONTROL_TURN_MS);
		if (fds[1].revents & POLLIN)
			handle_signal(e, fd, end);
		if (sinks_have_failed(&e->sinks))
			atomic_store(&e->stop, true);
		int64_t now = engine_now_ns();
		stats_turn(&statsd, e, now, false);
		watch(e, end, now);
		if (e->input.ops->watch)
			warn_if_blind(&blind, e, now);
		if (progress && now - e->started_ns > PROGRESS_AFTER_NS) {
			show_progress(e, now);
			shown = true;
		}
	}
	stats_turn(&statsd, e, engine_now_ns(), true);
	statsd_close(&statsd);
	if (shown)
		log_octets("\r\033[K", 4);
	close(fd);
}

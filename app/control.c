/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/control.h"

#include "app/live_judge.h"
#include "app/report.h"
#include "app/stats.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_TURN_MS 200
#define PROGRESS_AFTER_NS (2 * (int64_t)WHEN_NS_PER_S)

int64_t run_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)WHEN_NS_PER_S + now.tv_nsec;
}

void run_idle(unsigned *idle)
{
	unsigned n = (*idle)++;
	if (n < 4) {
		for (int i = 0; i < 32; i++)
			rte_pause();
		return;
	}
	struct timespec nap = {.tv_nsec = n < 16 ? 50000 : n < 64 ? 100000 : 500000};
	nanosleep(&nap, NULL);
}

void run_thread(const char *what, unsigned number)
{
	char name[16]; /* as long as the kernel's may be */
	snprintf(name, sizeof(name), "%s %u", what, number);
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_TIMERSLACK, 1000);
}

static void signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGUSR1);
}

int control_block_signals(void)
{
	sigset_t set;
	signals(&set);
	sigaddset(&set, SIGPIPE); /* a reader that left is an error of write() */
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static void show_progress(const struct run *run, int64_t now)
{
	struct feed_progress p;
	char line[160];
	feed_progress(&run->feed, &p);
	double seconds = (double)(now - run->started_ns) / WHEN_NS_PER_S;
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
	if (write(STDERR_FILENO, t.start, text_len(&t)) < 0)
		return;
}

static void clear_progress(void)
{
	if (write(STDERR_FILENO, "\r\033[K", 4) < 0)
		return;
}

/* Live input has a life of its own. */
static void watch(struct run *run, int64_t now)
{
	if (run->live && live_watch(run->live, now) && !atomic_load(&run->stop)) {
		log_error("stopping: there is nothing left to listen on");
		atomic_store(&run->input_gone, true);
		atomic_store(&run->stop, true);
	}
	live_judge(run);
	for (unsigned i = 0; run->live && i < run->workers; i++) {
		int64_t set = atomic_exchange(&run->worker[i].live.set_ns, 0);
		if (set && i == 0)
			log_warn("the clock of the machine was set by %.3f s: time stamps follow",
				(double)set / 1e9);
	}
}

/* Takes a signal; returns it. The second one does not return. */
static int take_signal(struct run *run, int fd)
{
	struct signalfd_siginfo info;
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGUSR1) {
		sinks_reopen(&run->sinks);
		return 0;
	}
	if (atomic_load(&run->stop)) {
		report_left(run);
		_exit(1);
	}
	log_note("stopping: %s", info.ssi_signo == SIGINT ? "interrupted" : "asked to terminate");
	atomic_store(&run->stop, true);
	sinks_hurry(&run->sinks);
	return (int)info.ssi_signo;
}

int control_loop(struct run *run)
{
	static struct statsd statsd; /* too large for a stack */
	bool progress = !run->live && log_is(LOG_LEVEL_NORMAL) && isatty(STDERR_FILENO);
	bool shown = false;
	int got = 0;
	sigset_t set;

	signals(&set);
	int fd = signalfd(-1, &set, SFD_CLOEXEC);
	stats_open(&statsd, run);
	while (atomic_load_explicit(&run->loggers_ended, memory_order_acquire) < run->loggers ||
		!sinks_have_ended(&run->sinks)) {
		struct pollfd fds[2] = {
			{.fd = run->wake_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
		poll(fds, 2, CONTROL_TURN_MS);
		if (fds[1].revents & POLLIN)
			got = take_signal(run, fd);
		if (sinks_have_failed(&run->sinks))
			atomic_store(&run->stop, true);
		int64_t now = run_now_ns();
		stats_turn(&statsd, run, now, false);
		watch(run, now);
		if (progress && now - run->started_ns > PROGRESS_AFTER_NS) {
			show_progress(run, now);
			shown = true;
		}
	}
	stats_turn(&statsd, run, run_now_ns(), true);
	statsd_close(&statsd);
	if (shown)
		clear_progress();
	close(fd);
	return got;
}

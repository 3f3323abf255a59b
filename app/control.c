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
#define TOGETHER_NS ((int64_t)WHEN_NS_PER_S)
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
	sigaddset(set, SIGHUP);
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
	log_octets(t.start, text_len(&t));
}

/* Live input has a life of its own. */
static void watch(struct run *run, int64_t now)
{
	if (run->live && live_watch(run, now) && !atomic_load(&run->stop)) {
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

/* What signals have asked for. */
struct asked {
	int end; /* the first signal that ends the run, or 0 */
	int64_t end_ns; /* when it came */
};

/* Takes a signal. The second one that ends the run does not return, unless it comes along with the
 * first: timeout, sudo and shells signal the process and its group. */
static void take_signal(struct run *run, int fd, struct asked *asked)
{
	struct signalfd_siginfo info;
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGHUP) {
		sinks_reopen(&run->sinks);
		return;
	}
	int64_t now = run_now_ns();
	if (asked->end && now - asked->end_ns < TOGETHER_NS)
		return;
	if (asked->end) {
		report_left(run);
		_exit(1);
	}
	log_note("stopping: %s", info.ssi_signo == SIGINT ? "interrupted" : "asked to terminate");
	*asked = (struct asked){.end = (int)info.ssi_signo, .end_ns = now};
	atomic_store(&run->stop, true);
	sinks_hurry(&run->sinks);
}

int control_loop(struct run *run)
{
	static struct statsd statsd; /* too large for a stack */
	bool progress = !run->live && log_is(LOG_LEVEL_NORMAL) && isatty(STDERR_FILENO);
	bool shown = false;
	struct asked asked = {0};
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
			take_signal(run, fd, &asked);
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
		log_octets("\r\033[K", 4);
	close(fd);
	return asked.end;
}

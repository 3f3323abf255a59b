/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/eal.h"

#include "base/log.h"
#include "base/text.h"
#include "rx/eal_log.h"
#include "rx/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EAL_ARGS 96
#define EAL_TEXT 16384

/* The argument vector and the text of its words. */
struct eal_argv {
	char *at[EAL_ARGS + 1];
	int count;
	char text[EAL_TEXT];
	size_t used;
	bool full;
};

static void add(struct eal_argv *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct eal_argv *v, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(v->text + v->used, EAL_TEXT - v->used, format, args);
	va_end(args);
	if (n < 0 || v->used + (size_t)n + 1 > EAL_TEXT || v->count == EAL_ARGS) {
		v->full = true;
		return;
	}
	v->at[v->count++] = v->text + v->used;
	v->at[v->count] = NULL;
	v->used += (size_t)n + 1;
}

/* The rings, the datagrams of several workers, DPDK's own memory, and that of the input. */
unsigned eal_memory_mb(const struct engine *e)
{
	const unsigned workers = e->place.workers;
	uint64_t octets = (workers > 1 ? workers * (2u << 20) : 0) + workers * (1u << 20) +
			  (24u << 20) + e->input.ops->memory(&e->input);
	return (unsigned)(octets >> 20) + 1;
}

static unsigned free_pages(unsigned kb)
{
	char name[32];
	snprintf(name, sizeof(name), "hugepages-%ukB", kb);
	return (unsigned)sysfs_number(SYSFS_HUGEPAGES, name, "free_hugepages", 0);
}

unsigned eal_free_hugepages_mb(void)
{
	return free_pages(2048) * 2 + free_pages(1048576) * 1024;
}

/* Adds --lcores for threads that may run on any CPU of this process: "(0-2)@(0-1,4)". */
static void add_floating(struct eal_argv *v, unsigned lcores)
{
	char cpus[1024];
	struct text t = text_of(cpus, sizeof(cpus) - 1);
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		CPU_SET(0, &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			text_format(&t, "%s%d", text_len(&t) ? "," : "", cpu);
	*t.at = '\0';
	add(v, "--lcores");
	add(v, "(0-%u)@(%s)", lcores - 1, cpus);
}

/* Adds --lcores for threads with one CPU each, which several may share. */
static void add_placed(struct eal_argv *v, const struct place *place)
{
	char map[2048];
	struct text t = text_of(map, sizeof(map) - 1);

	text_format(&t, "0@%u", place->control);
	for (unsigned i = 0; i < place->workers; i++)
		text_format(&t, ",%u@%u", i + 1, place->worker[i]);
	for (unsigned i = 0; i < place->loggers; i++)
		text_format(&t, ",%u@%u", place->workers + 1 + i, place->logger[i]);
	*t.at = '\0';
	add(v, "--lcores");
	add(v, "%s", map);
}

static int choose_memory(struct eal_argv *v, struct engine *e, const struct process *process)
{
	unsigned need = eal_memory_mb(e), free_mb = eal_free_hugepages_mb();
	/* The first start found enough hugepages, and EAL could not use them. */
	bool never = e->conf->eal_hugepages == CONF_HUGEPAGES_NEVER || process->reexecuted;

	e->hugepages = !never && free_mb >= need + 2;
	if (!e->hugepages && !process->reexecuted &&
		e->conf->eal_hugepages == CONF_HUGEPAGES_ALWAYS) {
		log_error(
			"eal.hugepages: %u MB of hugepages are needed and %u MB are free; reserve "
			"them (write %u to /sys/kernel/mm/hugepages/hugepages-2048kB/"
			"nr_hugepages) or set eal.hugepages=auto",
			need + 2, free_mb, need / 2 + 1);
		return -ENOMEM;
	}
	if (e->hugepages) {
		log_detail("memory: %u MB from hugepages (%u MB are free)", need, free_mb);
		add(v, "--in-memory");
		add(v, "--single-file-segments");
	} else {
		log_detail("memory: %u MB without hugepages (%s)", need,
			process->reexecuted ? "other processes use those that were free"
			: never             ? "eal.hugepages=never"
					    : "too few are free");
		add(v, "--no-huge");
		add(v, "--no-shconf");
	}
	add(v, "-m");
	add(v, "%u", need);
	return 0;
}

/* Adds the words of eal.args, separated by blanks. */
static void add_args(struct eal_argv *v, const char *args)
{
	while (*args) {
		size_t n = strcspn(args, " \t");
		if (n)
			add(v, "%.*s", (int)n, args);
		args += n + strspn(args + n, " \t");
	}
}

static void add_word(void *arg, const char *word)
{
	add(arg, "%s", word);
}

static void add_all(struct eal_argv *v, const struct engine *e)
{
	if (e->place.floats)
		add_floating(v, e->place.workers + e->place.loggers + 1);
	else
		add_placed(v, &e->place);
	e->input.ops->words(&e->input, add_word, v);
	add(v, "--no-telemetry");
	add_args(v, e->conf->eal_args);
}

/* Copies of standard output and error while they are redirected during rte_eal_init(); or -1. */
static int saved_fd[2] = {-1, -1};

/* Redirects standard output, which may hold records, and unless DPDK's messages are shown standard
 * error, whose last error eal_log_end() returns. */
static void redirect_output(bool shown)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stdout);
	for (int i = 0; i < 2 && null >= 0; i++)
		if (!shown || i == 0) {
			saved_fd[i] = fcntl(STDOUT_FILENO + i, F_DUPFD_CLOEXEC, 3);
			dup2(shown ? STDERR_FILENO : null, STDOUT_FILENO + i);
		}
	if (null >= 0)
		close(null);
}

static void restore_output(void)
{
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		if (saved_fd[i] < 0)
			continue;
		dup2(saved_fd[i], STDOUT_FILENO + i);
		close(saved_fd[i]);
		saved_fd[i] = -1;
	}
}

/* Called at exit: DPDK ends the process if eal.args asks for its help. */
static void report_eal_exit(void)
{
	if (saved_fd[0] < 0)
		return;
	restore_output();
	log_error("DPDK ended the program: an argument in eal.args, such as --help, starts no run: "
		  "remove it");
	_exit(1);
}

/* Returns how many descriptors the run opens: EAL has four per thread, and sinks a few each. */
static unsigned descriptors_of(const struct engine *e)
{
	return 32 + 4 * (e->place.workers + e->place.loggers + 1) +
	       e->input.ops->descriptors(&e->input) + 4 * (unsigned)e->conf->sinks.count;
}

int eal_start(struct engine *e, struct process *process)
{
	static struct eal_argv v; /* EAL keeps pointers into it */
	static struct process_files files;
	struct eal_log log;
	const bool shown = e->conf->eal_log;

	add(&v, "dnsloupe");
	int error = process_files_reserve(descriptors_of(e));
	if (error == 0)
		error = choose_memory(&v, e, process);
	if (error)
		return error;
	process_files_list(&files);
	atexit(report_eal_exit);
	add_all(&v, e);
	if (v.full) {
		log_error("eal.args: has too many arguments, or is too long: shorten it");
		return -E2BIG;
	}
	eal_log_capture(&log, shown, RTE_LOG_INFO);
	redirect_output(shown);
	int used = rte_eal_init(v.count, v.at);
	error = used < 0 ? -rte_errno : 0;
	restore_output();
	const char *line = eal_log_end(&log);
	if (error && error != -EINVAL && e->hugepages &&
		e->conf->eal_hugepages == CONF_HUGEPAGES_AUTO)
		process_reexec(process, &files); /* returns only on failure */
	if (used < 0)
		log_error("DPDK does not start: %s%s", shown ? rte_strerror(rte_errno) : line,
			shown ? "" : "; try --set eal.log=true");
	eal_log_free(&log);
	return used < 0 && error == 0 ? -EIO : error;
}

void eal_stop(void)
{
	rte_eal_cleanup();
}

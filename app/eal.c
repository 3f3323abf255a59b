/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/eal.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EAL_ARGS 96
#define EAL_ROOM 16384

/* Set once, before any other thread runs: DPDK's messages go where they want. */
static bool shows_log;

/* The argument vector, and the room its words stand in. */
struct eal_argv {
	char *at[EAL_ARGS + 1];
	int count;
	char room[EAL_ROOM];
	size_t used;
	bool full;
};

static void add(struct eal_argv *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct eal_argv *v, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(v->room + v->used, EAL_ROOM - v->used, format, args);
	va_end(args);
	if (n < 0 || v->used + (size_t)n + 1 > EAL_ROOM || v->count == EAL_ARGS) {
		v->full = true;
		return;
	}
	v->at[v->count++] = v->room + v->used;
	v->at[v->count] = NULL;
	v->used += (size_t)n + 1;
}

uint32_t eal_mbufs(const struct run *run)
{
	if (run->direct)
		return 0;
	if (run->conf->memory_mbufs)
		return (uint32_t)run->conf->memory_mbufs;
	/* A burst of the largest frames, what lcores keep in their caches, and what is on its way
	 * between workers; 2^n - 1 suits the pool's ring. */
	uint32_t need = 4128 + run->workers * 512 + (run->workers > 1 ? HANDOFF_SIZE : 0);
	return bits_pow2(need) - 1;
}

/* EAL memory: buffers (without hugepages each takes a page of 4,096 octets, because none may cross
 * a page's end), rings, the device's own. */
unsigned eal_memory_mb(const struct run *run)
{
	uint64_t ring =
		bits_pow2((uint32_t)((run->conf->memory_record_mb << 20) / RECORD_SMALLEST) + 1);
	uint64_t octets = (run->workers > 1 ? run->workers * (2u << 20) : 0) +
			  run->workers * (ring * 8 + (1u << 20)) + (24u << 20);
	if (run->live)
		octets += (uint64_t)live_memory_mb(run->live, run->conf) << 20;
	else
		octets += (uint64_t)eal_mbufs(run) * 4352 * run->queues;
	return (unsigned)(octets >> 20) + 1;
}

static unsigned free_pages(unsigned kb)
{
	char path[128];
	unsigned long pages = 0;
	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%ukB/free_hugepages", kb);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return (unsigned)pages;
}

unsigned eal_free_hugepages_mb(void)
{
	return free_pages(2048) * 2 + free_pages(1048576) * 1024;
}

/* "0-1,4" of the CPUs that this process may use. */
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

/* Each on its CPU; several may have the same one. */
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

/* Live: devices on a bus, and no others there. Those that we make come later. */
static void add_devices(struct eal_argv *v, const struct live *live)
{
	bool bus = false;
	for (unsigned i = 0; i < live->n_devices; i++)
		if (live->devices[i].bus) {
			add(v, "-a");
			add(v, "%s", live->devices[i].args);
			bus = true;
		}
	if (!bus)
		add(v, "--no-pci");
}

static int choose_memory(struct eal_argv *v, struct run *run, const struct process *process)
{
	unsigned need = eal_memory_mb(run), there = eal_free_hugepages_mb();
	/* They were there the first time, and did not do. */
	bool never = run->conf->eal_hugepages == CONF_HUGEPAGES_NEVER || process->again;

	run->hugepages = !never && there >= need + 2;
	if (!run->hugepages && !process->again &&
		run->conf->eal_hugepages == CONF_HUGEPAGES_ALWAYS) {
		log_error(
			"eal.hugepages: %u MB of hugepages are needed and %u MB are free; reserve "
			"them (write %u to /sys/kernel/mm/hugepages/hugepages-2048kB/"
			"nr_hugepages) or set eal.hugepages=auto",
			need + 2, there, need / 2 + 1);
		return -ENOMEM;
	}
	if (run->hugepages) {
		log_detail("memory: %u MB from hugepages (%u MB are free)", need, there);
		add(v, "--in-memory");
		add(v, "--single-file-segments");
	} else {
		log_detail("memory: %u MB without hugepages (%s)", need,
			process->again ? "other processes took those that were free"
			: never        ? "eal.hugepages=never"
				       : "too few are free");
		add(v, "--no-huge");
		add(v, "--no-shconf");
	}
	add(v, "-m");
	add(v, "%u", need);
	return 0;
}

int eal_make_port(const struct run *run)
{
	char devargs[4096];
	struct text t = text_of(devargs, sizeof(devargs) - 1);
	struct eal_hush hush;

	text_format(&t, "%s", EAL_PORT);
	for (unsigned q = 0; q < run->queues; q++)
		text_format(&t, ",rx_pcap=/proc/self/fd/%d", feed_fd(&run->feed, q));
	*t.at = '\0';
	eal_hush(&hush);
	int error = rte_dev_probe(devargs);
	eal_unhush(&hush);
	eal_hush_free(&hush);
	return error;
}

/* The words of eal.args, separated by blanks. */
static void add_words(struct eal_argv *v, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, " \t");
		if (n)
			add(v, "%.*s", (int)n, words);
		words += n + strspn(words + n, " \t");
	}
}

void eal_hush(struct eal_hush *h)
{
	*h = (struct eal_hush){0};
	if (shows_log)
		return;
	h->stream = open_memstream(&h->log, &h->len);
	if (h->stream) {
		rte_log_set_global_level(RTE_LOG_INFO);
		rte_openlog_stream(h->stream);
	}
}

const char *eal_unhush(struct eal_hush *h)
{
	if (!h->stream)
		return "DPDK says why above";
	rte_log_set_global_level(RTE_LOG_CRIT);
	rte_openlog_stream(stderr);
	fclose(h->stream);
	h->stream = NULL;
	size_t n = h->log ? h->len : 0;
	while (n && h->log[n - 1] == '\n')
		h->log[--n] = '\0';
	char *line = n ? strrchr(h->log, '\n') : NULL;
	return line ? line + 1 : n ? h->log : "no reason was given";
}

void eal_hush_free(struct eal_hush *h)
{
	free(h->log);
	h->log = NULL;
}

static void add_all(struct eal_argv *v, const struct run *run)
{
	if (run->live) {
		add_placed(v, &run->live->place);
		add_devices(v, run->live);
	} else {
		add_floating(v, run->workers + run->loggers + 1);
		add(v, "--no-pci");
	}
	add(v, "--no-telemetry");
	add_words(v, run->conf->eal_args);
}

/* Set while rte_eal_init() runs, which ends the process where it was asked for its help. */
static bool within_eal;

static void outlive_eal(void)
{
	if (!within_eal)
		return;
	log_error("DPDK ended the program: eal.args asks for something else than a run");
	_exit(1);
}

/* Descriptors that the run opens: EAL has four a thread, the feeder three a queue, and sinks,
 * sockets of live input and their timers a few each. */
static unsigned files_wanted(const struct run *run)
{
	return 32 + 4 * (run->workers + run->loggers + 1) + 3 * run->queues +
	       (run->live ? 4 * (run->workers + 1) : 0) + 4 * (unsigned)run->conf->sinks.count;
}

/* rte_eal_init(), whose usage text must not get among the records. */
static int start_aside(struct eal_argv *v)
{
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int away = shows_log ? dup(STDERR_FILENO) : open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stdout);
	if (out >= 0 && away >= 0)
		dup2(away, STDOUT_FILENO);
	within_eal = true;
	int used = rte_eal_init(v->count, v->at);
	within_eal = false;
	fflush(stdout);
	if (out >= 0 && away >= 0)
		dup2(out, STDOUT_FILENO);
	if (out >= 0)
		close(out);
	if (away >= 0)
		close(away);
	return used;
}

int eal_start(struct run *run, struct process *process)
{
	static struct eal_argv v; /* EAL keeps pointers into it */
	static struct process_files files;
	struct eal_hush hush;

	add(&v, "dnsloupe");
	int error = process_files_want(files_wanted(run));
	if (error == 0)
		error = choose_memory(&v, run, process);
	if (error)
		return error;
	process_files_note(&files);
	atexit(outlive_eal);
	add_all(&v, run);
	if (v.full) {
		log_error("eal.args: too many words");
		return -E2BIG;
	}
	shows_log = run->conf->eal_log;
	eal_hush(&hush);
	int used = start_aside(&v);
	error = used < 0 ? -rte_errno : 0;
	const char *line = eal_unhush(&hush);
	if (error && error != -EINVAL && run->hugepages &&
		run->conf->eal_hugepages == CONF_HUGEPAGES_AUTO)
		process_again(process, &files); /* goes on only where that fails */
	if (used < 0)
		log_error("DPDK does not start: %s%s", shows_log ? rte_strerror(rte_errno) : line,
			shows_log ? "" : "; try --set eal.log=true");
	eal_hush_free(&hush);
	return used < 0 && error == 0 ? -EIO : error;
}

void eal_stop(void)
{
	rte_eal_cleanup();
}

unsigned eal_worker_lcore(unsigned i)
{
	return i + 1;
}

unsigned eal_logger_lcore(const struct run *run, unsigned i)
{
	return run->workers + 1 + i;
}

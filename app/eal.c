/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/eal.h"

#include "base/log.h"

#include <errno.h>
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
static unsigned memory_mb(const struct run *run)
{
	uint64_t ring =
		bits_pow2((uint32_t)((run->conf->memory_record_mb << 20) / RECORD_SMALLEST) + 1);
	uint64_t octets = (uint64_t)eal_mbufs(run) * 4352 * run->queues +
			  (run->workers > 1 ? run->workers * (2u << 20) : 0) +
			  run->workers * (ring * 8 + (1u << 20)) + (24u << 20);
	return (unsigned)(octets >> 20) + 1;
}

static unsigned free_hugepages_mb(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	if (!f)
		return 0;
	if (fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return (unsigned)(pages * 2);
}

/* "0-1,4" of the CPUs that this process may use. */
static void add_lcores(struct eal_argv *v, unsigned lcores)
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

static int choose_memory(struct eal_argv *v, struct run *run)
{
	unsigned need = memory_mb(run), there = free_hugepages_mb();
	bool never = run->conf->eal_hugepages == CONF_HUGEPAGES_NEVER;

	run->hugepages = !never && there >= need + 2;
	if (!run->hugepages && run->conf->eal_hugepages == CONF_HUGEPAGES_ALWAYS) {
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
			never ? "eal.hugepages=never" : "too few are free");
		add(v, "--no-huge");
		add(v, "--no-shconf");
	}
	add(v, "-m");
	add(v, "%u", need);
	return 0;
}

static void add_port(struct eal_argv *v, const struct run *run)
{
	char devargs[4096];
	struct text t = text_of(devargs, sizeof(devargs) - 1);

	text_format(&t, "%s", EAL_PORT);
	for (unsigned q = 0; q < run->queues; q++)
		text_format(&t, ",rx_pcap=/proc/self/fd/%d", feed_fd(&run->feed, q));
	*t.at = '\0';
	add(v, "--vdev");
	add(v, "%s", devargs);
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

/* The last line that EAL logged, which is why it gave up. */
static const char *last_line(char *log)
{
	size_t n = log ? strlen(log) : 0;
	while (n && log[n - 1] == '\n')
		log[--n] = '\0';
	char *line = log ? strrchr(log, '\n') : NULL;
	return line ? line + 1 : log && *log ? log : "no reason was given";
}

int eal_start(struct run *run)
{
	static struct eal_argv v; /* EAL keeps pointers into it */
	char *log = NULL;
	size_t log_len = 0;

	add(&v, "dnsloupe");
	int error = choose_memory(&v, run);
	if (error)
		return error;
	add_lcores(&v, run->workers + 2);
	add(&v, "--no-pci");
	add(&v, "--no-telemetry");
	if (!run->direct)
		add_port(&v, run);
	add_words(&v, run->conf->eal_args);
	if (v.full) {
		log_error("eal.args: too many words");
		return -E2BIG;
	}
	FILE *quiet = run->conf->eal_log ? NULL : open_memstream(&log, &log_len);
	if (quiet)
		rte_openlog_stream(quiet);
	int used = rte_eal_init(v.count, v.at);
	error = used < 0 ? -rte_errno : 0;
	if (quiet) {
		fflush(quiet);
		if (used < 0)
			log_error(
				"DPDK does not start: %s; try --set eal.log=true", last_line(log));
		else
			rte_log_set_global_level(RTE_LOG_CRIT);
		rte_openlog_stream(stderr);
		fclose(quiet);
		free(log);
	} else if (used < 0) {
		log_error("DPDK does not start: %s", rte_strerror(rte_errno));
	}
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

unsigned eal_logger_lcore(const struct run *run)
{
	return run->workers + 1;
}

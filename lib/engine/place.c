/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/place.h"

#include "base/bits.h"
#include "base/log.h"

#include <errno.h>
#include <numa.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* CPUs in order of preference. */
struct cpus {
	unsigned count;
	uint16_t at[PLACE_CPUS];
};

int place_node(unsigned cpu)
{
	if (numa_available() < 0)
		return -1;
	return numa_node_of_cpu((int)cpu);
}

static void allowed_cpus(cpu_set_t *set)
{
	CPU_ZERO(set);
	if (sched_getaffinity(0, sizeof(*set), set) < 0)
		CPU_SET(0, set);
}

/* The lowest CPU, where the kernel's own work usually is, comes last: it is the control loop's. */
static void find_cpus(struct cpus *cpus, int node)
{
	cpu_set_t set;
	allowed_cpus(&set);
	cpus->count = 0;
	int first = -1;
	for (int local = 1; local >= 0; local--)
		for (int cpu = 0; cpu < CPU_SETSIZE && cpu < PLACE_CPUS; cpu++) {
			bool here = node < 0 || place_node((unsigned)cpu) == node;
			if (!CPU_ISSET(cpu, &set) || here != (local == 1))
				continue;
			if (first < 0 || cpu < first)
				first = cpu;
			cpus->at[cpus->count++] = (uint16_t)cpu;
		}
	for (unsigned i = 0, to = 0; i < cpus->count; i++)
		if (cpus->at[i] != first)
			cpus->at[to++] = cpus->at[i];
	cpus->at[cpus->count - 1] = (uint16_t)first;
}

/* Parses "2-5,8". Returns the end of the list, or NULL. */
static const char *read_list(const char *at, uint16_t *list, unsigned max, unsigned *count)
{
	for (*count = 0;; at++) {
		char *end;
		unsigned long from = strtoul(at, &end, 10), to = from;
		if (end == at || *at == '-' || *at == '+')
			return NULL;
		at = end;
		if (*at == '-') {
			to = strtoul(at + 1, &end, 10);
			if (end == at + 1 || at[1] == '-')
				return NULL;
			at = end;
		}
		if (to < from || to >= PLACE_CPUS || *count + (to - from) >= max)
			return NULL;
		for (; from <= to; from++)
			list[(*count)++] = (uint16_t)from;
		if (*at != ',')
			return at;
	}
}

static int fail(const char *map, const char *what)
{
	log_error("lcores: \"%s\": %s, expected CPUs as in \"control=0 workers=2-5 loggers=6\"",
		map, what);
	return -EINVAL;
}

/* Parses conf->lcores. Counts of what it does not name remain 0. */
static int read_map(struct place *p, const char *map, unsigned *controls)
{
	struct {
		const char *name;
		uint16_t *list;
		unsigned max, *count;
	} parts[] = {{"control=", &p->control, 1, controls},
		{"workers=", p->worker, PLACE_WORKERS, &p->workers},
		{"loggers=", p->logger, PLACE_LOGGERS, &p->loggers}};
	for (const char *at = map; *at;) {
		size_t i = 0;
		if (*at == ' ') {
			at++;
			continue;
		}
		while (i < BITS_COUNT(parts) &&
			strncmp(at, parts[i].name, strlen(parts[i].name)) != 0)
			i++;
		if (i == BITS_COUNT(parts))
			return fail(map, "unknown word");
		if (*parts[i].count)
			return fail(map, "a word is given twice");
		at = read_list(
			at + strlen(parts[i].name), parts[i].list, parts[i].max, parts[i].count);
		if (!at || (*at && *at != ' '))
			return fail(map, "no list of CPUs");
	}
	return 0;
}

/* Checks that the process may use all chosen CPUs, and sets p->shared. Returns 0 or -EINVAL. */
static int check(struct place *p, const char *map)
{
	uint8_t used[PLACE_CPUS] = {0};
	cpu_set_t set;
	allowed_cpus(&set);
	for (unsigned i = 0; i < p->workers + p->loggers + 1; i++) {
		uint16_t cpu = i < p->workers                ? p->worker[i]
			       : i < p->workers + p->loggers ? p->logger[i - p->workers]
							     : p->control;
		if (!CPU_ISSET(cpu, &set)) {
			log_error("lcores: \"%s\": CPU %u is not among those that this process "
				  "may use",
				map, cpu);
			return -EINVAL;
		}
		if (i < p->workers + p->loggers && used[cpu]++)
			p->shared = true;
	}
	return 0;
}

/* One logger writes the records of two workers. */
static unsigned choose_workers(unsigned cpus, unsigned loggers)
{
	unsigned n = cpus > loggers + 1 ? cpus - 1 - loggers : 1;
	if (n > 2 * loggers)
		n = 2 * loggers;
	return n < loggers ? loggers : n;
}

static unsigned choose_loggers(unsigned cpus, unsigned workers)
{
	unsigned n = (workers + 1) / 2, free_cpus = cpus > workers + 1 ? cpus - 1 - workers : 1;
	if (n > free_cpus)
		n = free_cpus;
	return n < PLACE_LOGGERS ? n : PLACE_LOGGERS;
}

/* A sink's thread on a worker's CPU would delay polls and so lose packets. */
static void place_sinks(struct place *p)
{
	allowed_cpus(&p->sinks);
	cpu_set_t all = p->sinks, no_loggers;
	for (unsigned i = 0; i < p->workers; i++)
		CPU_CLR(p->worker[i], &p->sinks);
	no_loggers = p->sinks;
	for (unsigned i = 0; i < p->loggers; i++)
		CPU_CLR(p->logger[i], &no_loggers);
	p->loggers_rest = CPU_COUNT(&no_loggers) == 0;
	if (!p->loggers_rest)
		p->sinks = no_loggers;
	else if (CPU_COUNT(&p->sinks) == 0)
		p->sinks = all;
}

/* Checks that there is a worker for each logger. Returns 0, or -EINVAL after a message. */
static int check_loggers(unsigned workers, unsigned loggers)
{
	if (loggers <= workers)
		return 0;
	log_error("loggers: %u loggers for %u workers: give each logger at least one worker",
		loggers, workers);
	return -EINVAL;
}

int place_on_cpus(struct place *p, const struct conf *conf, int node)
{
	struct cpus cpus;
	unsigned controls = 0, next = 0;

	memset(p, 0, sizeof(*p));
	int error = read_map(p, conf->lcores, &controls);
	if (error)
		return error;
	find_cpus(&cpus, node);
	if (p->workers && conf->workers && conf->workers != p->workers)
		return fail(conf->lcores, "not as many CPUs for workers as there are workers");
	if (p->loggers && conf->loggers && conf->loggers != p->loggers)
		return fail(conf->lcores, "not as many CPUs for loggers as there are loggers");
	bool workers_placed = p->workers, loggers_placed = p->loggers;
	if (!loggers_placed)
		p->loggers = (unsigned)conf->loggers;
	if (!workers_placed)
		p->workers = conf->workers
				     ? (unsigned)conf->workers
				     : choose_workers(cpus.count, p->loggers ? p->loggers : 1);
	if (p->loggers == 0)
		p->loggers = choose_loggers(cpus.count, p->workers);
	error = check_loggers(p->workers, p->loggers);
	if (error)
		return error;
	for (unsigned i = 0; i < p->workers && !workers_placed; i++)
		p->worker[i] = cpus.at[next++ % cpus.count];
	for (unsigned i = 0; i < p->loggers && !loggers_placed; i++)
		p->logger[i] = cpus.at[next++ % cpus.count];
	if (!controls)
		p->control = cpus.at[cpus.count - 1];
	place_sinks(p);
	return check(p, conf->lcores);
}

int place_floating(struct place *p, const struct conf *conf)
{
	memset(p, 0, sizeof(*p));
	allowed_cpus(&p->sinks);
	p->floats = true;
	p->loggers_rest = true;
	p->loggers = conf->loggers ? (unsigned)conf->loggers : 1;
	/* A second worker pays off only with free CPUs. */
	p->workers = conf->workers ? (unsigned)conf->workers : CPU_COUNT(&p->sinks) < 4 ? 1 : 2;
	return check_loggers(p->workers, p->loggers);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/plan.h"

#include "app/eal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Rough costs of a message for a worker and of a record for a logger, in nanoseconds on a core of
 * 2.5 GHz; doc/performance.md has measurements. */
#define WORKER_NS 150
#define LOGGER_NS 400

/* Octets of a usual record: its header and two messages. */
#define USUAL_RECORD 384

static void print_thread(const char *name, unsigned number, unsigned cpu)
{
	int node = place_node(cpu);
	printf("thread   %s %u on CPU %u", name, number, cpu);
	if (node >= 0)
		printf(", NUMA node %d", node);
	putchar('\n');
}

static void print_threads(const struct engine *e)
{
	const struct place *p = &e->place;

	if (p->floats) {
		printf("thread   control, feeder, %u workers (%u receive), %u loggers, on any "
		       "CPU\n",
			p->workers, e->input.receivers, p->loggers);
		return;
	}
	printf("thread   control on CPU %u\n", p->control);
	for (unsigned i = 0; i < p->workers; i++)
		print_thread("worker", i, p->worker[i]);
	for (unsigned i = 0; i < p->loggers; i++)
		print_thread("logger", i, p->logger[i]);
	printf("thread   sinks on any of %d CPUs%s\n", CPU_COUNT(&p->sinks),
		p->loggers_rest ? ", shared with loggers" : "");
	printf("idle     workers %s, loggers %s\n", e->rests ? "sleep" : "poll",
		e->loggers_rest ? "sleep" : "poll");
}

static void print_memory(const struct engine *e)
{
	unsigned need = eal_memory_mb(e), there = eal_free_hugepages_mb();
	bool huge = e->conf->eal_hugepages != CONF_HUGEPAGES_NEVER && there >= need + 2;

	printf("memory   %u MiB of DPDK, from %s (%u MiB of hugepages are free)\n", need,
		huge ? "hugepages" : "ordinary pages", there);
	printf("memory   %u x %zu MiB of tables%s\n", e->place.workers, engine_table_bytes(e) >> 20,
		e->rests ? ", allocated as they fill" : "");
	printf("memory   %u x %llu MiB of records between worker and logger\n", e->place.workers,
		(unsigned long long)e->conf->memory_record_mb);
}

static void print_limits(const struct engine *e)
{
	const struct conf *conf = e->conf;
	unsigned long long arena = (conf->memory_record_mb << 20) / USUAL_RECORD;

	printf("limit    %llu unanswered queries a second: txn.max_open over txn.timeout_ms\n",
		(unsigned long long)e->place.workers * conf->txn_max_open * 1000 /
			conf->txn_timeout_ms);
	printf("limit    about %llu records held while the output is blocked\n",
		e->place.workers * arena);
	printf("limit    about %.0f million messages a second by the workers, %.1f million records "
	       "by the loggers, on cores of 2.5 GHz\n",
		e->place.workers * 1000.0 / WORKER_NS, e->place.loggers * 1000.0 / LOGGER_NS);
}

int plan_print(const struct engine *e)
{
	e->input.ops->describe(&e->input, stdout);
	print_threads(e);
	print_memory(e);
	printf("output   %s\n",
		strcmp(e->conf->output_file, "-") == 0 ? "standard output" : e->conf->output_file);
	print_limits(e);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -errno;
}

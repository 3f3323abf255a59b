/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/plan.h"

#include "app/eal.h"
#include "app/worker.h"

#include <errno.h>
#include <stdio.h>

/* What a message costs a worker and a record a logger, on a core of some 2.5 GHz, in nanoseconds:
 * rough, for the order of magnitude (doc/performance.md has what was measured). */
#define WORKER_NS 150
#define LOGGER_NS 400

/* The octets of a usual record: two messages and what stands before them. */
#define USUAL_RECORD 384

static void print_thread(const char *name, unsigned number, unsigned cpu)
{
	int node = place_node(cpu);
	printf("thread   %s %u on CPU %u", name, number, cpu);
	if (node >= 0)
		printf(", NUMA node %d", node);
	putchar('\n');
}

static void print_live(const struct run *run)
{
	const struct live *live = run->live;
	const struct place *p = &live->place;

	for (unsigned i = 0; i < live->n_devices; i++) {
		const struct device *d = &live->devices[i];
		printf("input    %s %s: up to %u queues", d->kernel ? "interface" : "device",
			d->given, d->files ? d->files : p->workers);
		if (!d->kernel)
			printf(" of up to %llu descriptors",
				(unsigned long long)run->conf->input_descriptors);
		printf(", each with %u buffers of %u octets", live_mbufs(live, run->conf, d),
			d->room ? d->room : RTE_MBUF_DEFAULT_DATAROOM);
		if (d->node >= 0)
			printf(", NUMA node %d", d->node);
		putchar('\n');
	}
	printf("thread   control on CPU %u\n", p->control);
	for (unsigned i = 0; i < p->workers; i++)
		print_thread("worker", i, p->worker[i]);
	for (unsigned i = 0; i < p->loggers; i++)
		print_thread("logger", i, p->logger[i]);
	printf("thread   sinks on any of %d CPUs%s\n", CPU_COUNT(&p->sinks),
		p->loggers_rest ? ", which are the loggers'" : "");
	printf("idle     workers %s, loggers %s\n", run->rests ? "rest" : "look again at once",
		run->loggers_rest ? "rest" : "look again at once");
}

static void print_files(const struct run *run)
{
	for (size_t i = 0; i < run->conf->input_files.count; i++)
		printf("input    file %s\n", run->conf->input_files.at[i]);
	printf("thread   control, feeder, %u workers (%u receive), %u loggers, on any CPU\n",
		run->workers, run->queues, run->loggers);
}

static void print_memory(const struct run *run)
{
	unsigned need = eal_memory_mb(run), there = eal_free_hugepages_mb();
	bool huge = run->conf->eal_hugepages != CONF_HUGEPAGES_NEVER && there >= need + 2;

	printf("memory   %u MiB of DPDK's, from %s (%u MiB of hugepages are free)\n", need,
		huge ? "hugepages" : "ordinary pages", there);
	printf("memory   %u x %zu MiB of tables%s\n", run->workers, worker_table_bytes(run) >> 20,
		run->live && !run->rests ? "" : ", used as they fill");
	printf("memory   %u x %llu MiB of records on their way to the logger\n", run->workers,
		(unsigned long long)run->conf->memory_record_mb);
}

static void print_limits(const struct run *run)
{
	const struct conf *conf = run->conf;
	unsigned long long arena = (conf->memory_record_mb << 20) / USUAL_RECORD;

	printf("limit    %llu unanswered queries a second: txn.max_open over txn.timeout_ms\n",
		(unsigned long long)run->workers * conf->txn_max_open * 1000 /
			conf->txn_timeout_ms);
	printf("limit    about %llu records while the output stands still\n", run->workers * arena);
	printf("limit    about %.0f million messages a second by the workers, %.1f million records "
	       "by the loggers, on cores of 2.5 GHz\n",
		run->workers * 1000.0 / WORKER_NS, run->loggers * 1000.0 / LOGGER_NS);
}

int plan_print(const struct run *run)
{
	if (run->live)
		print_live(run);
	else
		print_files(run);
	print_memory(run);
	printf("output   %s\n", strcmp(run->conf->output_file, "-") == 0 ? "standard output"
									 : run->conf->output_file);
	print_limits(run);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -errno;
}

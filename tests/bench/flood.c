/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measures what floods cost, and how many honest transactions they lose: each flood of
 * flood_kinds.c, from one source and from many, nine packets of it to one honest query (20 to 200
 * ms until its reply, a fifth over TCP), through a pipeline with the default tables, in packet
 * time. Runs without EAL.
 *
 * flood [--rate PACKETS] [--ms N] [--kind NAME] [--small] [--check] [--count SOURCES]
 *   --rate, --ms: packets of the flood a second (2,000,000), for so long (1,000)
 *   --small: tables and rate of a sixteenth
 *   --check: exit code 1 if more than 0.1 % of the honest are lost, or a table exceeds its bound
 *   --count one|many: one kind, once, without figures of time: for callgrind (count-floods)
 *
 * `lost` are honest queries whose reply was captured, but is not in their record. `ns` is the CPU
 * time of the pipeline for a packet of the flood: all of it less what the honest packets cost
 * alone; `plain` is a query without a reply, opened and expired. `MB` is the memory that the
 * process grew by.
 */
#include "bench/flood.h"

#include "base/when.h"
#include "bench/memory.h"
#include "pipeline/pipeline.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARENA ((size_t)16 << 20)
#define SETTLE_MS 400 /* the flood continues until the last honest query is answered */
#define SHARE 9 /* packets of the flood to an honest query */

static struct options {
	int64_t rate, ms;
	const char *kind, *count;
	bool small, check;
} o = {.rate = 2000000, .ms = 1000};

static struct run {
	struct flood flood;
	struct packet_conf packets;
	struct pipeline pipeline;
	struct metrics_worker metrics;
	struct record_arena arena;
	uint64_t packets_all, answered;
	uint32_t max_used; /* slots of the table at a time */
	int64_t cpu_ns;
} run;

/* A line of the results. */
struct result {
	uint64_t packets, honest, lost, evicted;
	uint32_t max_used;
	double ns, mb;
};

static double resident_mb(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (f && fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* A logger that only counts honest queries with their true reply. */
static void pass(void *to, void **records, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct record *r = records[i];
		if (r->status == RECORD_ANSWERED && r->addrs.octets[ADDR_CLIENT][12] == 10 &&
			r->reply_len >= 4)
			run.answered +=
				bits_be32(record_reply(r) + r->reply_len - 4) == HONEST_ADDRESS;
	}
	record_release((struct record_arena *)to, ((struct record *)records[n - 1])->end);
}

static void set_up(int64_t timeout_ns)
{
	uint32_t part = o.small ? 16 : 1;
	struct pipeline_conf conf = {.txn = {.max_open = 131072 / part,
					     .timeout_ns = timeout_ns,
					     .reorder_ns = o.small ? 0 : (int64_t)WHEN_NS_PER_S},
		.tcp = {.max_streams = 65536 / part,
			.buffer_bytes = (32 << 20) / part,
			.stream_bytes = 256 * 1024,
			.idle_ns = 60 * (int64_t)WHEN_NS_PER_S},
		.frag = {.max_datagrams = 1024 / part, .timeout_ns = 30 * (int64_t)WHEN_NS_PER_S},
		.secret = hash_fixed(7),
		.workers = 1};

	if (timeout_ns < (int64_t)WHEN_NS_PER_S)
		conf.txn.reorder_ns = 0;
	packet_conf_init(&run.packets);
	packet_port_add(&run.packets, 53);
	record_arena_init(&run.arena, memory_zeroed(ARENA), ARENA, &run.metrics.record);
	run.arena.pass = pass;
	run.arena.pass_to = &run.arena;
	pipeline_init(&run.pipeline, memory_zeroed(pipeline_bytes(&conf)), &conf, &run.packets,
		&run.arena, &run.metrics);
}

/* Processes the burst, as a worker does; not inlined, so that callgrind finds it. */
__attribute__((noinline)) void run_burst(struct pipeline *p, const struct frame *f, unsigned n);
__attribute__((noinline)) void run_burst(struct pipeline *p, const struct frame *f, unsigned n)
{
	pipeline_burst(p, f, n);
}

static void process_burst(void)
{
	struct flood_burst *b = &run.flood.burst;
	int64_t start = cpu_ns();
	run_burst(&run.pipeline, b->frames, b->n);
	run.cpu_ns += cpu_ns() - start;
	run.packets_all += b->n;
	b->n = 0;
	if (run.pipeline.txn.table.used > run.max_used)
		run.max_used = run.pipeline.txn.table.used;
}

static void process_full_burst(void)
{
	if (run.flood.burst.n == FLOOD_BURST)
		process_burst();
}

/* Plays the flood, if there is one, and honest queries, if any. Returns the flood's packets. */
static uint64_t play(const struct flood_kind *kind, bool many, bool honest)
{
	struct flood *f = &run.flood;
	int64_t every_ns = (int64_t)WHEN_NS_PER_S / o.rate, ms = o.ms + (honest ? SETTLE_MS : 0);
	uint64_t n = (uint64_t)(ms * o.rate / 1000), asking = (uint64_t)(o.ms * o.rate / 1000);

	f->kind = kind;
	f->many = many;
	honest_init(&f->honest, honest ? SHARE * every_ns : 0);
	for (uint64_t i = 0; i < n; i++) {
		f->now_ns = (int64_t)i * every_ns;
		while (honest_packet(f, f->now_ns, i < asking))
			process_full_burst();
		if (kind) {
			kind->make(f, i);
			process_full_burst();
		}
	}
	if (f->burst.n)
		process_burst();
	honest_free(&f->honest);
	return kind ? n : 0;
}

/* Runs in a process of its own, so that its memory is measured from the start. */
static struct result measure(const struct flood_kind *kind, bool many, bool honest, int64_t timeout)
{
	struct result r = {0};
	int ends[2];

	if (pipe(ends))
		exit(2);
	fflush(stdout);
	pid_t child = fork();
	if (child < 0)
		exit(2);
	if (child == 0) {
		double before = resident_mb();
		set_up(timeout);
		r.packets = play(kind, many, honest);
		r.honest = run.flood.honest.sent;
		r.lost = r.honest - run.answered;
		r.evicted = run.metrics.txn.evicted;
		r.max_used = run.max_used;
		r.ns = (double)run.cpu_ns;
		r.mb = resident_mb() - before;
		if (run.metrics.record.dropped_full ||
			run.max_used > run.pipeline.txn.table.capacity)
			_exit(3);
		_exit(write(ends[1], &r, sizeof(r)) != sizeof(r));
	}
	int status;
	close(ends[1]);
	bool whole = read(ends[0], &r, sizeof(r)) == sizeof(r);
	close(ends[0]);
	waitpid(child, &status, 0);
	if (!whole || status) {
		fprintf(stderr, "flood: a run failed, or a table exceeds its bound\n");
		exit(1);
	}
	return r;
}

static bool show(
	const char *name, const char *sources, const struct result *r, double ns, double plain)
{
	double lost = r->honest ? 100.0 * (double)r->lost / (double)r->honest : 0;
	printf("| %-11s | %-4s | %8.3f | %6.0f | %5.2f | %9llu | %5.0f |\n", name, sources, lost,
		ns, plain > 0 ? ns / plain : 1, (unsigned long long)r->evicted, r->mb);
	return lost <= 0.1;
}

static bool run_all(void)
{
	bool good = true;
	int64_t s = (int64_t)WHEN_NS_PER_S;
	struct result honest = measure(NULL, false, true, 5 * s);
	struct result plain = measure(&flood_kinds[0], true, false, s / 50);
	double each = plain.ns / (double)plain.packets;

	printf("| flood | from | honest lost, %% | ns a packet | of plain | evicted | MB |\n"
	       "|---|---|---|---|---|---|---|\n");
	good &= show("none", "", &honest, 0, 0);
	show("plain", "many", &plain, each, each);
	for (unsigned i = 0; i < flood_kind_count; i++)
		for (int many = 0; many < 2; many++) {
			if (o.kind && strcmp(o.kind, flood_kinds[i].name) != 0)
				continue;
			struct result r = measure(&flood_kinds[i], many, true, 5 * s);
			double ns = (r.ns - honest.ns) / (double)r.packets;
			good &= show(flood_kinds[i].name, many ? "many" : "one", &r, ns, each);
		}
	return good;
}

/* For callgrind: packets of the flood, or of the honest alone. */
static void run_once(void)
{
	const struct flood_kind *kind = NULL;
	bool plain = o.kind && !strcmp(o.kind, "plain"), none = !o.kind;

	for (unsigned i = 0; i < flood_kind_count; i++)
		if (!plain && !none && !strcmp(o.kind, flood_kinds[i].name))
			kind = &flood_kinds[i];
	if (!kind && !plain && !none)
		exit(2);
	set_up(plain ? (int64_t)WHEN_NS_PER_S / 1000 : 5 * (int64_t)WHEN_NS_PER_S);
	uint64_t n = play(plain ? &flood_kinds[0] : kind, !strcmp(o.count, "many"), !plain);
	printf("{\"packets\":%llu,\"all\":%llu}\n", (unsigned long long)n,
		(unsigned long long)run.packets_all);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"rate", 1, NULL, 'r'}, {"ms", 1, NULL, 'm'},
		{"kind", 1, NULL, 'k'}, {"small", 0, NULL, 's'}, {"check", 0, NULL, 'c'},
		{"count", 1, NULL, 'n'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'r': o.rate = atoll(optarg); break;
		case 'm': o.ms = atoll(optarg); break;
		case 'k': o.kind = optarg; break;
		case 's': o.small = true; break;
		case 'c': o.check = true; break;
		case 'n': o.count = optarg; break;
		default: return 2;
		}
	if (o.small)
		o.rate /= 16;
	if (o.rate < 1 || o.rate > (int64_t)WHEN_NS_PER_S || o.ms < 1)
		return 2;
	if (o.count) {
		run_once();
		return 0;
	}
	return run_all() || !o.check ? 0 : 1;
}

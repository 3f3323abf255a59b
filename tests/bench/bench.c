/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measures what a message costs: the pipeline (frame to record), its stages, and the logger (record
 * to JSON by the schema alone, and `fan`, with filter, blocks and queue of a file sink), beside
 * floors of the same run. Runs without EAL and prints one JSON object a line.
 *
 * bench [--passes N] [--open N] [--dnssec PERMILLE] [--tcp] [--tunnel] [--transactions N]
 *       [--read FILE] [--threads N] [--ignore-checksums] [--once]
 *   --open: keeps so many queries open besides; --tcp, --tunnel: all messages over TCP, in VXLAN
 *   --read: the frames of a capture file instead of the mix
 *   --ignore-checksums: packet.checksum is `ignore` instead of `prefer`
 *   --threads: N workers at a time, each with frames and tables of its own; only the pipeline
 *   --once: one pass of each, to count instructions (tests/bench/count-instructions)
 * bench --pcap FILE [...]: writes the mix as a capture instead, for runs of the whole program
 */
#include "bench/bench.h"

#include "bench/memory.h"

#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define PASSES_MAX 1001
#define THREADS_MAX 64
#define ARENA ((size_t)64 << 20)

/* A logger that only releases the records. */
static void pass(void *to, void **records, unsigned n)
{
	struct bench *b = to;
	for (unsigned i = 0; i < n && b->n_kept < b->kept_max; i++)
		b->kept[b->n_kept++] = records[i];
	record_release(&b->arena, ((struct record *)records[n - 1])->end);
}

static void pass_on(void *to, void **records, unsigned n)
{
	struct record_arena *a = to;
	record_release(a, ((struct record *)records[n - 1])->end);
}

static void set_up(struct bench *b, uint32_t max_open, enum txn_checksum checksum)
{
	struct pipeline_conf conf = {.txn = {.max_open = max_open,
					     .timeout_ns = 5 * (int64_t)WHEN_NS_PER_S,
					     .reorder_ns = (int64_t)WHEN_NS_PER_S,
					     .checksum = checksum},
		.tcp = {.max_streams = 65536,
			.buffer_bytes = 32 << 20,
			.stream_bytes = 256 * 1024,
			.idle_ns = 60 * (int64_t)WHEN_NS_PER_S},
		.frag = {.max_datagrams = 1024, .timeout_ns = 30 * (int64_t)WHEN_NS_PER_S},
		.secret = hash_fixed(7),
		.workers = 1};

	packet_conf_init(&b->packets);
	if (checksum == TXN_CHECKSUM_IGNORE)
		b->packets.checksum = PACKET_CHECKSUM_IGNORE;
	packet_port_add(&b->packets, 53);
	record_arena_init(&b->arena, memory_zeroed(ARENA), ARENA, &b->metrics.record);
	b->arena.pass = pass;
	b->arena.pass_to = b;
	pipeline_init(&b->pipeline, memory_zeroed(pipeline_bytes(&conf)), &conf, &b->packets,
		&b->arena, &b->metrics);
	record_arena_init(
		&b->second, memset(memory_zeroed(ARENA), 0, ARENA), ARENA, &b->metrics.record);
	b->second.pass = pass_on;
	b->second.pass_to = &b->second;
	schema_init(&b->schema, "bench", &b->dns);
	b->text = memory_zeroed(TEXT_SIZE);
	b->kept_max = b->mix.count;
	b->kept = calloc(b->kept_max, sizeof(*b->kept));
	if (!b->kept)
		exit(2);
}

/* A file sink, without its thread. */
static void open_sink(struct bench *b)
{
	const struct sinks_options options = {.sensor = "bench", .loggers = 1, .wake_fd = -1};
	struct conf_error err;
	if (conf_init(&b->conf) < 0 ||
		conf_set(&b->conf, "sinks=type=file,path=/dev/null", &err) < 0 ||
		sinks_open(&b->sinks, &b->conf, &options) < 0 ||
		fanout_init(&b->fanout, &b->sinks, 0, "bench", &b->conf, &b->dns) < 0)
		exit(2);
}

/* Fills the table with queries that have no reply, as a flood does. */
static void open_many(struct bench *b, unsigned n)
{
	struct mix flood;
	struct mix_options options = mix_standard;
	options.seed = 99;
	options.transactions = n;
	options.clients = 65000;
	options.unanswered = 1000;
	mix_make(&flood, &options);
	int64_t ts = b->mix.frames[0].ts_ns;
	for (size_t i = 0; i < flood.count; i += PIPELINE_BURST) {
		unsigned k = flood.count - i < PIPELINE_BURST ? (unsigned)(flood.count - i)
							      : PIPELINE_BURST;
		for (unsigned j = 0; j < k; j++)
			flood.frames[i + j].ts_ns = flood.frames[i + j].clock_ns = ts;
		pipeline_burst(&b->pipeline, &flood.frames[i], k);
	}
	mix_free(&flood);
}

/* What is measured, in this order. `packet`, `dns` and `record` are parts of `pipeline`. */
static const struct stage {
	const char *name, *unit;
	void (*run)(struct bench *b);
} stages[] = {
	{"floor_read", "frame", run_read},
	{"packet", "frame", run_packet},
	{"packet_dns", "frame", run_dns},
	{"pipeline", "message", run_pipeline},
	{"record", "record", run_record},
	{"logger", "record", run_logger},
	{"fan", "record", run_fan},
	{"floor_copy", "record", run_copy},
};
enum { STAGES = sizeof(stages) / sizeof(stages[0]) };

static size_t units_of(const struct bench *b, const struct stage *stage)
{
	return *stage->unit == 'f' ? b->mix.count : *stage->unit == 'm' ? b->messages : b->n_kept;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void show(const char *name, const char *unit, double *ns, unsigned n, size_t each)
{
	qsort(ns, n, sizeof(*ns), by_value);
	printf("{\"name\":\"%s\",\"unit\":\"%s\",\"median_ns\":%.1f,\"min_ns\":%.1f,\"passes\":%u,"
	       "\"per_pass\":%zu}\n",
		name, unit, ns[n / 2], ns[0], n, each);
}

static struct options {
	unsigned passes, open, threads;
	bool ignore_checksums;
	struct mix_options mix;
	const char *pcap, *read;
} read_options(int argc, char **argv)
{
	static const struct option longs[] = {{"passes", 1, NULL, 'p'}, {"open", 1, NULL, 'o'},
		{"dnssec", 1, NULL, 'd'}, {"transactions", 1, NULL, 't'}, {"once", 0, NULL, '1'},
		{"tcp", 0, NULL, 'c'}, {"tunnel", 0, NULL, 'v'}, {"threads", 1, NULL, 'n'},
		{"pcap", 1, NULL, 'w'}, {"read", 1, NULL, 'r'}, {"ignore-checksums", 0, NULL, 'i'},
		{0}};
	struct options o = {.passes = 15, .threads = 1, .mix = mix_standard};
	int c;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		unsigned v = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 1;
		switch (c) {
		case 'p': o.passes = v; break;
		case 'o': o.open = v; break;
		case 'd': o.mix.dnssec = v; break;
		case 't': o.mix.transactions = v; break;
		case 'c': o.mix.tcp = 1000; break;
		case 'v': o.mix.tunnelled = 1000; break;
		case 'n': o.threads = v; break;
		case '1': o.passes = 1; break;
		case 'w': o.pcap = optarg; break;
		case 'r': o.read = optarg; break;
		case 'i': o.ignore_checksums = true; break;
		default: exit(2);
		}
	}
	if (o.passes < 1 || o.passes > PASSES_MAX || o.mix.transactions < 1 || o.threads < 1 ||
		o.threads > THREADS_MAX)
		exit(2);
	return o;
}

static void prepare(struct bench *b, const struct options *o)
{
	if (o->read)
		mix_read(&b->mix, o->read);
	else
		mix_make(&b->mix, &o->mix);
	set_up(b, (o->open > 100000 ? o->open : 100000) + 65536,
		o->ignore_checksums ? TXN_CHECKSUM_IGNORE : TXN_CHECKSUM_PREFER);
	if (o->open)
		open_many(b, o->open);
	run_pipeline(b);
}

static void run_stages(struct bench *b, const struct options *o)
{
	static double ns[STAGES][PASSES_MAX];

	prepare(b, o);
	open_sink(b);
	for (unsigned i = 0; i < o->passes; i++) {
		if (o->mix.tcp)
			mix_renumber(&b->mix);
		for (unsigned k = 0; k < STAGES; k++) {
			int64_t start = cpu_ns();
			stages[k].run(b);
			ns[k][i] = (double)(cpu_ns() - start) / (double)units_of(b, &stages[k]);
		}
	}
	printf("{\"name\":\"mix\",\"frames\":%zu,\"messages\":%zu,\"octets\":%zu,\"records\":%zu,"
	       "\"json_octets\":%zu,\"open\":%u,\"table_octets\":%zu,\"table_slots\":%u}\n",
		b->mix.count, b->messages, b->mix.used, b->n_kept, b->octets,
		b->pipeline.txn.table.open, txn_table_bytes(b->pipeline.txn.table.capacity),
		b->pipeline.txn.table.capacity);
	for (unsigned k = 0; k < STAGES; k++)
		show(stages[k].name, stages[k].unit, ns[k], o->passes, units_of(b, &stages[k]));
	fanout_free(&b->fanout);
	sinks_close(&b->sinks);
	sinks_free(&b->sinks);
	conf_free(&b->conf);
	fprintf(stderr, "checksum %llu\n", (unsigned long long)b->sink);
}

static struct worker {
	struct bench bench;
	const struct options *options;
	double ns[PASSES_MAX];
} * workers;
static pthread_barrier_t barrier;

static void *work(void *arg)
{
	struct worker *w = arg;
	prepare(&w->bench, w->options);
	for (unsigned i = 0; i < w->options->passes; i++) {
		pthread_barrier_wait(&barrier);
		int64_t start = cpu_ns();
		run_pipeline(&w->bench);
		w->ns[i] = (double)(cpu_ns() - start) / (double)w->bench.messages;
	}
	return NULL;
}

/* Runs all workers at a time; reports the figures of the first. */
static void run_threads(const struct options *o)
{
	pthread_t threads[THREADS_MAX];
	char name[32];

	workers = aligned_alloc(BITS_CACHE_LINE, o->threads * sizeof(*workers));
	if (!workers || pthread_barrier_init(&barrier, NULL, o->threads))
		exit(2);
	memset(workers, 0, o->threads * sizeof(*workers));
	for (unsigned i = 0; i < o->threads; i++) {
		workers[i].options = o;
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			exit(2);
	}
	for (unsigned i = 0; i < o->threads; i++)
		pthread_join(threads[i], NULL);
	snprintf(name, sizeof(name), "threads_%u", o->threads);
	show(name, "message", workers[0].ns, o->passes, workers[0].bench.messages);
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct options o = read_options(argc, argv);

	if (o.pcap) {
		mix_make(&b.mix, &o.mix);
		mix_write(&b.mix, o.pcap);
	} else if (o.threads > 1) {
		run_threads(&o);
	} else {
		run_stages(&b, &o);
	}
	return 0;
}

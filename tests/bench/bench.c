/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a message costs: the pipeline (frame to record) and the logger (record to JSON octets), each
 * beside a floor measured in the same run. EAL-free, one thread, one JSON object a line.
 *
 * bench [--passes N] [--open N] [--dnssec PERMILLE] [--transactions N] [--once]
 *   --once: one pass of each, for counting instructions
 * bench --pcap FILE [--transactions N]: writes the mix as a capture instead, for whole-process runs
 */
#include "bench/mix.h"
#include "pipeline/pipeline.h"
#include "schema/schema.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define PASSES_MAX 1001
#define ARENA ((size_t)64 << 20)

struct bench {
	struct mix mix;
	struct packet_conf packets;
	struct pipeline pipeline;
	struct metrics_worker metrics;
	struct metrics_dns dns;
	struct record_arena arena;
	struct record **kept; /* the records of the last pass */
	size_t n_kept;
	size_t kept_room;
	uint64_t sink;
	int64_t shift_ns;
};

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * (int64_t)1000000000 + t.tv_nsec;
}

static void *zeroed(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		fprintf(stderr, "bench: no memory\n");
		exit(2);
	}
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

/* A logger that only gives the room back. */
static void pass(void *to, void **records, unsigned n)
{
	struct bench *b = to;
	for (unsigned i = 0; i < n && b->n_kept < b->kept_room; i++)
		b->kept[b->n_kept++] = records[i];
	record_release(&b->arena, ((struct record *)records[n - 1])->end);
}

static void set_up(struct bench *b, uint32_t max_open)
{
	struct pipeline_conf conf = {.txn = {.max_open = max_open,
					     .timeout_ns = 5 * (int64_t)WHEN_NS_PER_S,
					     .reorder_ns = (int64_t)WHEN_NS_PER_S},
		.tcp = {.max_streams = 65536,
			.buffer_bytes = 32 << 20,
			.stream_bytes = 256 * 1024,
			.idle_ns = 60 * (int64_t)WHEN_NS_PER_S},
		.frag = {.max_datagrams = 1024, .timeout_ns = 30 * (int64_t)WHEN_NS_PER_S},
		.secret = hash_fixed(7),
		.workers = 1};

	packet_conf_init(&b->packets);
	packet_port_add(&b->packets, 53);
	record_arena_init(&b->arena, zeroed(ARENA), ARENA, &b->metrics.record);
	b->arena.pass = pass;
	b->arena.pass_to = b;
	pipeline_init(&b->pipeline, zeroed(pipeline_bytes(&conf)), &conf, &b->packets, &b->arena,
		&b->metrics);
	b->kept_room = b->mix.count;
	b->kept = calloc(b->kept_room, sizeof(*b->kept));
	if (!b->kept)
		exit(2);
}

/* Fills the table with queries that nobody answers, as a flood does. */
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

static __attribute__((noinline)) void run_pipeline(struct bench *b)
{
	b->n_kept = 0;
	for (size_t i = 0; i < b->mix.count; i += PIPELINE_BURST) {
		struct frame frames[PIPELINE_BURST];
		unsigned n = b->mix.count - i < PIPELINE_BURST ? (unsigned)(b->mix.count - i)
							       : PIPELINE_BURST;
		for (unsigned k = 0; k < n; k++) {
			frames[k] = b->mix.frames[i + k];
			__builtin_prefetch(frames[k].data);
			frames[k].ts_ns += b->shift_ns;
			frames[k].clock_ns += b->shift_ns;
		}
		pipeline_burst(&b->pipeline, frames, n);
	}
	b->shift_ns += 1000000; /* time goes on slowly: open queries stay open */
}

/* The floor of the pipeline: every octet of every frame is read once. */
static void run_read(struct bench *b)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < b->mix.count; i++) {
		const struct frame *f = &b->mix.frames[i];
		for (uint32_t k = 0; k + 8 <= f->len; k += 8) {
			uint64_t v;
			memcpy(&v, f->data + k, 8);
			sum += v;
		}
	}
	b->sink += sum;
}

static __attribute__((noinline)) size_t run_logger(
	struct bench *b, struct schema *schema, char *room, size_t size)
{
	size_t octets = 0;
	struct text out = text_of(room, size);
	for (size_t i = 0; i < b->n_kept; i++) {
		if (i + 1 < b->n_kept)
			for (int line = 0; line < 6; line++)
				__builtin_prefetch((char *)b->kept[i + 1] + 64 * line);
		schema_native(schema, &out, b->kept[i]);
		if (text_len(&out) > size / 2) {
			octets += text_len(&out);
			out = text_of(room, size);
		}
	}
	return octets + text_len(&out);
}

/* The floor of the logger: as many octets are copied as it writes. */
static void run_copy(struct bench *b, char *room, size_t size, size_t octets)
{
	for (size_t done = 0; done < octets; done += size / 4)
		memcpy(room + size / 2, room, size / 4);
	b->sink += (uint64_t)room[size / 2];
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
	unsigned passes, open, dnssec, transactions;
	const char *pcap, *read;
} read_options(int argc, char **argv)
{
	static const struct option longs[] = {{"passes", 1, NULL, 'p'}, {"open", 1, NULL, 'o'},
		{"dnssec", 1, NULL, 'd'}, {"transactions", 1, NULL, 't'}, {"once", 0, NULL, '1'},
		{"pcap", 1, NULL, 'w'}, {"read", 1, NULL, 'r'}, {0}};
	struct options o = {15, 0, mix_standard.dnssec, mix_standard.transactions, NULL, NULL};
	int c;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		unsigned v = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 1;
		switch (c) {
		case 'p': o.passes = v; break;
		case 'o': o.open = v; break;
		case 'd': o.dnssec = v; break;
		case 't': o.transactions = v; break;
		case '1': o.passes = 1; break;
		case 'w': o.pcap = optarg; break;
		case 'r': o.read = optarg; break;
		default: exit(2);
		}
	}
	if (o.passes < 1 || o.passes > PASSES_MAX || o.transactions < 1)
		exit(2);
	return o;
}

int main(int argc, char **argv)
{
	static struct bench b;
	static struct schema schema;
	static double ns[4][PASSES_MAX];
	struct options o = read_options(argc, argv);
	struct mix_options mix = mix_standard;
	size_t size = 1 << 20, octets = 0;
	char *room = zeroed(size);

	mix.transactions = o.transactions;
	mix.dnssec = o.dnssec;
	if (o.read)
		mix_read(&b.mix, o.read);
	else
		mix_make(&b.mix, &mix);
	if (o.pcap) {
		mix_write(&b.mix, o.pcap);
		return 0;
	}
	set_up(&b, (o.open > 100000 ? o.open : 100000) + 65536);
	schema_init(&schema, "bench", &b.dns);
	if (o.open)
		open_many(&b, o.open);
	run_pipeline(&b);
	for (unsigned i = 0; i < o.passes; i++) {
		int64_t t0 = now_ns();
		run_read(&b);
		int64_t t1 = now_ns();
		run_pipeline(&b);
		int64_t t2 = now_ns();
		octets = run_logger(&b, &schema, room, size);
		int64_t t3 = now_ns();
		run_copy(&b, room, size, octets);
		int64_t t4 = now_ns();
		ns[0][i] = (double)(t1 - t0) / (double)b.mix.count;
		ns[1][i] = (double)(t2 - t1) / (double)b.mix.count;
		ns[2][i] = (double)(t3 - t2) / (double)b.n_kept;
		ns[3][i] = (double)(t4 - t3) / (double)b.n_kept;
	}
	size_t messages = b.mix.count;
	printf("{\"name\":\"mix\",\"frames\":%zu,\"octets\":%zu,\"records\":%zu,\"json_octets\":%"
	       "zu,"
	       "\"open\":%u}\n",
		messages, b.mix.used, b.n_kept, octets, b.pipeline.txn.table.open);
	show("floor_read", "frame", ns[0], o.passes, messages);
	show("pipeline", "message", ns[1], o.passes, messages);
	show("logger", "record", ns[2], o.passes, b.n_kept);
	show("floor_copy", "record", ns[3], o.passes, b.n_kept);
	fprintf(stderr, "checksum %llu\n", (unsigned long long)b.sink);
	mix_free(&b.mix);
	free(b.kept);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes the inputs that cost most (worst.def), for tests/bench/count-worst, which counts the
 * instructions of run_worst() with callgrind. EAL-free; one JSON object a line for each call.
 *
 * worst [STAGE | STAGE/INPUT]...: each input with its number of octets, and with four times as
 * many; the logger's also with as many as a message can have worst --read FILE...: the frames of
 * capture files instead
 */
#include "bench/worst.h"

#include "bench/memory.h"
#include "bench/mix.h"
#include "sink/fanout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA ((size_t)64 << 20)
#define FRAMES ((size_t)64 << 20) /* octets of memory for frames */

static const struct worst_case {
	const char *stage, *input, *what;
	void (*make)(struct worst *w, size_t octets);
	size_t octets;
	double bound;
} cases[] = {
#define WORST(stage, input, octets, bound, what)                                                   \
	{#stage, #input, what, worst_##stage##_##input, octets, bound},
#include "bench/worst.def"
#undef WORST
};

/* One logger with one sink, whose thread is write_records() itself. */
struct logger {
	struct conf conf;
	struct sinks sinks;
	struct fanout fanout;
	struct metrics_dns dns;
};

static void fail(const char *what)
{
	fprintf(stderr, "worst: %s\n", what);
	exit(2);
}

struct writer worst_begin(struct worst *w)
{
	if (w->size - w->used < WORST_FRAME + BITS_CACHE_LINE || w->count == w->limit)
		fail("the frames take more memory than was reserved");
	return (struct writer){w->octets + w->used};
}

void worst_end(struct worst *w, const struct writer *at)
{
	uint8_t *start = w->octets + w->used;
	uint32_t len = (uint32_t)(at->at - start);

	w->now_ns += WHEN_NS_PER_US;
	w->frames[w->count++] = (struct frame){.data = start,
		.len = len,
		.wire_len = len,
		.ts_ns = w->now_ns,
		.clock_ns = w->now_ns,
		.link_type = FRAME_LINK_ETHERNET};
	w->used += BITS_WHOLE_LINES(len);
	w->wire_octets += len;
}

void worst_packet(struct worst *w, const struct wire *wire, const void *payload, size_t len)
{
	struct writer at = worst_begin(w);
	wire_packet(&at, wire, payload, (unsigned)len);
	worst_end(w, &at);
}

uint32_t worst_message(uint8_t *to, uint16_t id, uint16_t flags, unsigned labels)
{
	struct writer m = {to};

	u16(&m, id);
	u16(&m, flags);
	u16(&m, 1);
	u16(&m, 0);
	u32(&m, 0);
	for (unsigned i = 0; i < labels; i++) {
		u8(&m, 1);
		u8(&m, 'a' + i % 26);
	}
	u8(&m, 0);
	u16(&m, 1);
	u16(&m, 1);
	return (uint32_t)(m.at - to);
}

void worst_query(struct worst *w, const struct wire *wire, uint16_t id, unsigned labels, size_t len)
{
	static uint8_t message[WORST_FRAME];
	uint32_t n = worst_message(message, id, 0x0100, labels);
	worst_packet(w, wire, message, n < len ? len : n);
}

/* The logger of the worker: releases the records, or keeps them. */
static void log_records(void *to, void **records, unsigned n)
{
	struct worst *w = to;
	if (!w->sink) {
		record_release(&w->arena, ((struct record *)records[n - 1])->end);
		return;
	}
	if (w->record_limit - w->record_count < n)
		fail("more records than were reserved");
	memcpy(w->records + w->record_count, records, n * sizeof(*records));
	w->record_count += n;
}

static void start(struct worst *w)
{
	const int64_t s = (int64_t)WHEN_NS_PER_S;
	/* as lib/config/conf.def has it for a capture file, but tables that fill up soon */
	struct pipeline_conf conf = {.txn = {.max_open = 1024,
					     .timeout_ns = 5 * s,
					     .reorder_ns = s,
					     .early = {.wait_ns = 2 * s + 2 * WHEN_NS_PER_MS,
						     .later_ns = s,
						     .earlier_ns = 2 * WHEN_NS_PER_MS},
					     .checksum = TXN_CHECKSUM_PREFER,
					     .sum_transfers = true},
		.tcp = {.max_streams = 512,
			.buffer_bytes = 4 << 20,
			.stream_bytes = 256 * 1024,
			.idle_ns = 60 * s},
		.frag = {.max_datagrams = 64, .timeout_ns = 30 * s},
		.sight = {.max_flows = 512, .idle_ns = 300 * s},
		.secret = hash_fixed(7),
		.workers = 1};

	memset(w, 0, sizeof(*w));
	packet_conf_init(&w->packets);
	packet_port_add(&w->packets, 53);
	packet_port_add(&w->packets, 5353);
	packet_encrypted_ports(&w->packets, &(uint16_t){WORST_DOT}, 1);
	record_arena_init(&w->arena, memory_zeroed(ARENA), ARENA, &w->metrics.record);
	w->arena.pass = log_records;
	w->arena.pass_to = w;
	pipeline_init(&w->pipeline, memory_zeroed(pipeline_bytes(&conf)), &conf, &w->packets,
		&w->arena, &w->metrics);
	w->size = FRAMES;
	w->octets = memory_zeroed(w->size);
	w->limit = w->record_limit = 65536;
	w->frames = memory_zeroed(w->limit * sizeof(*w->frames));
	w->records = memory_zeroed(w->record_limit * sizeof(*w->records));
	w->now_ns = 1700000000 * s;
}

static void process_frames(struct worst *w)
{
	for (size_t i = 0; i < w->count; i += PIPELINE_BURST) {
		size_t left = w->count - i;
		unsigned n = left < PIPELINE_BURST ? (unsigned)left : PIPELINE_BURST;
		pipeline_burst(&w->pipeline, &w->frames[i], n);
	}
	pipeline_finish(&w->pipeline);
}

static void write_records(struct worst *w, struct logger *l)
{
	struct sink_queue *queue = &l->sinks.thread[0].queues[0];
	for (size_t i = 0; i < w->record_count; i++) {
		fanout_write(&l->fanout, w->records[i]);
		fanout_count_taken(&l->fanout, 1);
		sink_queue_enqueue(queue);
		for (struct sink_block *block; (block = sink_queue_dequeue(queue));) {
			w->out_octets += block->len;
			sink_queue_release(block);
		}
	}
}

static void open_logger(struct logger *l, const char *sink)
{
	const struct sinks_options options = {.sensor = "bench", .loggers = 1, .wake_fd = -1};
	struct conf_error err = {""};
	char *keys = NULL;

	memset(l, 0, sizeof(*l));
	if (asprintf(&keys, "sinks=type=file,path=/dev/null%s%s", *sink ? "," : "", sink) < 0 ||
		conf_init(&l->conf) < 0 || conf_set(&l->conf, keys, &err) < 0 ||
		sinks_open(&l->sinks, &l->conf, &options) < 0 ||
		fanout_init(&l->fanout, &l->sinks, 0, "bench", &l->conf, &l->dns) < 0) {
		fprintf(stderr, "%s\n", err.text);
		fail("no sink");
	}
	free(keys);
}

static void close_logger(struct logger *l)
{
	fanout_free(&l->fanout);
	sinks_close(&l->sinks);
	sinks_free(&l->sinks);
	conf_free(&l->conf);
}

/* What is measured; a function of its own, so that callgrind finds it. */
void run_worst(struct worst *w, struct logger *l);
__attribute__((noinline)) void run_worst(struct worst *w, struct logger *l)
{
	if (l)
		write_records(w, l);
	else
		process_frames(w);
}

static void measure(struct worst *w)
{
	struct logger logger;
	if (w->sink) {
		open_logger(&logger, w->sink);
		process_frames(w);
		run_worst(w, &logger);
		close_logger(&logger);
	} else {
		run_worst(w, NULL);
	}
	if (w->metrics.record.dropped_full)
		fail("records were dropped");
}

static void show(const char *name, double bound, const char *what, const struct worst *w)
{
	printf("{\"name\":\"%s\",\"bound\":%g,\"octets\":%llu,\"out\":%llu,\"packets\":%zu,"
	       "\"what\":\"%s\"}\n",
		name, bound, (unsigned long long)w->wire_octets, (unsigned long long)w->out_octets,
		w->count, what);
}

static struct worst worst;

static void run_size(const struct worst_case *c, const char *name, size_t octets)
{
	size_t mark = memory_mark();

	start(&worst);
	c->make(&worst, octets);
	measure(&worst);
	show(name, c->bound, c->what, &worst);
	memory_release(mark);
}

static void run_case(const struct worst_case *c)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/%s", c->stage, c->input);
	run_size(c, name, c->octets);
	run_size(c, name, 4 * c->octets);
	if (worst.sink)
		run_size(c, name, 65000);
}

static void run_file(const char *path)
{
	struct mix mix;
	size_t mark = memory_mark();

	mix_read(&mix, path);
	start(&worst);
	worst.frames = mix.frames;
	worst.count = mix.count;
	for (size_t i = 0; i < mix.count; i++)
		worst.wire_octets += mix.frames[i].len;
	measure(&worst);
	show(path, 0, "", &worst);
	mix_free(&mix);
	memory_release(mark);
}

static bool is_chosen(const struct worst_case *c, int argc, char **argv)
{
	size_t n = strlen(c->stage);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], c->stage, n) == 0 &&
			(!argv[i][n] || strcmp(argv[i] + n + 1, c->input) == 0))
			return true;
	return argc == 1;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--read") == 0) {
		for (int i = 2; i < argc; i++)
			run_file(argv[i]);
		return 0;
	}
	for (size_t i = 0; i < BITS_COUNT(cases); i++)
		if (is_chosen(&cases[i], argc, argv))
			run_case(&cases[i]);
	return 0;
}

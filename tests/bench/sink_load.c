/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sink_load [-l] [-r RATE] [-n FIRST] CONF.json COUNT: writes COUNT documents to the sinks of a
 * configuration, as a logger does, without capture and decoding. They have the form of `native` and
 * a serial number in the qname (n000000000042.example), from FIRST on. -l: live, drops documents
 * while a queue is full; otherwise waits. -r: so many a second; otherwise as many as the sinks
 * take. Prints the counters of each sink and the time as JSON. For tests of faults and for
 * measurements.
 */
#include "base/log.h"
#include "sink/clock.h"
#include "sink/sinks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SERIAL 12 /* digits */
#define TS_NS INT64_C(1700000000000000000)

#define HEAD                                                                                       \
	"{\"ts\":\"2023-11-14T22:13:20.000000000Z\",\"sensor\":\"load\",\"status\":\"answered\","  \
	"\"proto\":\"udp\",\"client\":\"192.0.2.53\",\"client_port\":36303,\"server\":"            \
	"\"2001:db8:2::20\",\"server_port\":53,\"id\":4797,\"opcode\":\"QUERY\",\"qname\":\"n"
#define NAME ".example\",\"qtype\":\"A\",\"qclass\":\"IN\",\"rcode\":\"NOERROR\",\"flags\":["
#define TAIL "\"latency_us\":1049.25,\"query_bytes\":48,\"reply_bytes\":85,"
#define RR(data) "{\"name\":\"www.example\",\"type\":\"A\",\"ttl\":300,\"data\":\"" data "\"}"

/* An answer, a referral, an error: about 480 octets on average, as in the mix of bench.c. */
static const char *const shapes[] = {NAME
	"\"RD\",\"RA\"],\"query_flags\":[\"RD\"]," TAIL "\"answers\":[" RR(
		"192.0.2.7") "],"
			     "\"edns\":{\"udp\":1232},\"query_edns\":{\"udp\":1232,\"do\":true}}\n",
	NAME "\"RD\",\"RA\"],\"query_flags\":[\"RD\",\"CD\"]," TAIL
	     "\"answers\":[" RR("192.0.2.7") "," RR("192.0.2.8") "," RR(
		     "192.0.2.9") "],\"query_edns\":{\"udp\":1232}}\n",
	NAME "\"AA\",\"RD\"],\"query_flags\":[\"RD\"]," TAIL "\"query_edns\":{\"udp\":4096,"
	     "\"ecs\":\"203.0.113.0/24/0\"}}\n"};

struct load {
	struct sinks sinks;
	bool live;
	uint64_t dropped;
};

/* Enqueues the document with a serial number for one sink. */
static void enqueue(struct load *l, struct sink_thread *t, uint64_t serial)
{
	struct sink_queue *queue = &t->queues[0];
	const char *shape = shapes[serial % BITS_COUNT(shapes)];
	size_t len = strlen(shape);
	while (!queue->at && !sink_queue_alloc(queue)) {
		if (l->live || __atomic_load_n(&queue->failed, __ATOMIC_RELAXED)) {
			metrics_add(&queue->metrics.dropped_queue, 1);
			return;
		}
		nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
	}
	struct sink_block *b = queue->at;
	struct text out = {.start = b->data, .at = b->data + b->len, .end = b->data + b->size};
	uint16_t key_len = 0;
	if (t->sink.conf->key != CONF_KEY_NONE) {
		text_lit(&out, "client");
		text_u64(&out, serial % 1000);
		key_len = (uint16_t)(out.at - b->data - b->len);
	}
	text_lit(&out, HEAD);
	text_padded(&out, serial, SERIAL);
	text_put(&out, shape, len);
	b->len = (size_t)(out.at - b->data);
	b->docs[b->n_docs++] = (struct sink_doc){.ts_ns = TS_NS + (int64_t)serial,
		.end = (uint32_t)b->len,
		.key_len = key_len,
		.last = 1};
	b->records++;
	if (b->size - b->len < 2048 || b->n_docs == b->max_docs ||
		(serial % 16 == 0 && sink_queue_is_starved(queue)))
		sink_queue_enqueue(queue);
}

/* Sleeps until the n-th document is due. */
static void pace(uint64_t n, uint64_t rate, int64_t start_ns)
{
	int64_t due = start_ns + (int64_t)((double)n * 1e9 / (double)rate);
	int64_t ahead = due - sink_clock_ns();
	if (ahead > 0)
		nanosleep(&(struct timespec){ahead / 1000000000, ahead % 1000000000}, NULL);
}

static void report(const struct load *l, double seconds, bool good, uint64_t count)
{
	printf("{\"good\":%s,\"seconds\":%.3f,\"rate\":%.0f,\"sinks\":[", good ? "true" : "false",
		seconds, (double)count / seconds);
	for (unsigned i = 0; i < l->sinks.count; i++) {
		struct metrics_sink sum = {0};
		sinks_sum(&l->sinks, i, &sum);
		printf("%s{", i ? "," : "");
#define METRIC(name, help) printf("\"" #name "\":%" PRIu64 ",", sum.name);
#include "metrics/sink.def"
#undef METRIC
		printf("\"name\":\"%s\"}", l->sinks.thread[i].sink.name);
	}
	puts("]}");
}

static int run(struct load *l, uint64_t first, uint64_t count, uint64_t rate)
{
	cpu_set_t cpus;
	sched_getaffinity(0, sizeof(cpus), &cpus);
	if (sinks_start(&l->sinks, &cpus) < 0)
		return 1;
	int64_t start = sink_clock_ns();
	for (uint64_t n = 0; n < count; n++) {
		for (unsigned i = 0; i < l->sinks.count; i++) {
			metrics_add(&l->sinks.thread[i].queues[0].metrics.taken, 1);
			enqueue(l, &l->sinks.thread[i], first + n);
		}
		if (rate && n % 64 == 0)
			pace(n, rate, start);
	}
	for (unsigned i = 0; i < l->sinks.count; i++)
		sink_queue_close(&l->sinks.thread[i].queues[0]);
	while (!sinks_have_ended(&l->sinks))
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	double seconds = (double)(sink_clock_ns() - start) / 1e9;
	bool good = sinks_close(&l->sinks);
	report(l, seconds, good, count);
	sinks_free(&l->sinks);
	return !good;
}

int main(int argc, char **argv)
{
	static struct load l;
	struct conf conf;
	struct conf_error err;
	uint64_t rate = 0, first = 0;
	int c;
	while ((c = getopt(argc, argv, "lr:n:")) != -1) {
		if (c == 'l')
			l.live = true;
		else if (c == 'r')
			rate = strtoull(optarg, NULL, 10);
		else if (c == 'n')
			first = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind != 2 || conf_init(&conf) < 0)
		return 2;
	const struct sinks_options options = {
		.sensor = "load", .loggers = 1, .live = l.live, .wake_fd = -1};
	int code = 2;
	if (conf_load_file(&conf, argv[optind], &err) < 0 || sinks_check(&conf, &err) < 0)
		log_error("%s", err.text);
	else if (sinks_open(&l.sinks, &conf, &options) < 0)
		code = 1;
	else
		code = run(&l, first, strtoull(argv[optind + 1], NULL, 10), rate);
	conf_free(&conf);
	return code;
}

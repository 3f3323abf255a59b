/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole framework: fan-out, queues, thread, spool, with a receiver of the test. */
#include "sink/rig.h"

#include <stdatomic.h>

void test_sink_thread(void);

/* What the receiver does, and what it received. */
static struct receiver {
	_Atomic int state; /* enum receiver_state */
	_Atomic unsigned calls;
	uint32_t step; /* documents that one call takes at most; 0: all */
	uint32_t slow; /* every so many calls it is not ready; 0: never */
	uint32_t reject; /* every so many documents it rejects one; 0: none */
	_Atomic long got; /* documents */
	long last; /* number of the newest */
	unsigned wrong; /* documents out of order or duplicated */
	uint64_t seq;
	unsigned ahead; /* blocks that it saw ahead of their delivery */
} receiver;

#define BLOCKS 60u /* of 8 records or a few more */

enum receiver_state { TAKES, AWAY, FAILS };

static int receive(struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	unsigned calls = ++receiver.calls;
	uint32_t n = 0;
	(void)deadline_ms;
	if (receiver.state == AWAY)
		return sink_set_error(s, 0, "away");
	if (receiver.state == FAILS)
		return sink_set_error(s, -EPIPE, "failed");
	if (receiver.slow && calls % receiver.slow == 0) {
		receiver.ahead += sink_peek_ahead(s, 1) != NULL;
		return 0;
	}
	if (b->seq < receiver.seq)
		receiver.wrong++;
	receiver.seq = b->seq;
	for (; from + n < b->n_docs && (receiver.step == 0 || n < receiver.step); n++) {
		size_t len;
		char json[2000];
		const char *p = sink_doc_json(b, from + n, &len);
		snprintf(json, sizeof(json), "%.*s", (int)len, p);
		long number = rig_number(json);
		receiver.wrong += number <= receiver.last;
		receiver.last = number;
		receiver.got++;
		if (receiver.reject && receiver.got % receiver.reject == 0)
			sink_reject(s, b, from + n);
	}
	return (int)n;
}

static int nothing(struct sink *s)
{
	(void)s;
	return 0;
}

static const struct sink_ops fake = {
	.name = "fake", .block_bytes = 4096, .open = nothing, .deliver = receive, .close = nothing};

static struct sinks sinks;
static struct fanout fanout;
static struct metrics_dns metrics;

/* Starts a sink of type stdout with the ops of the receiver. Keys as in --sink. */
static void start(const char *keys, bool live)
{
	const struct sinks_options options = {
		.sensor = "rig", .loggers = 1, .live = live, .wake_fd = -1};
	char line[400];
	receiver = (struct receiver){.last = -1, .state = receiver.state};
	snprintf(line, sizeof(line), "type=stdout%s", keys);
	rig_sink(&rig, line, false);
	CU_ASSERT_EQUAL_FATAL(sinks_open(&sinks, &rig.conf, &options), 0);
	struct sink_thread *t = &sinks.thread[0];
	t->sink.ops->close(&t->sink);
	t->sink.ops = &fake;
	/* A few small blocks: every event happens often. */
	sink_queue_free(&t->queues[0]);
	CU_ASSERT_EQUAL_FATAL(sink_queue_init(&t->queues[0], BLOCKS * 5120, 4096, &t->ready), 0);
	CU_ASSERT_EQUAL_FATAL(t->queues[0].count, BLOCKS);
	free(t->pending);
	t->pending_size = BLOCKS + 1;
	t->pending = calloc(t->pending_size, sizeof(struct sink_block *));
	CU_ASSERT_EQUAL_FATAL(fanout_init(&fanout, &sinks, 0, "rig", &rig.conf, &metrics), 0);
	CU_ASSERT_EQUAL_FATAL(sinks_start(&sinks, NULL), 0);
}

static void feed(unsigned from, unsigned to)
{
	for (; from < to; from++) {
		fanout_write(&fanout, rig_numbered(from));
		fanout_count_taken(&fanout, 1);
		if (from % 97 == 0)
			fanout_flush_idle(&fanout);
	}
}

/* Feeds no faster than a live sink can take without drops. */
static void feed_slowly(unsigned from, unsigned to)
{
	const struct sink_queue *queue = &sinks.thread[0].queues[0];
	for (; from < to; from++) {
		while (!__atomic_load_n(&queue->free, __ATOMIC_ACQUIRE) &&
			queue->high_water == queue->count)
			usleep(100);
		feed(from, from + 1);
	}
}

static struct metrics_sink sum(void)
{
	struct metrics_sink m = {0};
	sinks_sum(&sinks, 0, &m);
	return m;
}

/* Closes everything. Returns the counters, which must balance. */
static struct metrics_sink end(bool good)
{
	fanout_close(&fanout);
	CU_ASSERT_EQUAL(sinks_close(&sinks), good);
	CU_ASSERT_TRUE(sinks_have_ended(&sinks));
	struct metrics_sink m = sum();
	CU_ASSERT_EQUAL(
		m.taken + m.spool_found, m.filtered + m.written + sinks_dropped(&m) + m.spool_left);
	CU_ASSERT_EQUAL(receiver.wrong, 0);
	CU_ASSERT_EQUAL((uint64_t)receiver.got, m.written + m.dropped_refused);
	fanout_free(&fanout);
	sinks_free(&sinks);
	return m;
}

static void wait_calls(unsigned n)
{
	while (receiver.calls < n)
		usleep(1000);
}

static void wait_got(long n)
{
	while (receiver.got < n)
		usleep(1000);
}

static void plain(void)
{
	for (int live = 0; live < 2; live++) {
		receiver.state = TAKES;
		start("", live);
		if (live)
			feed_slowly(0, 20000);
		else
			feed(0, 20000);
		struct metrics_sink m = end(true);
		CU_ASSERT_EQUAL(m.written, 20000);
	}
}

/* A receiver that takes little at a time, is often not ready, reads ahead, rejects some. */
static void slowly(void)
{
	receiver.state = TAKES;
	start("", false);
	receiver.step = 3;
	receiver.slow = 5;
	receiver.reject = 10;
	feed(0, 3000);
	struct metrics_sink m = end(true);
	CU_ASSERT_EQUAL(m.dropped_refused, 300);
	CU_ASSERT_EQUAL(m.written, 2700);
	CU_ASSERT(receiver.ahead > 0);
	CU_ASSERT_EQUAL(m.outages, 0);
}

/* Live, away, no spool: the newest records are dropped and counted; memory is bounded. */
static void drops_newest(void)
{
	receiver.state = AWAY;
	start("", true);
	feed(0, 3000);
	wait_calls(1);
	CU_ASSERT_EQUAL(receiver.got, 0);
	CU_ASSERT(sum().dropped_queue > 2000);
	uint64_t kept = 3000 - sum().dropped_queue;
	receiver.state = TAKES;
	wait_got((long)kept - 30);
	feed(3000, 3010);
	struct metrics_sink m = end(true);
	CU_ASSERT_EQUAL(m.outages, 1);
	CU_ASSERT_EQUAL(m.written, kept + 10);
	CU_ASSERT_EQUAL(receiver.last, 3009);
}

/* Live, away, with a spool: everything is delivered once, in order. */
static void spools(void)
{
	receiver.state = AWAY;
	start(",name=sp,spool_dir=%D", true);
	feed_slowly(0, 20000);
	CU_ASSERT(sum().spooled > 15000);
	receiver.state = TAKES;
	wait_got(3000);
	feed_slowly(20000, 30000);
	struct metrics_sink m = end(true);
	CU_ASSERT_EQUAL(m.written, 30000);
	CU_ASSERT(m.spool_left == 0 && m.dropped_queue == 0);
}

/* The spool is full too. */
static void full_spool(void)
{
	receiver.state = AWAY;
	start(",name=fs,spool_dir=%D,spool_bytes=1048576", true);
	unsigned n = 0;
	while (sum().dropped_spool == 0) {
		feed(n, n + 10);
		n += 10;
		usleep(50);
	}
	uint64_t before = sum().dropped_queue;
	feed(n, n + 100);
	CU_ASSERT_EQUAL(sum().dropped_queue, before);
	CU_ASSERT(sum().spooled > 1000);
	receiver.state = TAKES;
	struct metrics_sink m = end(true);
	CU_ASSERT(m.spool_left == 0 && m.written > 1000);
}

/* The run ends while the receiver is away: the next run delivers the spool. */
static void restart(void)
{
	receiver.state = AWAY;
	start(",name=re,spool_dir=%D,drain_ms=1", true);
	feed(0, 100);
	struct metrics_sink first = end(true);
	CU_ASSERT_EQUAL(first.spool_left + first.dropped_queue, 100);
	CU_ASSERT(first.spool_left > 50 && first.written == 0);
	start(",name=re,spool_dir=%D,drain_ms=1", true);
	feed(100, 110);
	struct metrics_sink second = end(true);
	CU_ASSERT_EQUAL(second.spool_found, first.spool_left);
	CU_ASSERT_EQUAL(second.spool_left, first.spool_left + 10);
	receiver.state = TAKES;
	start(",name=re,spool_dir=%D", true);
	wait_got((long)second.spool_left);
	feed(110, 120);
	struct metrics_sink third = end(true);
	CU_ASSERT_EQUAL(third.written, second.spool_left + 10);
	CU_ASSERT_EQUAL(third.spool_left, 0);
}

/* The run ends while the receiver is away, without a spool: records are counted, the run fails. */
static void dropped_at_end(void)
{
	for (int live = 0; live < 2; live++) {
		receiver.state = AWAY;
		start(",drain_ms=1", live);
		feed(0, 20);
		struct metrics_sink m = end(false);
		CU_ASSERT_EQUAL(m.dropped_end, 20);
	}
}

/* Back-pressure: reading files, the logger waits for the receiver. */
static void waits(void)
{
	receiver.state = AWAY;
	start("", false);
	feed(0, 50);
	wait_calls(2);
	receiver.state = TAKES;
	feed(50, 5000);
	struct metrics_sink m = end(true);
	CU_ASSERT_EQUAL(m.written, 5000);
	CU_ASSERT(m.outages == 1 && m.dropped_queue == 0);
}

/* The run is stopped while the receiver is away. */
static void stopped(void)
{
	receiver.state = AWAY;
	start(",drain_ms=1", false);
	feed(0, 20);
	sinks_begin_drain(&sinks);
	feed(20, 3000); /* must not wait for ever */
	struct metrics_sink m = end(false);
	CU_ASSERT_EQUAL(m.dropped_end, 3000);
}

static void fails(void)
{
	for (int live = 0; live < 2; live++) {
		receiver.state = TAKES;
		start("", live);
		feed(0, 10);
		fanout_flush_idle(&fanout);
		receiver.state = FAILS;
		feed(10, 3000);
		while (!sinks_have_failed(&sinks))
			usleep(1000);
		feed(3000, 6000);
		struct metrics_sink m = end(false);
		CU_ASSERT(m.dropped_sink + m.dropped_queue + m.written == 6000);
		CU_ASSERT(m.dropped_sink > 3000);
	}
}

/* Four sinks of two formats with different filters: each record is formatted once for each format,
 * and every sink gets the records that match its filter. */
static void formats(void)
{
	const struct sinks_options options = {.sensor = "rig", .loggers = 1, .wake_fd = -1};
	rig_sink(&rig, "type=file,name=a,path=%D/a", false);
	rig_sink(&rig, "type=file,name=b,path=%D/b,filter.domains=n7.example", true);
	rig_sink(&rig, "type=file,name=c,path=%D/c,fields.exclude=id", true);
	rig_sink(&rig, "type=file,name=d,path=%D/d,filter.rcodes=SERVFAIL", true);
	CU_ASSERT_EQUAL_FATAL(sinks_open(&sinks, &rig.conf, &options), 0);
	CU_ASSERT_EQUAL_FATAL(fanout_init(&fanout, &sinks, 0, "rig", &rig.conf, &metrics), 0);
	CU_ASSERT_EQUAL(fanout.count, 2);
	CU_ASSERT_EQUAL(fanout.formats[0].count, 3);
	CU_ASSERT_EQUAL_FATAL(sinks_start(&sinks, NULL), 0);
	feed(0, 10000);
	fanout_close(&fanout);
	CU_ASSERT_TRUE(sinks_close(&sinks));
	static const uint64_t want[] = {10000, 1, 10000, 0};
	for (unsigned i = 0; i < 4; i++) {
		struct metrics_sink m = {0};
		sinks_sum(&sinks, i, &m);
		CU_ASSERT(m.taken == 10000 && m.written == want[i]);
		CU_ASSERT_EQUAL(m.filtered, 10000 - want[i]);
	}
	fanout_free(&fanout);
	sinks_free(&sinks);
	char command[300];
	snprintf(command, sizeof(command),
		"sed 's/\"id\":[0-9]*,//' %s/a | cmp - %s/c && grep n7.example %s/a | cmp - %s/b "
		"&& test ! -s %s/d",
		rig.dir, rig.dir, rig.dir, rig.dir, rig.dir);
	CU_ASSERT_EQUAL(system(command), 0);
}

void test_sink_thread(void)
{
	CU_pSuite s = CU_add_suite("sink/thread", rig_set_up, rig_tear_down);
	CU_add_test(s, "everything is delivered", plain);
	CU_add_test(s, "a slow receiver", slowly);
	CU_add_test(s, "away: the newest is dropped", drops_newest);
	CU_add_test(s, "away: the spool", spools);
	CU_add_test(s, "away: the spool is full", full_spool);
	CU_add_test(s, "away at the end, and a restart", restart);
	CU_add_test(s, "away at the end, no spool", dropped_at_end);
	CU_add_test(s, "back-pressure", waits);
	CU_add_test(s, "stopped", stopped);
	CU_add_test(s, "a receiver that fails", fails);
	CU_add_test(s, "formats and filters", formats);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The framework as a whole: records, fanout, queues, thread, spool, and a receiver made for the
 * test.
 */
#include "sink/rig.h"

#include <stdatomic.h>

void test_sink_thread(void);

/* What the receiver does, and what it got. */
static struct receiver {
	_Atomic int mood; /* enum mood */
	_Atomic unsigned calls;
	uint32_t step; /* documents that one call takes at most; 0: all */
	uint32_t slow; /* every so many calls it is not ready yet; 0: never */
	uint32_t reject; /* every so many documents it refuses one; 0: none */
	_Atomic long got; /* documents */
	long last; /* number of the newest */
	unsigned wrong; /* documents out of order, or twice */
	uint64_t seq;
	unsigned ahead; /* blocks that it looked at before their turn */
} receiver;

#define BLOCKS 60u /* each holds 8 records or a few more */

enum mood { TAKES, AWAY, FAILS };

static int take(struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	unsigned calls = ++receiver.calls;
	uint32_t n = 0;
	(void)deadline_ms;
	if (receiver.mood == AWAY)
		return sink_why(s, 0, "nobody is there");
	if (receiver.mood == FAILS)
		return sink_why(s, -EPIPE, "it broke");
	if (receiver.slow && calls % receiver.slow == 0) {
		receiver.ahead += sink_ahead(s, 1) != NULL;
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
	.name = "fake", .block_bytes = 4096, .open = nothing, .deliver = take, .close = nothing};

static struct rig rig;
static struct sinks sinks;
static struct fanout fanout;
static struct metrics_dns metrics;

static int set_up(void)
{
	rig_begin(&rig);
	return 0;
}

static int tear_down(void)
{
	rig_end(&rig);
	return 0;
}

/* Starts a sink of type stdout whose ops are the receiver's. Keys as in --sink. */
static void start(const char *keys, bool live)
{
	const struct sinks_options options = {
		.sensor = "rig", .loggers = 1, .live = live, .wake_fd = -1};
	char line[400];
	receiver = (struct receiver){.last = -1, .mood = receiver.mood};
	snprintf(line, sizeof(line), "type=stdout%s", keys);
	rig_sink(&rig, line, false);
	CU_ASSERT_EQUAL_FATAL(sinks_open(&sinks, &rig.conf, &options), 0);
	struct sink_thread *t = &sinks.thread[0];
	t->sink.ops->close(&t->sink);
	t->sink.ops = &fake;
	/* Small blocks and few: everything happens often. */
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

/* The same, but never so fast that a live sink drops. */
static void feed_gently(unsigned from, unsigned to)
{
	const struct sink_queue *queue = &sinks.thread[0].queues[0];
	for (; from < to; from++) {
		while (!__atomic_load_n(&queue->free, __ATOMIC_ACQUIRE) &&
			queue->fresh == queue->count)
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

/* Ends all; the counters, whose books must balance. */
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

static void until_calls(unsigned n)
{
	while (receiver.calls < n)
		usleep(1000);
}

static void until_got(long n)
{
	while (receiver.got < n)
		usleep(1000);
}

static void plain(void)
{
	for (int live = 0; live < 2; live++) {
		receiver.mood = TAKES;
		start("", live);
		if (live)
			feed_gently(0, 20000);
		else
			feed(0, 20000);
		struct metrics_sink m = end(true);
		CU_ASSERT_EQUAL(m.written, 20000);
	}
}

/* Takes little at a time, is often not ready, looks ahead, refuses some. */
static void slowly(void)
{
	receiver.mood = TAKES;
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

/* Live, away, no spool: what is dropped is the newest, and counted; memory is bounded. */
static void drops_newest(void)
{
	receiver.mood = AWAY;
	start("", true);
	feed(0, 3000);
	until_calls(1);
	CU_ASSERT_EQUAL(receiver.got, 0);
	CU_ASSERT(sum().dropped_queue > 2000);
	uint64_t kept = 3000 - sum().dropped_queue;
	receiver.mood = TAKES;
	until_got((long)kept - 30);
	feed(3000, 3010);
	struct metrics_sink m = end(true);
	CU_ASSERT_EQUAL(m.outages, 1);
	CU_ASSERT_EQUAL(m.written, kept + 10);
	CU_ASSERT_EQUAL(receiver.last, 3009);
}

/* Live, away, a spool: everything arrives, once, in order. */
static void spools(void)
{
	receiver.mood = AWAY;
	start(",name=sp,spool_dir=%D", true);
	feed_gently(0, 20000);
	CU_ASSERT(sum().spooled > 15000);
	receiver.mood = TAKES;
	until_got(3000);
	feed_gently(20000, 30000);
	struct metrics_sink m = end(true);
	CU_ASSERT_EQUAL(m.written, 30000);
	CU_ASSERT(m.spool_left == 0 && m.dropped_queue == 0);
}

/* The spool is full, too. */
static void full_spool(void)
{
	receiver.mood = AWAY;
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
	receiver.mood = TAKES;
	struct metrics_sink m = end(true);
	CU_ASSERT(m.spool_left == 0 && m.written > 1000);
}

/* The end comes while it is away: the next run delivers what the spool has kept. */
static void restart(void)
{
	receiver.mood = AWAY;
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
	receiver.mood = TAKES;
	start(",name=re,spool_dir=%D", true);
	until_got((long)second.spool_left);
	feed(110, 120);
	struct metrics_sink third = end(true);
	CU_ASSERT_EQUAL(third.written, second.spool_left + 10);
	CU_ASSERT_EQUAL(third.spool_left, 0);
}

/* The end comes while it is away, and there is no spool: counted, and no success. */
static void lost_at_end(void)
{
	for (int live = 0; live < 2; live++) {
		receiver.mood = AWAY;
		start(",drain_ms=1", live);
		feed(0, 20);
		struct metrics_sink m = end(false);
		CU_ASSERT_EQUAL(m.dropped_end, 20);
	}
}

/* Reading files the logger waits for the receiver. */
static void waits(void)
{
	receiver.mood = AWAY;
	start("", false);
	feed(0, 50);
	until_calls(2);
	receiver.mood = TAKES;
	feed(50, 5000);
	struct metrics_sink m = end(true);
	CU_ASSERT_EQUAL(m.written, 5000);
	CU_ASSERT(m.outages == 1 && m.dropped_queue == 0);
}

/* Somebody stops the run while the receiver is away. */
static void hurries(void)
{
	receiver.mood = AWAY;
	start(",drain_ms=1", false);
	feed(0, 20);
	sinks_hurry(&sinks);
	feed(20, 3000); /* does not wait for ever */
	struct metrics_sink m = end(false);
	CU_ASSERT_EQUAL(m.dropped_end, 3000);
}

static void fails(void)
{
	for (int live = 0; live < 2; live++) {
		receiver.mood = TAKES;
		start("", live);
		feed(0, 10);
		fanout_flush_idle(&fanout);
		receiver.mood = FAILS;
		feed(10, 3000);
		while (!sinks_have_failed(&sinks))
			usleep(1000);
		feed(3000, 6000);
		struct metrics_sink m = end(false);
		CU_ASSERT(m.dropped_sink + m.dropped_queue + m.written == 6000);
		CU_ASSERT(m.dropped_sink > 3000);
	}
}

/* Four sinks, of two formats, each with its filter: each record is written once per format, and
 * every sink gets what it asks for. */
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
	CU_pSuite s = CU_add_suite("sink/thread", set_up, tear_down);
	CU_add_test(s, "all is well", plain);
	CU_add_test(s, "a slow receiver", slowly);
	CU_add_test(s, "away: the newest is dropped", drops_newest);
	CU_add_test(s, "away: the spool", spools);
	CU_add_test(s, "away: the spool is full", full_spool);
	CU_add_test(s, "away at the end, and a new start", restart);
	CU_add_test(s, "away at the end, no spool", lost_at_end);
	CU_add_test(s, "reading files waits", waits);
	CU_add_test(s, "a hurry", hurries);
	CU_add_test(s, "a receiver that fails", fails);
	CU_add_test(s, "formats and filters", formats);
}

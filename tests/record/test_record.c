/* SPDX-License-Identifier: BSD-3-Clause */
#include "record/record.h"

#include <CUnit/CUnit.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

void test_record_record(void);

#define HELD 8192 /* more than the arena of these tests can hold */

/* A logger that keeps its records until the test releases them. */
struct logger {
	struct record_arena arena;
	struct metrics_record metrics;
	uint8_t *buffer;
	void *held[HELD];
	unsigned first, count; /* of `held` */
	unsigned batches;
};

static struct logger *l;

static void pass(void *to, void **records, unsigned n)
{
	struct logger *logger = to;
	CU_ASSERT_FATAL(n >= 1 && n <= RECORD_BATCH);
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_FATAL(logger->count < HELD);
		logger->held[logger->count++] = records[i];
	}
	logger->batches++;
}

static void begin(uint64_t size)
{
	l = aligned_alloc(64, (sizeof(*l) + 63) & ~(size_t)63);
	memset(l, 0, sizeof(*l));
	l->buffer = aligned_alloc(64, (size + 63) & ~(uint64_t)63);
	memset(l->buffer, 0xcc, size);
	record_arena_init(&l->arena, l->buffer, size, &l->metrics);
	l->arena.pass = pass;
	l->arena.pass_to = l;
}

static void end(void)
{
	free(l->buffer);
	free(l);
}

/* Returns octet i of record n. */
static uint8_t octet(unsigned n, uint32_t i)
{
	return (uint8_t)(n * 7 + i * 13 + (i >> 8));
}

static bool make(unsigned n, uint32_t q, uint32_t r)
{
	struct record *rec = record_begin(&l->arena, q, r);
	if (!rec)
		return false;
	uint8_t *p = (uint8_t *)rec;
	CU_ASSERT_FATAL(p >= l->buffer && rec->data + q + r <= l->buffer + l->arena.size);
	CU_ASSERT(rec->query_len == q && rec->reply_len == r);
	for (uint32_t i = 0; i < q + r; i++)
		rec->data[i] = octet(n, i);
	rec->retries = n;
	record_commit(&l->arena, rec);
	return true;
}

static void check(const struct record *rec, unsigned n)
{
	bool same = true;
	CU_ASSERT_EQUAL_FATAL(rec->retries, n);
	for (uint32_t i = 0; i < rec->query_len + rec->reply_len; i++)
		same = same && rec->data[i] == octet(n, i);
	CU_ASSERT_TRUE_FATAL(same);
}

/* MAC addresses follow the messages, of any length, and only in an arena that wants them. */
static void macs(void)
{
	static const uint8_t client[] = {2, 0, 0, 0, 0, 1}, server[] = {2, 0, 0, 0, 0, 2};
	struct mac_pair both = {.known = 0};
	mac_set(&both, ADDR_CLIENT, client);
	begin(RECORD_ARENA_MIN);
	CU_ASSERT_TRUE_FATAL(make(0, 60, 70));
	record_arena_want_macs(&l->arena);
	for (unsigned n = 1; n < 3 * RECORD_MIN; n++) {
		CU_ASSERT_TRUE_FATAL(make(n, n, n / 2));
		struct record *r = record_begin(&l->arena, n, 3);
		mac_set(&both, ADDR_SERVER, server);
		record_set_macs(r, &both);
		CU_ASSERT(
			(uint8_t *)r + (r->end - l->arena.begun) >= r->data + n + 3 + sizeof(both));
		struct mac_pair back = record_macs(r);
		CU_ASSERT_EQUAL(memcmp(&back, &both, sizeof(back)), 0);
		CU_ASSERT_EQUAL(mac_reverse(&back).octets[ADDR_CLIENT][5], 2);
	}
	record_flush(&l->arena);
	CU_ASSERT_EQUAL(record_macs(l->held[0]).known, 0);
	end();
}

/* Checks and releases the k oldest records, of which n is the first. */
static void release(unsigned k, unsigned n)
{
	const struct record *last = NULL;
	while (k--) {
		CU_ASSERT_FATAL(l->first < l->count);
		last = l->held[l->first++];
		check(last, n++);
	}
	if (last)
		record_release(&l->arena, last->end);
	if (l->first == l->count)
		l->first = l->count = 0;
}

static void fields(void)
{
	begin(RECORD_ARENA_MIN);
	struct record *r = record_begin(&l->arena, 5, 7);
	struct record head;
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	CU_ASSERT_EQUAL((uintptr_t)r % RECORD_MIN, (uintptr_t)l->buffer % RECORD_MIN);
	CU_ASSERT(r->query_len == 5 && r->reply_len == 7);
	CU_ASSERT_PTR_EQUAL(record_reply(r), record_query(r) + 5);
	memcpy(&head, r, offsetof(struct record, data));
	head.end = 0;
	head.query_len = head.reply_len = 0;
	const uint8_t *octets = (const uint8_t *)&head;
	for (size_t i = 0; i < offsetof(struct record, data); i++)
		CU_ASSERT_EQUAL(octets[i], 0);
	/* not committed: the next one has the same place */
	CU_ASSERT_PTR_EQUAL(record_begin(&l->arena, 1, 1), r);
	record_commit(&l->arena, r);
	CU_ASSERT_EQUAL(l->count, 0);
	record_flush(&l->arena);
	CU_ASSERT(l->count == 1 && l->held[0] == r);
	record_flush(&l->arena);
	CU_ASSERT_EQUAL(l->batches, 1);
	end();
}

/* A full batch is enqueued at once, an incomplete one by record_flush(). */
static void batches(void)
{
	begin(RECORD_ARENA_MIN);
	for (unsigned i = 0; i < 2 * RECORD_BATCH + 5; i++)
		CU_ASSERT_TRUE(make(i, i, 0));
	CU_ASSERT(l->batches == 2 && l->count == 2 * RECORD_BATCH);
	record_flush(&l->arena);
	CU_ASSERT(l->batches == 3 && l->count == 2 * RECORD_BATCH + 5);
	release(l->count, 0);
	end();
}

/* A full arena returns NULL and counts it. Earlier records stay intact and are enqueued, so that
 * they can be released; as soon as enough of the oldest are, records can be made again. */
static void full(void)
{
	begin(RECORD_ARENA_MIN);
	unsigned made = 0;
	while (make(made, 100, 500))
		made++;
	CU_ASSERT_EQUAL(l->metrics.made, made + 1);
	CU_ASSERT_EQUAL(l->metrics.dropped_full, 1);
	CU_ASSERT_EQUAL(l->metrics.waits, 0);
	CU_ASSERT_EQUAL(l->count, made);
	CU_ASSERT(made >= RECORD_ARENA_MIN / (sizeof(struct record) + 600 + RECORD_MIN));
	CU_ASSERT_FALSE(make(made, 100, 500));
	CU_ASSERT_FALSE(make(made, 65535, 65535));
	CU_ASSERT_EQUAL(l->metrics.dropped_full, 3);
	release(1, 0);
	CU_ASSERT_TRUE(make(made, 100, 500));
	CU_ASSERT_FALSE(make(made + 1, 100, 500));
	record_flush(&l->arena);
	release(made, 1);
	CU_ASSERT_EQUAL(l->first, 0);
	/* an empty arena takes the two largest records, wherever its head is */
	for (unsigned i = 0; i < 400; i++) {
		CU_ASSERT_TRUE_FATAL(make(0, 65535, 65535));
		CU_ASSERT_TRUE_FATAL(make(1, 65535, 65535));
		record_flush(&l->arena);
		release(2, 0);
		CU_ASSERT_TRUE_FATAL(make(2, i * 37, 11));
		record_flush(&l->arena);
		release(1, 2);
	}
	CU_ASSERT_EQUAL(l->metrics.dropped_full, 4);
	end();
}

/* Records of random sizes that are released at random times are never overwritten. */
static void wraps(void)
{
	srandom(21);
	/* a size that is no multiple of the unit is rounded down */
	begin(RECORD_ARENA_MIN + RECORD_MIN - 1);
	CU_ASSERT_EQUAL(l->arena.size, RECORD_ARENA_MIN);
	unsigned made = 0, released = 0, dropped = 0;
	while (l->arena.head < 200 * (uint64_t)RECORD_ARENA_MIN) {
		bool large = random() % 20 == 0;
		uint32_t q = (uint32_t)random() % (large ? 65536 : 300);
		uint32_t r = (uint32_t)random() % (large ? 65536 : 700);
		if (make(made, q, r))
			made++;
		else
			dropped++;
		if (random() % 16 == 0) {
			record_flush(&l->arena);
			unsigned k = (unsigned)random() % (l->count - l->first + 1);
			release(k, released);
			released += k;
		}
		if (l->count > HELD / 2) {
			record_flush(&l->arena);
			unsigned k = l->count - l->first;
			release(k, released);
			released += k;
		}
	}
	record_flush(&l->arena);
	release(l->count - l->first, released);
	CU_ASSERT(dropped > 10);
	CU_ASSERT_EQUAL(l->metrics.dropped_full, dropped);
	CU_ASSERT_EQUAL(l->metrics.made, made + dropped);
	end();
}

static void let_one_go(void *of)
{
	unsigned *released = of;
	CU_ASSERT_FATAL(l->first < l->count); /* all committed records were enqueued before */
	release(1, *released);
	++*released;
}

/* With a wait callback nothing is dropped, and it is called only while the arena is full. */
static void waits(void)
{
	unsigned released = 0;
	begin(RECORD_ARENA_MIN);
	l->arena.wait = let_one_go;
	l->arena.wait_of = &released;
	for (unsigned i = 0; i < 5000; i++)
		CU_ASSERT_TRUE_FATAL(make(i, i % 4096, 64));
	CU_ASSERT_EQUAL(l->metrics.made, 5000);
	CU_ASSERT_EQUAL(l->metrics.dropped_full, 0);
	CU_ASSERT(released > 4000 && l->metrics.waits == released);
	record_flush(&l->arena);
	release(l->count - l->first, released);
	end();
}

/* A logger in another thread, behind a queue like the ring. */
struct stress {
	void *queue[1u << 14];
	unsigned head, tail; /* written by the worker, by the logger; atomic */
	unsigned seen;
	bool bad;
};

#define STRESS_RECORDS 150000
#define STRESS_MASK ((1u << 14) - 1)

static void stress_pass(void *to, void **records, unsigned n)
{
	struct stress *s = to;
	for (unsigned i = 0; i < n; i++)
		s->queue[(s->head + i) & STRESS_MASK] = records[i];
	__atomic_store_n(&s->head, s->head + n, __ATOMIC_RELEASE);
}

static void stress_wait(void *of)
{
	(void)of;
	sched_yield();
}

static void *stress_logger(void *of)
{
	struct stress *s = of;
	while (s->seen < STRESS_RECORDS) {
		if (s->tail == __atomic_load_n(&s->head, __ATOMIC_ACQUIRE)) {
			sched_yield();
			continue;
		}
		const struct record *r = s->queue[s->tail++ & STRESS_MASK];
		uint32_t n = r->query_len + r->reply_len;
		s->bad = s->bad || r->retries != s->seen;
		for (uint32_t i = 0; i < n; i += 1 + n / 64)
			s->bad = s->bad || r->data[i] != octet(s->seen, i);
		s->seen++;
		record_release(&l->arena, r->end);
	}
	return NULL;
}

static void two_threads(void)
{
	static struct stress s;
	pthread_t thread;
	memset(&s, 0, sizeof(s));
	begin(RECORD_ARENA_MIN);
	l->arena.pass = stress_pass;
	l->arena.pass_to = &s;
	l->arena.wait = stress_wait;
	srandom(22);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, stress_logger, &s), 0);
	for (unsigned i = 0; i < STRESS_RECORDS; i++) {
		uint32_t q = (uint32_t)random() % (i % 1000 ? 100 : 65536);
		CU_ASSERT_TRUE(make(i, q, (uint32_t)random() % 500));
		if (i % 37 == 0)
			record_flush(&l->arena);
	}
	record_flush(&l->arena);
	CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
	CU_ASSERT_EQUAL(s.seen, STRESS_RECORDS);
	CU_ASSERT_FALSE(s.bad);
	CU_ASSERT_EQUAL(l->metrics.made, STRESS_RECORDS);
	CU_ASSERT_EQUAL(l->metrics.dropped_full, 0);
	CU_ASSERT_EQUAL(l->arena.head, l->arena.tail);
	end();
}

void test_record_record(void)
{
	CU_pSuite s = CU_add_suite("record/record", NULL, NULL);
	CU_add_test(s, "fields", fields);
	CU_add_test(s, "MAC addresses", macs);
	CU_add_test(s, "batches", batches);
	CU_add_test(s, "full", full);
	CU_add_test(s, "wraps", wraps);
	CU_add_test(s, "waits", waits);
	CU_add_test(s, "two threads", two_threads);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Three workers over a made-up kind of input, in threads: packets come by any queue, and meet. */
#include "engine/fake.h"

#include <pthread.h>
#include <rte_eal.h>
#include <rte_lcore.h>

void test_engine_steer(void);

#define PAIRS 300u
#define PACKETS (2 * PAIRS)

static struct rte_mempool *pool;
static struct rte_mbuf *mbufs[FAKE_WORKERS][PACKETS];
static uint64_t numbers[FAKE_WORKERS][PACKETS];

static void *run(void *worker)
{
	worker_main(worker);
	return NULL;
}

/* Queries, each with its reply behind it, dealt to the queues at random: the same each time. */
static void deal(uint64_t seed)
{
	static struct wire wire;

	for (unsigned i = 0; i < PACKETS; i++) {
		fake_message(&wire, i / 2, i & 1);
		struct frame frame = fake_frame_of(&wire, SECOND + i * INT64_C(1000));
		struct rte_mbuf *m = mbuf_of_frame(pool, &frame);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		struct fake_rx *f = &fake[(seed >> 33) % FAKE_WORKERS];
		unsigned w = f->rx.self;
		mbufs[w][f->n] = m;
		numbers[w][f->n++] = i + 1;
		f->packets = mbufs[w];
		f->numbers = numbers[w];
		f->burst = 1 + (seed >> 40) % PIPELINE_BURST;
	}
}

static void steer(const struct input_ops *ops, uint64_t seed)
{
	pthread_t threads[FAKE_WORKERS];
	struct metrics_worker sum = {0};

	fake_setup(ops, FAKE_WORKERS, NULL);
	deal(seed);
	for (unsigned i = 0; i < FAKE_WORKERS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, run, workers[i]), 0);
	for (unsigned i = 0; i < FAKE_WORKERS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < FAKE_WORKERS; i++)
		metrics_sum_worker(&sum, &workers[i]->metrics);
	CU_ASSERT_EQUAL(atomic_load(&ended), FAKE_WORKERS);
	CU_ASSERT_EQUAL(sum.rx.packets, PACKETS);
	CU_ASSERT(sum.rx.handed_over > PACKETS / 3);
	CU_ASSERT_EQUAL(sum.rx.handed_over, sum.rx.taken_over + sum.rx.handoff_lost);
	CU_ASSERT_EQUAL(metrics_verdicts(&sum) + sum.rx.handoff_lost, PACKETS);
	if (sum.rx.handoff_lost == 0) {
		CU_ASSERT_EQUAL(sum.txn.answered, PAIRS);
		CU_ASSERT_EQUAL(sum.record.made, PAIRS);
	}
	if (ops->ordered)
		CU_ASSERT_EQUAL(sum.rx.handoff_lost, 0);
	fake_teardown();
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0); /* nobody kept a buffer */
}

static void test_in_order(void)
{
	for (uint64_t seed = 1; seed <= 8; seed++)
		steer(&fake_ordered, seed);
}

static void test_at_once(void)
{
	for (uint64_t seed = 1; seed <= 8; seed++)
		steer(&fake_unordered, seed);
}

static int start(void)
{
	static char room[] = "steer\0--no-huge\0--no-pci\0--no-telemetry\0--no-shconf\0-m\00064\0"
			     "--log-level\0critical\0";
	static char *args[16]; /* EAL moves them about */
	int n = 0;

	for (char *at = room; *at; at += strlen(at) + 1)
		args[n++] = at;
	if (rte_eal_init(n, args) < 0)
		return 1;
	pool = rte_pktmbuf_pool_create(
		"fake", 2047, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return pool == NULL;
}

static int end(void)
{
	rte_mempool_free(pool);
	return rte_eal_cleanup() != 0;
}

void test_engine_steer(void)
{
	CU_pSuite suite = CU_add_suite("engine/steer", start, end);
	CU_add_test(suite, "in order", test_in_order);
	CU_add_test(suite, "at once", test_at_once);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Three workers in threads over the fake input: the packets of a flow arrive in random queues. */
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

/* Distributes queries, each followed by its reply, over the queues at random by a seed. */
static void distribute(uint64_t seed)
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
	distribute(seed);
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
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0); /* every buffer was released */
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

/* Has a worker process frames as if it had received them in its turn. */
static void receive(unsigned w, const struct frame *frames, unsigned n)
{
	struct input_burst burst = {.n = n};
	struct steer *s = &workers[w]->steer;

	for (unsigned i = 0; i < n; i++)
		burst.of[i] = mbuf_of_frame(pool, &frames[i]);
	CU_ASSERT_EQUAL_FATAL(s->rx->ops->frames(s->rx, burst.of, n, burst.frames, burst.of), n);
	if (n)
		s->ops->received(s, &burst);
	s->emptied = true;
}

/* Makes two fragments of a frame with an IPv4 header behind Ethernet's. */
static void fragment(const struct wire *whole, struct wire parts[2])
{
	enum { HEADERS = 14 + 20, FIRST = 24, IP_LENGTH = 16, IP_FRAGMENT = 20 };
	const uint32_t rest = whole->len - HEADERS - FIRST;

	for (unsigned i = 0; i < 2; i++) {
		const uint32_t len = i ? rest : FIRST;
		parts[i] = *whole;
		memcpy(parts[i].octets + HEADERS, whole->octets + HEADERS + (i ? FIRST : 0), len);
		parts[i].len = HEADERS + len;
		parts[i].octets[IP_LENGTH] = 0;
		parts[i].octets[IP_LENGTH + 1] = (uint8_t)(20 + len);
		parts[i].octets[IP_FRAGMENT] = i ? 0 : 0x20; /* more fragments */
		parts[i].octets[IP_FRAGMENT + 1] = i ? FIRST / 8 : 0;
	}
}

/* A reply in fragments is reassembled while the query is still in another worker's queue. */
static void test_hold(void)
{
	static struct wire query, reply, parts[2];

	fake_setup(&fake_unordered, FAKE_WORKERS, NULL);
	fake_message(&query, 1, false);
	fake_message(&reply, 1, true);
	fragment(&reply, parts);
	const struct frame asked = fake_frame_of(&query, SECOND);
	const struct frame answered[] = {
		fake_frame_of(&parts[0], SECOND + 1000), fake_frame_of(&parts[1], SECOND + 1000)};
	struct frame sorted = asked;
	pipeline_steer(&workers[0]->pipeline, &sorted, 1);
	const unsigned owner = sorted.owner, other = (owner + 1) % FAKE_WORKERS;
	struct steer *s = &workers[owner]->steer;
	const struct metrics_worker *m = &workers[owner]->metrics;

	receive(owner, answered, 2);
	CU_ASSERT_EQUAL(m->reasm.frag_whole, 1);
	for (unsigned i = 0; i < FAKE_WORKERS; i++)
		CU_ASSERT_EQUAL(workers[i]->steer.ops->turn(&workers[i]->steer), i == owner);
	CU_ASSERT_EQUAL(metrics_verdicts(m), 2); /* the fragments: the reply is held */
	for (unsigned i = 0; i < FAKE_WORKERS; i++)
		if (i != owner)
			receive(i, &asked, i == other);
	s->ops->turn(s); /* the others have not begun another turn: the query alone */
	CU_ASSERT_EQUAL(m->txn.opened, 1);
	CU_ASSERT_EQUAL(m->txn.answered, 0);
	for (unsigned i = 0; i < FAKE_WORKERS; i++)
		if (i != owner)
			workers[i]->steer.ops->turn(&workers[i]->steer);
	CU_ASSERT_EQUAL(s->ops->turn(s), 1);
	CU_ASSERT_EQUAL(m->txn.answered, 1);
	CU_ASSERT_EQUAL(m->txn.early, 0);
	fake_teardown();
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

static int start(void)
{
	static char buffer[] = "steer\0--no-huge\0--no-pci\0--no-telemetry\0--no-shconf\0-m\00064\0"
			       "--log-level\0critical\0";
	static char *args[16]; /* EAL reorders them */
	int n = 0;

	for (char *at = buffer; *at; at += strlen(at) + 1)
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
	CU_add_test(suite, "at once: what is reassembled overtakes nothing", test_hold);
}

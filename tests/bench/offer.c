/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A receive queue that offers the mix at a set rate, as a NIC does, without a file or a CPU of its
 * own. It is a plugin for EAL (-d offer.so) beside a port that never receives (net_null0,no-rx=1):
 * a receive callback fills the empty bursts. Packets that are due and pending behind
 * OFFER_DESCRIPTORS others are counted as missed; as missed_away where the polling thread did not
 * run just then, by its own clock (another thread or the host had its CPU), which says something of
 * the machine only. Frames are not copied, as from a ring that a NIC has filled.
 *
 * From the environment: OFFER_RATE, packets a second (0: no limit); OFFER_TRANSACTIONS, of the mix;
 * OFFER_RESULT, the file to which it writes its counters at the end.
 */
#include "bench/mix.h"

#include <pthread.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define OFFER_DESCRIPTORS 4096
#define CLOCK_CALLS 65536 /* bursts between two readings of the thread's clock */
#define BUFFER_SIZE 2048 /* no frame of the standard mix is larger */

static struct {
	struct rte_mbuf **frames;
	size_t count;
	double per_tick; /* packets due; 0: no limit */
	uint64_t long_gap; /* ticks, longer than any burst takes */
	/* of the polling thread */
	size_t at;
	uint64_t first, last; /* counter at the first and latest burst */
	uint64_t given, missed;
	uint64_t missed_away; /* of missed: while the thread did not run */
	uint64_t longest_away; /* ticks */
	uint64_t read_tick; /* when the thread's clock was read, and its value, in ticks */
	uint64_t read_cpu;
	unsigned calls;
} offer;

static void die(const char *what)
{
	fprintf(stderr, "offer: %s\n", what);
	exit(1);
}

/* Returns the CPU time of this thread in ticks. */
static uint64_t cpu_ticks(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)(((double)t.tv_sec + (double)t.tv_nsec / 1e9) * (double)rte_get_tsc_hz());
}

/* True if the thread did not run for most of this gap between two bursts. Reading its clock costs a
 * system call, so it is read after long gaps and every CLOCK_CALLS bursts. */
static bool is_away(uint64_t now, uint64_t gap)
{
	bool long_gap = gap > offer.long_gap;
	uint64_t off = 0;

	if (++offer.calls % CLOCK_CALLS && !long_gap)
		return false;
	uint64_t cpu = cpu_ticks();
	if (offer.read_tick)
		off = now - offer.read_tick - (cpu - offer.read_cpu);
	offer.read_tick = now;
	offer.read_cpu = cpu;
	if (!long_gap || (int64_t)off < (int64_t)(gap / 2))
		return false;
	offer.longest_away = gap > offer.longest_away ? gap : offer.longest_away;
	return true;
}

static uint16_t receive(uint16_t port, uint16_t queue, struct rte_mbuf *packets[], uint16_t n,
	uint16_t max, void *arg)
{
	uint64_t now = rte_rdtsc();
	(void)port;
	(void)queue;
	(void)arg;

	if (offer.first == 0)
		offer.first = offer.last = now;
	bool away = is_away(now, now - offer.last);
	offer.last = now;
	if (offer.per_tick > 0) {
		uint64_t due = (uint64_t)((double)(now - offer.first) * offer.per_tick) -
			       offer.given - offer.missed;
		if (due > OFFER_DESCRIPTORS) {
			offer.missed += due - OFFER_DESCRIPTORS;
			if (away)
				offer.missed_away += due - OFFER_DESCRIPTORS;
			offer.at = (offer.at + due - OFFER_DESCRIPTORS) % offer.count;
			due = OFFER_DESCRIPTORS;
		}
		max = due < max ? (uint16_t)due : max;
	}
	for (n = 0; n < max; n++) {
		struct rte_mbuf *m = offer.frames[offer.at];
		if (++offer.at == offer.count)
			offer.at = 0;
		/* one reference is the plugin's: the buffer is free again when the other is gone */
		if (rte_mbuf_refcnt_read(m) > 1)
			break;
		rte_mbuf_refcnt_set(m, 2);
		packets[n] = m;
	}
	offer.given += n;
	return n;
}

/* Copies the frames into buffers on the heap, so that EAL's memory is not used. */
static void fill(const struct mix *mix)
{
	size_t each = sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + BUFFER_SIZE;
	char *memory =
		aligned_alloc(2u << 20, (each * mix->count + (2u << 20) - 1) & ~((2u << 20) - 1ul));
	struct rte_mempool *pool = rte_pktmbuf_pool_create("offer", 1, 0, 0, 256, SOCKET_ID_ANY);

	offer.frames = calloc(mix->count, sizeof(struct rte_mbuf *));
	if (!offer.frames || !memory || !pool)
		die("out of memory");
	memset(memory, 0, each * mix->count);
	for (size_t i = 0; i < mix->count; i++) {
		struct rte_mbuf *m = (struct rte_mbuf *)(memory + each * i);
		const struct frame *frame = &mix->frames[i];
		if (frame->len > BUFFER_SIZE)
			die("a frame is larger than a buffer");
		m->buf_addr = (char *)(m + 1);
		m->buf_len = RTE_PKTMBUF_HEADROOM + BUFFER_SIZE;
		m->data_off = RTE_PKTMBUF_HEADROOM;
		m->nb_segs = 1;
		m->pool = pool;
		m->port = 0;
		rte_mbuf_refcnt_set(m, 1);
		memcpy(rte_pktmbuf_mtod(m, void *), frame->data, frame->len);
		m->data_len = (uint16_t)frame->len;
		m->pkt_len = frame->len;
		offer.frames[i] = m;
	}
	offer.count = mix->count;
}

/* Makes the frames, waits until the port has a queue, and adds the callback to it. */
static void *begin(void *arg)
{
	const char *rate = getenv("OFFER_RATE"), *transactions = getenv("OFFER_TRANSACTIONS");
	struct mix_options options = mix_standard;
	struct mix mix;
	struct rte_eth_dev_info info;

	(void)arg;
	if (transactions)
		options.transactions = (unsigned)strtoul(transactions, NULL, 10);
	mix_make(&mix, &options);
	while (rte_eth_dev_info_get(0, &info) != 0 || info.nb_rx_queues == 0)
		usleep(1000);
	fill(&mix);
	mix_free(&mix);
	if (rate)
		offer.per_tick = strtod(rate, NULL) / (double)rte_get_tsc_hz();
	offer.long_gap = rte_get_tsc_hz() / 5000;
	if (!rte_eth_add_rx_callback(0, 0, receive, NULL))
		die("cannot add a receive callback");
	return NULL;
}

__attribute__((constructor)) static void load(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, begin, NULL) != 0)
		die("cannot start a thread");
	pthread_detach(thread);
}

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("OFFER_RESULT");
	FILE *f = path ? fopen(path, "w") : NULL;

	if (!f)
		return;
	double hz = (double)rte_get_tsc_hz();
	fprintf(f,
		"{\"frames\": %zu, \"given\": %llu, \"missed\": %llu, \"missed_away\": %llu, "
		"\"longest_away_s\": %.6f, \"seconds\": %.6f}\n",
		offer.count, (unsigned long long)offer.given, (unsigned long long)offer.missed,
		(unsigned long long)offer.missed_away, (double)offer.longest_away / hz,
		(double)(offer.last - offer.first) / hz);
	fclose(f);
}

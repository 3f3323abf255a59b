/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A receive queue that offers the mix at a set rate, as a NIC would, with neither a file nor a CPU
 * of its own. It is a plugin for EAL (-d offer.so) beside a port that never receives
 * (net_null0,no-rx=1): a receive callback puts frames into the empty bursts. What is due and has
 * waited behind OFFER_DESCRIPTORS others is missed, and counted. Frames are not copied, only lent,
 * as from a ring that a NIC has filled.
 *
 * Told by the environment: OFFER_RATE, packets a second (0: whatever is asked for);
 * OFFER_TRANSACTIONS, of the mix; OFFER_RESULT, the file in which it tells, at the end, what it
 * did.
 */
#include "bench/mix.h"

#include <pthread.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OFFER_DESCRIPTORS 4096
#define ROOM 2048 /* of a buffer: no frame of the standard mix is larger */

static struct {
	struct rte_mbuf **frames;
	size_t count;
	double per_tick; /* packets due; 0: no limit */
	/* of the thread that receives */
	size_t at;
	uint64_t first, last; /* counter at the first and latest burst */
	uint64_t given, missed;
} offer;

static void die(const char *what)
{
	fprintf(stderr, "offer: %s\n", what);
	exit(1);
}

static uint16_t receive(uint16_t port, uint16_t queue, struct rte_mbuf *packets[], uint16_t n,
	uint16_t most, void *arg)
{
	uint64_t now = rte_rdtsc();
	(void)port;
	(void)queue;
	(void)arg;

	if (offer.first == 0)
		offer.first = now;
	offer.last = now;
	if (offer.per_tick > 0) {
		uint64_t due = (uint64_t)((double)(now - offer.first) * offer.per_tick) -
			       offer.given - offer.missed;
		if (due > OFFER_DESCRIPTORS) {
			offer.missed += due - OFFER_DESCRIPTORS;
			offer.at = (offer.at + due - OFFER_DESCRIPTORS) % offer.count;
			due = OFFER_DESCRIPTORS;
		}
		most = due < most ? (uint16_t)due : most;
	}
	for (n = 0; n < most; n++) {
		struct rte_mbuf *m = offer.frames[offer.at];
		if (++offer.at == offer.count)
			offer.at = 0;
		/* Ours is one reference, so that it comes back by being freed. */
		if (rte_mbuf_refcnt_read(m) > 1)
			break;
		rte_mbuf_refcnt_set(m, 2);
		packets[n] = m;
	}
	offer.given += n;
	return n;
}

/* The frames in buffers of a pool that comes from the heap, so that EAL's memory stays as it is. */
static void fill(const struct mix *mix)
{
	size_t each = sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + ROOM;
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
		if (frame->len > ROOM)
			die("a frame is too large");
		m->buf_addr = (char *)(m + 1);
		m->buf_len = RTE_PKTMBUF_HEADROOM + ROOM;
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

/* Waits until the port has a queue, makes the frames, and sits down before the queue. */
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

__attribute__((destructor)) static void tell(void)
{
	const char *path = getenv("OFFER_RESULT");
	FILE *f = path ? fopen(path, "w") : NULL;

	if (!f)
		return;
	fprintf(f, "{\"frames\": %zu, \"given\": %llu, \"missed\": %llu, \"seconds\": %.6f}\n",
		offer.count, (unsigned long long)offer.given, (unsigned long long)offer.missed,
		(double)(offer.last - offer.first) / (double)rte_get_tsc_hz());
	fclose(f);
}

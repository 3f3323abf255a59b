/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plays a capture into the rings of net_ring0, as a process that shares them would. It is loaded
 * with LD_PRELOAD, because EAL refuses plugins below directories that everybody may write to. From
 * the environment: RING_SOURCE_PCAP, a classic pcap file in this machine's byte order, of IPv4 and
 * IPv6 over Ethernet; RING_SOURCE_QUEUES, the number of rings; RING_SOURCE_DEAL, how packets are
 * steered: by "pair" of addresses, as symmetric RSS does, or by "turn".
 */
#include <pthread.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RINGS 16
#define WHO "ring_source: "

struct source {
	FILE *file;
	struct rte_ring *rings[RINGS];
	struct rte_mempool *pool;
	unsigned queues;
	bool by_turn;
};

static struct source source;

/* Returns the exclusive or of the addresses, the same for both directions. */
static unsigned pair_of(const uint8_t *frame, unsigned len)
{
	unsigned at = frame[12] == 0x86 ? 22 : 26, end = frame[12] == 0x86 ? 54 : 34, x = 0;
	for (; at < end && at < len; at++)
		x ^= frame[at];
	return x;
}

static struct rte_mbuf *next(struct source *s)
{
	uint32_t header[4];
	struct rte_mbuf *m;
	char *data;
	if (fread(header, sizeof(header), 1, s->file) != 1)
		return NULL;
	while (!(m = rte_pktmbuf_alloc(s->pool)))
		usleep(100);
	if (!(data = rte_pktmbuf_append(m, (uint16_t)header[2])) ||
		fread(data, header[2], 1, s->file) != 1) {
		fputs(WHO "the capture is truncated, or has a frame that is too large\n", stderr);
		exit(2);
	}
	m->port = 7; /* of the process that shares the rings */
	return m;
}

/* Waits until the device, and with it the rings, was created. */
static void wait_for_rings(struct source *s)
{
	while (rte_eth_dev_count_avail() == 0)
		usleep(1000);
	for (unsigned q = 0; q < s->queues; q++) {
		char name[32];
		snprintf(name, sizeof(name), "ETH_RXTX%u_net_ring0", q);
		while (!(s->rings[q] = rte_ring_lookup(name)))
			usleep(1000);
	}
	while (!(s->pool = rte_pktmbuf_pool_create(
			 "ring_source", 511, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY)))
		usleep(1000);
}

static void *play(void *arg)
{
	struct source *s = arg;
	struct rte_mbuf *m;

	wait_for_rings(s);
	for (unsigned i = 0; (m = next(s)); i++) {
		unsigned to = s->by_turn ? i : pair_of(rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
		while (rte_ring_enqueue(s->rings[to % s->queues], m))
			usleep(100);
	}
	return NULL;
}

static void __attribute__((constructor)) begin(void)
{
	const char *file = getenv("RING_SOURCE_PCAP"), *queues = getenv("RING_SOURCE_QUEUES");
	const char *deal = getenv("RING_SOURCE_DEAL");
	pthread_t thread;

	source.queues = queues ? (unsigned)atoi(queues) : 0;
	source.by_turn = deal && strcmp(deal, "turn") == 0;
	source.file = file ? fopen(file, "re") : NULL;
	if (!source.file || source.queues == 0 || source.queues > RINGS ||
		fseek(source.file, 24, SEEK_SET) != 0 ||
		pthread_create(&thread, NULL, play, &source)) {
		fputs(WHO "set RING_SOURCE_PCAP to a capture and RING_SOURCE_QUEUES to 1 to 16\n",
			stderr);
		exit(2);
	}
	pthread_detach(thread);
}

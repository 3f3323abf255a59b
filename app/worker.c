/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/worker.h"

#include "base/log.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* Buffers that one burst of the largest frames takes. */
#define BURST_MBUFS (PIPELINE_BURST * (FEED_CAPTURE_MAX / 2048 + 1))

/* Zeroed memory that costs nothing until it is touched. */
static void *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static void pass_records(void *to, void **records, unsigned n)
{
	/* The ring holds more records than the arena does: it cannot be full. */
	if (rte_ring_sp_enqueue_bulk(to, records, n, NULL) != n)
		log_error("internal error: the record ring is smaller than its arena");
}

static void wait_for_logger(void *of)
{
	struct worker *w = of;
	run_idle(&w->idle);
}

int worker_init(struct worker *w, struct run *run, uint16_t self)
{
	const struct conf *conf = run->conf;
	struct txn_conf txn = {
		.max_open = (uint32_t)conf->txn_max_open,
		.timeout_ns = (int64_t)conf->txn_timeout_ms * WHEN_NS_PER_MS,
		.reorder_ns = (int64_t)conf->txn_reorder_ms * WHEN_NS_PER_MS,
	};
	char name[32];

	memset(w, 0, sizeof(*w));
	w->run = run;
	w->self = self;
	w->has_queue = self < run->queues;
	w->table_bytes = table_bytes(txn.max_open);
	w->arena_bytes = (size_t)conf->memory_record_mb << 20;
	w->table_memory = reserve(w->table_bytes);
	w->arena_memory = reserve(w->arena_bytes);
	if (!w->table_memory || !w->arena_memory || mbuf_scratch_init(&w->scratch, PIPELINE_BURST))
		return -ENOMEM;
	snprintf(name, sizeof(name), "records%u", self);
	w->ring = rte_ring_create(name, bits_pow2((uint32_t)(w->arena_bytes / RECORD_MIN) + 1),
		SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!w->ring)
		return -rte_errno;
	record_arena_init(&w->arena, w->arena_memory, w->arena_bytes, &w->metrics.record);
	w->arena.pass = pass_records;
	w->arena.pass_to = w->ring;
	w->arena.wait = wait_for_logger;
	w->arena.wait_of = w;
	w->pipeline.packets = &run->packets;
	w->pipeline.secret = run->secret;
	w->pipeline.metrics = &w->metrics;
	w->pipeline.self = self;
	w->pipeline.workers = (uint16_t)run->workers;
	w->pipeline.clock_ns = INT64_MIN;
	txn_init(&w->pipeline.txn, w->table_memory, &txn, &run->secret, &w->arena, &w->metrics.txn);
	return 0;
}

void worker_free(struct worker *w)
{
	rte_ring_free(w->ring);
	mbuf_scratch_free(&w->scratch);
	if (w->table_memory)
		munmap(w->table_memory, w->table_bytes);
	if (w->arena_memory)
		munmap(w->arena_memory, w->arena_bytes);
}

static unsigned take_over(struct worker *w);

/* Hands packets to their owner. While its ring is full, this worker takes what others hand to it,
 * so that two workers cannot wait for each other. */
static void give(struct worker *w, unsigned to, struct rte_mbuf **packets, unsigned n)
{
	unsigned done = 0;
	metrics_add(&w->metrics.rx.handed_over, n);
	while ((done += handoff_give(&w->run->handoff, to, packets + done, n - done)) < n)
		if (take_over(w) == 0)
			run_idle(&w->idle);
}

/* Runs a burst of buffers through the pipeline and frees those that are not another worker's. */
static void process(struct worker *w, struct rte_mbuf **packets, unsigned n, bool steered)
{
	struct frame frames[PIPELINE_BURST];
	struct rte_mbuf *of[PIPELINE_BURST], *gone[PIPELINE_BURST];
	unsigned count = 0, dead = 0;

	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(rte_pktmbuf_mtod(packets[i], const char *));
	for (unsigned i = 0; i < n; i++) {
		if (bits_likely(mbuf_frame_fed(
			    &frames[count], packets[i], &w->scratch, count, &w->metrics.rx))) {
			if (!steered)
				metrics_add(&w->metrics.rx.octets, frames[count].len);
			of[count++] = packets[i];
		} else {
			packet_count(&w->metrics.packet, PACKET_too_large);
			gone[dead++] = packets[i];
		}
	}
	unsigned others = pipeline_burst(&w->pipeline, frames, count, steered);
	for (unsigned i = 0; i < count; i++)
		if (frames[i].owner == w->self)
			gone[dead++] = of[i];
	rte_pktmbuf_free_bulk(gone, dead);
	for (unsigned to = 0; others && to < w->run->workers; to++) {
		struct rte_mbuf *theirs[PIPELINE_BURST];
		unsigned k = 0;
		for (unsigned i = 0; i < count && to != w->self; i++)
			if (frames[i].owner == to)
				theirs[k++] = of[i];
		if (k)
			give(w, to, theirs, k);
		others -= k;
	}
}

static unsigned take_over(struct worker *w)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	unsigned n = handoff_take(&w->run->handoff, w->self, packets, PIPELINE_BURST);
	if (n) {
		metrics_add(&w->metrics.rx.taken_over, n);
		process(w, packets, n, true);
	}
	return n;
}

/* net_pcap reads and loses a packet when its pool is empty: is there room for any burst? Buffers in
 * the caches of other lcores do not help this one. */
static bool pool_ready(const struct worker *w)
{
	const struct run *run = w->run;
	if (run->workers == 1)
		return true;
	return rte_mempool_avail_count(run->port.pool) >= BURST_MBUFS + run->workers * 384;
}

/* Receives a burst. How many packets, or -1 at the end of the input. */
static int receive(struct worker *w)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	const struct feed *feed = &w->run->feed;
	bool done = feed_done(feed);
	uint64_t there = feed_available(feed, w->self) - w->received;

	if (atomic_load_explicit(&w->run->stop, memory_order_relaxed))
		return -1;
	if (there == 0)
		return done ? -1 : 0;
	if (!pool_ready(w))
		return 0;
	uint16_t want = there < PIPELINE_BURST ? (uint16_t)there : PIPELINE_BURST;
	uint16_t n = rte_eth_rx_burst(w->run->port.id, w->self, packets, want);
	w->received += n;
	metrics_add(&w->metrics.rx.packets, n);
	process(w, packets, n, false);
	return n;
}

int worker_main(void *arg)
{
	struct worker *w = arg;
	struct run *run = w->run;
	bool receiving = w->has_queue;

	prctl(PR_SET_TIMERSLACK, 1000);
	for (;;) {
		/* Ask before emptying the ring: what was handed over until then is in it. */
		bool last =
			atomic_load_explicit(&run->rx_ended, memory_order_acquire) == run->queues;
		unsigned work = run->workers > 1 ? take_over(w) : 0;
		if (receiving) {
			int n = receive(w);
			if (n < 0) {
				receiving = false;
				atomic_fetch_add_explicit(&run->rx_ended, 1, memory_order_release);
				continue;
			}
			work += (unsigned)n;
		}
		if (work) {
			w->idle = 0;
			continue;
		}
		if (last)
			break;
		run_idle(&w->idle);
	}
	txn_finish(&w->pipeline.txn);
	record_flush(&w->arena);
	atomic_fetch_add_explicit(&run->workers_ended, 1, memory_order_release);
	return 0;
}

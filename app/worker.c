/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/worker.h"

#include "base/log.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <sys/mman.h>

/* Zeroed memory that costs nothing until it is touched; `now`: all of it, so that the first packets
 * need not wait for the kernel (which, before Linux 5.14, cannot be asked that). */
static void *reserve(size_t bytes, bool now)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	/* Large tables are read all over: with small pages most lookups would miss the TLB. */
	madvise(p, bytes, MADV_HUGEPAGE);
	if (now)
		madvise(p, bytes, MADV_POPULATE_WRITE);
	return p;
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

static struct pipeline_conf pipeline_conf_of(const struct run *run, uint16_t self)
{
	const struct conf *conf = run->conf;
	const int64_t reorder_ns = (int64_t)conf->txn_reorder_ms * WHEN_NS_PER_MS;
	/* Queues that are received from in no common order; files are taken in their own. */
	const bool recorded = !run->live || run->live->recorded;
	const bool several = !recorded && (run->workers > 1 || run->live->queues > 1);
	struct txn_early_conf early = {.unordered = several};
	if (several) {
		early.wait_ns = reorder_ns;
		early.later_ns = INT64_MAX;
	} else if (recorded) {
		early.later_ns = (int64_t)conf->txn_early_ms * WHEN_NS_PER_MS;
		early.earlier_ns = (int64_t)conf->txn_skew_us * WHEN_NS_PER_US;
		if (early.later_ns + early.earlier_ns)
			early.wait_ns = early.later_ns + early.earlier_ns + reorder_ns;
	}
	return (struct pipeline_conf){
		.txn = {.max_open = (uint32_t)conf->txn_max_open,
			.timeout_ns = (int64_t)conf->txn_timeout_ms * WHEN_NS_PER_MS,
			.reorder_ns = reorder_ns,
			.duplicate_ns = (int64_t)conf->txn_duplicate_window_ms * WHEN_NS_PER_MS,
			.early = early,
			.sum_transfers = conf->txn_transfers == CONF_TRANSFERS_SUMMARY},
		.tcp = {.max_streams = (uint32_t)conf->tcp_max_streams,
			.buffer_bytes = conf->tcp_buffer_mb << 20,
			.stream_bytes = 256 * 1024,
			.idle_ns = (int64_t)conf->tcp_idle_ms * WHEN_NS_PER_MS},
		.frag = {.max_datagrams = (uint32_t)conf->fragments_max,
			.timeout_ns = (int64_t)conf->fragments_timeout_ms * WHEN_NS_PER_MS},
		.sight = {.max_flows = run->packets.sightings ? (uint32_t)conf->encrypted_max : 0,
			.idle_ns = (int64_t)conf->encrypted_idle_ms * WHEN_NS_PER_MS},
		.secret = run->secret,
		.rss = run->live && run->live->by_rss ? &run->live->rss : NULL,
		.self = self,
		.workers = (uint16_t)run->workers,
	};
}

size_t worker_table_bytes(const struct run *run)
{
	struct pipeline_conf conf = pipeline_conf_of(run, 0);
	return pipeline_bytes(&conf);
}

int worker_init(struct worker *w, struct run *run, uint16_t self)
{
	struct pipeline_conf conf = pipeline_conf_of(run, self);
	char name[32];

	memset(w, 0, sizeof(*w));
	w->run = run;
	w->self = self;
	if (run->live)
		live_rx_init(w);
	else
		w->has_queue = self < run->queues;
	w->table_bytes = pipeline_bytes(&conf);
	w->arena_bytes = (size_t)run->conf->memory_record_mb << 20;
	bool now = run->live && !run->rests;
	w->table_memory = reserve(w->table_bytes, now);
	w->arena_memory = reserve(w->arena_bytes, now);
	if (!w->table_memory || !w->arena_memory || mbuf_scratch_init(&w->scratch, PIPELINE_BURST))
		return -ENOMEM;
	snprintf(name, sizeof(name), "records%u", self);
	w->ring = rte_ring_create(name, bits_pow2((uint32_t)(w->arena_bytes / RECORD_SMALLEST) + 1),
		SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!w->ring)
		return -rte_errno;
	record_arena_init(&w->arena, w->arena_memory, w->arena_bytes, &w->metrics.record);
	w->arena.pass = pass_records;
	w->arena.pass_to = w->ring;
	w->arena.wait = run->live ? NULL : wait_for_logger;
	w->arena.wait_of = w;
	pipeline_init(&w->pipeline, w->table_memory, &conf, &run->packets, &w->arena, &w->metrics);
	return steer_init(w);
}

void worker_free(struct worker *w)
{
	live_idle_free(w);
	rte_ring_free(w->ring);
	steer_free(w);
	mbuf_scratch_free(&w->scratch);
	if (w->table_memory)
		munmap(w->table_memory, w->table_bytes);
	if (w->arena_memory)
		munmap(w->arena_memory, w->arena_bytes);
}

/* Takes out what filter.bpf does not want. */
static unsigned filtered(struct worker *w, struct frame *frames, struct rte_mbuf **of, unsigned n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++) {
		enum bpf_verdict verdict = bpf_match(w->run->bpf, &frames[i]);
		if (bits_unlikely(verdict != BPF_PASS)) {
			packet_count(&w->metrics.packet,
				verdict == BPF_OUT ? PACKET_filtered : PACKET_filter_unfit);
			if (of)
				rte_pktmbuf_free(of[i]);
			continue;
		}
		frames[left] = frames[i];
		if (of)
			of[left] = of[i];
		left++;
	}
	return left;
}

/* What the reassembler makes is never received: a capture that claims so has an unknown link type.
 */
unsigned worker_received(struct worker *w, struct frame *frames, struct rte_mbuf **of, unsigned n)
{
	uint64_t octets = 0;
	for (unsigned i = 0; i < n; i++) {
		octets += frames[i].len;
		if (bits_unlikely(frames[i].link_type == FRAME_LINK_DATAGRAM))
			frames[i].link_type = FRAME_LINK_UNKNOWN;
	}
	metrics_add(&w->metrics.rx.octets, octets);
	return bits_likely(!w->run->bpf) ? n : filtered(w, frames, of, n);
}

/* The frame in a buffer: with the feeder's preamble, or as a device filled it. */
static inline bool frame_of(struct worker *w, struct frame *frame, struct rte_mbuf **m, unsigned i)
{
	if (bits_likely(!w->run->live || live_is_made(w, *m)))
		return mbuf_frame_fed(frame, *m, &w->scratch, i, &w->metrics.rx);
	if (!mbuf_frame_live(frame, m, &w->scratch, i, &w->metrics.rx))
		return false;
	live_stamp(w, frame, *m);
	return true;
}

unsigned worker_frames(struct worker *w, struct rte_mbuf **packets, unsigned n,
	struct frame *frames, struct rte_mbuf **of)
{
	unsigned count = 0;
	struct frame like;
	uint64_t stamped = 0;
	const bool alike = w->run->live && live_like(w, &like, &stamped);

	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(rte_pktmbuf_mtod(packets[i], const char *));
	for (unsigned i = 0; i < n; i++) {
		if (bits_likely(alike && mbuf_is_plain(packets[i], stamped))) {
			struct frame *frame = &frames[count];
			*frame = like;
			frame->data = rte_pktmbuf_mtod(packets[i], const uint8_t *);
			frame->len = frame->wire_len = rte_pktmbuf_pkt_len(packets[i]);
			of[count++] = packets[i];
			continue;
		}
		if (bits_likely(frame_of(w, &frames[count], &packets[i], count))) {
			of[count++] = packets[i];
		} else {
			packet_count(&w->metrics.packet, PACKET_too_large);
			rte_pktmbuf_free(packets[i]);
		}
	}
	return count;
}

/* What a single worker received. */
static void process(struct worker *w, struct rte_mbuf **packets, unsigned n)
{
	struct frame frames[PIPELINE_BURST];
	struct rte_mbuf *of[PIPELINE_BURST];
	unsigned count = worker_frames(w, packets, n, frames, of);

	count = worker_received(w, frames, of, count);
	pipeline_burst(&w->pipeline, frames, count);
	rte_pktmbuf_free_bulk(of, count);
}

/* Processes a burst of the feeder's frames where they stand. How many. */
static unsigned receive_direct(struct worker *w)
{
	struct frame frames[PIPELINE_BURST];
	unsigned n = feed_take(&w->run->feed, w->self, frames, PIPELINE_BURST);

	unsigned count = worker_received(w, frames, NULL, n);
	pipeline_burst(&w->pipeline, frames, count);
	feed_release(&w->run->feed, w->self);
	return n;
}

/* net_pcap reads and loses a packet when its pool is empty: is there room for any burst? Buffers in
 * the caches of other lcores do not help this one. */
static bool pool_ready(const struct worker *w)
{
	const struct run *run = w->run;
	if (run->workers == 1)
		return true;
	return rte_mempool_avail_count(run->port.pools[w->self]) >=
	       WORKER_BURST_MBUFS + run->workers * 384;
}

/* Receives a burst. How many packets, or -1 at the end of the input. */
static int receive(struct worker *w)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	const struct feed *feed = &w->run->feed;
	bool done = feed_done(feed);
	uint64_t dealt = feed_dealt(feed);
	uint64_t there = feed_available(feed, w->self) - w->received;

	if (atomic_load_explicit(&w->run->stop, memory_order_relaxed))
		return -1;
	if (there == 0) {
		if (w->run->workers > 1)
			steer_mark(w, done ? STEER_END : dealt);
		return done ? -1 : 0;
	}
	uint16_t n;
	if (w->run->direct) {
		n = (uint16_t)receive_direct(w);
		w->received += n;
		metrics_add(&w->metrics.rx.packets, n);
		return n;
	}
	if (!pool_ready(w))
		return 0;
	uint16_t want = there < PIPELINE_BURST ? (uint16_t)there : PIPELINE_BURST;
	n = rte_eth_rx_burst(w->run->port.id, w->self, packets, want);
	w->received += n;
	metrics_add(&w->metrics.rx.packets, n);
	if (w->run->workers == 1) {
		process(w, packets, n);
	} else if (n) {
		uint64_t last = mbuf_number(packets[n - 1]);
		steer_received(w, packets, n);
		steer_mark(w, last);
	}
	return n;
}

static void end(struct worker *w)
{
	pipeline_finish(&w->pipeline);
	atomic_fetch_add_explicit(&w->run->workers_ended, 1, memory_order_release);
}

int worker_main_live(void *arg)
{
	struct worker *w = arg;

	run_thread("worker", w->self);
	live_run(w);
	end(w);
	return 0;
}

int worker_main(void *arg)
{
	struct worker *w = arg;
	struct run *run = w->run;
	bool receiving = w->has_queue, over = run->workers == 1;

	run_thread("worker", w->self);
	while (receiving || !over) {
		unsigned work = run->workers > 1 ? steer_turn(w, &over) : 0;
		int n = receiving ? receive(w) : 0;
		if (n < 0) {
			receiving = false;
			steer_mark(w, STEER_END);
			continue;
		}
		if (work + (unsigned)n)
			w->idle = 0;
		else
			run_idle(&w->idle);
	}
	end(w);
	return 0;
}

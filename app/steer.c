/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/steer.h"

#include "app/give.h"
#include "app/run.h"
#include "app/worker.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <stdio.h>

/* Buffers for datagrams of one worker: some of the largest, many of the usual ones. */
#define DATAGRAM_MBUFS 255
#define DATAGRAM_MOST (65536 / RTE_MBUF_DEFAULT_DATAROOM + 2)
/* Bursts of whole packets that a turn processes, before it looks for new ones. */
#define TURN_BURSTS 8

_Static_assert(sizeof(struct order_item) <= RTE_PKTMBUF_HEADROOM, "it stands in the headroom");
_Static_assert(HANDOFF_WORKERS <= ORDER_SOURCES, "each worker is a source");

int steer_init(struct worker *w)
{
	char name[32];

	if (w->run->workers == 1)
		return 0;
	snprintf(name, sizeof(name), "datagrams%u", w->self);
	w->steer.pool = rte_pktmbuf_pool_create(
		name, DATAGRAM_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!w->steer.pool)
		return -rte_errno;
	atomic_store(&w->steer.marks[0], w->has_queue ? 0 : STEER_END);
	return 0;
}

void steer_free(struct worker *w)
{
	rte_mempool_free(w->steer.pool);
}

void steer_mark(struct worker *w, uint64_t number)
{
	atomic_store_explicit(&w->steer.marks[0], number, memory_order_release);
}

static void put(struct worker *w, struct order_item *item)
{
	struct steer *s = &w->steer;
	order_put(item->piece ? &s->pieces[item->level] : &s->wholes[item->level], item);
}

/* Takes what others handed over. How many packets. */
static unsigned collect(struct worker *w)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	unsigned n, all = 0;

	while ((n = handoff_take(&w->run->handoff, w->self, packets, PIPELINE_BURST))) {
		all += n;
		for (unsigned i = 0; i < n; i++)
			__builtin_prefetch(steer_item(packets[i]));
		for (unsigned i = 0; i < n; i++) {
			struct order_item *item = steer_item(packets[i]);
			metrics_add(item->level ? &w->metrics.reasm.frag_taken_over
						: &w->metrics.rx.taken_over,
				1);
			put(w, item);
		}
	}
	return all;
}

/* Hands packets, with their notes, to another worker; takes what is handed over while it waits. */
static unsigned give(struct worker *w, unsigned to, struct rte_mbuf **packets, unsigned n)
{
	unsigned done = 0, idle = 0;

	while ((done += handoff_give(&w->run->handoff, to, packets + done, n - done)) < n)
		if (collect(w) == 0)
			run_idle(&idle);
	return 0;
}

void steer_received(struct worker *w, struct rte_mbuf **packets, unsigned n)
{
	struct frame frames[PIPELINE_BURST];
	struct rte_mbuf *of[PIPELINE_BURST], *gone[PIPELINE_BURST];
	unsigned dead = 0, count = worker_frames(w, packets, n, frames, of);

	count = worker_received(w, frames, of, count);
	pipeline_sort(&w->pipeline, frames, count);
	for (unsigned i = 0; i < count; i++) {
		if (frames[i].owner == PIPELINE_NOBODY) {
			gone[dead++] = of[i];
			continue;
		}
		struct order_item *item = steer_item(of[i]);
		*item = (struct order_item){.packet = of[i],
			.number = w->run->live ? item->number : mbuf_number(of[i]),
			.from = w->self,
			.piece = frames[i].piece};
		if (frames[i].owner == w->self)
			put(w, item);
	}
	rte_pktmbuf_free_bulk(gone, dead);
	give_others(w, frames, of, count, give);
}

/* Passes a datagram that was put together here to its owner. steer_room() said yes. */
static void pass_datagram(
	struct worker *w, const struct frame *whole, uint64_t number, unsigned level)
{
	struct rte_mbuf *m =
		level < STEER_LEVELS || !whole->piece ? mbuf_of_frame(w->steer.pool, whole) : NULL;
	if (!m) /* fragments in fragments in fragments: counted as frag_other */
		return;
	struct order_item *item = steer_item(m);
	*item = (struct order_item){.packet = m,
		.number = number,
		.from = w->self,
		.level = (uint8_t)level,
		.piece = whole->piece};
	if (whole->owner == w->self) {
		put(w, item);
		return;
	}
	metrics_add(&w->metrics.reasm.frag_handed_over, 1);
	give(w, whole->owner, &m, 1);
}

/* Takes the fragments of a level up to a number of the capture, and says how far it came. */
static unsigned join_pieces(struct worker *w, unsigned level, uint64_t upto)
{
	struct order *pieces = &w->steer.pieces[level];
	struct order_item *item;
	unsigned n = 0;
	uint64_t done = upto;

	while (!order_empty(pieces)) {
		if (rte_mempool_avail_count(w->steer.pool) < DATAGRAM_MOST) {
			done = order_least(pieces) - 1 < upto ? order_least(pieces) - 1 : upto;
			break;
		}
		item = order_take(pieces, 1, upto);
		if (!item)
			break;
		struct rte_mbuf *m = item->packet;
		uint64_t number = item->number;
		struct frame frame, whole;
		if (worker_frames(w, &m, 1, &frame, &m) == 1) {
			if (pipeline_join(&w->pipeline, &frame, &whole))
				pass_datagram(w, &whole, number, level + 1);
			rte_pktmbuf_free(m);
		}
		pipeline_joined(&w->pipeline);
		n++;
	}
	atomic_store_explicit(&w->steer.marks[level + 1], done, memory_order_release);
	return n;
}

/* Processes whole packets up to a number of the capture. */
static unsigned process_wholes(struct worker *w, uint64_t upto)
{
	unsigned all = 0;

	for (unsigned burst = 0; burst < TURN_BURSTS; burst++) {
		struct rte_mbuf *packets[PIPELINE_BURST], *of[PIPELINE_BURST];
		struct frame frames[PIPELINE_BURST];
		struct order_item *item;
		unsigned n = 0;
		while (n < PIPELINE_BURST &&
			(item = order_take(w->steer.wholes, STEER_LEVELS + 1, upto)))
			packets[n++] = item->packet;
		if (n == 0)
			break;
		unsigned count = worker_frames(w, packets, n, frames, of);
		pipeline_burst(&w->pipeline, frames, count);
		rte_pktmbuf_free_bulk(of, count);
		all += n;
	}
	return all;
}

unsigned steer_turn(struct worker *w, bool *over)
{
	const struct run *run = w->run;
	uint64_t upto[STEER_LEVELS + 1];

	/* The marks first: what was passed on before them is then in the ring. */
	for (unsigned level = 0; level <= STEER_LEVELS; level++) {
		upto[level] = STEER_END;
		for (unsigned i = 0; i < run->workers; i++) {
			uint64_t mark = atomic_load_explicit(
				&run->worker[i].steer.marks[level], memory_order_acquire);
			upto[level] = mark < upto[level] ? mark : upto[level];
		}
	}
	unsigned n = collect(w);
	for (unsigned level = 0; level < STEER_LEVELS; level++)
		n += join_pieces(w, level, upto[level]);
	n += process_wholes(w, upto[STEER_LEVELS]);
	*over = n == 0 && upto[STEER_LEVELS] == STEER_END;
	return n;
}

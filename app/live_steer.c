/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/live_steer.h"

#include "app/give.h"
#include "app/run.h"
#include "app/worker.h"

#include <rte_pause.h>

#define PATIENCE 1000 /* turns that a worker waits for another one's ring */

/* Takes what is handed over in the middle of a received burst. */
static unsigned take_meanwhile(struct worker *w)
{
	const struct live_queue *from = w->live.from;
	w->live.from = NULL;
	unsigned n = live_take_over(w);
	w->live.from = from;
	return n;
}

/* Hands packets to their owner; loses those that find no room for long. take: what is handed over
 * may be taken meanwhile, so that two workers do not wait for each other. */
static unsigned give(
	struct worker *w, unsigned to, struct rte_mbuf **packets, unsigned n, bool take)
{
	unsigned done = 0, turns = 0;

	while ((done += handoff_give(&w->run->handoff, to, packets + done, n - done)) < n) {
		if (++turns > PATIENCE) {
			rte_pktmbuf_free_bulk(packets + done, n - done);
			return n - done;
		}
		if (!take || take_meanwhile(w) == 0)
			rte_pause();
	}
	live_idle_wake(w->run, to);
	return 0;
}

static unsigned give_received(struct worker *w, unsigned to, struct rte_mbuf **packets, unsigned n)
{
	return give(w, to, packets, n, true);
}

/* A datagram that was put together here goes to its owner. */
static void give_datagram(struct worker *w, const struct frame *whole)
{
	struct rte_mbuf *m = mbuf_of_frame(w->steer.pool, whole);

	metrics_add(&w->metrics.reasm.frag_handed_over, 1);
	if (m)
		live_mark(w, m, whole);
	if (!m || give(w, whole->owner, &m, 1, false))
		metrics_add(&w->metrics.reasm.frag_lost, 1);
}

/* Takes a fragment, and where its datagram is whole, that, however deep they are nested. */
static void join(struct worker *w, const struct frame *piece)
{
	struct frame frame = *piece, whole;

	for (int i = 0; i <= PIPELINE_NESTED; i++) {
		if (!pipeline_join(&w->pipeline, &frame, &whole))
			break;
		if (whole.owner != w->self) {
			give_datagram(w, &whole);
			break;
		}
		if (!whole.piece) {
			pipeline_burst(&w->pipeline, &whole, 1);
			break;
		}
		frame = whole;
	}
	pipeline_joined(&w->pipeline);
}

void live_received(struct worker *w, struct rte_mbuf **packets, unsigned n)
{
	struct frame frames[PIPELINE_BURST];
	struct rte_mbuf *of[PIPELINE_BURST], *done[PIPELINE_BURST];
	unsigned n_done = 0, count = worker_frames(w, packets, n, frames, of);

	count = worker_received(w, frames, of, count);
	if (w->run->workers == 1) {
		pipeline_burst(&w->pipeline, frames, count);
		rte_pktmbuf_free_bulk(of, count);
		return;
	}
	pipeline_receive(&w->pipeline, frames, count);
	for (unsigned i = 0; i < count; i++) {
		if (bits_unlikely(
			    frames[i].owner != w->self && frames[i].owner != PIPELINE_NOBODY)) {
			live_mark(w, of[i], &frames[i]);
			continue;
		}
		if (bits_unlikely(frames[i].owner == w->self && frames[i].piece))
			join(w, &frames[i]);
		done[n_done++] = of[i];
	}
	rte_pktmbuf_free_bulk(done, n_done);
	if (n_done < count)
		give_others(w, frames, of, count, give_received);
}

unsigned live_take_over(struct worker *w)
{
	struct rte_mbuf *packets[PIPELINE_BURST], *of[PIPELINE_BURST];
	struct frame frames[PIPELINE_BURST], mine[PIPELINE_BURST];
	unsigned n = handoff_take(&w->run->handoff, w->self, packets, PIPELINE_BURST), n_mine = 0;

	if (n == 0)
		return 0;
	unsigned count = worker_frames(w, packets, n, frames, of);
	for (unsigned i = 0; i < count; i++) {
		bool datagram = frames[i].link_type == FRAME_LINK_DATAGRAM;
		metrics_add(
			datagram ? &w->metrics.reasm.frag_taken_over : &w->metrics.rx.taken_over,
			1);
		if (bits_unlikely(live_is_piece(of[i])))
			join(w, &frames[i]);
		else
			mine[n_mine++] = frames[i];
	}
	pipeline_burst(&w->pipeline, mine, n_mine);
	rte_pktmbuf_free_bulk(of, count);
	return n;
}

/*
 * What one worker takes may become a datagram for another, at most PIPELINE_NESTED times: in each
 * round every worker finds its ring empty after all had found theirs so in the round before.
 */
void live_take_rest(struct worker *w)
{
	struct run *run = w->run;

	atomic_fetch_add_explicit(&run->rx_ended, 1, memory_order_acq_rel);
	while (atomic_load_explicit(&run->rx_ended, memory_order_acquire) < run->workers)
		if (live_take_over(w) == 0)
			run_idle(&w->idle);
	for (unsigned round = 1; run->workers > 1 && round <= PIPELINE_NESTED + 1; round++) {
		while (live_take_over(w))
			;
		atomic_fetch_add_explicit(&run->rounds, 1, memory_order_acq_rel);
		while (atomic_load_explicit(&run->rounds, memory_order_acquire) <
			round * run->workers)
			if (live_take_over(w) == 0)
				run_idle(&w->idle);
	}
	while (run->workers > 1 && live_take_over(w))
		;
}

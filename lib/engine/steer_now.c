/* SPDX-License-Identifier: BSD-3-Clause */
/* At once, in no order. */
#include "engine/steer.h"

#include "rx/idle.h"

#include <rte_pause.h>

#define PATIENCE 1000 /* turns that a worker waits for another one's ring */

static void wake(const struct steer *s)
{
	s->rx->ops->wake(s->rx);
}

static unsigned take(struct steer *s);

/* Hands packets to their owner; loses those that find no room for long. takes: what is handed over
 * may be taken meanwhile, so that two workers do not wait for each other. */
static unsigned give(
	struct steer *s, unsigned to, struct rte_mbuf **packets, unsigned n, bool takes)
{
	unsigned done = 0, turns = 0;

	while ((done += handoff_give(&s->group->handoff, to, packets + done, n - done)) < n) {
		if (++turns > PATIENCE) {
			rte_pktmbuf_free_bulk(packets + done, n - done);
			return n - done;
		}
		if (!takes || take(s) == 0)
			rte_pause();
	}
	wake(s->group->member[to]);
	return 0;
}

static unsigned give_received(struct steer *s, unsigned to, struct rte_mbuf **packets, unsigned n)
{
	return give(s, to, packets, n, true);
}

/* A datagram that was put together here goes to its owner. */
static void give_datagram(struct steer *s, const struct frame *whole)
{
	struct rte_mbuf *m = mbuf_of_frame(s->pool, whole);

	metrics_add(&s->metrics->reasm.frag_handed_over, 1);
	if (m)
		s->rx->ops->leave(s->rx, m, whole);
	if (!m || give(s, whole->owner, &m, 1, false))
		metrics_add(&s->metrics->reasm.frag_lost, 1);
}

/* Takes a fragment, and where its datagram is whole, that, however deep they are nested. */
static void join(struct steer *s, const struct frame *piece)
{
	struct frame frame = *piece, whole;

	for (int i = 0; i <= PIPELINE_NESTED; i++) {
		if (!pipeline_reassemble(s->pipeline, &frame, &whole))
			break;
		if (whole.owner != s->self) {
			give_datagram(s, &whole);
			break;
		}
		if (!whole.piece) {
			pipeline_burst(s->pipeline, &whole, 1);
			break;
		}
		frame = whole;
	}
	pipeline_release(s->pipeline);
}

static void received(struct steer *s, struct input_burst *b)
{
	struct rte_mbuf *done[PIPELINE_BURST];
	unsigned n_done = 0;

	pipeline_receive(s->pipeline, b->frames, b->n);
	for (unsigned i = 0; i < b->n; i++) {
		const struct frame *frame = &b->frames[i];
		if (bits_unlikely(frame->owner != s->self && frame->owner != PIPELINE_NO_OWNER)) {
			s->rx->ops->leave(s->rx, b->of[i], frame);
			continue;
		}
		if (bits_unlikely(frame->owner == s->self && frame->piece))
			join(s, frame);
		done[n_done++] = b->of[i];
	}
	rte_pktmbuf_free_bulk(done, n_done);
	if (n_done < b->n)
		steer_give_others(s, b, give_received);
}

static unsigned take(struct steer *s)
{
	struct rte_mbuf *packets[PIPELINE_BURST], *of[PIPELINE_BURST];
	struct frame frames[PIPELINE_BURST], mine[PIPELINE_BURST];
	unsigned n = handoff_take(&s->group->handoff, s->self, packets, PIPELINE_BURST), n_mine = 0;

	if (n == 0)
		return 0;
	unsigned count = s->rx->ops->frames(s->rx, packets, n, frames, of);
	for (unsigned i = 0; i < count; i++) {
		bool datagram = frames[i].link_type == FRAME_LINK_DATAGRAM;
		metrics_add(
			datagram ? &s->metrics->reasm.frag_taken_over : &s->metrics->rx.taken_over,
			1);
		if (bits_unlikely(frames[i].piece))
			join(s, &frames[i]);
		else
			mine[n_mine++] = frames[i];
	}
	pipeline_burst(s->pipeline, mine, n_mine);
	rte_pktmbuf_free_bulk(of, count);
	return n;
}

/* Takes what comes until `counter` has come to `all`. */
static void take_until(struct steer *s, const _Atomic unsigned *counter, unsigned all)
{
	unsigned idle = 0;

	while (atomic_load_explicit(counter, memory_order_acquire) < all) {
		if (take(s))
			idle = 0;
		else
			idle_turn(&idle);
	}
}

/*
 * What one worker takes may become a datagram for another, at most PIPELINE_NESTED times: in each
 * round every worker finds its ring empty after all had found theirs so in the round before.
 */
static void finish(struct steer *s)
{
	struct steer_group *g = s->group;

	atomic_fetch_add_explicit(&g->ended, 1, memory_order_acq_rel);
	take_until(s, &g->ended, g->workers);
	for (unsigned round = 1; round <= PIPELINE_NESTED + 1; round++) {
		while (take(s))
			;
		atomic_fetch_add_explicit(&g->rounds, 1, memory_order_acq_rel);
		take_until(s, &g->rounds, round * g->workers);
	}
	while (take(s))
		;
}

const struct steer_ops steer_at_once = {.take = take, .received = received, .finish = finish};

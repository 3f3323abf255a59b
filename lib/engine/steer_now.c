/* SPDX-License-Identifier: BSD-3-Clause */
/* Steering at once: hands packets off when they are received. */
#include "engine/steer.h"

#include "rx/idle.h"

#include <rte_cycles.h>
#include <rte_pause.h>

#define FULL_TURNS 1000 /* turns that a worker waits for space in another one's ring */
#define HOLD_MS 500 /* limit of the time that a datagram waits for other workers */
#define HOLD_TURNS 4096 /* turns that a worker polls while it holds datagrams, before it sleeps */

static void wake(const struct steer *s)
{
	s->rx->ops->wake(s->rx);
}

static unsigned process_ring(struct steer *s);

/* Hands packets off to their owner. Drops those that do not fit within FULL_TURNS turns, and
 * returns how many. If `dequeue`, processes this worker's own ring meanwhile, so that two workers
 * do not wait for each other. */
static unsigned hand_off(
	struct steer *s, unsigned to, struct rte_mbuf **packets, unsigned n, bool dequeue)
{
	unsigned done = 0, turns = 0;

	while ((done += handoff_enqueue(&s->group->handoff, to, packets + done, n - done)) < n) {
		if (++turns > FULL_TURNS) {
			rte_pktmbuf_free_bulk(packets + done, n - done);
			return n - done;
		}
		if (!dequeue || process_ring(s) == 0)
			rte_pause();
	}
	wake(s->group->member[to]);
	return 0;
}

static unsigned hand_off_received(
	struct steer *s, unsigned to, struct rte_mbuf **packets, unsigned n)
{
	return hand_off(s, to, packets, n, true);
}

/* Processes whole packets of this worker and releases their buffers. */
static void process(struct steer *s, struct rte_mbuf **packets, unsigned n)
{
	struct rte_mbuf *of[PIPELINE_BURST];
	struct frame frames[PIPELINE_BURST];
	unsigned count = s->rx->ops->frames(s->rx, packets, n, frames, of);

	pipeline_burst(s->pipeline, frames, count);
	rte_pktmbuf_free_bulk(of, count);
}

/* Hands a subframe, or a datagram that is itself a fragment, off to its owner. */
static void hand_off_inner(struct steer *s, const struct frame *whole)
{
	struct rte_mbuf *m = mbuf_of_frame(s->pool, whole);

	metrics_add(&s->metrics->reasm.frag_handed_over, 1);
	if (m)
		s->rx->ops->leave(s->rx, m, whole);
	if (!m || hand_off(s, whole->owner, &m, 1, false))
		metrics_add(whole->link_type == FRAME_LINK_SUBFRAME ? &s->metrics->reasm.amsdu_lost
								    : &s->metrics->reasm.frag_lost,
			1);
}

/* Passes a reassembled datagram to its owner, which may be this worker. */
static void pass_datagram(struct steer *s, struct rte_mbuf *m, unsigned owner)
{
	if (owner == s->self)
		process(s, &m, 1);
	else if (hand_off(s, owner, &m, 1, false))
		metrics_add(&s->metrics->reasm.frag_lost, 1);
}

/* Returns true if every worker, including this one, has handed off what was in its queues when the
 * datagram was reassembled. */
static bool is_due(const struct steer *s, const struct steer_datagram *d)
{
	for (unsigned i = 0; i < s->group->workers; i++)
		if (atomic_load_explicit(&s->group->member[i]->marks[0], memory_order_acquire) <
			d->epoch)
			return rte_rdtsc() - d->ticks > rte_get_tsc_hz() / 1000 * HOLD_MS;
	return true;
}

/* Passes the datagram that was held longest to its owner. */
static void release_first(struct steer *s)
{
	struct steer_held *held = &s->held;
	const struct steer_datagram d = held->at[held->first];

	held->first = (held->first + 1) % STEER_HELD;
	held->n--;
	pass_datagram(s, d.packet, d.owner);
}

/* Passes the datagrams that are due to their owners. Returns how many. */
static unsigned release_due(struct steer *s)
{
	struct steer_held *held = &s->held;
	uint64_t due = 0; /* epoch of the last one that is due */
	unsigned n = 0;

	for (unsigned i = 0; i < held->n; i++) {
		const struct steer_datagram *d = &held->at[(held->first + i) % STEER_HELD];
		if (!is_due(s, d))
			break;
		due = d->epoch;
	}
	if (due == 0)
		return 0;
	/* Packets received before them may be in this worker's ring. */
	for (unsigned i = 0; i < HANDOFF_SIZE / PIPELINE_BURST && process_ring(s); i++)
		;
	for (; held->n && held->at[held->first].epoch <= due; n++)
		release_first(s);
	return n;
}

/* Holds a datagram that was reassembled here until it is due, and wakes the workers whose marks it
 * needs. */
static void hold_datagram(struct steer *s, const struct frame *whole)
{
	struct steer_group *g = s->group;
	struct steer_held *held = &s->held;
	struct rte_mbuf *m = mbuf_of_frame(s->pool, whole);

	if (whole->owner != s->self)
		metrics_add(&s->metrics->reasm.frag_handed_over, 1);
	if (!m) {
		if (whole->owner == s->self)
			pipeline_burst(s->pipeline, whole, 1);
		else
			metrics_add(&s->metrics->reasm.frag_lost, 1);
		return;
	}
	s->rx->ops->leave(s->rx, m, whole);
	if (held->n == STEER_HELD)
		release_first(s);
	held->at[(held->first + held->n++) % STEER_HELD] = (struct steer_datagram){.packet = m,
		.epoch = atomic_fetch_add_explicit(&g->epoch, 1, memory_order_acq_rel) + 1,
		.ticks = rte_rdtsc(),
		.owner = whole->owner};
	held->idle = 0;
	for (unsigned i = 0; i < g->workers; i++)
		if (i != s->self)
			wake(g->member[i]);
}

/* Processes a fragment or A-MSDU. Holds the datagram that it completes; processes subframes, and
 * datagrams that are themselves pieces, here or hands them off. */
static void process_piece(struct steer *s, const struct frame *frame, unsigned level)
{
	struct pipeline_piece piece;
	struct frame inner;

	if (level == PIPELINE_NESTED) /* counted as frag_other or amsdu_other */
		return;
	pipeline_piece_begin(s->pipeline, &piece, frame);
	while (pipeline_piece_next(s->pipeline, &piece, level, &inner))
		if (inner.piece && inner.owner == s->self)
			process_piece(s, &inner, level + 1);
		else if (!inner.piece && inner.link_type == FRAME_LINK_DATAGRAM)
			hold_datagram(s, &inner);
		else if (inner.owner != s->self)
			hand_off_inner(s, &inner);
		else
			pipeline_burst(s->pipeline, &inner, 1);
	if (level == 0)
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
			process_piece(s, frame, 0);
		done[n_done++] = b->of[i];
	}
	rte_pktmbuf_free_bulk(done, n_done);
	if (n_done < b->n)
		steer_hand_off_others(s, b, hand_off_received);
}

/* Processes up to a burst of packets that others handed off. Returns how many. */
static unsigned process_ring(struct steer *s)
{
	struct rte_mbuf *packets[PIPELINE_BURST], *of[PIPELINE_BURST];
	struct frame frames[PIPELINE_BURST], mine[PIPELINE_BURST];
	unsigned n = handoff_dequeue(&s->group->handoff, s->self, packets, PIPELINE_BURST),
		 n_mine = 0;

	if (n == 0)
		return 0;
	unsigned count = s->rx->ops->frames(s->rx, packets, n, frames, of);
	for (unsigned i = 0; i < count; i++) {
		bool datagram = frame_is_inner(frames[i].link_type);
		metrics_add(
			datagram ? &s->metrics->reasm.frag_taken_over : &s->metrics->rx.taken_over,
			1);
		if (bits_unlikely(frames[i].piece))
			process_piece(s, &frames[i], 0);
		else
			mine[n_mine++] = frames[i];
	}
	pipeline_burst(s->pipeline, mine, n_mine);
	rte_pktmbuf_free_bulk(of, count);
	return n;
}

/* Publishes up to which epoch this worker has handed off what it received. */
static void publish(struct steer *s)
{
	uint64_t epoch = atomic_load_explicit(&s->group->epoch, memory_order_acquire);

	if (bits_unlikely(s->emptied && s->epoch != s->published)) {
		s->published = s->epoch;
		atomic_store_explicit(&s->marks[0], s->epoch, memory_order_release);
	}
	s->epoch = epoch;
}

static unsigned turn(struct steer *s)
{
	struct steer_held *held = &s->held;

	publish(s);
	unsigned n = process_ring(s);
	if (bits_likely(held->n == 0))
		return n;
	n += release_due(s);
	/* A held datagram counts as work, so that the worker polls again, but for HOLD_TURNS only.
	 */
	if (n)
		held->idle = 0;
	return n || held->idle++ > HOLD_TURNS ? n : 1;
}

/* Processes what others hand off until `counter` reaches `all`. */
static void turn_until(struct steer *s, const _Atomic unsigned *counter, unsigned all)
{
	unsigned idle = 0;

	while (atomic_load_explicit(counter, memory_order_acquire) < all) {
		if (turn(s))
			idle = 0;
		else
			idle_turn(&idle);
	}
}

/*
 * A packet that is handed off may complete a datagram for another worker, at most PIPELINE_NESTED
 * times: in each round every worker empties its ring after all have emptied theirs in the round
 * before.
 */
static void finish(struct steer *s)
{
	struct steer_group *g = s->group;

	/* No datagram needs a mark of this worker any more. */
	s->published = UINT64_MAX;
	s->emptied = false;
	atomic_store_explicit(&s->marks[0], UINT64_MAX, memory_order_release);
	atomic_fetch_add_explicit(&g->ended, 1, memory_order_acq_rel);
	turn_until(s, &g->ended, g->workers);
	for (unsigned round = 1; round <= PIPELINE_NESTED + 1; round++) {
		while (turn(s))
			;
		atomic_fetch_add_explicit(&g->rounds, 1, memory_order_acq_rel);
		turn_until(s, &g->rounds, round * g->workers);
	}
	while (turn(s))
		;
}

const struct steer_ops steer_at_once = {.turn = turn, .received = received, .finish = finish};

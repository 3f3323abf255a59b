/* SPDX-License-Identifier: BSD-3-Clause */
/* Steering in order: processes packets in the order of the capture. */
#include "engine/steer.h"

#include "rx/idle.h"

/* Buffers of the largest datagram, and of the A-MSDU that needs most: a subframe longer than one
 * buffer needs no more of them than short ones in its place would. */
#define DATAGRAM_MAX_MBUFS (65536 / RTE_MBUF_DEFAULT_DATAROOM + 2)
#define AMSDU_MAX_MBUFS (PACKET_SUBFRAMES + PACKET_AMSDU / RTE_MBUF_DEFAULT_DATAROOM + 1)
_Static_assert(AMSDU_MAX_MBUFS > DATAGRAM_MAX_MBUFS && AMSDU_MAX_MBUFS <= STEER_MBUFS,
	"the buffers that a piece can need");
/* Bursts of whole packets that one turn processes at most. */
#define TURN_BURSTS 8

static void insert(struct steer *s, struct order_item *item)
{
	order_insert(item->piece ? &s->pieces[item->level] : &s->wholes[item->level], item);
}

/* Dequeues what others handed off, and inserts it in order. Returns how many packets. */
static unsigned collect(struct steer *s)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	unsigned n, all = 0;

	while ((n = handoff_dequeue(&s->group->handoff, s->self, packets, PIPELINE_BURST))) {
		all += n;
		for (unsigned i = 0; i < n; i++)
			__builtin_prefetch(mbuf_item(packets[i]));
		for (unsigned i = 0; i < n; i++) {
			struct order_item *item = mbuf_item(packets[i]);
			metrics_add(item->level ? &s->metrics->reasm.frag_taken_over
						: &s->metrics->rx.taken_over,
				1);
			insert(s, item);
		}
	}
	return all;
}

/* Hands packets with their order items off to another worker; dequeues while its ring is full. */
static unsigned hand_off(struct steer *s, unsigned to, struct rte_mbuf **packets, unsigned n)
{
	unsigned done = 0, idle = 0;

	while ((done += handoff_enqueue(&s->group->handoff, to, packets + done, n - done)) < n)
		if (collect(s) == 0)
			idle_turn(&idle);
	return 0;
}

static void received(struct steer *s, struct input_burst *b)
{
	struct rte_mbuf *dropped[PIPELINE_BURST];
	unsigned n_dropped = 0;

	pipeline_steer(s->pipeline, b->frames, b->n);
	for (unsigned i = 0; i < b->n; i++) {
		if (b->frames[i].owner == PIPELINE_NO_OWNER) {
			dropped[n_dropped++] = b->of[i];
			continue;
		}
		struct order_item *item = mbuf_item(b->of[i]);
		*item = (struct order_item){.packet = b->of[i],
			.number = item->number,
			.from = s->self,
			.piece = b->frames[i].piece};
		if (b->frames[i].owner == s->self)
			insert(s, item);
	}
	rte_pktmbuf_free_bulk(dropped, n_dropped);
	steer_hand_off_others(s, b, hand_off);
}

/* Passes a reassembled datagram or a subframe to its owner. The pool has enough buffers for it. */
static void pass_datagram(
	struct steer *s, const struct frame *whole, uint64_t number, unsigned level)
{
	struct rte_mbuf *m =
		level < STEER_LEVELS || !whole->piece ? mbuf_of_frame(s->pool, whole) : NULL;
	if (!m) /* nested too deeply: counted as frag_other or amsdu_other */
		return;
	struct order_item *item = mbuf_item(m);
	*item = (struct order_item){.packet = m,
		.number = number,
		.from = s->self,
		.level = (uint8_t)level,
		.piece = whole->piece};
	if (whole->owner == s->self) {
		insert(s, item);
		return;
	}
	metrics_add(&s->metrics->reasm.frag_handed_over, 1);
	hand_off(s, whole->owner, &m, 1);
}

/* Processes the fragments and A-MSDUs of a level up to a number of the capture, and publishes the
 * mark. Returns how many. */
static unsigned process_pieces(struct steer *s, unsigned level, uint64_t limit)
{
	struct order *pieces = &s->pieces[level];
	struct order_item *item;
	unsigned n = 0;
	uint64_t done = limit;

	while (!order_is_empty(pieces)) {
		if (rte_mempool_avail_count(s->pool) < AMSDU_MAX_MBUFS) {
			done = order_min(pieces) - 1 < limit ? order_min(pieces) - 1 : limit;
			break;
		}
		item = order_remove(pieces, 1, limit);
		if (!item)
			break;
		struct rte_mbuf *m = item->packet;
		uint64_t number = item->number;
		struct frame frame, whole;
		if (s->rx->ops->frames(s->rx, &m, 1, &frame, &m) == 1) {
			struct pipeline_piece piece;
			pipeline_piece_begin(s->pipeline, &piece, &frame);
			while (pipeline_piece_next(s->pipeline, &piece, 0, &whole))
				pass_datagram(s, &whole, number, level + 1);
			rte_pktmbuf_free(m);
		}
		pipeline_release(s->pipeline);
		n++;
	}
	atomic_store_explicit(&s->marks[level + 1], done, memory_order_release);
	return n;
}

/* Processes whole packets up to a number of the capture. Returns how many. */
static unsigned process_wholes(struct steer *s, uint64_t limit)
{
	unsigned all = 0;

	for (unsigned burst = 0; burst < TURN_BURSTS; burst++) {
		struct rte_mbuf *packets[PIPELINE_BURST], *of[PIPELINE_BURST];
		struct frame frames[PIPELINE_BURST];
		struct order_item *item;
		unsigned n = 0;
		while (n < PIPELINE_BURST &&
			(item = order_remove(s->wholes, STEER_LEVELS + 1, limit)))
			packets[n++] = item->packet;
		if (n == 0)
			break;
		unsigned count = s->rx->ops->frames(s->rx, packets, n, frames, of);
		pipeline_burst(s->pipeline, frames, count);
		rte_pktmbuf_free_bulk(of, count);
		all += n;
	}
	return all;
}

static unsigned turn(struct steer *s)
{
	uint64_t limit[STEER_LEVELS + 1];

	/* What was received up to the input's mark has been handed off. */
	atomic_store_explicit(&s->marks[0], s->rx->mark, memory_order_release);
	/* Marks are read before the ring: what was handed off before them is in the ring then. */
	for (unsigned level = 0; level <= STEER_LEVELS; level++) {
		limit[level] = INPUT_END;
		for (unsigned i = 0; i < s->group->workers; i++) {
			uint64_t mark = atomic_load_explicit(
				&s->group->member[i]->marks[level], memory_order_acquire);
			limit[level] = mark < limit[level] ? mark : limit[level];
		}
	}
	unsigned n = collect(s);
	for (unsigned level = 0; level < STEER_LEVELS; level++)
		n += process_pieces(s, level, limit[level]);
	n += process_wholes(s, limit[STEER_LEVELS]);
	s->settled = n == 0 && limit[STEER_LEVELS] == INPUT_END;
	return n;
}

static void finish(struct steer *s)
{
	unsigned idle = 0;

	do {
		if (turn(s))
			idle = 0;
		else if (!s->settled)
			idle_turn(&idle);
	} while (!s->settled);
}

const struct steer_ops steer_in_order = {.turn = turn, .received = received, .finish = finish};

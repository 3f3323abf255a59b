/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_table.h"

#include "reasm/tcp_table_inner.h"

static bool is_over(const struct tcp_flow *f, unsigned n)
{
	return (f->flags[n] & TCP_ENDING) && ranges_ahead(f->stream[n].next, f->stream[n].fin) >= 0;
}

/* Does a stream wait for octets that the peer has, or, where it is not seen, may have? */
static bool is_stalled(const struct tcp_table *t, const struct tcp_flow *f, unsigned n)
{
	const struct tcp_stream *s = &f->stream[n];
	const struct range *hole = tcp_stream_hole(&t->store, s);
	if (hole && (!(f->flags[n] & TCP_ACKED) || ranges_ahead(s->acked, hole->from) >= 0))
		return true;
	return (f->flags[n] & TCP_ENDING) && !is_over(f, n) && ranges_ahead(s->acked, s->fin) > 0;
}

/*
 * Do the replies of stream n wait for octets of queries that the server has and the capture lacks?
 * These may come late, and behind them may stand what the replies answer.
 */
static bool is_held(const struct tcp_table *t, const struct tcp_flow *f, unsigned n)
{
	const struct tcp_stream *asked = &f->stream[!n];
	if (asked->window == 0 || tcp_side(f, n) != SPLIT_REPLIES)
		return false;
	const struct range *hole = tcp_stream_hole(&t->store, asked);
	return hole && ranges_ahead(asked->acked, hole->from) >= 0;
}

/* Where a connection belongs that has not ended. */
static enum tcp_list list_of(const struct tcp_table *t, const struct tcp_flow *f)
{
	if (is_stalled(t, f, 0) || is_stalled(t, f, 1))
		return f->proven ? TCP_WAITING : TCP_HALF_WAITING;
	return f->proven ? TCP_ACTIVE : TCP_HALF;
}

static void count_end(struct tcp_table *t, const struct tcp_flow *f)
{
	struct metrics_reasm *m = t->store.metrics;
	if (f->list == TCP_LINGER) /* was counted then */
		return;
	switch (t->end) {
	case TCP_END_CLOSED: tcp_count(&m->tcp_closed); break;
	case TCP_END_RESET: tcp_count(&m->tcp_reset); break;
	case TCP_END_REUSED: tcp_count(&m->tcp_reused); break;
	default: tcp_count(&m->tcp_idle); break;
	}
}

/* All messages are out. True if there is more to do. */
static bool settle(struct tcp_table *t)
{
	uint32_t slot = t->slot;
	struct tcp_flow *f = &t->flows[slot];

	if (t->end == TCP_END_NONE && f->list != TCP_LINGER && is_over(f, 0) && is_over(f, 1))
		t->end = TCP_END_CLOSED;
	if (t->end == TCP_END_NONE) {
		t->slot = 0;
		if (f->list == TCP_LINGER)
			return false;
		enum tcp_list list = list_of(t, f);
		if (f->list != list)
			tcp_flow_list(t, slot, list);
		return false;
	}
	enum tcp_end end = t->end;
	tcp_flow_drop(t, slot);
	count_end(t, f);
	t->end = TCP_END_NONE;
	if (end == TCP_END_REUSED) {
		tcp_segment_restart(t);
		return true;
	}
	t->slot = 0;
	if (end == TCP_END_IDLE)
		tcp_flow_remove(t, slot);
	else
		tcp_flow_list(t, slot, TCP_LINGER);
	return false;
}

static void fill(const struct tcp_table *t, const struct tcp_piece *piece, struct tcp_message *out)
{
	const struct tcp_flow *f = &t->flows[t->slot];
	*out = (struct tcp_message){
		.data = piece->data,
		.len = piece->len,
		.wire_len = piece->wire_len,
		.cut = piece->len < piece->wire_len,
		.ts_ns = piece->ts_ns,
		.clock_ns = t->clock_ns,
		.rtt_ns = f->handshake == TCP_HANDSHAKE_DONE ? f->handshake_ns : -1,
		.pkt = piece->pkt,
		.ambiguous = piece->ambiguous,
	};
}

/* Messages of stream n that wait. */
static bool next_pulled(struct tcp_table *t, unsigned n, struct tcp_piece *piece)
{
	struct tcp_flow *f = &t->flows[t->slot];
	struct tcp_stream *s = &f->stream[n];
	if (!(t->pull >> n & 1))
		return false;
	bool held = is_held(t, f, n);
	if (!held && tcp_stream_pull(&t->store, s, tcp_side(f, n), t->upto[n], piece))
		return true;
	t->pull &= (uint8_t) ~(1u << n);
	if (!held && (t->tail >> n & 1) && !tcp_stream_hole(&t->store, s))
		tcp_stream_jump(&t->store, s, s->fin);
	/* What held the replies may be over. */
	if (f->stream[!n].window && tcp_side(f, !n) == SPLIT_REPLIES)
		tcp_pull_upto(t, !n, f->stream[!n].next);
	return false;
}

/* Messages of the segment in hand. */
static bool next_offered(struct tcp_table *t, struct tcp_piece *piece)
{
	const struct tcp_flow *f = &t->flows[t->slot];
	struct tcp_stream *s = &t->flows[t->slot].stream[t->dir];
	const struct range *hole;

	t->in.wait = is_held(t, f, t->dir);
	switch (tcp_stream_offer(&t->store, s, &t->in, piece)) {
	case TCP_OFFER_MESSAGE: return true;
	case TCP_OFFER_STORED: tcp_pull_upto(t, t->dir, s->next); break;
	case TCP_OFFER_FULL:
		if (t->in.wait) { /* no longer */
			tcp_pull_upto(t, !t->dir, f->stream[!t->dir].acked);
			break;
		}
		hole = tcp_stream_hole(&t->store, s);
		if (hole && ranges_ahead(t->in.seq, hole->from) >= 0)
			tcp_pull_upto(t, t->dir, hole->flags & RANGE_DOUBT ? hole->to : hole->from);
		else
			tcp_stream_jump(&t->store, s, t->in.seq);
		break;
	}
	return false;
}

bool tcp_next(struct tcp_table *t, struct tcp_message *out)
{
	struct tcp_piece piece;

	while (t->slot) {
		/* What was asked before what was answered. */
		unsigned first = t->flows[t->slot].side == SPLIT_REPLIES;
		if (t->pull) {
			if (next_pulled(t, first, &piece) || next_pulled(t, !first, &piece)) {
				fill(t, &piece, out);
				return true;
			}
		} else if (t->in.left + t->in.gone) {
			if (next_offered(t, &piece)) {
				fill(t, &piece, out);
				return true;
			}
		} else if (!settle(t)) {
			return false;
		}
	}
	return false;
}

/* How long what stands behind a hole is there: of a capture that went back in time, the clock is
 * ahead of its stamps. */
static int64_t hole_age(const struct tcp_table *t, int64_t ts_ns)
{
	int64_t age_ns = tcp_since(t->clock_ns, ts_ns);
	return age_ns >= TCP_AHEAD_NS ? age_ns - t->ahead_ns : age_ns;
}

/*
 * Up to where holes of a stream may be given up: no further than `upto`, and as far as what stands
 * behind them is there for so long.
 */
static uint32_t stale_upto(
	const struct tcp_table *t, const struct tcp_stream *s, uint32_t upto, int64_t wait_ns)
{
	uint32_t seq = s->next;
	const struct range *hole = tcp_stream_hole(&t->store, s);
	if (!hole)
		return seq;
	const struct ranges *r = &tcp_window_at(&t->store.pool, s->window)->ranges;
	wait_ns = wait_ns > t->hole_ns ? wait_ns : t->hole_ns;
	for (; hole < r->at + r->count; hole++) {
		int64_t wait = hole->flags & RANGE_DOUBT ? TCP_BLIND_NS : wait_ns;
		bool old = hole->ts_ns == RANGE_CUT || hole_age(t, hole->ts_ns) >= wait;
		if (!old || ranges_ahead(hole->from, upto) > 0)
			break;
		seq = hole->flags & RANGE_DOUBT ? hole->to : hole->from;
	}
	return seq;
}

void tcp_give_up(struct tcp_table *t)
{
	struct tcp_flow *f = &t->flows[t->slot];
	tcp_flow_list(t, t->slot, f->proven ? TCP_ACTIVE : TCP_HALF);
	for (unsigned n = 0; n < 2; n++) {
		const struct tcp_stream *s = &f->stream[n];
		if (f->flags[n] & TCP_ACKED)
			tcp_pull_upto(t, n, stale_upto(t, s, s->acked, t->hole_ns));
		else
			tcp_pull_upto(t, n, stale_upto(t, s, s->next + INT32_MAX, TCP_BLIND_NS));
		if ((f->flags[n] & TCP_ENDING) && ranges_ahead(s->acked, s->fin) > 0)
			t->tail |= (uint8_t)(1u << n);
	}
}

/* Takes a connection in hand without a segment. */
static struct tcp_flow *hold(struct tcp_table *t, uint32_t slot)
{
	t->slot = slot;
	t->in.left = t->in.gone = 0;
	t->pull = t->tail = t->winner = 0;
	t->end = TCP_END_NONE;
	return &t->flows[slot];
}

bool tcp_is_any_due(struct tcp_table *t, int64_t clock_ns)
{
	t->clock_ns = clock_ns;
	for (int list = 0; list < TCP_LISTS; list++) {
		const struct tcp_flow *f = &t->flows[t->oldest[list]];
		if (!t->oldest[list])
			continue;
		if (list == TCP_HALF_WAITING || list == TCP_WAITING ? tcp_is_due(t, f)
			: list == TCP_LINGER ? tcp_since(clock_ns, f->listed_ns) > TCP_LINGER_NS
					     : tcp_since(clock_ns, f->last_ns) > t->idle_ns)
			return true;
	}
	return false;
}

bool tcp_expire(struct tcp_table *t, int64_t clock_ns)
{
	t->clock_ns = clock_ns;
	for (int list = TCP_HALF_WAITING; list <= TCP_WAITING; list++) {
		uint32_t slot = t->oldest[list];
		if (!slot || !tcp_is_due(t, &t->flows[slot]))
			continue;
		struct tcp_flow *f = hold(t, slot);
		if (tcp_since(clock_ns, f->last_ns) > t->idle_ns)
			tcp_flow_end(t, TCP_END_IDLE);
		else
			tcp_give_up(t);
		return true;
	}
	uint32_t slot = t->oldest[TCP_LINGER];
	if (slot && tcp_since(clock_ns, t->flows[slot].listed_ns) > TCP_LINGER_NS) {
		tcp_flow_remove(t, slot);
		return true;
	}
	for (int list = TCP_HALF; list <= TCP_ACTIVE; list++) {
		slot = t->oldest[list];
		if (slot && tcp_since(clock_ns, t->flows[slot].last_ns) > t->idle_ns) {
			hold(t, slot);
			tcp_flow_end(t, TCP_END_IDLE);
			return true;
		}
	}
	return false;
}

bool tcp_finish(struct tcp_table *t)
{
	for (int list = 0; list < TCP_LISTS; list++) {
		uint32_t slot = t->oldest[list];
		if (slot) {
			hold(t, slot);
			tcp_flow_end(t, TCP_END_IDLE);
			return true;
		}
	}
	return false;
}

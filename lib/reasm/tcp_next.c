/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_table_inner.h"

/* True if a stream has been consumed up to its FIN. */
static bool is_over(const struct tcp_flow *f, unsigned n)
{
	return (f->flags[n] & TCP_ENDING) && tcp_seq_diff(f->stream[n].next, f->stream[n].fin) >= 0;
}

/* True if a stream has a gap that the peer acknowledged, or may have if the peer is not seen. */
static bool is_stalled(const struct tcp_table *t, const struct tcp_flow *f, unsigned n)
{
	const struct tcp_stream *s = &f->stream[n];
	const struct tcp_range *gap = tcp_stream_gap(&t->store, s);
	if (gap && (!(f->flags[n] & TCP_ACKED) || tcp_seq_diff(s->acked, gap->from) >= 0))
		return true;
	return (f->flags[n] & TCP_ENDING) && !is_over(f, n) && tcp_seq_diff(s->acked, s->fin) > 0;
}

/*
 * True if the replies of stream n wait for octets of queries that the server acknowledged and the
 * capture lacks: these may arrive late, and the replies answer what is behind them.
 */
static bool is_held_back(const struct tcp_table *t, const struct tcp_flow *f, unsigned n)
{
	const struct tcp_stream *queries = &f->stream[!n];
	if (queries->window == 0 || tcp_flow_side(f, n) != TCP_SIDE_REPLIES)
		return false;
	const struct tcp_range *gap = tcp_stream_gap(&t->store, queries);
	return gap && tcp_seq_diff(queries->acked, gap->from) >= 0;
}

/* Returns the list for a connection that has not ended. */
static enum tcp_list list_for(const struct tcp_table *t, const struct tcp_flow *f)
{
	bool plain = !(f->stream[0].window | f->stream[1].window) &&
		     !((f->flags[0] | f->flags[1]) & TCP_ENDING);
	if (bits_likely(plain) || !(is_stalled(t, f, 0) || is_stalled(t, f, 1)))
		return f->proven ? TCP_ACTIVE : TCP_HALF;
	return f->proven ? TCP_STALLED : TCP_HALF_STALLED;
}

static void count_end(struct tcp_table *t, const struct tcp_flow *f, enum tcp_end end)
{
	struct metrics_reasm *m = t->store.metrics;
	if (f->list == TCP_LINGER) /* counted before */
		return;
	switch (end) {
	case TCP_END_CLOSED: tcp_count(&m->tcp_closed); break;
	case TCP_END_RESET: tcp_count(&m->tcp_reset); break;
	case TCP_END_REUSED: tcp_count(&m->tcp_reused); break;
	default: tcp_count(&m->tcp_idle); break;
	}
}

/* SETTLE: all messages are out. Returns true if there is more work. */
static bool settle(struct tcp_table *t)
{
	struct tcp_work *w = &t->work;
	uint32_t slot = w->slot;
	struct tcp_flow *f = &t->flows[slot];
	enum tcp_end end = w->end;

	if (end == TCP_END_NONE && f->list != TCP_LINGER && is_over(f, 0) && is_over(f, 1))
		end = TCP_END_CLOSED;
	if (bits_likely(end == TCP_END_NONE)) {
		w->slot = 0;
		if (f->list == TCP_LINGER)
			return false;
		enum tcp_list list = list_for(t, f);
		if (bits_unlikely(f->list != list))
			tcp_flow_list(t, slot, list);
		return false;
	}
	tcp_flow_drop(t, slot);
	count_end(t, f, end);
	w->end = TCP_END_NONE;
	if (end == TCP_END_REUSED) {
		tcp_segment_restart(t);
		return true;
	}
	w->slot = 0;
	if (end == TCP_END_IDLE)
		tcp_flow_remove(t, slot);
	else
		tcp_flow_list(t, slot, TCP_LINGER);
	return false;
}

/* Sets *out from the output of a stream. */
static void fill(const struct tcp_table *t, const struct tcp_output *from, struct tcp_message *out)
{
	const struct tcp_flow *f = &t->flows[t->work.slot];
	*out = (struct tcp_message){
		.data = from->data,
		.len = from->len,
		.wire_len = from->wire_len,
		.cut = from->len < from->wire_len,
		.ts_ns = from->ts_ns,
		.clock_ns = t->clock_ns,
		.rtt_ns = f->handshake == TCP_HANDSHAKE_DONE ? f->handshake_ns : -1,
		.pkt = from->pkt,
		.ambiguous = from->ambiguous,
	};
}

/* PULL: the next message of stream n's window. */
static bool next_pulled(struct tcp_table *t, unsigned n, struct tcp_output *out)
{
	struct tcp_work *w = &t->work;
	struct tcp_flow *f = &t->flows[w->slot];
	struct tcp_stream *s = &f->stream[n];

	if (!(w->pull >> n & 1))
		return false;
	bool held_back = is_held_back(t, f, n);
	if (!held_back &&
		tcp_stream_pull(&t->store, s, tcp_flow_side(f, n), w->skip_before[n], out))
		return true;
	w->pull &= (uint8_t) ~(1u << n);
	if (!held_back && (w->skip_tail >> n & 1) && !tcp_stream_gap(&t->store, s))
		tcp_stream_skip_to(&t->store, s, s->fin);
	/* What held the replies back may be over. */
	if (f->stream[!n].window && tcp_flow_side(f, !n) == TCP_SIDE_REPLIES)
		tcp_work_pull(w, !n, f->stream[!n].next);
	return false;
}

/* The input found no space: skips a gap, so that the next offer does. */
static void make_space(struct tcp_table *t, struct tcp_flow *f)
{
	struct tcp_work *w = &t->work;
	struct tcp_stream *s = &f->stream[w->dir];

	if (w->input.wait) { /* for the queries no longer */
		tcp_work_pull(w, !w->dir, f->stream[!w->dir].acked);
		return;
	}
	const struct tcp_range *gap = tcp_stream_gap(&t->store, s);
	if (gap && tcp_seq_diff(w->input.seq, gap->from) >= 0)
		tcp_work_pull(w, w->dir, gap->flags & TCP_RANGE_DOUBT ? gap->to : gap->from);
	else
		tcp_stream_skip_to(&t->store, s, w->input.seq);
}

/* OFFER: the next message of the segment. */
static bool next_offered(struct tcp_table *t, struct tcp_output *out)
{
	struct tcp_work *w = &t->work;
	struct tcp_flow *f = &t->flows[w->slot];
	struct tcp_stream *s = &f->stream[w->dir];

	w->input.wait = is_held_back(t, f, w->dir);
	switch (tcp_stream_offer(&t->store, s, &w->input, out)) {
	case TCP_OFFER_MESSAGE: return true;
	case TCP_OFFER_STORED:
		if (s->window)
			tcp_work_pull(w, w->dir, s->next);
		break;
	case TCP_OFFER_FULL: make_space(t, f); break;
	}
	return false;
}

bool tcp_next(struct tcp_table *t, struct tcp_message *out)
{
	const struct tcp_work *w = &t->work;
	struct tcp_output from;
	bool found;

	while (w->slot) {
		if (w->pull) { /* queries before their replies */
			unsigned first = t->flows[w->slot].side == TCP_SIDE_REPLIES;
			found = next_pulled(t, first, &from) || next_pulled(t, !first, &from);
		} else if (w->input.left + w->input.cut) {
			found = next_offered(t, &from);
		} else if (settle(t)) {
			continue;
		} else {
			return false;
		}
		if (found) {
			fill(t, &from, out);
			return true;
		}
	}
	return false;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_table_inner.h"

/*
 * Returns how long a range has waited behind a gap. If the capture went back in time, its clock is
 * ahead of the timestamps.
 */
static int64_t gap_age(const struct tcp_table *t, int64_t ts_ns)
{
	int64_t age_ns = when_since(t->clock_ns, ts_ns);
	return age_ns >= TCP_AHEAD_NS ? age_ns - t->ahead_ns : age_ns;
}

/*
 * Returns up to where gaps of a stream can be skipped: no further than `limit`, and as far as the
 * ranges behind them have waited for wait_ns.
 */
static uint32_t stale_before(
	const struct tcp_table *t, const struct tcp_stream *s, uint32_t limit, int64_t wait_ns)
{
	uint32_t seq = s->next;
	const struct tcp_range *gap = tcp_stream_gap(&t->store, s);
	if (!gap)
		return seq;
	const struct tcp_ranges *r = &tcp_window_at(&t->store.pool, s->window)->ranges;
	wait_ns = wait_ns > t->gap_ns ? wait_ns : t->gap_ns;
	for (; gap < r->at + r->count; gap++) {
		int64_t wait = gap->flags & TCP_RANGE_DOUBT ? TCP_BLIND_NS : wait_ns;
		bool old = gap->ts_ns == TCP_RANGE_CUT || gap_age(t, gap->ts_ns) >= wait;
		if (!old || tcp_seq_diff(gap->from, limit) > 0)
			break;
		seq = gap->flags & TCP_RANGE_DOUBT ? gap->to : gap->from;
	}
	return seq;
}

void tcp_flow_skip_gaps(struct tcp_table *t)
{
	struct tcp_flow *f = &t->flows[t->work.slot];
	tcp_flow_list(t, t->work.slot, f->proven ? TCP_ACTIVE : TCP_HALF);
	for (unsigned n = 0; n < 2; n++) {
		const struct tcp_stream *s = &f->stream[n];
		if (f->flags[n] & TCP_ACKED)
			tcp_work_pull(&t->work, n, stale_before(t, s, s->acked, t->gap_ns));
		else
			tcp_work_pull(
				&t->work, n, stale_before(t, s, s->next + INT32_MAX, TCP_BLIND_NS));
		if ((f->flags[n] & TCP_ENDING) && tcp_seq_diff(s->acked, s->fin) > 0)
			tcp_work_skip_tail(&t->work, n);
	}
}

/* Begins to end a connection. */
static void end_idle(struct tcp_table *t, uint32_t slot)
{
	tcp_work_begin(&t->work, slot, NULL);
	tcp_work_end(&t->work, t->flows[slot].stream, TCP_END_IDLE);
}

/* True if the oldest connection of a list is due. */
static bool is_due(const struct tcp_table *t, unsigned list)
{
	const struct tcp_flow *f = &t->flows[t->list[list].oldest];

	if (!t->list[list].oldest)
		return false;
	switch ((enum tcp_list)list) {
	case TCP_HALF_STALLED:
	case TCP_STALLED: return tcp_flow_is_due(t, f);
	case TCP_LINGER: return when_since(t->clock_ns, f->listed_ns) > TCP_LINGER_NS;
	default: return when_since(t->clock_ns, f->last_ns) > t->idle_ns;
	}
}

bool tcp_is_any_due(struct tcp_table *t, int64_t clock_ns)
{
	t->clock_ns = clock_ns;
	for (unsigned list = 0; list < TCP_LISTS; list++)
		if (is_due(t, list))
			return true;
	return false;
}

bool tcp_expire(struct tcp_table *t, int64_t clock_ns)
{
	static const uint8_t order[TCP_LISTS] = {
		TCP_HALF_STALLED, TCP_STALLED, TCP_LINGER, TCP_HALF, TCP_ACTIVE};

	t->clock_ns = clock_ns;
	for (unsigned i = 0; i < TCP_LISTS; i++) {
		uint32_t slot = t->list[order[i]].oldest;
		if (!is_due(t, order[i]))
			continue;
		if (order[i] == TCP_LINGER) {
			tcp_flow_remove(t, slot);
		} else if (when_since(clock_ns, t->flows[slot].last_ns) > t->idle_ns) {
			end_idle(t, slot);
		} else {
			tcp_work_begin(&t->work, slot, NULL);
			tcp_flow_skip_gaps(t);
		}
		return true;
	}
	return false;
}

bool tcp_finish(struct tcp_table *t)
{
	for (int list = 0; list < TCP_LISTS; list++) {
		if (t->list[list].oldest) {
			end_idle(t, t->list[list].oldest);
			return true;
		}
	}
	return false;
}

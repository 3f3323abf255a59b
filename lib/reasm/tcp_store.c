/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside tcp_stream: stores octets that cannot be consumed yet, and decides which octets count. */
#include "reasm/tcp_stream.h"

/* Makes space in the pool: discards the window, other than that of `keep`, unused longest. */
static bool store_evict(struct tcp_store *store, const struct tcp_stream *keep)
{
	uint32_t window = store->pool.windows.oldest;
	if (window && window == keep->window)
		window = tcp_window_at(&store->pool, window)->age.younger;
	if (window == 0)
		return false;
	tcp_stream_drop(store, tcp_window_at(&store->pool, window)->stream,
		&store->metrics->tcp_octets_evicted);
	metrics_add(&store->metrics->tcp_windows_evicted, 1);
	return true;
}

/* Opens a window if there is none, and reserves space for len octets; evicts others if need be. */
static bool window_reserve(
	struct tcp_store *store, struct tcp_stream *s, const struct tcp_input *in, uint32_t len)
{
	while (s->window == 0) {
		s->window = tcp_window_open(&store->pool, s, in->pkt);
		if (s->window == 0 && !store_evict(store, s))
			return false;
	}
	tcp_window_touch(&store->pool, s->window);
	while (!tcp_window_has_space(&store->pool, s->window, in->seq, len))
		if (!store_evict(store, s))
			return false;
	return true;
}

/* Returns the range of a segment's octets [from, to). */
static struct tcp_range range_of(
	const struct tcp_input *in, uint32_t from, uint32_t to, int64_t ts_ns)
{
	return (struct tcp_range){.from = from,
		.to = to,
		.ts_ns = ts_ns,
		.before = (uint16_t)(from - in->from),
		.behind = (uint16_t)(in->to - to),
		.flags = (uint8_t)(in->doubt | (in->ambiguous ? TCP_RANGE_AMBIGUOUS : 0))};
}

/*
 * Adds a range to a gap. The last place of the list is reserved for octets in order, so that the
 * stream can always continue.
 */
static bool add_range(struct tcp_store *store, struct tcp_stream *s, const struct tcp_range *new)
{
	struct tcp_ranges *r = &tcp_window_of(store, s)->ranges;
	bool in_order = new->from - s->next == tcp_ranges_run(r, s->next);
	return tcp_ranges_add(r, new, in_order ? 0 : 1);
}

/* True if the input's octets replace those of a range. The stream is in order up to `due`. */
static bool input_wins(const struct tcp_input *in, const struct tcp_range *old, uint32_t due)
{
	bool doubt = old->flags & TCP_RANGE_DOUBT;
	if ((in->doubt != 0) != doubt)
		return doubt;
	if (old->ts_ns == TCP_RANGE_CUT || tcp_seq_diff(due, old->from) > 0)
		return false;
	if (doubt) /* a retransmission: the former octets were not acknowledged */
		return true;
	int32_t ahead = tcp_seq_diff(old->from - old->before, in->from);
	if (tcp_seq_diff(due, in->from) >= 0)
		return true; /* in order */
	return ahead > 0 || (ahead == 0 && tcp_seq_diff(in->to, old->to + old->behind) > 0);
}

/* Stores octets [from, to) of the input, which the range `old` holds, too. */
static void store_again(struct tcp_store *store, const struct tcp_stream *s, struct tcp_input *in,
	struct tcp_range *old, uint32_t from, uint32_t to, uint32_t due)
{
	struct tcp_ranges *r = &tcp_window_of(store, s)->ranges;
	const uint8_t *data = in->at + (from - in->seq);

	if (old->ts_ns != TCP_RANGE_CUT &&
		tcp_window_differs(&store->pool, s->window, from, data, to - from)) {
		metrics_add(&store->metrics->tcp_conflicts, !in->conflict);
		in->conflict = true;
		/* A receiver drops a segment with a wrong checksum or acknowledgement. */
		if (!in->doubt == !(old->flags & TCP_RANGE_DOUBT)) {
			in->ambiguous = true;
			old->flags |= TCP_RANGE_AMBIGUOUS;
		}
	}
	if (!input_wins(in, old, due))
		return;
	struct tcp_range new = range_of(in, from, to, in->ts_ns);
	if (tcp_ranges_replace(r, &new))
		tcp_window_write(&store->pool, s->window, from, data, to - from);
}

/* Stores n octets of the input. Returns false if the list of ranges is full. */
static bool store_octets(
	struct tcp_store *store, struct tcp_stream *s, struct tcp_input *in, uint32_t n)
{
	struct tcp_ranges *r = &tcp_window_of(store, s)->ranges;
	uint32_t at = in->seq, to = in->seq + n, end, fresh = 0;
	uint32_t due = s->next + tcp_ranges_run(r, s->next);

	for (; at != to; at = end) {
		struct tcp_range *old = tcp_ranges_after_late(r, at);
		end = to;
		if (old && tcp_seq_diff(old->from, at) <= 0) {
			if (tcp_seq_diff(old->to, to) < 0)
				end = old->to;
			store_again(store, s, in, old, at, end, due);
			continue;
		}
		if (old && tcp_seq_diff(old->from, to) < 0)
			end = old->from;
		struct tcp_range new = range_of(in, at, end, in->ts_ns);
		if (!add_range(store, s, &new))
			break;
		tcp_window_write(&store->pool, s->window, at, in->at + (at - in->seq), end - at);
		fresh += end - at;
	}
	if (at - in->seq > fresh)
		metrics_add(&store->metrics->tcp_octets_repeated, at - in->seq - fresh);
	tcp_input_advance(in, at - in->seq);
	return at == to;
}

/* Marks the gaps of n octets behind the input as truncated by the capture. */
static bool store_cut(
	struct tcp_store *store, struct tcp_stream *s, const struct tcp_input *in, uint32_t n)
{
	const struct tcp_ranges *r = &tcp_window_of(store, s)->ranges;
	uint32_t from = in->seq, end;
	for (; tcp_ranges_gap(r, &from, in->seq + n, &end); from = end) {
		struct tcp_range new = range_of(in, from, end, TCP_RANGE_CUT);
		new.flags = 0;
		if (!add_range(store, s, &new))
			return false;
	}
	return true;
}

enum tcp_offer tcp_store_offer(struct tcp_store *store, struct tcp_stream *s, struct tcp_input *in)
{
	uint32_t ahead = in->seq - s->next;
	if (ahead >= store->limit)
		return TCP_OFFER_FULL;
	uint32_t space = store->limit - ahead;
	uint32_t n = in->left < space ? in->left : space;
	if (!window_reserve(store, s, in, n)) {
		metrics_add(&store->metrics->tcp_octets_evicted, in->left);
		in->left = in->cut = 0;
		return TCP_OFFER_STORED;
	}
	if (n && !store_octets(store, s, in, n))
		return TCP_OFFER_FULL;
	if (in->left || in->cut == 0)
		return TCP_OFFER_STORED;
	n = in->cut < space - n ? in->cut : space - n;
	if (n && !store_cut(store, s, in, n))
		return TCP_OFFER_FULL;
	in->seq += n;
	in->cut -= n;
	return TCP_OFFER_STORED;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside tcp_stream: what cannot be used at once is stored, and which octets count. */
#include "reasm/tcp_stream.h"

/* Makes room in the pool: the stream whose octets wait longest without news gives way. */
static bool store_evict(struct tcp_store *store, const struct tcp_stream *keep)
{
	uint32_t window = store->pool.oldest;
	if (window && window == keep->window)
		window = tcp_window_at(&store->pool, window)->younger;
	if (window == 0)
		return false;
	tcp_stream_drop(store, tcp_window_at(&store->pool, window)->stream,
		&store->metrics->tcp_octets_evicted);
	metrics_add(&store->metrics->tcp_windows_evicted, 1);
	return true;
}

/* The stream has a window with room for the octets, if need be at the cost of others. */
static bool window_ready(
	struct tcp_store *store, struct tcp_stream *s, const struct tcp_input *in, uint32_t len)
{
	while (s->window == 0) {
		s->window = tcp_window_open(&store->pool, s, in->pkt);
		if (s->window == 0 && !store_evict(store, s))
			return false;
	}
	tcp_window_touch(&store->pool, s->window);
	while (!tcp_window_has_room(&store->pool, s->window, in->seq, len))
		if (!store_evict(store, s))
			return false;
	return true;
}

/* What [from, to) becomes of a segment. */
static struct range range_of(const struct tcp_input *in, uint32_t from, uint32_t to, int64_t ts_ns)
{
	return (struct range){.from = from,
		.to = to,
		.ts_ns = ts_ns,
		.before = (uint16_t)(from - in->from),
		.behind = (uint16_t)(in->to - to),
		.flags = (uint8_t)(in->doubt | (in->ambiguous ? RANGE_AMBIGUOUS : 0))};
}

/*
 * Adds a stretch that is missing. The last place of the list is kept for what stands in order, so
 * that the stream can always go on.
 */
static bool add_range(struct tcp_store *store, struct tcp_stream *s, const struct range *new)
{
	struct ranges *r = &tcp_window_of(store, s)->ranges;
	bool in_order = new->from - s->next == ranges_run(r, s->next);
	return ranges_add(r, new, in_order ? 0 : 1);
}

/* Do the input's octets count against those of a range? `due`: where the stream goes on in order.
 */
static bool input_wins(const struct tcp_input *in, const struct range *old, uint32_t due)
{
	bool doubt = old->flags & RANGE_DOUBT;
	if ((in->doubt != 0) != doubt)
		return doubt;
	if (old->ts_ns == RANGE_CUT || ranges_ahead(due, old->from) > 0)
		return false;
	if (doubt) /* what was sent again had not been acknowledged */
		return true;
	int32_t ahead = ranges_ahead(old->from - old->before, in->from);
	if (ranges_ahead(due, in->from) >= 0)
		return true; /* in order */
	return ahead > 0 || (ahead == 0 && ranges_ahead(in->to, old->to + old->behind) > 0);
}

/* Octets of the input up to `to` that an older range holds, too. */
static void store_again(struct tcp_store *store, const struct tcp_stream *s, struct tcp_input *in,
	struct range *old, uint32_t from, uint32_t to, uint32_t due)
{
	struct ranges *r = &tcp_window_of(store, s)->ranges;
	const uint8_t *data = in->at + (from - in->seq);

	if (old->ts_ns != RANGE_CUT &&
		tcp_window_differs(&store->pool, s->window, from, data, to - from)) {
		metrics_add(&store->metrics->tcp_conflicts, !in->conflict);
		in->conflict = true;
		/* A receiver drops a segment with a wrong checksum or acknowledgement. */
		if (!in->doubt == !(old->flags & RANGE_DOUBT)) {
			in->ambiguous = true;
			old->flags |= RANGE_AMBIGUOUS;
		}
	}
	if (!input_wins(in, old, due))
		return;
	struct range new = range_of(in, from, to, in->ts_ns);
	if (ranges_replace(r, &new))
		tcp_window_write(&store->pool, s->window, from, data, to - from);
}

/* Stores n octets of the input. False where the list of ranges is full. */
static bool store_octets(
	struct tcp_store *store, struct tcp_stream *s, struct tcp_input *in, uint32_t n)
{
	struct ranges *r = &tcp_window_of(store, s)->ranges;
	uint32_t at = in->seq, to = in->seq + n, end, fresh = 0;
	uint32_t due = s->next + ranges_run(r, s->next);

	for (; at != to; at = end) {
		struct range *old = ranges_behind(r, at);
		end = to;
		if (old && ranges_ahead(old->from, at) <= 0) {
			if (ranges_ahead(old->to, to) < 0)
				end = old->to;
			store_again(store, s, in, old, at, end, due);
			continue;
		}
		if (old && ranges_ahead(old->from, to) < 0)
			end = old->from;
		struct range new = range_of(in, at, end, in->ts_ns);
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

/* Marks what is missing of n octets behind the input as never to come. */
static bool store_cut(
	struct tcp_store *store, struct tcp_stream *s, const struct tcp_input *in, uint32_t n)
{
	const struct ranges *r = &tcp_window_of(store, s)->ranges;
	uint32_t from = in->seq, end;
	for (; ranges_missing(r, &from, in->seq + n, &end); from = end) {
		struct range new = range_of(in, from, end, RANGE_CUT);
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
	uint32_t most = store->limit - ahead;
	uint32_t n = in->left < most ? in->left : most;
	if (!window_ready(store, s, in, n)) {
		metrics_add(&store->metrics->tcp_octets_evicted, in->left);
		in->left = in->gone = 0;
		return TCP_OFFER_STORED;
	}
	if (n && !store_octets(store, s, in, n))
		return TCP_OFFER_FULL;
	if (in->left || in->gone == 0)
		return TCP_OFFER_STORED;
	n = in->gone < most - n ? in->gone : most - n;
	if (n && !store_cut(store, s, in, n))
		return TCP_OFFER_FULL;
	in->seq += n;
	in->gone -= n;
	return TCP_OFFER_STORED;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_stream.h"

void tcp_stream_start(struct tcp_stream *s, uint32_t seq, enum tcp_split_mode mode)
{
	*s = (struct tcp_stream){.next = seq, .sent = seq, .acked = seq, .split = {.mode = mode}};
}

/* Consumes the octets before `end`. Their latest time and doubts go to *out. */
static void consume(
	struct tcp_store *store, struct tcp_stream *s, uint32_t end, struct tcp_output *out)
{
	struct tcp_window *w = tcp_window_of(store, s);
	uint8_t flags = 0;
	out->ts_ns = tcp_ranges_remove(&w->ranges, end, &flags);
	out->ambiguous |= (flags & TCP_RANGE_AMBIGUOUS) != 0;
	bool empty = w->ranges.count == 0;
	/* An empty window does not need the page of the last octet either. */
	tcp_window_release(&store->pool, s->window, s->next, end + (empty ? TCP_CHUNK - 1 : 0));
	if (empty) {
		tcp_window_close(&store->pool, s->window);
		s->window = 0;
	}
	s->next = end;
}

/* Counts what tcp_split_parse() did. Returns true if it found a message. */
static bool count_result(struct tcp_store *store, const struct tcp_split_result *result)
{
	if (result->skipped)
		metrics_add(&store->metrics->tcp_octets_skipped, result->skipped);
	if (result->resync && result->skipped)
		metrics_add(&store->metrics->tcp_resyncs, 1);
	if (bits_unlikely(result->runts))
		metrics_add(&store->metrics->tcp_runts, result->runts);
	if (!result->data)
		return false;
	metrics_add(&store->metrics->tcp_messages, 1);
	metrics_add(&store->metrics->tcp_octets_framed, result->len + 2);
	return true;
}

static void count_gap(struct tcp_store *store, uint32_t octets)
{
	metrics_add(&store->metrics->tcp_gaps, 1);
	metrics_add(&store->metrics->tcp_gap_octets, octets);
}

/* Skips `run` buffered octets and a gap of `gone` octets. A message that had begun is lost. */
static void stream_skip(struct tcp_store *store, struct tcp_stream *s, uint32_t run, uint32_t gone)
{
	struct metrics_reasm *m = store->metrics;
	uint32_t begun = s->split.mode == TCP_SPLIT_FRAME ? s->split.have : 0;
	metrics_add(&m->tcp_octets_skipped, begun + run);
	if (tcp_split_gap(&s->split, run, gone))
		metrics_add(&m->tcp_messages_lost, 1);
	if (s->window)
		consume(store, s, s->next + run + gone, &(struct tcp_output){0});
	else
		s->next += run + gone;
}

/* True if `run` octets hold at least the header of the current message, but not all of it. */
static bool is_head(const struct tcp_stream *s, uint32_t run)
{
	return tcp_split_in_message(&s->split) && run >= TCP_SPLIT_HEADER && run < s->split.len;
}

/* Outputs the first `run` octets of a message that the capture truncated behind them. */
static void output_head(struct tcp_store *store, struct tcp_stream *s, uint32_t run, uint32_t gone,
	struct tcp_output *out)
{
	struct metrics_reasm *m = store->metrics;
	out->wire_len = s->split.len;
	out->len = run;
	out->data = store->buffer;
	out->pkt = &store->pkt;
	tcp_window_read(&store->pool, s->window, s->next, store->buffer, run);
	store->pkt = tcp_window_of(store, s)->pkt;
	tcp_split_gap(&s->split, run, gone);
	consume(store, s, s->next + run + gone, out);
	metrics_add(&m->tcp_messages, 1);
	metrics_add(&m->tcp_ambiguous, out->ambiguous);
	metrics_add(&m->tcp_messages_cut, 1);
	metrics_add(&m->tcp_octets_framed, run + 2);
}

/* Octets that are parsed together where two pages of a window meet. */
#define SEAM (2 * TCP_SPLIT_LOOK)

/*
 * Returns the next octets of the window, of which *run are without a gap, for tcp_split_parse(): of
 * a message as many as there are, copied; otherwise without a copy, or, across two pages, so few
 * that the work stays linear. Sets *run to how many.
 */
static const uint8_t *window_view(
	const struct tcp_store *store, const struct tcp_stream *s, uint32_t *run)
{
	uint32_t part;
	if (tcp_split_in_message(&s->split)) {
		*run = *run < s->split.len ? *run : s->split.len;
	} else {
		const uint8_t *at = tcp_window_view(&store->pool, s->window, s->next, &part);
		if (*run <= part || part >= TCP_SPLIT_LOOK) {
			*run = *run < part ? *run : part;
			return at;
		}
		*run = *run < SEAM ? *run : SEAM;
	}
	tcp_window_read(&store->pool, s->window, s->next, store->buffer, *run);
	return store->buffer;
}

/* Parses `run` octets of the window. Returns true if they end a message; sets *moved on progress.
 */
static bool pull_run(struct tcp_store *store, struct tcp_stream *s, enum tcp_side side,
	uint32_t run, bool last, bool *moved, struct tcp_output *out)
{
	struct tcp_split_result result;
	uint32_t n = run;

	*moved = false;
	if (run < tcp_split_need(&s->split))
		return false;
	const uint8_t *view = window_view(store, s, &n);
	uint8_t mode = s->split.mode;
	uint32_t used = tcp_split_parse(&s->split, view, n, side, last && n == run, &result);
	if (result.data) {
		store->pkt = tcp_window_of(store, s)->pkt;
		/* Its page may be released before the caller has processed the message. */
		if (view != store->buffer)
			result.data = memcpy(store->buffer, result.data, result.len);
	}
	*moved = used > 0 || mode != s->split.mode;
	if (used)
		consume(store, s, s->next + used, out);
	if (!count_result(store, &result))
		return false;
	metrics_add(&store->metrics->tcp_ambiguous, out->ambiguous);
	out->data = result.data;
	out->len = out->wire_len = result.len;
	out->pkt = &store->pkt;
	return true;
}

bool tcp_stream_pull(struct tcp_store *store, struct tcp_stream *s, enum tcp_side side,
	uint32_t limit, struct tcp_output *out)
{
	out->ambiguous = false;
	while (s->window) {
		struct tcp_ranges *r = &tcp_window_of(store, s)->ranges;
		uint32_t run = tcp_ranges_run(r, s->next);
		bool moved;
		if (run && pull_run(store, s, side, run, false, &moved, out))
			return true;
		if (run && moved)
			continue;
		struct tcp_range *behind = tcp_ranges_after(r, s->next + run);
		if (behind && (behind->flags & TCP_RANGE_DOUBT) &&
			tcp_seq_diff(limit, behind->from) > 0) {
			behind->flags &= (uint8_t)~TCP_RANGE_DOUBT;
			r->loose = 1;
			if (tcp_seq_diff(behind->to, s->acked) > 0)
				behind->flags |= TCP_RANGE_AMBIGUOUS;
			continue;
		}
		bool cut =
			behind && behind->ts_ns == TCP_RANGE_CUT && behind->from == s->next + run;
		if (!cut && (!behind || behind->from == s->next + run ||
				    tcp_seq_diff(limit, behind->from) < 0))
			return false;
		/* No more octets will join the run. */
		if (run && s->split.mode == TCP_SPLIT_SEARCH) {
			if (pull_run(store, s, side, run, true, &moved, out))
				return true;
			if (moved)
				continue;
		}
		uint32_t gone = (cut ? behind->to : behind->from) - (s->next + run);
		if (!cut)
			count_gap(store, gone);
		if (cut && is_head(s, run)) {
			output_head(store, s, run, gone, out);
			return true;
		}
		stream_skip(store, s, run, gone);
	}
	return false;
}

void tcp_stream_accept(struct tcp_store *store, struct tcp_stream *s, uint32_t end, uint8_t doubt)
{
	tcp_ranges_clear(&tcp_window_of(store, s)->ranges, end, doubt);
}

const struct tcp_range *tcp_stream_gap(const struct tcp_store *store, const struct tcp_stream *s)
{
	if (s->window == 0)
		return NULL;
	struct tcp_ranges *r = &tcp_window_of(store, s)->ranges;
	/* tcp_stream_pull() has consumed a cut: a range behind the run is behind a gap. */
	return tcp_ranges_after(r, s->next + tcp_ranges_run(r, s->next));
}

uint32_t tcp_stream_edge(const struct tcp_store *store, const struct tcp_stream *s)
{
	if (s->window == 0)
		return s->next;
	const struct tcp_ranges *r = &tcp_window_of(store, s)->ranges;
	return r->count ? r->at[r->count - 1].to : s->next;
}

void tcp_stream_skip_to(struct tcp_store *store, struct tcp_stream *s, uint32_t seq)
{
	uint32_t run = s->window ? tcp_ranges_run(&tcp_window_of(store, s)->ranges, s->next) : 0;
	int32_t gone = tcp_seq_diff(seq, s->next + run);
	if (gone <= 0)
		return;
	count_gap(store, (uint32_t)gone);
	stream_skip(store, s, run, (uint32_t)gone);
}

void tcp_stream_drop(struct tcp_store *store, struct tcp_stream *s, uint64_t *counter)
{
	const struct tcp_ranges *r = &tcp_window_of(store, s)->ranges;
	uint32_t run = tcp_ranges_run(r, s->next), octets = tcp_ranges_octets(r);
	uint32_t begun = s->split.mode == TCP_SPLIT_FRAME ? s->split.have : 0;

	metrics_add(counter, octets + (run ? begun : 0));
	if (run && tcp_split_gap(&s->split, run, 0))
		metrics_add(&store->metrics->tcp_messages_lost, 1);
	tcp_window_close(&store->pool, s->window);
	s->window = 0;
	s->next += run;
}

void tcp_stream_end(struct tcp_store *store, struct tcp_stream *s)
{
	if (s->window)
		tcp_stream_drop(store, s, &store->metrics->tcp_octets_skipped);
	if (s->split.mode == TCP_SPLIT_FRAME && s->split.have) {
		metrics_add(&store->metrics->tcp_octets_skipped, s->split.have);
		metrics_add(&store->metrics->tcp_messages_lost, 1);
		s->split = (struct tcp_split){.mode = TCP_SPLIT_SEARCH};
	}
}

/* Skips octets that the stream has consumed before. */
static void trim(struct tcp_store *store, const struct tcp_stream *s, struct tcp_input *in)
{
	int32_t old = tcp_seq_diff(s->next, in->seq);
	if (old <= 0)
		return;
	uint32_t n = (uint32_t)old < in->left ? (uint32_t)old : in->left;
	uint32_t cut = (uint32_t)old - n < in->cut ? (uint32_t)old - n : in->cut;
	metrics_add(&store->metrics->tcp_octets_repeated, n);
	in->at += n;
	in->left -= n;
	in->cut -= cut;
	in->seq += n + cut;
}

enum tcp_offer tcp_stream_offer(
	struct tcp_store *store, struct tcp_stream *s, struct tcp_input *in, struct tcp_output *out)
{
	struct tcp_split_result result;

	trim(store, s, in);
	if (in->left + in->cut == 0)
		return TCP_OFFER_STORED;
	if (s->window || in->seq != s->next || in->cut || in->wait || in->doubt)
		return tcp_store_offer(store, s, in);
	uint32_t used = tcp_split_parse(&s->split, in->at, in->left, in->side, false, &result);
	tcp_input_advance(in, used);
	s->next += used;
	if (!count_result(store, &result))
		return in->left ? tcp_store_offer(store, s, in) : TCP_OFFER_STORED;
	*out = (struct tcp_output){.data = result.data,
		.len = result.len,
		.wire_len = result.len,
		.ts_ns = in->ts_ns,
		.pkt = in->pkt};
	return TCP_OFFER_MESSAGE;
}

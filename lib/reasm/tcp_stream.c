/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_stream.h"

void tcp_stream_start(struct tcp_stream *s, uint32_t seq, enum split_mode place)
{
	*s = (struct tcp_stream){.next = seq, .sent = seq, .acked = seq, .split = {.mode = place}};
}

/* The octets up to `upto` are done with: their latest time and conflicts go to *out. */
static void stream_used(
	struct tcp_store *store, struct tcp_stream *s, uint32_t upto, struct tcp_piece *out)
{
	struct tcp_window *w = tcp_window_of(store, s);
	uint8_t flags = 0;
	out->ts_ns = ranges_drop(&w->ranges, upto, &flags);
	out->ambiguous |= (flags & RANGE_AMBIGUOUS) != 0;
	bool empty = w->ranges.count == 0;
	/* The chunk that the last octet stands in is of no use to an empty window. */
	tcp_window_release(&store->pool, s->window, s->next, upto + (empty ? TCP_CHUNK - 1 : 0));
	if (empty) {
		tcp_window_close(&store->pool, s->window);
		s->window = 0;
	}
	s->next = upto;
}

/* Counts what split_take() did. True if it gave a message. */
static bool piece_counts(struct tcp_store *store, const struct split_piece *piece)
{
	if (piece->skipped)
		metrics_add(&store->metrics->tcp_octets_skipped, piece->skipped);
	if (piece->resync && piece->skipped)
		metrics_add(&store->metrics->tcp_resyncs, 1);
	if (bits_unlikely(piece->runts))
		metrics_add(&store->metrics->tcp_runts, piece->runts);
	if (!piece->data)
		return false;
	metrics_add(&store->metrics->tcp_messages, 1);
	metrics_add(&store->metrics->tcp_octets_framed, piece->len + 2);
	return true;
}

static void count_gap(struct tcp_store *store, uint32_t octets)
{
	metrics_add(&store->metrics->tcp_gaps, 1);
	metrics_add(&store->metrics->tcp_gap_octets, octets);
}

/* Moves past `run` octets at hand and `gone` that are not; what was begun is lost. */
static void stream_skip(struct tcp_store *store, struct tcp_stream *s, uint32_t run, uint32_t gone)
{
	struct metrics_reasm *m = store->metrics;
	uint32_t begun = s->split.mode == SPLIT_FRAME ? s->split.have : 0;
	metrics_add(&m->tcp_octets_skipped, begun + run);
	if (split_gap(&s->split, run, gone))
		metrics_add(&m->tcp_messages_lost, 1);
	if (s->window)
		stream_used(store, s, s->next + run + gone, &(struct tcp_piece){0});
	else
		s->next += run + gone;
}

/* Is a message in hand of which `run` octets are enough to be of use? */
static bool is_head(const struct tcp_stream *s, uint32_t run)
{
	return split_in_message(&s->split) && run >= SPLIT_HEADER && run < s->split.len;
}

/* The capture cut a message behind its first `run` octets: they are the message. */
static void take_head(struct tcp_store *store, struct tcp_stream *s, uint32_t run, uint32_t gone,
	struct tcp_piece *out)
{
	struct metrics_reasm *m = store->metrics;
	out->wire_len = s->split.len;
	out->len = run;
	out->data = store->room;
	out->pkt = &store->pkt;
	tcp_window_read(&store->pool, s->window, s->next, store->room, run);
	store->pkt = tcp_window_of(store, s)->pkt;
	split_gap(&s->split, run, gone);
	stream_used(store, s, s->next + run + gone, out);
	metrics_add(&m->tcp_messages, 1);
	metrics_add(&m->tcp_ambiguous, out->ambiguous);
	metrics_add(&m->tcp_messages_cut, 1);
	metrics_add(&m->tcp_octets_framed, run + 2);
}

/* Octets that are looked at together where a window's pages meet. */
#define SEAM (2 * SPLIT_LOOK)

/*
 * The next octets of the window, *run of them at hand, for the splitter to look at: of a message
 * all that there are of it; else where they stand, without a copy, or across pages so few that what
 * is copied twice does not count. *run becomes how many.
 */
static const uint8_t *window_view(
	const struct tcp_store *store, const struct tcp_stream *s, uint32_t *run)
{
	uint32_t part;
	if (split_in_message(&s->split)) {
		*run = *run < s->split.len ? *run : s->split.len;
	} else {
		const uint8_t *at = tcp_window_at_hand(&store->pool, s->window, s->next, &part);
		if (*run <= part || part >= SPLIT_LOOK) {
			*run = *run < part ? *run : part;
			return at;
		}
		*run = *run < SEAM ? *run : SEAM;
	}
	tcp_window_read(&store->pool, s->window, s->next, store->room, *run);
	return store->room;
}

/*
 * Lets the splitter look at `run` octets of the window. True if it gave a message; *moved if it
 * used any.
 */
static bool pull_run(struct tcp_store *store, struct tcp_stream *s, enum split_side side,
	uint32_t run, bool last, bool *moved, struct tcp_piece *out)
{
	struct split_piece piece;
	uint32_t n = run;

	*moved = false;
	if (run < split_need(&s->split))
		return false;
	const uint8_t *view = window_view(store, s, &n);
	uint8_t mode = s->split.mode;
	uint32_t used = split_take(&s->split, view, n, side, last && n == run, &piece);
	if (piece.data) {
		store->pkt = tcp_window_of(store, s)->pkt;
		/* The page it stands in may be given back before the message is used. */
		if (view != store->room)
			piece.data = memcpy(store->room, piece.data, piece.len);
	}
	*moved = used > 0 || mode != s->split.mode;
	if (used)
		stream_used(store, s, s->next + used, out);
	if (!piece_counts(store, &piece))
		return false;
	metrics_add(&store->metrics->tcp_ambiguous, out->ambiguous);
	out->data = piece.data;
	out->len = out->wire_len = piece.len;
	out->pkt = &store->pkt;
	return true;
}

bool tcp_stream_pull(struct tcp_store *store, struct tcp_stream *s, enum split_side side,
	uint32_t upto, struct tcp_piece *out)
{
	out->ambiguous = false;
	while (s->window) {
		struct ranges *r = &tcp_window_of(store, s)->ranges;
		uint32_t run = ranges_run(r, s->next);
		bool moved;
		if (run && pull_run(store, s, side, run, false, &moved, out))
			return true;
		if (run && moved)
			continue;
		/* What stands behind the run? */
		struct range *behind = ranges_behind(r, s->next + run);
		if (behind && (behind->flags & RANGE_DOUBT) &&
			ranges_ahead(upto, behind->from) > 0) {
			behind->flags &= (uint8_t)~RANGE_DOUBT;
			if (ranges_ahead(behind->to, s->acked) > 0)
				behind->flags |= RANGE_AMBIGUOUS;
			continue;
		}
		bool cut = behind && behind->ts_ns == RANGE_CUT && behind->from == s->next + run;
		if (!cut && (!behind || behind->from == s->next + run ||
				    ranges_ahead(upto, behind->from) < 0))
			return false;
		/* No more octets will join the run. */
		if (run && s->split.mode == SPLIT_SEARCH) {
			if (pull_run(store, s, side, run, true, &moved, out))
				return true;
			if (moved)
				continue;
		}
		uint32_t gone = (cut ? behind->to : behind->from) - (s->next + run);
		if (!cut)
			count_gap(store, gone);
		if (cut && is_head(s, run)) {
			take_head(store, s, run, gone, out);
			return true;
		}
		stream_skip(store, s, run, gone);
	}
	return false;
}

void tcp_stream_trust(struct tcp_store *store, struct tcp_stream *s, uint32_t upto, uint8_t doubt)
{
	struct ranges *r = &tcp_window_of(store, s)->ranges;
	for (uint32_t i = 0; i < r->count && ranges_ahead(upto, r->at[i].from) > 0; i++)
		r->at[i].flags &= (uint8_t)~doubt;
}

const struct range *tcp_stream_hole(const struct tcp_store *store, const struct tcp_stream *s)
{
	if (s->window == 0)
		return NULL;
	struct ranges *r = &tcp_window_of(store, s)->ranges;
	const struct range *behind = ranges_behind(r, s->next + ranges_run(r, s->next));
	/* A cut would have been used: what stands behind the run stands behind a hole. */
	return behind;
}

uint32_t tcp_stream_edge(const struct tcp_store *store, const struct tcp_stream *s)
{
	if (s->window == 0)
		return s->next;
	const struct ranges *r = &tcp_window_of(store, s)->ranges;
	return r->count ? r->at[r->count - 1].to : s->next;
}

void tcp_stream_jump(struct tcp_store *store, struct tcp_stream *s, uint32_t seq)
{
	uint32_t run = s->window ? ranges_run(&tcp_window_of(store, s)->ranges, s->next) : 0;
	int32_t gone = ranges_ahead(seq, s->next + run);
	if (gone <= 0)
		return;
	count_gap(store, (uint32_t)gone);
	stream_skip(store, s, run, (uint32_t)gone);
}

void tcp_stream_drop(struct tcp_store *store, struct tcp_stream *s, uint64_t *counter)
{
	const struct ranges *r = &tcp_window_of(store, s)->ranges;
	uint32_t run = ranges_run(r, s->next), octets = ranges_octets(r);
	uint32_t begun = s->split.mode == SPLIT_FRAME ? s->split.have : 0;

	metrics_add(counter, octets + (run ? begun : 0));
	if (run && split_gap(&s->split, run, 0))
		metrics_add(&store->metrics->tcp_messages_lost, 1);
	tcp_window_close(&store->pool, s->window);
	s->window = 0;
	s->next += run;
}

void tcp_stream_end(struct tcp_store *store, struct tcp_stream *s)
{
	if (s->window)
		tcp_stream_drop(store, s, &store->metrics->tcp_octets_skipped);
	if (s->split.mode == SPLIT_FRAME && s->split.have) {
		metrics_add(&store->metrics->tcp_octets_skipped, s->split.have);
		metrics_add(&store->metrics->tcp_messages_lost, 1);
		s->split = (struct split){.mode = SPLIT_SEARCH};
	}
}

/* Passes what the stream has used before. */
static void trim(struct tcp_store *store, const struct tcp_stream *s, struct tcp_input *in)
{
	int32_t old = ranges_ahead(s->next, in->seq);
	if (old <= 0)
		return;
	uint32_t n = (uint32_t)old < in->left ? (uint32_t)old : in->left;
	uint32_t gone = (uint32_t)old - n < in->gone ? (uint32_t)old - n : in->gone;
	metrics_add(&store->metrics->tcp_octets_repeated, n);
	in->at += n;
	in->left -= n;
	in->gone -= gone;
	in->seq += n + gone;
}

enum tcp_offer tcp_stream_offer(
	struct tcp_store *store, struct tcp_stream *s, struct tcp_input *in, struct tcp_piece *out)
{
	struct split_piece piece;

	trim(store, s, in);
	if (in->left + in->gone == 0)
		return TCP_OFFER_STORED;
	if (s->window || in->seq != s->next || in->gone || in->wait || in->doubt)
		return tcp_store_offer(store, s, in);
	uint32_t used = split_take(&s->split, in->at, in->left, in->side, false, &piece);
	tcp_input_advance(in, used);
	s->next += used;
	if (!piece_counts(store, &piece))
		return in->left ? tcp_store_offer(store, s, in) : TCP_OFFER_STORED;
	*out = (struct tcp_piece){.data = piece.data,
		.len = piece.len,
		.wire_len = piece.len,
		.ts_ns = in->ts_ns,
		.pkt = in->pkt};
	return TCP_OFFER_MESSAGE;
}

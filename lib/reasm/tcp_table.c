/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_table.h"

#include "reasm/tcp_flow.h"

#define STALE_NS (1000 * INT64_C(1000000)) /* without segments for longer: may be replaced */

enum { HANDSHAKE_NONE, HANDSHAKE_SYN, HANDSHAKE_SYN_ACK, HANDSHAKE_DONE };

static void count(uint64_t *counter)
{
	metrics_add(counter, 1);
}

/* From an earlier time to a later one; wraps instead of overflowing. */
static int64_t since(int64_t now_ns, int64_t then_ns)
{
	return (int64_t)((uint64_t)now_ns - (uint64_t)then_ns);
}

static bool near(uint32_t a, uint32_t b)
{
	int32_t d = ranges_ahead(a, b);
	return d > -TCP_NEAR && d < TCP_NEAR;
}

static enum split_side side_of(const struct tcp_flow *f, unsigned dir)
{
	static const uint8_t other[] = {SPLIT_EITHER, SPLIT_REPLIES, SPLIT_QUERIES};
	return dir ? other[f->side] : f->side;
}

/* Every hole before `seq` of stream n may be given up, and messages be found. */
static void pull_upto(struct tcp_table *t, unsigned n, uint32_t seq)
{
	t->upto[n] = seq;
	t->pull |= (uint8_t)(1u << n);
}

/* Ends the connection in hand, after the messages that are still to be found in it. */
static void end_flow(struct tcp_table *t, enum tcp_end end)
{
	struct tcp_flow *f = &t->flows[t->slot];
	t->end = end;
	for (unsigned n = 0; n < 2; n++)
		if (f->stream[n].window)
			pull_upto(t, n, f->stream[n].next + INT32_MAX);
}

/* Does a SYN begin another connection than the one that its ends have? */
static bool syn_is_other(const struct tcp_flow *f, unsigned dir, const struct pkt *pkt)
{
	const struct tcp_stream *s = &f->stream[dir], *peer = &f->stream[!dir];
	bool reply = pkt->tcp_flags & TCP_ACK;
	if (!(f->flags[dir] & TCP_KNOWN))
		return !reply || ((f->flags[!dir] & TCP_KNOWN) && !near(pkt->ack, peer->next));
	if (pkt->seq == s->first)
		return false;
	/* Joined in the middle: this may be its own SYN, which comes late. */
	bool late = f->handshake == HANDSHAKE_NONE && s->next - (pkt->seq + 1) < TCP_NEAR;
	return f->list == TCP_LINGER || !late;
}

/* Is a segment far from both streams? */
static bool is_foreign(const struct tcp_flow *f, unsigned dir, const struct pkt *pkt)
{
	return (f->flags[dir] & TCP_KNOWN) && !near(pkt->seq, f->stream[dir].next) &&
	       (f->flags[!dir] & TCP_KNOWN) && (pkt->tcp_flags & TCP_ACK) &&
	       !near(pkt->ack, f->stream[!dir].next);
}

static void take_syn(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->pkt;
	bool reply = pkt->tcp_flags & TCP_ACK;
	unsigned client = reply ? !t->dir : t->dir;

	if (!(f->flags[t->dir] & TCP_KNOWN)) {
		tcp_stream_start(&f->stream[t->dir], pkt->seq + 1, SPLIT_FRAME);
		f->flags[t->dir] |= TCP_KNOWN;
	}
	if (!reply) {
		if (f->handshake == HANDSHAKE_NONE && f->stream[t->dir].next != pkt->seq + 1)
			return; /* late */
		f->client = client;
		if (f->handshake <= HANDSHAKE_SYN) {
			f->handshake = HANDSHAKE_SYN;
			f->handshake_ns = pkt->ts_ns;
		}
		return;
	}
	struct tcp_stream *c = &f->stream[client];
	if (!(f->flags[client] & TCP_KNOWN)) {
		tcp_stream_start(c, pkt->ack, SPLIT_FRAME);
		f->flags[client] |= TCP_KNOWN;
	} else if (f->handshake == HANDSHAKE_SYN && near(pkt->ack, c->first + 1)) {
		f->handshake = HANDSHAKE_SYN_ACK;
	}
}

/* The client's first segment behind its SYN that acknowledges the server's ends the handshake. */
static void take_handshake(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->pkt;
	const struct tcp_stream *s = &f->stream[t->dir];
	if (t->dir != f->client || !(pkt->tcp_flags & TCP_ACK))
		return;
	f->handshake_ns = since(pkt->ts_ns, f->handshake_ns);
	bool first = pkt->seq - (s->first + 1) <= s->next - (s->first + 1);
	if (!first || f->handshake_ns < 0) {
		f->handshake = HANDSHAKE_NONE;
		return;
	}
	f->handshake = HANDSHAKE_DONE;
	count(&t->store.metrics->tcp_handshakes);
}

static void take_ack(struct tcp_flow *f, unsigned dir, uint32_t ack)
{
	struct tcp_stream *peer = &f->stream[!dir];
	bool known = f->flags[!dir] & TCP_KNOWN;
	if (known && near(ack, peer->next) && ranges_ahead(ack, peer->acked) > 0)
		peer->acked = ack;
	f->flags[!dir] |= TCP_ACKED;
}

static void take_reset(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->pkt;
	struct metrics_reasm *m = t->store.metrics;
	const struct tcp_stream *s = &f->stream[t->dir];

	if (pkt->len)
		metrics_add(&m->tcp_octets_refused, pkt->len);
	/* Anybody can send one: it must fit (RFC 9293 section 3.10.7.4, RFC 5961 section 3). */
	if ((f->flags[t->dir] & TCP_KNOWN) && pkt->seq - s->next > t->store.limit)
		count(&m->tcp_resets_refused);
	else if (f->list != TCP_LINGER)
		end_flow(t, TCP_END_RESET);
}

/* Takes the payload's octets from `seq` on, up to the end of the stream where that is known. */
static void set_input(struct tcp_table *t, const struct tcp_flow *f, uint32_t seq)
{
	const struct pkt *pkt = t->pkt;
	const struct tcp_stream *s = &f->stream[t->dir];
	t->in = (struct tcp_input){
		.at = pkt->payload,
		.seq = seq,
		.left = pkt->len,
		.gone = pkt->wire_len > pkt->len ? pkt->wire_len - pkt->len : 0,
		.ts_ns = pkt->ts_ns,
		.pkt = pkt,
		.side = side_of(f, t->dir),
	};
	if (!(f->flags[t->dir] & TCP_ENDING))
		return;
	int32_t room = ranges_ahead(s->fin, seq);
	uint32_t most = room > 0 ? (uint32_t)room : 0;
	if (t->in.left > most) {
		metrics_add(&t->store.metrics->tcp_octets_refused, t->in.left - most);
		t->in.left = most;
	}
	if (t->in.gone > most - t->in.left)
		t->in.gone = most - t->in.left;
}

/* Says of a segment with payload what it is. */
static uint64_t *segment_class(const struct tcp_table *t, const struct tcp_stream *s)
{
	struct metrics_reasm *m = t->store.metrics;
	uint32_t len = t->in.left + t->in.gone, missing = len;
	int32_t ahead = ranges_ahead(t->in.seq, s->next);

	if (len == 0)
		return &m->tcp_refused;
	if (ahead < 0 && (uint32_t)-ahead >= len)
		return &m->tcp_retransmitted;
	if (ahead < 0)
		return &m->tcp_overlapping;
	if (s->window) {
		const struct tcp_window *w = tcp_window_at(&t->store.pool, s->window);
		missing = ranges_missing_octets(&w->ranges, t->in.seq, t->in.seq + len);
	}
	if (missing == 0)
		return &m->tcp_retransmitted;
	if (missing < len)
		return &m->tcp_overlapping;
	return ahead ? &m->tcp_out_of_order : &m->tcp_in_order;
}

static void take_payload(struct tcp_table *t, struct tcp_flow *f, uint32_t seq)
{
	struct metrics_reasm *m = t->store.metrics;
	struct tcp_stream *s = &f->stream[t->dir];

	set_input(t, f, seq);
	if (!(f->flags[t->dir] & TCP_KNOWN)) {
		tcp_stream_start(s, seq, SPLIT_SEARCH);
		f->flags[t->dir] |= TCP_KNOWN;
	} else if (!near(seq, s->next) && t->in.left) {
		/* Much was lost. The stream goes on here, wherever that is. */
		tcp_stream_end(&t->store, s);
		tcp_stream_start(s, seq, SPLIT_SEARCH);
		count(&m->tcp_gaps);
	}
	uint64_t *class = segment_class(t, s);
	count(class);
	if (f->list == TCP_LINGER && class != &m->tcp_retransmitted && class != &m->tcp_refused) {
		/* It was not the end after all: somebody else's RST. */
		tcp_flow_list(t, t->slot, TCP_ACTIVE);
		count(&m->tcp_opened);
	}
	if (s->window)
		pull_upto(t, t->dir, s->next);
}

/* Takes the segment in hand, which belongs to the connection in hand. */
static void take_segment(struct tcp_table *t)
{
	const struct pkt *pkt = t->pkt;
	struct tcp_flow *f = &t->flows[t->slot];
	uint8_t flags = pkt->tcp_flags;
	uint32_t seq = pkt->seq;

	f->last_ns = t->clock_ns;
	if (f->list == TCP_HALF && (flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		tcp_flow_list(t, t->slot, TCP_ACTIVE);
	else if (f->list == TCP_ACTIVE && since(t->clock_ns, f->listed_ns) > t->idle_ns / 16)
		tcp_flow_list(t, t->slot, TCP_ACTIVE);
	if (pkt->wire_len == 0 || (flags & TCP_RST))
		count(&t->store.metrics->tcp_bare);
	if (flags & TCP_RST) {
		take_reset(t, f);
		return;
	}
	if (flags & TCP_SYN) {
		take_syn(t, f);
		seq++;
	} else if (f->handshake == HANDSHAKE_SYN || f->handshake == HANDSHAKE_SYN_ACK) {
		take_handshake(t, f);
	}
	if (flags & TCP_ACK)
		take_ack(f, t->dir, pkt->ack);
	if (pkt->wire_len)
		take_payload(t, f, seq);
	struct tcp_stream *s = &f->stream[t->dir];
	if ((flags & TCP_FIN) && (f->flags[t->dir] & (TCP_KNOWN | TCP_ENDING)) == TCP_KNOWN) {
		uint32_t fin = seq + pkt->wire_len;
		if (ranges_ahead(fin, s->next) >= 0 && near(fin, s->next)) {
			s->fin = fin;
			f->flags[t->dir] |= TCP_ENDING;
		}
	}
}

/* Begins a connection with the segment in hand. */
static void begin_flow(struct tcp_table *t)
{
	count(&t->store.metrics->tcp_opened);
	if (!(t->pkt->tcp_flags & TCP_SYN))
		count(&t->store.metrics->tcp_joined);
	take_segment(t);
}

/* A segment that no connection takes. */
static void refuse(struct tcp_table *t)
{
	struct metrics_reasm *m = t->store.metrics;
	count(t->pkt->wire_len ? &m->tcp_refused : &m->tcp_bare);
	metrics_add(&m->tcp_octets_refused, t->pkt->len);
	t->slot = 0;
}

void tcp_take(struct tcp_table *t, const struct pkt *pkt, uint32_t hash)
{
	bool syn = pkt->tcp_flags & TCP_SYN, rst = pkt->tcp_flags & TCP_RST;

	metrics_add(&t->store.metrics->tcp_octets, pkt->len);
	t->clock_ns = pkt->clock_ns;
	t->pkt = pkt;
	t->in.left = t->in.gone = 0;
	t->pull = t->tail = 0;
	t->end = TCP_END_NONE;
	t->slot = tcp_flow_find(t, pkt, hash, &t->dir);
	if (t->slot == 0) {
		if (rst || (!syn && pkt->wire_len == 0)) {
			refuse(t);
			return;
		}
		t->slot = tcp_flow_add(t, pkt, hash);
		t->dir = 0;
		begin_flow(t);
		return;
	}
	const struct tcp_flow *f = &t->flows[t->slot];
	bool other;
	if (rst) {
		other = false;
	} else if (syn) {
		other = syn_is_other(f, t->dir, pkt);
	} else {
		other = is_foreign(f, t->dir, pkt);
		if (other && (pkt->wire_len == 0 || (f->handshake != HANDSHAKE_NONE &&
			since(t->clock_ns, f->last_ns) < STALE_NS))) {
			refuse(t);
			return;
		}
	}
	if (other)
		end_flow(t, TCP_END_REUSED);
	else
		take_segment(t);
}

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

static void count_end(struct tcp_table *t, const struct tcp_flow *f)
{
	struct metrics_reasm *m = t->store.metrics;
	if (f->list == TCP_LINGER) /* was counted then */
		return;
	switch (t->end) {
	case TCP_END_CLOSED: count(&m->tcp_closed); break;
	case TCP_END_RESET: count(&m->tcp_reset); break;
	case TCP_END_REUSED: count(&m->tcp_reused); break;
	default: count(&m->tcp_idle); break;
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
		bool stalled = is_stalled(t, f, 0) || is_stalled(t, f, 1);
		if (stalled != (f->list == TCP_WAITING))
			tcp_flow_list(t, slot, stalled ? TCP_WAITING : TCP_ACTIVE);
		return false;
	}
	enum tcp_end end = t->end;
	tcp_flow_drop(t, slot);
	count_end(t, f);
	t->end = TCP_END_NONE;
	if (end == TCP_END_REUSED) {
		tcp_flow_restart(t, slot);
		begin_flow(t);
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
		.rtt_ns = f->handshake == HANDSHAKE_DONE ? f->handshake_ns : -1,
		.pkt = piece->pkt,
	};
}

/* Messages of stream n that wait. */
static bool next_pulled(struct tcp_table *t, unsigned n, struct tcp_piece *piece)
{
	struct tcp_flow *f = &t->flows[t->slot];
	struct tcp_stream *s = &f->stream[n];
	if (!(t->pull >> n & 1))
		return false;
	if (tcp_stream_pull(&t->store, s, side_of(f, n), t->upto[n], piece))
		return true;
	t->pull &= (uint8_t)~(1u << n);
	if (t->tail >> n & 1)
		tcp_stream_jump(&t->store, s, s->fin);
	return false;
}

/* Messages of the segment in hand. */
static bool next_offered(struct tcp_table *t, struct tcp_piece *piece)
{
	struct tcp_stream *s = &t->flows[t->slot].stream[t->dir];
	const struct range *hole;

	switch (tcp_stream_offer(&t->store, s, &t->in, piece)) {
	case TCP_OFFER_MESSAGE: return true;
	case TCP_OFFER_STORED: pull_upto(t, t->dir, s->next); break;
	case TCP_OFFER_FULL:
		hole = tcp_stream_hole(&t->store, s);
		if (hole && ranges_ahead(t->in.seq, hole->from) >= 0)
			pull_upto(t, t->dir, hole->from);
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

/* Takes a connection in hand without a segment. */
static struct tcp_flow *hold(struct tcp_table *t, uint32_t slot)
{
	t->slot = slot;
	t->in.left = t->in.gone = 0;
	t->pull = t->tail = 0;
	t->end = TCP_END_NONE;
	return &t->flows[slot];
}

/* Was a hole whose stream's peer is not seen waited for long enough? */
static bool blind_enough(const struct tcp_table *t, const struct range *hole)
{
	return hole->ts_ns == RANGE_CUT || since(t->clock_ns, hole->ts_ns) >= TCP_BLIND_NS;
}

/* Gives up what is missing and was waited for long enough. */
static void give_up(struct tcp_table *t, uint32_t slot)
{
	struct tcp_flow *f = hold(t, slot);
	if (since(t->clock_ns, f->last_ns) > t->idle_ns) {
		end_flow(t, TCP_END_IDLE);
		return;
	}
	tcp_flow_list(t, slot, TCP_ACTIVE);
	for (unsigned n = 0; n < 2; n++) {
		const struct tcp_stream *s = &f->stream[n];
		const struct range *hole = tcp_stream_hole(&t->store, s);
		uint32_t upto = s->next;
		if (f->flags[n] & TCP_ACKED)
			upto = s->acked;
		else if (hole && blind_enough(t, hole))
			upto = hole->from;
		pull_upto(t, n, upto);
		if ((f->flags[n] & TCP_ENDING) && ranges_ahead(s->acked, s->fin) > 0)
			t->tail |= (uint8_t)(1u << n);
	}
}

bool tcp_expire(struct tcp_table *t, int64_t clock_ns)
{
	uint32_t slot = t->oldest[TCP_WAITING];
	t->clock_ns = clock_ns;
	if (slot && since(clock_ns, t->flows[slot].listed_ns) >= TCP_HOLE_NS) {
		give_up(t, slot);
		return true;
	}
	slot = t->oldest[TCP_LINGER];
	if (slot && since(clock_ns, t->flows[slot].listed_ns) > TCP_LINGER_NS) {
		tcp_flow_remove(t, slot);
		return true;
	}
	for (int list = TCP_HALF; list <= TCP_ACTIVE; list++) {
		slot = t->oldest[list];
		if (slot == 0 || since(clock_ns, t->flows[slot].listed_ns) <= t->idle_ns)
			continue;
		hold(t, slot);
		if (since(clock_ns, t->flows[slot].last_ns) > t->idle_ns)
			end_flow(t, TCP_END_IDLE);
		else
			tcp_flow_list(t, slot, list);
		return true;
	}
	return false;
}

bool tcp_finish(struct tcp_table *t)
{
	for (int list = 0; list < TCP_LISTS; list++) {
		uint32_t slot = t->oldest[list];
		if (slot) {
			hold(t, slot);
			end_flow(t, TCP_END_IDLE);
			return true;
		}
	}
	return false;
}

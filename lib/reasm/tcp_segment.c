/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_table_inner.h"

static bool near(uint32_t a, uint32_t b)
{
	int32_t d = ranges_ahead(a, b);
	return d > -TCP_NEAR && d < TCP_NEAR;
}

static void take_syn(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->pkt;
	bool reply = pkt->tcp_flags & TCP_ACK;
	unsigned client = reply ? !t->dir : t->dir;

	if (!(f->flags[t->dir] & TCP_KNOWN)) {
		tcp_flow_start(f, t->dir, pkt->seq + 1, SPLIT_FRAME);
	}
	f->scale[t->dir] = tcp_scale(pkt);
	if (!reply) {
		if (f->handshake == TCP_HANDSHAKE_NONE && f->stream[t->dir].next != pkt->seq + 1)
			return; /* late */
		f->client = (uint8_t)client;
		/* Of SYNs sent again the latest may be the one that was answered; a copy within
		 * less than any retransmission timeout (RFC 6298) is the span port's. */
		if (f->handshake == TCP_HANDSHAKE_NONE ||
			(f->handshake == TCP_HANDSHAKE_SYN &&
				tcp_since(pkt->ts_ns, f->handshake_ns) > TCP_SYN_COPY_NS)) {
			f->handshake = TCP_HANDSHAKE_SYN;
			f->handshake_ns = pkt->ts_ns;
		}
		return;
	}
	if (!(f->flags[client] & TCP_KNOWN)) {
		tcp_flow_start(f, client, pkt->ack, SPLIT_FRAME);
	} else if (f->handshake == TCP_HANDSHAKE_SYN && near(pkt->ack, f->isn[client] + 1)) {
		f->handshake = TCP_HANDSHAKE_SYN_ACK;
	}
}

/* The client's first segment behind its SYN that acknowledges the server's ends the handshake. */
static void take_handshake(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->pkt;
	const struct tcp_stream *s = &f->stream[t->dir];
	if (t->dir != f->client || !(pkt->tcp_flags & TCP_ACK))
		return;
	f->handshake_ns = tcp_since(pkt->ts_ns, f->handshake_ns);
	const struct tcp_stream *peer = &f->stream[!t->dir];
	bool first =
		pkt->seq - (f->isn[t->dir] + 1) <= s->next - (f->isn[t->dir] + 1) &&
		(!(f->flags[!t->dir] & TCP_KNOWN) ||
			pkt->ack - (f->isn[!t->dir] + 1) <= peer->next - (f->isn[!t->dir] + 1));
	if (!first || f->handshake_ns < 0) {
		f->handshake = TCP_HANDSHAKE_NONE;
		return;
	}
	f->handshake = TCP_HANDSHAKE_DONE;
	tcp_count(&t->store.metrics->tcp_handshakes);
}

/*
 * What the peer acknowledges and the capture does not hold comes late, or not at all. Replies wait
 * for it. Where nobody knows which side asks, a segment that says more than that may be the answer
 * to what stands behind the hole, which must come out first; unless segments come by several
 * queues: what is missing is then on its way, and a reply waits for its query.
 */
static void take_ack(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->pkt;
	unsigned n = !t->dir;
	struct tcp_stream *peer = &f->stream[n];
	if ((f->flags[n] & TCP_KNOWN) && near(pkt->ack, peer->next) &&
		ranges_ahead(pkt->ack, peer->acked) > 0)
		peer->acked = pkt->ack;
	f->flags[n] |= TCP_ACKED;
	if (peer->window && !t->unseen_ack) { /* what the peer has it has checked */
		tcp_stream_trust(&t->store, peer, pkt->ack, RANGE_DOUBT);
		tcp_pull_upto(t, n, peer->next);
	}
	if (peer->window && !t->unordered && tcp_side(f, n) == SPLIT_EITHER &&
		(pkt->wire_len || (pkt->tcp_flags & TCP_FIN)))
		tcp_pull_upto(t, n, peer->acked);
}

static void take_reset(struct tcp_table *t, struct tcp_flow *f)
{
	metrics_add(&t->store.metrics->tcp_octets_refused, t->pkt->len);
	if (f->list != TCP_LINGER)
		tcp_flow_end(t, TCP_END_RESET);
}

/* Takes the payload's octets from `seq` on, up to the end of the stream where that is known. */
static void set_input(struct tcp_table *t, struct tcp_flow *f, uint32_t seq)
{
	const struct pkt *pkt = t->pkt;
	const struct tcp_stream *s = &f->stream[t->dir];
	t->in = (struct tcp_input){
		.at = pkt->payload,
		.seq = seq,
		.left = pkt->len,
		.gone = pkt->wire_len > pkt->len ? pkt->wire_len - pkt->len : 0,
		.from = seq,
		.to = seq + pkt->wire_len,
		.ts_ns = pkt->ts_ns,
		.pkt = pkt,
		.side = tcp_side(f, t->dir),
	};
	if (bits_unlikely(tcp_is_suspect(t))) {
		t->in.doubt = RANGE_SUSPECT;
		tcp_count(&t->store.metrics->tcp_suspect);
	}
	if (bits_unlikely(t->unseen_ack)) {
		t->in.doubt |= RANGE_UNSEEN_ACK;
		tcp_count(&t->store.metrics->tcp_unseen_acks);
	}
	if (bits_likely(!(f->flags[t->dir] & TCP_ENDING)))
		return;
	if ((f->flags[t->dir] & TCP_FIN_DOUBT) && !t->in.doubt &&
		ranges_ahead(t->in.to, s->fin) > 0) { /* nobody sends behind a FIN */
		f->flags[t->dir] &= (uint8_t) ~(TCP_ENDING | TCP_FIN_DOUBT);
		return;
	}
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
		tcp_flow_start(f, t->dir, seq, SPLIT_SEARCH);
	} else if (!near(seq, s->next) && t->in.left) {
		/* Much was lost. The stream goes on here, wherever that is. */
		tcp_stream_end(&t->store, s);
		tcp_flow_start(f, t->dir, seq, SPLIT_SEARCH);
		f->flags[t->dir] &= (uint8_t) ~(TCP_ENDING | TCP_FIN_DOUBT);
		tcp_count(&m->tcp_gaps);
	}
	if (ranges_ahead(t->in.to, s->sent) > 0)
		s->sent = t->in.to;
	uint64_t *class = segment_class(t, s);
	tcp_count(class);
	if (f->list == TCP_LINGER && class != &m->tcp_retransmitted && class != &m->tcp_refused) {
		/* It was not the end after all: somebody else's RST. */
		tcp_flow_list(t, t->slot, f->proven ? TCP_ACTIVE : TCP_HALF);
		tcp_count(&m->tcp_opened);
	}
	if (s->window)
		tcp_pull_upto(t, t->dir, s->next);
	/* The capture had the two sides in another order: the peer's acknowledgments were right. */
	struct tcp_stream *peer = &f->stream[!t->dir];
	if (bits_unlikely(peer->window) && ranges_ahead(s->sent, s->acked) >= 0) {
		tcp_stream_trust(&t->store, peer, peer->sent, RANGE_UNSEEN_ACK);
		tcp_pull_upto(t, !t->dir, peer->next);
	}
}

/* The segment in hand has a FIN behind its payload, which begins at seq. */
static void take_fin(struct tcp_table *t, struct tcp_flow *f, uint32_t seq)
{
	uint8_t *flags = &f->flags[t->dir];
	struct tcp_stream *s = &f->stream[t->dir];
	uint32_t fin = seq + t->pkt->wire_len;

	if (!(*flags & TCP_KNOWN) || (*flags & (TCP_ENDING | TCP_FIN_DOUBT)) == TCP_ENDING)
		return;
	bool doubt = t->unseen_ack || (t->pkt->wire_len ? t->in.doubt : tcp_is_suspect(t));
	if (ranges_ahead(fin, s->next) < 0 || !near(fin, s->next) ||
		(doubt && (*flags & TCP_ENDING)))
		return;
	s->fin = fin;
	*flags &= (uint8_t)~TCP_FIN_DOUBT;
	*flags |= doubt ? TCP_ENDING | TCP_FIN_DOUBT : TCP_ENDING;
}

/* Takes the segment in hand, which belongs to the connection in hand. */
static void take_segment(struct tcp_table *t)
{
	const struct pkt *pkt = t->pkt;
	struct tcp_flow *f = &t->flows[t->slot];
	uint8_t flags = pkt->tcp_flags;
	uint32_t seq = pkt->seq;

	f->last_ns = t->clock_ns;
	if (tcp_is_due(t, f))
		tcp_give_up(t);
	if (f->list <= TCP_ACTIVE && tcp_since(t->clock_ns, f->listed_ns) > t->idle_ns / 16)
		tcp_flow_list(t, t->slot, f->list); /* in order of age, but not at each segment */
	if (pkt->wire_len == 0 || (flags & TCP_RST))
		tcp_count(&t->store.metrics->tcp_bare);
	if (flags & TCP_RST) {
		take_reset(t, f);
		return;
	}
	if (flags & TCP_SYN) {
		take_syn(t, f);
		seq++;
	} else if (f->handshake == TCP_HANDSHAKE_SYN || f->handshake == TCP_HANDSHAKE_SYN_ACK) {
		take_handshake(t, f);
	}
	if ((flags & TCP_ACK) && !t->strange_ack)
		take_ack(t, f);
	if (pkt->wire_len)
		take_payload(t, f, seq);
	if (flags & TCP_FIN)
		take_fin(t, f, seq);
}

void tcp_segment_begin(struct tcp_table *t)
{
	tcp_count(&t->store.metrics->tcp_opened);
	if (!(t->pkt->tcp_flags & TCP_SYN) && !t->winner)
		tcp_count(&t->store.metrics->tcp_joined);
	take_segment(t);
}

void tcp_segment_restart(struct tcp_table *t)
{
	struct tcp_flow *f = &t->flows[t->slot];
	unsigned n = t->winner ? t->winner - 1u : 0;
	struct tcp_claim claim = f->claim[n];

	tcp_flow_restart(t, t->slot);
	if (t->winner) {
		tcp_flow_start(f, n, claim.seq, SPLIT_FRAME);
		f->scale[n] = f->claim_scale[n];
		f->client = (uint8_t)n;
		f->handshake = TCP_HANDSHAKE_SYN;
		f->handshake_ns = f->claim_ns;
	}
	tcp_segment_begin(t);
	t->winner = 0;
}

/* A segment that no connection takes. */
static void refuse(struct tcp_table *t, uint64_t *why)
{
	struct metrics_reasm *m = t->store.metrics;
	bool bare = t->pkt->wire_len == 0 || (t->pkt->tcp_flags & TCP_RST);
	tcp_count(bare ? &m->tcp_bare : &m->tcp_refused);
	if (why)
		tcp_count(why);
	metrics_add(&m->tcp_octets_refused, t->pkt->len);
	t->slot = 0;
}

/* What a segment is called that a connection refuses. */
static uint64_t *refused_class(struct metrics_reasm *m, uint8_t flags)
{
	if (flags & TCP_RST)
		return &m->tcp_resets_refused;
	return flags & TCP_SYN ? &m->tcp_syns_refused : &m->tcp_implausible;
}

void tcp_take(struct tcp_table *t, const struct pkt *pkt, uint32_t hash)
{
	struct metrics_reasm *m = t->store.metrics;
	uint8_t flags = pkt->tcp_flags;

	metrics_add(&m->tcp_octets, pkt->len);
	t->clock_ns = pkt->clock_ns;
	t->ahead_ns = tcp_since(pkt->clock_ns, pkt->ts_ns);
	if (bits_likely(t->ahead_ns < TCP_AHEAD_NS))
		t->ahead_ns = 0;
	t->pkt = pkt;
	t->in.left = t->in.gone = 0;
	t->pull = t->tail = t->winner = 0;
	t->end = TCP_END_NONE;
	t->strange_ack = t->unseen_ack = false;
	/* RFC 9293 section 3.10.7.4: without ACK, all but SYN and RST is dropped. */
	if (bits_unlikely(!(flags & (TCP_SYN | TCP_RST | TCP_ACK)))) {
		refuse(t, &m->tcp_no_ack);
		return;
	}
	if (bits_unlikely(t->ports->checksum == PACKET_CHECKSUM_REQUIRE) && tcp_is_suspect(t)) {
		refuse(t, &m->tcp_bad_checksums);
		return;
	}
	t->slot = tcp_flow_find(t, pkt, hash, &t->dir);
	if (t->slot == 0) {
		if ((flags & TCP_RST) || (!(flags & TCP_SYN) && pkt->wire_len == 0)) {
			refuse(t, NULL);
			return;
		}
		t->slot = tcp_flow_add(t, pkt, hash);
		t->dir = 0;
		tcp_segment_begin(t);
		return;
	}
	switch (tcp_believe(t, &t->flows[t->slot])) {
	case TCP_TAKE: take_segment(t); break;
	case TCP_REFUSE: refuse(t, refused_class(m, flags)); break;
	case TCP_OTHER: tcp_flow_end(t, TCP_END_REUSED); break;
	}
}

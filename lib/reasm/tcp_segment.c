/* SPDX-License-Identifier: BSD-3-Clause */
#include "reasm/tcp_table_inner.h"

/* True if two sequence numbers are less than TCP_NEAR apart. */
static bool near(uint32_t a, uint32_t b)
{
	int32_t d = tcp_seq_diff(a, b);
	return d > -TCP_NEAR && d < TCP_NEAR;
}

/* Processes a SYN, with or without ACK. */
static void process_syn(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->work.pkt;
	bool reply = pkt->tcp_flags & TCP_ACK;
	unsigned client = reply ? !t->work.dir : t->work.dir;

	if (!(f->flags[t->work.dir] & TCP_KNOWN)) {
		tcp_flow_start(f, t->work.dir, pkt->seq + 1, TCP_SPLIT_FRAME);
	}
	f->scale[t->work.dir] = tcp_scale(pkt);
	if (!reply) {
		if (f->handshake == TCP_HANDSHAKE_NONE &&
			f->stream[t->work.dir].next != pkt->seq + 1)
			return; /* late */
		f->client = (uint8_t)client;
		/* Of SYNs sent again the latest may be the one that was answered; a copy within
		 * less than any retransmission timeout (RFC 6298) is the span port's. */
		if (f->handshake == TCP_HANDSHAKE_NONE ||
			(f->handshake == TCP_HANDSHAKE_SYN &&
				when_since(pkt->ts_ns, f->handshake_ns) > TCP_SYN_COPY_NS)) {
			f->handshake = TCP_HANDSHAKE_SYN;
			f->handshake_ns = pkt->ts_ns;
		}
		return;
	}
	if (!(f->flags[client] & TCP_KNOWN)) {
		tcp_flow_start(f, client, pkt->ack, TCP_SPLIT_FRAME);
	} else if (f->handshake == TCP_HANDSHAKE_SYN && near(pkt->ack, f->isn[client] + 1)) {
		f->handshake = TCP_HANDSHAKE_SYN_ACK;
	}
}

/* Ends the handshake with the client's first segment that acknowledges the server's SYN. */
static void process_handshake(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->work.pkt;
	const struct tcp_stream *s = &f->stream[t->work.dir];
	if (t->work.dir != f->client || !(pkt->tcp_flags & TCP_ACK))
		return;
	f->handshake_ns = when_since(pkt->ts_ns, f->handshake_ns);
	const struct tcp_stream *peer = &f->stream[!t->work.dir];
	bool first = pkt->seq - (f->isn[t->work.dir] + 1) <= s->next - (f->isn[t->work.dir] + 1) &&
		     (!(f->flags[!t->work.dir] & TCP_KNOWN) ||
			     pkt->ack - (f->isn[!t->work.dir] + 1) <=
				     peer->next - (f->isn[!t->work.dir] + 1));
	if (!first || f->handshake_ns < 0) {
		f->handshake = TCP_HANDSHAKE_NONE;
		return;
	}
	f->handshake = TCP_HANDSHAKE_DONE;
	tcp_count(&t->store.metrics->tcp_handshakes);
}

/*
 * Processes an acknowledgement. Octets that it covers and the capture lacks arrive late, or never;
 * replies wait for them. If it is unknown which side asks, a segment with payload may answer what
 * is behind a gap, which must come out first; unless segments arrive by several queues: the octets
 * are then on their way, and a reply waits for its query.
 */
static void process_ack(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->work.pkt;
	unsigned n = !t->work.dir;
	struct tcp_stream *peer = &f->stream[n];
	if ((f->flags[n] & TCP_KNOWN) && near(pkt->ack, peer->next) &&
		tcp_seq_diff(pkt->ack, peer->acked) > 0)
		peer->acked = pkt->ack;
	f->flags[n] |= TCP_ACKED;
	if (peer->window && !t->work.unseen_ack) { /* the receiver has checked these octets */
		tcp_stream_accept(&t->store, peer, pkt->ack, TCP_RANGE_DOUBT);
		tcp_work_pull(&t->work, n, peer->next);
	}
	if (peer->window && !t->unordered && tcp_flow_side(f, n) == TCP_SIDE_EITHER &&
		(pkt->wire_len || (pkt->tcp_flags & TCP_FIN)))
		tcp_work_pull(&t->work, n, peer->acked);
}

/* Processes a RST. */
static void process_reset(struct tcp_table *t, struct tcp_flow *f)
{
	metrics_add(&t->store.metrics->tcp_octets_refused, t->work.pkt->len);
	if (f->list != TCP_LINGER)
		tcp_work_end(&t->work, f->stream, TCP_END_RESET);
}

/* Truncates the input at the FIN of its stream, if that is known. */
static void limit_input(struct tcp_table *t, struct tcp_flow *f, struct tcp_input *in)
{
	const struct tcp_stream *s = &f->stream[t->work.dir];
	uint8_t *flags = &f->flags[t->work.dir];

	if (bits_likely(!(*flags & TCP_ENDING)))
		return;
	if ((*flags & TCP_FIN_DOUBT) && !in->doubt && tcp_seq_diff(in->to, s->fin) > 0) {
		*flags &= (uint8_t) ~(TCP_ENDING | TCP_FIN_DOUBT); /* nobody sends behind a FIN */
		return;
	}
	int32_t ahead = tcp_seq_diff(s->fin, in->seq);
	uint32_t max = ahead > 0 ? (uint32_t)ahead : 0;
	if (in->left > max) {
		metrics_add(&t->store.metrics->tcp_octets_refused, in->left - max);
		in->left = max;
	}
	if (in->cut > max - in->left)
		in->cut = max - in->left;
}

/* Offers the payload of the current segment, which begins at seq. */
static void offer_payload(struct tcp_table *t, struct tcp_flow *f, uint32_t seq)
{
	const struct pkt *pkt = t->work.pkt;
	struct tcp_input in = {
		.at = pkt->payload,
		.seq = seq,
		.left = pkt->len,
		.cut = pkt->wire_len > pkt->len ? pkt->wire_len - pkt->len : 0,
		.from = seq,
		.to = seq + pkt->wire_len,
		.ts_ns = pkt->ts_ns,
		.pkt = pkt,
		.side = tcp_flow_side(f, t->work.dir),
	};
	if (bits_unlikely(tcp_is_suspect(t, pkt))) {
		in.doubt = TCP_RANGE_SUSPECT;
		tcp_count(&t->store.metrics->tcp_suspect);
	}
	if (bits_unlikely(t->work.unseen_ack)) {
		in.doubt |= TCP_RANGE_UNSEEN_ACK;
		tcp_count(&t->store.metrics->tcp_unseen_acks);
	}
	limit_input(t, f, &in);
	tcp_work_offer(&t->work, &in);
}

/* Returns the counter of a segment with payload. */
static uint64_t *segment_class(const struct tcp_table *t, const struct tcp_stream *s)
{
	struct metrics_reasm *m = t->store.metrics;
	const struct tcp_input *in = &t->work.input;
	uint32_t len = in->left + in->cut, missing = len;
	int32_t ahead = tcp_seq_diff(in->seq, s->next);

	if (len == 0)
		return &m->tcp_refused;
	if (ahead < 0 && (uint32_t)-ahead >= len)
		return &m->tcp_retransmitted;
	if (ahead < 0)
		return &m->tcp_overlapping;
	if (s->window) {
		const struct tcp_window *w = tcp_window_at(&t->store.pool, s->window);
		missing = tcp_ranges_gap_octets(&w->ranges, in->seq, in->seq + len);
	}
	if (missing == 0)
		return &m->tcp_retransmitted;
	if (missing < len)
		return &m->tcp_overlapping;
	return ahead ? &m->tcp_out_of_order : &m->tcp_in_order;
}

/* Processes the payload of the current segment, which begins at seq. */
static void process_payload(struct tcp_table *t, struct tcp_flow *f, uint32_t seq)
{
	struct metrics_reasm *m = t->store.metrics;
	struct tcp_work *w = &t->work;
	struct tcp_stream *s = &f->stream[w->dir], *peer = &f->stream[!w->dir];

	offer_payload(t, f, seq);
	if (!(f->flags[w->dir] & TCP_KNOWN)) {
		tcp_flow_start(f, w->dir, seq, TCP_SPLIT_SEARCH);
	} else if (!near(seq, s->next) && w->input.left) {
		/* Much was lost. The stream continues here, wherever that is. */
		tcp_stream_end(&t->store, s);
		tcp_flow_start(f, w->dir, seq, TCP_SPLIT_SEARCH);
		f->flags[w->dir] &= (uint8_t) ~(TCP_ENDING | TCP_FIN_DOUBT);
		tcp_count(&m->tcp_gaps);
	}
	if (tcp_seq_diff(w->input.to, s->sent) > 0)
		s->sent = w->input.to;
	uint64_t *class = segment_class(t, s);
	tcp_count(class);
	if (f->list == TCP_LINGER && class != &m->tcp_retransmitted && class != &m->tcp_refused) {
		/* It had not ended: the RST was somebody else's. */
		tcp_flow_list(t, w->slot, f->proven ? TCP_ACTIVE : TCP_HALF);
		tcp_count(&m->tcp_opened);
	}
	if (s->window)
		tcp_work_pull(w, w->dir, s->next);
	/* The peer acknowledged these octets before they were captured: it had received them. */
	if (bits_unlikely(peer->window) && tcp_seq_diff(s->sent, s->acked) >= 0) {
		tcp_stream_accept(&t->store, peer, peer->sent, TCP_RANGE_UNSEEN_ACK);
		tcp_work_pull(w, !w->dir, peer->next);
	}
}

/* Processes the FIN of the current segment, whose payload begins at seq. */
static void process_fin(struct tcp_table *t, struct tcp_flow *f, uint32_t seq)
{
	const struct pkt *pkt = t->work.pkt;
	uint8_t *flags = &f->flags[t->work.dir];
	struct tcp_stream *s = &f->stream[t->work.dir];
	uint32_t fin = seq + pkt->wire_len;

	if (!(*flags & TCP_KNOWN) || (*flags & (TCP_ENDING | TCP_FIN_DOUBT)) == TCP_ENDING)
		return;
	bool doubt = t->work.unseen_ack ||
		     (pkt->wire_len ? t->work.input.doubt : tcp_is_suspect(t, pkt));
	if (tcp_seq_diff(fin, s->next) < 0 || !near(fin, s->next) ||
		(doubt && (*flags & TCP_ENDING)))
		return;
	s->fin = fin;
	*flags &= (uint8_t)~TCP_FIN_DOUBT;
	*flags |= doubt ? TCP_ENDING | TCP_FIN_DOUBT : TCP_ENDING;
}

/* Processes the current segment, which its connection accepts. */
static void process_segment(struct tcp_table *t)
{
	const struct pkt *pkt = t->work.pkt;
	struct tcp_flow *f = &t->flows[t->work.slot];
	uint8_t flags = pkt->tcp_flags;
	uint32_t seq = pkt->seq;

	f->last_ns = t->clock_ns;
	if (tcp_flow_is_due(t, f))
		tcp_flow_skip_gaps(t);
	if (f->list <= TCP_ACTIVE && when_since(t->clock_ns, f->listed_ns) > t->idle_ns / 16)
		tcp_flow_list(t, t->work.slot, f->list); /* by age, but not for each segment */
	if (pkt->wire_len == 0 || (flags & TCP_RST))
		tcp_count(&t->store.metrics->tcp_bare);
	if (flags & TCP_RST) {
		process_reset(t, f);
		return;
	}
	if (flags & TCP_SYN) {
		process_syn(t, f);
		seq++;
	} else if (f->handshake == TCP_HANDSHAKE_SYN || f->handshake == TCP_HANDSHAKE_SYN_ACK) {
		process_handshake(t, f);
	}
	if ((flags & TCP_ACK) && !t->work.foreign_ack)
		process_ack(t, f);
	if (pkt->wire_len)
		process_payload(t, f, seq);
	if (flags & TCP_FIN)
		process_fin(t, f, seq);
}

void tcp_segment_begin(struct tcp_table *t)
{
	tcp_count(&t->store.metrics->tcp_opened);
	if (!(t->work.pkt->tcp_flags & TCP_SYN) && !t->work.restart_at)
		tcp_count(&t->store.metrics->tcp_joined);
	process_segment(t);
}

void tcp_segment_restart(struct tcp_table *t)
{
	struct tcp_flow *f = &t->flows[t->work.slot];
	unsigned n = t->work.restart_at ? t->work.restart_at - 1u : 0;
	struct tcp_claim claim = f->claim[n];

	tcp_flow_restart(t, t->work.slot);
	if (t->work.restart_at) {
		tcp_flow_start(f, n, claim.seq, TCP_SPLIT_FRAME);
		f->scale[n] = f->claim_scale[n];
		f->client = (uint8_t)n;
		f->handshake = TCP_HANDSHAKE_SYN;
		f->handshake_ns = f->claim_ns;
	}
	tcp_segment_begin(t);
	t->work.restart_at = 0;
}

/* Counts a segment that no connection accepts; `why` is a further counter, or NULL. */
static void refuse(struct tcp_table *t, const struct pkt *pkt, uint64_t *why)
{
	struct metrics_reasm *m = t->store.metrics;
	bool bare = pkt->wire_len == 0 || (pkt->tcp_flags & TCP_RST);
	tcp_count(bare ? &m->tcp_bare : &m->tcp_refused);
	if (why)
		tcp_count(why);
	metrics_add(&m->tcp_octets_refused, pkt->len);
	tcp_work_cancel(&t->work);
}

/* Returns the counter of a segment that its connection rejects. */
static uint64_t *reject_counter(struct metrics_reasm *m, uint8_t flags)
{
	if (flags & TCP_RST)
		return &m->tcp_resets_refused;
	return flags & TCP_SYN ? &m->tcp_syns_refused : &m->tcp_implausible;
}

void tcp_process(struct tcp_table *t, const struct pkt *pkt, uint32_t hash)
{
	struct metrics_reasm *m = t->store.metrics;
	struct tcp_work *w = &t->work;
	uint8_t flags = pkt->tcp_flags;

	metrics_add(&m->tcp_octets, pkt->len);
	t->clock_ns = pkt->clock_ns;
	t->ahead_ns = when_since(pkt->clock_ns, pkt->ts_ns);
	if (bits_likely(t->ahead_ns < TCP_AHEAD_NS))
		t->ahead_ns = 0;
	/* RFC 9293 section 3.10.7.4: without ACK, all but SYN and RST is dropped. */
	if (bits_unlikely(!(flags & (TCP_SYN | TCP_RST | TCP_ACK)))) {
		refuse(t, pkt, &m->tcp_no_ack);
		return;
	}
	if (bits_unlikely(t->ports->checksum == PACKET_CHECKSUM_REQUIRE) &&
		tcp_is_suspect(t, pkt)) {
		refuse(t, pkt, &m->tcp_bad_checksums);
		return;
	}
	tcp_work_begin(w, tcp_flow_find(t, pkt, hash, &w->dir), pkt);
	if (w->slot == 0) {
		if ((flags & TCP_RST) || (!(flags & TCP_SYN) && pkt->wire_len == 0)) {
			refuse(t, pkt, NULL);
			return;
		}
		w->slot = tcp_flow_add(t, pkt, hash);
		w->dir = 0;
		tcp_segment_begin(t);
		return;
	}
	switch (tcp_judge(t, &t->flows[w->slot])) {
	case TCP_ACCEPT: process_segment(t); break;
	case TCP_REJECT: refuse(t, pkt, reject_counter(m, flags)); break;
	case TCP_OTHER: tcp_work_end(w, t->flows[w->slot].stream, TCP_END_REUSED); break;
	}
}

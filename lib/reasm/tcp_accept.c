/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which segments are accepted (RFC 9293 section 3.10.7.4, RFC 5961): who does not see a connection
 * can only guess its numbers. A tap knows less than the ends: it may lose segments, or see one
 * direction only. A segment that does not fit is therefore kept as a claim, which a second segment
 * at the same place, or the peer's answer, confirms.
 */
#include "packet/checksum.h"
#include "reasm/tcp_table_inner.h"

/* A window without a scale: no end can be further ahead of its peer's acknowledgement. */
#define WINDOW 65535
/* RFC 7323 section 2.2 */
enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_SCALE = 3, SCALE_LENGTH = 3, SCALE_MAX = 14 };

bool tcp_is_suspect(const struct tcp_table *t, const struct pkt *pkt)
{
	return t->ports->checksum != PACKET_CHECKSUM_IGNORE &&
	       packet_checksum(pkt) == PACKET_CHECKSUM_WRONG;
}

/* Returns the scaled window of stream n's peer, at most TCP_NEAR. */
static int32_t reach(const struct tcp_flow *f, unsigned n)
{
	uint32_t window = (uint32_t)WINDOW << f->scale[!n];
	return window < TCP_NEAR ? (int32_t)window : TCP_NEAR;
}

/* Returns the furthest place of a stream that was acknowledged, or seen in order. */
static uint32_t edge_of(const struct tcp_stream *s)
{
	return tcp_seq_diff(s->acked, s->next) > 0 ? s->acked : s->next;
}

/* True if stream n can continue, or retransmit, at seq. */
static bool seq_fits(const struct tcp_flow *f, unsigned n, uint32_t seq)
{
	const struct tcp_stream *s = &f->stream[n];
	int32_t ahead = tcp_seq_diff(seq, edge_of(s));
	if (ahead <= 0) /* forged acknowledgements may have moved the edge */
		return tcp_seq_diff(seq, s->next) > -TCP_NEAR;
	return ahead <= WINDOW || ahead <= reach(f, n);
}

/* True if an acknowledgement is within an unscaled window of what was seen of a stream. */
static bool ack_is_near(const struct tcp_stream *s, uint32_t ack)
{
	return tcp_seq_diff(ack, edge_of(s)) <= WINDOW && tcp_seq_diff(ack, s->next) >= -WINDOW;
}

/* True if the peer of stream n can acknowledge what is before ack. */
static bool ack_fits(const struct tcp_flow *f, unsigned n, uint32_t ack)
{
	const struct tcp_stream *s = &f->stream[n];
	return ack_is_near(s, ack) || (tcp_seq_diff(ack, edge_of(s)) <= reach(f, n) &&
					      tcp_seq_diff(ack, s->next) >= -reach(f, n));
}

/* True for the latest acknowledgement, or one of octets seen since: it is hard to guess. */
static bool ack_is_current(const struct tcp_store *store, const struct tcp_stream *s, uint32_t ack)
{
	uint32_t edge = tcp_stream_edge(store, s);
	return ack == s->acked ||
	       (tcp_seq_diff(edge, s->acked) > 0 && ack - s->acked <= edge - s->acked);
}

/* True if an acknowledgement fits what was seen of stream n since its SYN. */
static bool ack_is_exact(const struct tcp_flow *f, unsigned n, uint32_t ack)
{
	return ack - (f->isn[n] + 1) <= f->stream[n].next - (f->isn[n] + 1);
}

/*
 * True if an acknowledgement is beyond what was seen of stream n. Receivers drop such segments (RFC
 * 9293 section 3.10.7.4), but here the capture may have lost the octets.
 */
static bool ack_is_unseen(const struct tcp_flow *f, unsigned n, uint32_t ack)
{
	const struct tcp_stream *s = &f->stream[n];
	if (bits_likely(tcp_seq_diff(ack, s->sent) <= 0))
		return false;
	return !(f->flags[n] & TCP_ENDING) || tcp_seq_diff(ack, s->fin + 1) > 0;
}

uint8_t tcp_scale(const struct pkt *pkt)
{
	if (pkt->tcp_header == 0)
		return TCP_SCALE_UNKNOWN;
	const uint8_t *at = pkt->payload - pkt->tcp_header + 20, *end = pkt->payload;
	while (end - at >= SCALE_LENGTH && *at != OPTION_END) {
		if (*at == OPTION_NOP) {
			at++;
		} else if (*at == OPTION_SCALE && at[1] == SCALE_LENGTH) {
			return at[2] < SCALE_MAX ? at[2] : SCALE_MAX;
		} else {
			if (at[1] < 2 || at[1] > end - at)
				break;
			at += at[1];
		}
	}
	return 0;
}

/* Records the claim that the segment's stream continues at `next` and its peer at `ack`. */
static enum tcp_verdict claim(
	struct tcp_table *t, struct tcp_flow *f, uint32_t next, uint32_t ack, bool syn)
{
	f->claim[t->work.dir] = (struct tcp_claim){.seq = next, .ack = ack};
	f->claim_scale[t->work.dir] = syn ? tcp_scale(t->work.pkt) : TCP_SCALE_UNKNOWN;
	f->claim_ns = t->work.pkt->ts_ns;
	f->flags[t->work.dir] &= (uint8_t)~TCP_CLAIM_SYN;
	f->flags[t->work.dir] |= syn ? TCP_CLAIMED | TCP_CLAIM_SYN : TCP_CLAIMED;
	return TCP_REJECT;
}

/* The claim of stream n is confirmed: another connection begins there. */
static enum tcp_verdict confirm_claim(struct tcp_table *t, unsigned n)
{
	t->work.restart_at = (uint8_t)(n + 1);
	return TCP_OTHER;
}

/* Accepts a segment that does not fit if it is the second one there; if not, records a claim. */
static enum tcp_verdict judge_claim(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->work.pkt;
	unsigned n = t->work.dir;
	const struct tcp_claim *c = &f->claim[n];

	if (f->flags[n] & TCP_CLAIMED) {
		bool here = pkt->seq - c->seq <= WINDOW;
		if (here && (f->flags[n] & TCP_CLAIM_SYN))
			return confirm_claim(t, n);
		if (here && pkt->wire_len && pkt->ack - c->ack + WINDOW <= 2u * WINDOW) {
			t->work.foreign_ack = true;
			return TCP_ACCEPT;
		}
	}
	if (pkt->wire_len == 0)
		return TCP_REJECT;
	return claim(t, f, pkt->seq + pkt->wire_len, pkt->ack, false);
}

static enum tcp_verdict judge_syn(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->work.pkt;
	unsigned n = t->work.dir;
	const struct tcp_stream *s = &f->stream[n];
	bool reply = pkt->tcp_flags & TCP_ACK, joined = f->handshake == TCP_HANDSHAKE_NONE;
	bool known = f->flags[n] & TCP_KNOWN, answers = false;

	if (reply && (f->flags[!n] & TCP_KNOWN)) {
		const struct tcp_claim *c = &f->claim[!n];
		answers = joined ? ack_fits(f, !n, pkt->ack) : ack_is_exact(f, !n, pkt->ack);
		if (!answers && (f->flags[!n] & TCP_CLAIM_SYN) && pkt->ack - c->seq <= WINDOW)
			return confirm_claim(t, !n);
		if (!answers)
			return f->list == TCP_LINGER ? TCP_OTHER
						     : claim(t, f, pkt->seq + 1, pkt->ack, true);
	}
	if (!known)
		return reply || !f->proven ? (reply ? TCP_ACCEPT : TCP_OTHER)
					   : claim(t, f, pkt->seq + 1, pkt->ack, true);
	if (pkt->seq == f->isn[n])
		return TCP_ACCEPT;
	if (f->list == TCP_LINGER)
		return TCP_OTHER;
	/* The connection was joined in the middle: this may be its own SYN, captured late. */
	if (joined && s->next - (pkt->seq + 1) < TCP_NEAR)
		return TCP_ACCEPT;
	/* A server without state (SYN cookies) chooses a new number for each answer. */
	if (answers && !f->proven && s->next == f->isn[n] + 1 && s->window == 0) {
		tcp_flow_start(f, n, pkt->seq + 1, TCP_SPLIT_FRAME);
		return TCP_ACCEPT;
	}
	return claim(t, f, pkt->seq + 1, pkt->ack, true);
}

/*
 * Accepts a RST exactly at the next octet (RFC 5961 section 3), as far as it was captured or
 * acknowledged. A receiver also drops a RST with a wrong checksum.
 */
static enum tcp_verdict judge_reset(const struct tcp_table *t, const struct tcp_flow *f)
{
	const struct pkt *pkt = t->work.pkt;
	const struct tcp_stream *s = &f->stream[t->work.dir];
	bool fits;

	if (!(f->flags[t->work.dir] & TCP_KNOWN)) { /* an answer to the SYN: no listener */
		fits = (pkt->tcp_flags & TCP_ACK) && (f->flags[!t->work.dir] & TCP_KNOWN) &&
		       ack_is_exact(f, !t->work.dir, pkt->ack);
	} else {
		fits = pkt->seq == s->next || pkt->seq == s->acked ||
		       pkt->seq == tcp_stream_edge(&t->store, s);
		if (f->flags[t->work.dir] & TCP_ENDING)
			fits |= pkt->seq == s->fin || pkt->seq == s->fin + 1;
	}
	return fits && !tcp_is_suspect(t, pkt) ? TCP_ACCEPT : TCP_REJECT;
}

enum tcp_verdict tcp_judge(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->work.pkt;
	unsigned n = t->work.dir;

	if (bits_unlikely(pkt->tcp_flags & TCP_RST))
		return judge_reset(t, f);
	if (bits_unlikely(pkt->tcp_flags & TCP_SYN))
		return judge_syn(t, f);
	bool known = f->flags[n] & TCP_KNOWN, peer = f->flags[!n] & TCP_KNOWN;
	bool seq_ok = !known || seq_fits(f, n, pkt->seq);
	bool ack_ok = !peer || ack_fits(f, !n, pkt->ack);
	if (bits_likely(seq_ok && ack_ok)) {
		t->work.unseen_ack = peer && ack_is_unseen(f, !n, pkt->ack);
		/* Only a party that sees the other side can know both numbers. */
		f->proven |= known && peer && !t->work.unseen_ack;
		f->flags[n] &= (uint8_t) ~(TCP_CLAIMED | TCP_CLAIM_SYN);
		return TCP_ACCEPT;
	}
	/* Much was lost: the acknowledgement shows that it is the same connection. */
	if (!seq_ok && peer && pkt->wire_len && ack_is_current(&t->store, &f->stream[!n], pkt->ack))
		return TCP_ACCEPT;
	/* The connection is over, or nothing of it is proven: another one begins. */
	bool over = f->list == TCP_LINGER;
	bool unsure = !f->proven && f->handshake == TCP_HANDSHAKE_NONE && peer;
	if (pkt->wire_len && (over || (unsure && !ack_ok && !(known && seq_ok))))
		return TCP_OTHER;
	/* In order, but far beyond what the peer sent: the receiver drops it. */
	if (known && seq_ok && f->proven)
		return TCP_REJECT;
	return judge_claim(t, f);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may be believed of a segment (RFC 9293 section 3.10.7.4, RFC 5961). Whoever does not see a
 * connection can only guess its numbers. A tap knows less than the ends: it may have lost segments,
 * or see one direction only. What does not fit is therefore kept as a claim, which a second segment
 * at the same place, or the peer's answer, confirms.
 */
#include "packet/checksum.h"
#include "reasm/tcp_table_inner.h"

/* A window without a scale: no end can be further ahead of its peer's acknowledgment. */
#define WINDOW 65535
/* RFC 7323 section 2.2 */
enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_SCALE = 3, SCALE_LENGTH = 3, SCALE_MOST = 14 };

bool tcp_is_suspect(const struct tcp_table *t)
{
	return t->ports->checksum != PACKET_CHECKSUM_IGNORE &&
	       packet_checksum(t->pkt) == PACKET_CHECKSUM_WRONG;
}

static int32_t reach(const struct tcp_flow *f, unsigned n)
{
	uint32_t window = (uint32_t)WINDOW << f->scale[!n];
	return window < TCP_NEAR ? (int32_t)window : TCP_NEAR;
}

/* The furthest place of a stream that its peer has, or that was seen in order. */
static uint32_t edge_of(const struct tcp_stream *s)
{
	return ranges_ahead(s->acked, s->next) > 0 ? s->acked : s->next;
}

/* Can stream n go on at seq, or repeat what is there? */
static bool seq_fits(const struct tcp_flow *f, unsigned n, uint32_t seq)
{
	const struct tcp_stream *s = &f->stream[n];
	int32_t ahead = ranges_ahead(seq, edge_of(s));
	if (ahead <= 0) /* forged acknowledgments may have moved the edge */
		return ranges_ahead(seq, s->next) > -TCP_NEAR;
	return ahead <= WINDOW || ahead <= reach(f, n);
}

/* Is an acknowledgment within an unscaled window of what was seen of a stream? */
static bool ack_is_near(const struct tcp_stream *s, uint32_t ack)
{
	return ranges_ahead(ack, edge_of(s)) <= WINDOW && ranges_ahead(ack, s->next) >= -WINDOW;
}

/* Can the peer of stream n acknowledge what stands before ack? */
static bool ack_fits(const struct tcp_flow *f, unsigned n, uint32_t ack)
{
	const struct tcp_stream *s = &f->stream[n];
	return ack_is_near(s, ack) || (ranges_ahead(ack, edge_of(s)) <= reach(f, n) &&
					      ranges_ahead(ack, s->next) >= -reach(f, n));
}

/* Does it acknowledge nothing but what was acknowledged last, or seen since? Hard to guess. */
static bool ack_is_current(const struct tcp_store *store, const struct tcp_stream *s, uint32_t ack)
{
	uint32_t edge = tcp_stream_edge(store, s);
	return ack == s->acked ||
	       (ranges_ahead(edge, s->acked) > 0 && ack - s->acked <= edge - s->acked);
}

/* Does an acknowledgment fit what was seen of stream n since its SYN? */
static bool ack_is_exact(const struct tcp_flow *f, unsigned n, uint32_t ack)
{
	return ack - (f->isn[n] + 1) <= f->stream[n].next - (f->isn[n] + 1);
}

/*
 * RFC 9293 section 3.10.7.4: what acknowledges octets that nobody has sent is dropped. Here they
 * may also have been lost by the capture.
 */
static bool ack_is_unseen(const struct tcp_flow *f, unsigned n, uint32_t ack)
{
	const struct tcp_stream *s = &f->stream[n];
	if (bits_likely(ranges_ahead(ack, s->sent) <= 0))
		return false;
	return !(f->flags[n] & TCP_ENDING) || ranges_ahead(ack, s->fin + 1) > 0;
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
			return at[2] < SCALE_MOST ? at[2] : SCALE_MOST;
		} else {
			if (at[1] < 2 || at[1] > end - at)
				break;
			at += at[1];
		}
	}
	return 0;
}

/* Notes that stream n may stand at `next`, whose peer then acknowledges `ack`. */
static enum tcp_belief claim(
	struct tcp_table *t, struct tcp_flow *f, uint32_t next, uint32_t ack, bool syn)
{
	f->claim[t->dir] = (struct tcp_claim){.seq = next, .ack = ack};
	f->claim_scale[t->dir] = syn ? tcp_scale(t->pkt) : TCP_SCALE_UNKNOWN;
	f->claim_ns = t->pkt->ts_ns;
	f->flags[t->dir] &= (uint8_t)~TCP_CLAIM_SYN;
	f->flags[t->dir] |= syn ? TCP_CLAIMED | TCP_CLAIM_SYN : TCP_CLAIMED;
	return TCP_REFUSE;
}

/* The claim of stream n is confirmed: another connection begins at it. */
static enum tcp_belief claim_won(struct tcp_table *t, unsigned n)
{
	t->winner = (uint8_t)(n + 1);
	return TCP_OTHER;
}

/* Is a segment that does not fit the second one at its place? If not, it makes a claim. */
static enum tcp_belief accept_claim(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->pkt;
	unsigned n = t->dir;
	const struct tcp_claim *c = &f->claim[n];

	if (f->flags[n] & TCP_CLAIMED) {
		bool here = pkt->seq - c->seq <= WINDOW;
		if (here && (f->flags[n] & TCP_CLAIM_SYN))
			return claim_won(t, n);
		if (here && pkt->wire_len && pkt->ack - c->ack + WINDOW <= 2u * WINDOW) {
			t->strange_ack = true;
			return TCP_TAKE;
		}
	}
	if (pkt->wire_len == 0)
		return TCP_REFUSE;
	return claim(t, f, pkt->seq + pkt->wire_len, pkt->ack, false);
}

static enum tcp_belief accept_syn(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->pkt;
	unsigned n = t->dir;
	const struct tcp_stream *s = &f->stream[n];
	bool reply = pkt->tcp_flags & TCP_ACK, joined = f->handshake == TCP_HANDSHAKE_NONE;
	bool known = f->flags[n] & TCP_KNOWN, answers = false;

	if (reply && (f->flags[!n] & TCP_KNOWN)) {
		const struct tcp_claim *c = &f->claim[!n];
		answers = joined ? ack_fits(f, !n, pkt->ack) : ack_is_exact(f, !n, pkt->ack);
		if (!answers && (f->flags[!n] & TCP_CLAIM_SYN) && pkt->ack - c->seq <= WINDOW)
			return claim_won(t, !n);
		if (!answers)
			return f->list == TCP_LINGER ? TCP_OTHER
						     : claim(t, f, pkt->seq + 1, pkt->ack, true);
	}
	if (!known)
		return reply || !f->proven ? (reply ? TCP_TAKE : TCP_OTHER)
					   : claim(t, f, pkt->seq + 1, pkt->ack, true);
	if (pkt->seq == f->isn[n])
		return TCP_TAKE;
	if (f->list == TCP_LINGER)
		return TCP_OTHER;
	/* Joined in the middle: this may be its own SYN, which comes late. */
	if (joined && s->next - (pkt->seq + 1) < TCP_NEAR)
		return TCP_TAKE;
	/* A server that keeps no state chooses a new number for each answer. */
	if (answers && !f->proven && s->next == f->isn[n] + 1 && s->window == 0) {
		tcp_flow_start(f, n, pkt->seq + 1, SPLIT_FRAME);
		return TCP_TAKE;
	}
	return claim(t, f, pkt->seq + 1, pkt->ack, true);
}

/*
 * RFC 5961 section 3: exactly at the next octet, here as far as the capture or the peer has it. A
 * receiver also drops a RST with a wrong checksum.
 */
static enum tcp_belief accept_reset(const struct tcp_table *t, const struct tcp_flow *f)
{
	const struct pkt *pkt = t->pkt;
	const struct tcp_stream *s = &f->stream[t->dir];
	bool fits;

	if (!(f->flags[t->dir] &
		    TCP_KNOWN)) { /* nobody listens: it answers the SYN, or what is known */
		fits = (pkt->tcp_flags & TCP_ACK) && (f->flags[!t->dir] & TCP_KNOWN) &&
		       ack_is_exact(f, !t->dir, pkt->ack);
	} else {
		fits = pkt->seq == s->next || pkt->seq == s->acked ||
		       pkt->seq == tcp_stream_edge(&t->store, s);
		if (f->flags[t->dir] & TCP_ENDING)
			fits |= pkt->seq == s->fin || pkt->seq == s->fin + 1;
	}
	return fits && !tcp_is_suspect(t) ? TCP_TAKE : TCP_REFUSE;
}

enum tcp_belief tcp_believe(struct tcp_table *t, struct tcp_flow *f)
{
	const struct pkt *pkt = t->pkt;
	unsigned n = t->dir;

	if (bits_unlikely(pkt->tcp_flags & TCP_RST))
		return accept_reset(t, f);
	if (bits_unlikely(pkt->tcp_flags & TCP_SYN))
		return accept_syn(t, f);
	bool known = f->flags[n] & TCP_KNOWN, peer = f->flags[!n] & TCP_KNOWN;
	bool seq_ok = !known || seq_fits(f, n, pkt->seq);
	bool ack_ok = !peer || ack_fits(f, !n, pkt->ack);
	if (bits_likely(seq_ok && ack_ok)) {
		t->unseen_ack = peer && ack_is_unseen(f, !n, pkt->ack);
		/* Only who sees the other side's numbers can know both. */
		f->proven |= known && peer && !t->unseen_ack;
		f->flags[n] &= (uint8_t) ~(TCP_CLAIMED | TCP_CLAIM_SYN);
		return TCP_TAKE;
	}
	/* Much was lost: the acknowledgment says that it is the same connection. */
	if (!seq_ok && peer && pkt->wire_len && ack_is_current(&t->store, &f->stream[!n], pkt->ack))
		return TCP_TAKE;
	/* The connection is over, or nothing is known for sure of it: another has begun. */
	bool over = f->list == TCP_LINGER;
	bool unsure = !f->proven && f->handshake == TCP_HANDSHAKE_NONE && peer;
	if (pkt->wire_len && (over || (unsure && !ack_ok && !(known && seq_ok))))
		return TCP_OTHER;
	/* At its place, with an acknowledgment of what nobody sent: the receiver drops all of
	 * these. */
	if (known && seq_ok && f->proven)
		return TCP_REFUSE;
	return accept_claim(t, f);
}

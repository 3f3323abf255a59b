/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside tcp_table: where connections are kept (tcp_flow.c), what segments say (tcp_segment.c). */
#ifndef REASM_TCP_TABLE_INNER_H
#define REASM_TCP_TABLE_INNER_H

#include "base/when.h"
#include "reasm/tcp_table.h"

/* A SYN this soon after the first is a copy of it; one that is sent again comes later. */
#define TCP_SYN_COPY_NS (100 * INT64_C(1000000))

/* tcp_flow.flags, of a stream */
enum {
	TCP_KNOWN = 1, /* a place in it is known: next, first */
	TCP_ACKED = 2, /* the peer is seen: acked */
	TCP_ENDING = 4, /* fin is known */
	TCP_CLAIMED = 8, /* a segment that did not fit made a claim */
	TCP_CLAIM_SYN = 16, /* that was a SYN */
	TCP_FIN_DOUBT = 32, /* fin is of a segment that may be a forgery */
};

enum { TCP_HANDSHAKE_NONE, TCP_HANDSHAKE_SYN, TCP_HANDSHAKE_SYN_ACK, TCP_HANDSHAKE_DONE };

static inline void tcp_count(uint64_t *counter)
{
	metrics_add(counter, 1);
}

static inline int64_t tcp_since(int64_t now_ns, int64_t then_ns)
{
	return when_since(now_ns, then_ns);
}

/* Starts stream n, whose next octet is seq. */
static inline void tcp_flow_start(
	struct tcp_flow *f, unsigned n, uint32_t seq, enum split_mode place)
{
	tcp_stream_start(&f->stream[n], seq, place);
	f->isn[n] = seq - 1;
	f->flags[n] |= TCP_KNOWN;
}

static inline enum split_side tcp_side(const struct tcp_flow *f, unsigned n)
{
	static const uint8_t other[] = {SPLIT_EITHER, SPLIT_REPLIES, SPLIT_QUERIES};
	return n ? other[f->side] : f->side;
}

/* Every hole of stream n before `seq` may be given up, and messages be found. */
static inline void tcp_pull_upto(struct tcp_table *t, unsigned n, uint32_t seq)
{
	if (!(t->pull >> n & 1) || ranges_ahead(seq, t->upto[n]) > 0)
		t->upto[n] = seq;
	t->pull |= (uint8_t)(1u << n);
}

/* Octets are missing of the connection in hand that will hardly come any more: since long? */
static inline bool tcp_is_due(const struct tcp_table *t, const struct tcp_flow *f)
{
	bool waits = f->list == TCP_WAITING || f->list == TCP_HALF_WAITING;
	return waits && tcp_since(t->clock_ns, f->listed_ns) >= t->hole_ns;
}

/* Gives up what is missing of the connection in hand, which is due, where it was waited for. */
void tcp_give_up(struct tcp_table *t);

/* The connection in hand ends, after the messages that are still to be found in it. */
void tcp_flow_end(struct tcp_table *t, enum tcp_end end);

/* Begins the connection in hand with the segment in hand. */
void tcp_segment_begin(struct tcp_table *t);

/* The same after another one with the same ends: t->winner says where. */
void tcp_segment_restart(struct tcp_table *t);

/* A stream whose SYN was not seen: windows of up to TCP_NEAR. */
#define TCP_SCALE_UNKNOWN 4

/* The window scale of a SYN (RFC 7323 section 2.2). */
uint8_t tcp_scale(const struct pkt *pkt);

enum tcp_belief {
	TCP_TAKE,
	TCP_REFUSE,
	TCP_OTHER, /* another connection with the same ends has begun */
};

/* Is the checksum of the segment in hand wrong, and does the configuration ask? */
bool tcp_is_suspect(const struct tcp_table *t);

/* What is to be believed of the segment in hand, which has the ends of the connection in hand. */
enum tcp_belief tcp_believe(struct tcp_table *t, struct tcp_flow *f);

/* The connection of a segment, and which stream it belongs to; or 0. */
uint32_t tcp_flow_find(
	const struct tcp_table *t, const struct pkt *pkt, uint32_t hash, uint8_t *dir);

/* A new connection in TCP_HALF, if need be in the place of the oldest. Not counted. */
uint32_t tcp_flow_add(struct tcp_table *t, const struct pkt *pkt, uint32_t hash);

/* Forgets what is known of a connection's streams: another with the same ends begins. */
void tcp_flow_restart(struct tcp_table *t, uint32_t slot);

/* Makes it the youngest of a list. */
void tcp_flow_list(struct tcp_table *t, uint32_t slot, enum tcp_list list);

/* Lets go of what waits. */
void tcp_flow_drop(struct tcp_table *t, uint32_t slot);

/* Removes it; what waits was let go. */
void tcp_flow_remove(struct tcp_table *t, uint32_t slot);

#endif

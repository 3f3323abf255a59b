/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside tcp_table: storage of connections (tcp_flow.c), whether a segment is accepted
 * (tcp_accept.c), what it changes (tcp_segment.c), the messages that come of it (tcp_next.c), and
 * what becomes due (tcp_table.c).
 */
#ifndef REASM_TCP_TABLE_INNER_H
#define REASM_TCP_TABLE_INNER_H

#include "base/when.h"
#include "reasm/tcp_table.h"

/* A SYN this soon after the first is a copy of it; a retransmission comes later. */
#define TCP_SYN_COPY_NS (100 * INT64_C(1000000))

/* tcp_flow.flags, of a stream */
enum {
	TCP_KNOWN = 1, /* the stream was started */
	TCP_ACKED = 2, /* the peer is seen: acked is set */
	TCP_ENDING = 4, /* fin is set */
	TCP_CLAIMED = 8, /* a segment that did not fit made a claim */
	TCP_CLAIM_SYN = 16, /* that segment was a SYN */
	TCP_FIN_DOUBT = 32, /* fin is of a segment that may be a forgery */
};

enum { TCP_HANDSHAKE_NONE, TCP_HANDSHAKE_SYN, TCP_HANDSHAKE_SYN_ACK, TCP_HANDSHAKE_DONE };

static inline void tcp_count(uint64_t *counter)
{
	metrics_add(counter, 1);
}

/* Starts stream n, whose next octet is seq. */
static inline void tcp_flow_start(
	struct tcp_flow *f, unsigned n, uint32_t seq, enum tcp_split_mode mode)
{
	tcp_stream_start(&f->stream[n], seq, mode);
	f->isn[n] = seq - 1;
	f->flags[n] |= TCP_KNOWN;
}

/* Returns which messages stream n carries. */
static inline enum tcp_side tcp_flow_side(const struct tcp_flow *f, unsigned n)
{
	static const uint8_t other[] = {TCP_SIDE_EITHER, TCP_SIDE_REPLIES, TCP_SIDE_QUERIES};
	return n ? other[f->side] : f->side;
}

/* True if a connection has waited long enough for octets that are hardly going to arrive. */
static inline bool tcp_flow_is_due(const struct tcp_table *t, const struct tcp_flow *f)
{
	bool stalled = f->list == TCP_STALLED || f->list == TCP_HALF_STALLED;
	return stalled && when_since(t->clock_ns, f->listed_ns) >= t->gap_ns;
}

/* Skips the gaps of the current connection, which is due, that have waited long enough. */
void tcp_flow_skip_gaps(struct tcp_table *t);

/* Begins the current connection with the current segment. */
void tcp_segment_begin(struct tcp_table *t);

/* The same after another connection with the same ends: work.restart_at tells where. */
void tcp_segment_restart(struct tcp_table *t);

/* Of a stream whose SYN was not seen: windows of up to TCP_NEAR. */
#define TCP_SCALE_UNKNOWN 4

/* Returns the window scale of a SYN (RFC 7323 section 2.2). */
uint8_t tcp_scale(const struct pkt *pkt);

enum tcp_verdict {
	TCP_ACCEPT,
	TCP_REJECT,
	TCP_OTHER, /* another connection with the same ends has begun */
};

/* True if the checksum of a segment is wrong and packet.checksum is not `ignore`. */
bool tcp_is_suspect(const struct tcp_table *t, const struct pkt *pkt);

/* Judges the current segment, which has the ends of the connection f. */
enum tcp_verdict tcp_judge(struct tcp_table *t, struct tcp_flow *f);

/* Returns the connection of a segment, or 0; sets *dir to the stream of its sender. */
uint32_t tcp_flow_find(
	const struct tcp_table *t, const struct pkt *pkt, uint32_t hash, uint8_t *dir);

/* Adds a connection to TCP_HALF; evicts another one if need be. Does not count it. */
uint32_t tcp_flow_add(struct tcp_table *t, const struct pkt *pkt, uint32_t hash);

/* Resets the streams of a connection: another one with the same ends begins. */
void tcp_flow_restart(struct tcp_table *t, uint32_t slot);

/* Moves a connection to a list, as its youngest. */
void tcp_flow_list(struct tcp_table *t, uint32_t slot, enum tcp_list list);

/* Discards the windows of a connection. */
void tcp_flow_drop(struct tcp_table *t, uint32_t slot);

/* Removes a connection without windows. */
void tcp_flow_remove(struct tcp_table *t, uint32_t slot);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction of a TCP connection: octets in sequence, out of sequence, twice or not at all, into
 * DNS messages. Of octets that were sent with different values, those count that Linux takes
 * (tcp_data_queue_ofo()): what is in order counts against what waits, of segments that wait the one
 * that begins first, of those that begin together the longer one, and of equal ones the first.
 * Octets that may be forged (RANGE_DOUBT) count against none that may not; of those alone the
 * latest count, as what is sent again was not acknowledged.
 */
#ifndef REASM_TCP_STREAM_H
#define REASM_TCP_STREAM_H

#include "reasm/split.h"
#include "reasm/tcp_pool.h"

struct tcp_stream {
	uint32_t next; /* sequence number of the first octet that was not used */
	uint32_t sent; /* one past the last octet that was seen, in order or not */
	uint32_t acked; /* the peer has everything before it */
	uint32_t fin; /* sequence number of the FIN */
	uint32_t window; /* octets that wait behind next; 0: none do */
	struct split split;
};

/* What the streams of a worker share. */
struct tcp_store {
	struct tcp_pool pool;
	uint32_t limit; /* octets behind next that may wait, of one stream */
	uint8_t *room; /* SPLIT_MESSAGE_MAX octets: messages that came in pieces */
	struct pkt pkt; /* of the latest message from a window */
	struct metrics_reasm *metrics;
};

/* The payload of a segment that is being taken. */
struct tcp_input {
	const uint8_t *at;
	uint32_t seq; /* of *at */
	uint32_t left; /* octets at hand */
	uint32_t gone; /* octets behind them that the capture cut */
	uint32_t from, to; /* sequence numbers of the whole segment */
	int64_t ts_ns;
	const struct pkt *pkt;
	enum split_side side;
	bool wait; /* even what stands in order is only stored */
	uint8_t doubt; /* of RANGE_DOUBT: why it may be a forgery */
	bool conflict; /* its octets differ from others of the same numbers */
	bool ambiguous; /* and neither of the checksums tells which count */
};

/* A message that came out. */
struct tcp_piece {
	const uint8_t *data;
	uint32_t len, wire_len;
	int64_t ts_ns;
	const struct pkt *pkt;
	bool ambiguous; /* some of its octets are RANGE_AMBIGUOUS */
};

enum tcp_offer {
	TCP_OFFER_MESSAGE, /* *out is filled; offer the rest of the input */
	TCP_OFFER_STORED, /* look with tcp_stream_pull() what is complete, then offer the rest */
	TCP_OFFER_FULL, /* nothing more can wait: tcp_stream_pull() up to in->seq, tcp_stream_jump()
			 */
};

/* Starts a stream whose next octet is seq. `place`: SPLIT_FRAME or SPLIT_SEARCH. */
void tcp_stream_start(struct tcp_stream *s, uint32_t seq, enum split_mode place);

/*
 * Takes from the input, which has octets, what can be taken now. A message that lies in the segment
 * as a whole is not copied.
 */
enum tcp_offer tcp_stream_offer(
	struct tcp_store *store, struct tcp_stream *s, struct tcp_input *in, struct tcp_piece *out);

/*
 * The next message that is complete in the window. Holes that end before or at `upto` are given up,
 * and what is suspect before it is believed; upto == s->next does neither.
 */
bool tcp_stream_pull(struct tcp_store *store, struct tcp_stream *s, enum split_side side,
	uint32_t upto, struct tcp_piece *out);

/* One past the last octet that is at hand, or was cut. */
uint32_t tcp_stream_edge(const struct tcp_store *store, const struct tcp_stream *s);

/* Gives up what is missing before seq, once tcp_stream_pull() up to seq gives no more. */
void tcp_stream_jump(struct tcp_store *store, struct tcp_stream *s, uint32_t seq);

/* Accepts octets that begin before `upto` and are in doubt for these reasons alone. */
void tcp_stream_trust(struct tcp_store *store, struct tcp_stream *s, uint32_t upto, uint8_t doubt);

/* The range behind the first hole of the window, or the first that is suspect; NULL: neither. */
const struct range *tcp_stream_hole(const struct tcp_store *store, const struct tcp_stream *s);

/* Lets go of what waits: nothing will follow. Counts a message that was begun as lost. */
void tcp_stream_end(struct tcp_store *store, struct tcp_stream *s);

/* Shared by tcp_stream.c and tcp_store.c. */

static inline struct tcp_window *tcp_window_of(
	const struct tcp_store *store, const struct tcp_stream *s)
{
	return tcp_window_at(&store->pool, s->window);
}

static inline void tcp_input_advance(struct tcp_input *in, uint32_t n)
{
	in->at += n;
	in->seq += n;
	in->left -= n;
}

/* Stores of the input what the limit allows. Never TCP_OFFER_MESSAGE. */
enum tcp_offer tcp_store_offer(struct tcp_store *store, struct tcp_stream *s, struct tcp_input *in);

/* Lets go of a window, and counts its octets. The stream goes on behind its run. */
void tcp_stream_drop(struct tcp_store *store, struct tcp_stream *s, uint64_t *counter);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction of a TCP connection: turns octets that arrive in sequence, out of sequence, several
 * times or never into DNS messages. If octets were sent with different values, those count that
 * Linux accepts (tcp_data_queue_ofo()): octets in order before buffered ones; of buffered segments
 * the one that begins first, of those that begin together the longer one, of equal ones the first.
 * Octets that may be forged (TCP_RANGE_DOUBT) count against none that are not; among themselves the
 * latest count, because octets that are retransmitted were not acknowledged.
 */
#ifndef REASM_TCP_STREAM_H
#define REASM_TCP_STREAM_H

#include "reasm/tcp_pool.h"
#include "reasm/tcp_split.h"

struct tcp_stream {
	uint32_t next; /* sequence number of the first octet that was not consumed */
	uint32_t sent; /* one past the last octet that was seen, in order or not */
	uint32_t acked; /* the peer acknowledged everything before it */
	uint32_t fin; /* sequence number of the FIN */
	uint32_t window; /* octets that are buffered behind next; 0: none */
	struct tcp_split split;
};

/* What the streams of a worker share. */
struct tcp_store {
	struct tcp_pool pool;
	uint32_t limit; /* octets behind next that one stream may buffer */
	uint8_t *buffer; /* TCP_MESSAGE_MAX octets: the latest message that came out of a window */
	struct pkt pkt; /* of that message */
	struct metrics_reasm *metrics;
};

/* The payload of a segment that was not consumed or stored yet. */
struct tcp_input {
	const uint8_t *at;
	uint32_t seq; /* of *at */
	uint32_t left; /* octets at *at */
	uint32_t cut; /* octets behind them that the capture truncated */
	uint32_t from, to; /* sequence numbers of the whole segment */
	int64_t ts_ns;
	const struct pkt *pkt;
	enum tcp_side side;
	bool wait; /* store even octets in order */
	uint8_t doubt; /* of TCP_RANGE_DOUBT: why the segment may be a forgery */
	bool conflict; /* its octets differ from others of the same numbers */
	bool ambiguous; /* and neither of the checksums tells which count */
};

/* A message that a stream returns. */
struct tcp_output {
	const uint8_t *data; /* until the next call of a stream */
	uint32_t len, wire_len;
	int64_t ts_ns;
	const struct pkt *pkt;
	bool ambiguous; /* some of its octets are TCP_RANGE_AMBIGUOUS */
};

enum tcp_offer {
	TCP_OFFER_MESSAGE, /* *out is set; offer the rest of the input */
	TCP_OFFER_STORED, /* call tcp_stream_pull(), then offer the rest of the input */
	TCP_OFFER_FULL, /* the buffer is full: make space with tcp_stream_pull(..., in->seq) or
			   tcp_stream_skip_to(), then offer the rest */
};

/* Starts a stream whose next octet is seq, in TCP_SPLIT_FRAME or TCP_SPLIT_SEARCH. */
void tcp_stream_start(struct tcp_stream *s, uint32_t seq, enum tcp_split_mode mode);

/*
 * Consumes or stores octets of the input, which has some. A message that one segment holds is not
 * copied.
 */
enum tcp_offer tcp_stream_offer(struct tcp_store *store, struct tcp_stream *s, struct tcp_input *in,
	struct tcp_output *out);

/*
 * Returns true and the next complete message of the window, or false if there is none. Skips gaps
 * that end before or at `limit`, and accepts octets in doubt that begin before it; if limit is
 * s->next, it does neither.
 */
bool tcp_stream_pull(struct tcp_store *store, struct tcp_stream *s, enum tcp_side side,
	uint32_t limit, struct tcp_output *out);

/* Returns one past the last octet that is buffered or that the capture truncated. */
uint32_t tcp_stream_edge(const struct tcp_store *store, const struct tcp_stream *s);

/* Skips everything before seq, once tcp_stream_pull() up to seq returns no more messages. */
void tcp_stream_skip_to(struct tcp_store *store, struct tcp_stream *s, uint32_t seq);

/* Accepts octets that begin before `end` and are in doubt for no other reason than `doubt`. */
void tcp_stream_accept(struct tcp_store *store, struct tcp_stream *s, uint32_t end, uint8_t doubt);

/* Returns the range behind the first gap of the window, or the first that is in doubt, or NULL. */
const struct tcp_range *tcp_stream_gap(const struct tcp_store *store, const struct tcp_stream *s);

/* Ends a stream: discards its window. Counts a message that had begun as lost. */
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

/* Stores octets of the input up to the limit. Never returns TCP_OFFER_MESSAGE. */
enum tcp_offer tcp_store_offer(struct tcp_store *store, struct tcp_stream *s, struct tcp_input *in);

/* Discards a window and counts its octets. The stream continues behind the octets in order. */
void tcp_stream_drop(struct tcp_store *store, struct tcp_stream *s, uint64_t *counter);

#endif

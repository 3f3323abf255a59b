/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The work of a TCP table: one segment, or one connection that is due, until tcp_next() has
 * returned all messages that come of it. tcp_next.c runs it; others add to it by the functions
 * below. Its state follows from its members:
 *
 *	          tcp_work_begin()
 *	  IDLE ------------------------> PULL <------------------------.
 *	slot == 0                      pull != 0                       |
 *	    ^                              | no stream has messages    |
 *	    |                              v                           |
 *	    |                            OFFER ------------------------'
 *	    |                       input is left     octets were stored, or
 *	    |                              |          there is no space for them
 *	    |                              v all input is consumed
 *	    '--------------------------- SETTLE -------> PULL, with the segment again
 *	                                               if it begins another connection
 *
 * PULL takes messages out of the streams' windows, and skips gaps as far as skip_before[] allows.
 * OFFER passes the segment's payload to its stream: messages come out directly, other octets are
 * stored in the window. SETTLE moves the connection to the list where it belongs, or ends it.
 */
#ifndef REASM_TCP_WORK_H
#define REASM_TCP_WORK_H

#include "reasm/tcp_stream.h"

enum tcp_end { TCP_END_NONE, TCP_END_CLOSED, TCP_END_RESET, TCP_END_REUSED, TCP_END_IDLE };

struct tcp_work {
	const struct pkt *pkt; /* the segment; NULL if there is none */
	struct tcp_input input; /* its payload that was not consumed or stored yet */
	uint32_t slot; /* the connection; 0: no work */
	uint32_t skip_before[2]; /* gaps of a stream that end before it are skipped */
	uint8_t dir; /* the stream of the segment */
	uint8_t pull; /* bit n: stream n may have messages in its window */
	uint8_t skip_tail; /* bit n: the gap of stream n before its FIN is skipped */
	uint8_t end; /* enum tcp_end: how the connection ends once there are no more messages */
	uint8_t restart_at; /* TCP_END_REUSED: 1 + the stream whose claim was confirmed; 0: none */
	bool unseen_ack; /* the segment acknowledges octets that the capture lacks */
	bool foreign_ack; /* its acknowledgement does not belong to the peer's stream */
};

/* Begins work on a connection, with a segment or NULL. */
static inline void tcp_work_begin(struct tcp_work *w, uint32_t slot, const struct pkt *pkt)
{
	w->slot = slot;
	w->pkt = pkt;
	w->input.left = w->input.cut = 0;
	w->pull = w->skip_tail = w->restart_at = 0;
	w->end = TCP_END_NONE;
	w->unseen_ack = w->foreign_ack = false;
}

/* Pulls messages of stream n, and skips its gaps that end before or at `limit`. */
static inline void tcp_work_pull(struct tcp_work *w, unsigned n, uint32_t limit)
{
	if (!(w->pull >> n & 1) || tcp_seq_diff(limit, w->skip_before[n]) > 0)
		w->skip_before[n] = limit;
	w->pull |= (uint8_t)(1u << n);
}

/* Skips the gap of stream n before its FIN, too, when its messages were pulled. */
static inline void tcp_work_skip_tail(struct tcp_work *w, unsigned n)
{
	w->skip_tail |= (uint8_t)(1u << n);
}

/* Offers the payload of the segment to its stream. */
static inline void tcp_work_offer(struct tcp_work *w, const struct tcp_input *input)
{
	w->input = *input;
}

/* Ends the connection once all messages of its windows are out. */
static inline void tcp_work_end(struct tcp_work *w, const struct tcp_stream *streams, uint8_t end)
{
	w->end = end;
	for (unsigned n = 0; n < 2; n++)
		if (streams[n].window)
			tcp_work_pull(w, n, streams[n].next + INT32_MAX);
}

/* Does nothing more with the segment. */
static inline void tcp_work_cancel(struct tcp_work *w)
{
	w->slot = 0;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stages of one worker: frames in, records out. No threads, ports or EAL, so that tests and
 * benchmarks can drive it as the worker does.
 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include "reasm/ip_frag.h"
#include "reasm/tcp_table.h"
#include "rx/rss.h"
#include "sight/sight.h"
#include "txn/txn.h"

#define PIPELINE_BURST 32
#define PIPELINE_QUEUE (2 * PIPELINE_BURST)
/* Levels of fragments or A-MSDUs in tunnels in such: a packet may change its owner with each. */
#define PIPELINE_NESTED 3
#define PIPELINE_NO_OWNER UINT16_MAX /* frame->owner: no worker processes the frame further */

struct pipeline_conf {
	struct txn_conf txn;
	struct tcp_conf tcp;
	struct ip_frag_conf frag;
	struct sight_conf sight; /* only if packet_conf asks for sightings */
	struct hash_secret secret; /* the same in all workers: chooses owners */
	const struct rss *rss; /* if a NIC spreads packets: chooses owners instead; or NULL */
	uint16_t self; /* number of this worker */
	uint16_t workers; /* how many workers there are */
};

struct pipeline {
	const struct packet_conf *packets; /* shared, read only */
	struct hash_secret secret;
	const struct rss *rss;
	struct ip_frag frag;
	struct tcp_table tcp;
	struct txn txn;
	struct sight sight;
	struct metrics_worker *metrics;
	int64_t clock_ns; /* of the latest frame that was processed */
	int64_t fragments_ns; /* of the latest frame of pipeline_piece_begin() */
	uint16_t self;
	uint16_t workers;
	int64_t expire_min_ns; /* nothing expires earlier than this after its packet */
	unsigned frames; /* since the last expire_due() */
	/* packets of this burst */
	unsigned count;
	uint32_t encrypted; /* bit i: pkts[i] is PACKET_encrypted */
	struct pkt pkts[PIPELINE_BURST];
	struct txn_message messages[PIPELINE_BURST]; /* only pkt and hash, of TCP and encrypted */
	unsigned nested; /* A-MSDUs that are being split, one within another */
	/* messages, in order, while their transactions are prefetched */
	unsigned queued, streamed;
	struct txn_message *queue[PIPELINE_QUEUE];
	struct pkt stream_pkts[PIPELINE_QUEUE]; /* of messages over TCP */
	struct txn_message stream_messages[PIPELINE_QUEUE];
	/* the subframe of each A-MSDU that is being split */
	uint8_t subframe[PIPELINE_NESTED][BITS_WHOLE_LINES(PACKET_SUBFRAME_BYTES)]
		__attribute__((aligned(BITS_CACHE_LINE)));
};

/* Octets of memory for a pipeline's tables. */
size_t pipeline_bytes(const struct pipeline_conf *conf);

/*
 * Starts a pipeline. `memory`: zeroed, pipeline_bytes() octets, aligned to a cache line, the
 * caller's, as are packets, out and metrics.
 */
void pipeline_init(struct pipeline *p, void *memory, const struct pipeline_conf *conf,
	const struct packet_conf *packets, struct record_arena *out,
	struct metrics_worker *metrics);

/*
 * Processes n frames (at most PIPELINE_BURST) of this worker, in capture order, whose first cache
 * line is prefetched. A single worker passes what it received; several workers pass frames that
 * pipeline_steer(), pipeline_receive() or pipeline_piece_next() of any of them set the owner of,
 * and no fragments or A-MSDUs. Records go to the arena and are flushed at the end. The frames may
 * then be freed.
 */
void pipeline_burst(struct pipeline *p, const struct frame *frames, unsigned n);

/*
 * Sets owner and `piece` of received frames, of several workers. A frame without DNS has
 * PIPELINE_NO_OWNER and its verdict is counted here; the owners count the others. If DNS is looked
 * for on all ports, a TCP segment has an owner.
 */
void pipeline_steer(struct pipeline *p, struct frame *frames, unsigned n);

/*
 * Does the same with at most PIPELINE_BURST frames and processes those of this worker that are no
 * fragments or A-MSDUs, in order, as pipeline_burst() does: their headers are walked once. The
 * caller hands off the other ones.
 */
void pipeline_receive(struct pipeline *p, struct frame *frames, unsigned n);

/* A fragment or A-MSDU whose inner frames are being made. */
struct pipeline_piece {
	struct pkt pkt;
	enum packet_verdict verdict;
};

/* Parses a fragment or A-MSDU (frame->piece) for pipeline_piece_next(), in capture order. */
void pipeline_piece_begin(
	struct pipeline *p, struct pipeline_piece *piece, const struct frame *frame);

/*
 * Makes the next frame of a piece that has an owner: the datagram that a fragment completes, or a
 * subframe of an A-MSDU. Returns false if there is none. *inner, with owner and `piece` set, is for
 * pipeline_burst() or, if it is a piece again, pipeline_piece_begin() of its owner. The octets of a
 * datagram are valid until pipeline_release(), those of a subframe until the next call with the
 * same `level`, below PIPELINE_NESTED: a piece within a piece takes the next level.
 */
bool pipeline_piece_next(
	struct pipeline *p, struct pipeline_piece *piece, unsigned level, struct frame *inner);

/* Releases the datagrams of pipeline_piece_next() after they were handed off, and expires
 * incomplete ones. */
void pipeline_release(struct pipeline *p);

/* Expires what waits too long by `clock_ns`, while no burst does it. Returns true if more may be
 * due. */
bool pipeline_expire(struct pipeline *p, int64_t clock_ns);

/* Flushes streams, fragments, queries and sightings at the end of the input. */
void pipeline_finish(struct pipeline *p);

#endif

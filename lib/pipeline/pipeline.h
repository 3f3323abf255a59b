/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One core's stages, joined: frames in, records out. No thread, no port and no EAL here, so tests
 * and benchmarks drive it as the worker does.
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
/* How often fragments may carry, in a tunnel, fragments: so often a packet changes its owner. */
#define PIPELINE_NESTED 3
#define PIPELINE_NOBODY UINT16_MAX /* frame->owner: nobody has any further use for it */

struct pipeline_conf {
	struct txn_conf txn;
	struct tcp_conf tcp;
	struct ip_frag_conf frag;
	struct sight_conf sight; /* of use only where packet_conf asks for sightings */
	struct hash_secret secret; /* the same on all workers: it decides owners */
	const struct rss *rss; /* where a NIC spreads packets: it decides owners instead; or NULL */
	uint16_t self; /* number of this worker */
	uint16_t workers; /* how many there are */
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
	int64_t clock_ns; /* of the latest frame that pipeline_burst() took */
	int64_t pieces_ns; /* of the latest fragment that pipeline_join() took */
	uint16_t self;
	uint16_t workers;
	unsigned frames; /* since something could expire last */
	/* of the burst in hand */
	unsigned count;
	uint32_t encrypted; /* bit i: pkts[i] is no DNS, but PACKET_encrypted */
	struct pkt pkts[PIPELINE_BURST];
	struct txn_message messages[PIPELINE_BURST]; /* of a TCP segment and of
							encrypted DNS only pkt and hash */
	/* messages in order that wait for the memory of their transactions */
	unsigned queued, streamed;
	struct txn_message *queue[PIPELINE_QUEUE];
	struct pkt stream_pkts[PIPELINE_QUEUE]; /* of those that came over TCP */
	struct txn_message stream_messages[PIPELINE_QUEUE];
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
 * Takes n frames (at most PIPELINE_BURST), all this worker's, in capture order, each already in
 * memory. With a single worker they are whatever was received; with several they come from
 * pipeline_sort(), pipeline_receive() and pipeline_join() of any of them, and fragments are not
 * among them. Records go to the arena, flushed at the end. Frames may be freed afterwards.
 */
void pipeline_burst(struct pipeline *p, const struct frame *frames, unsigned n);

/*
 * Of several workers: whose are these received frames? Sets owner and piece of each. A frame
 * without DNS is nobody's (PIPELINE_NOBODY), and its verdict is counted here; that of others is
 * counted by their owner. Where DNS is looked for on all ports, a TCP segment is its owner's.
 */
void pipeline_sort(struct pipeline *p, struct frame *frames, unsigned n);

/*
 * The same of at most PIPELINE_BURST frames, each already in memory, and processes at once those
 * that are this worker's and no fragments, in order, as pipeline_burst() would: their headers are
 * walked once. The others, and fragments, are the caller's to pass on.
 */
void pipeline_receive(struct pipeline *p, struct frame *frames, unsigned n);

/*
 * Takes a fragment (frame->piece), in capture order. true: its datagram is whole, and *whole is
 * a frame of link type FRAME_LINK_DATAGRAM, with owner and piece set, for pipeline_burst() or,
 * where it is a fragment again, pipeline_join() of its owner. Its octets stay until
 * pipeline_joined().
 */
bool pipeline_join(struct pipeline *p, const struct frame *frame, struct frame *whole);

/* All that pipeline_join() gave was passed on: lets go of it, and of what waited too long. */
void pipeline_joined(struct pipeline *p);

/*
 * Lets go what has waited too long by `clock_ns`, where no burst does it. true: there may be more.
 */
bool pipeline_tick(struct pipeline *p, int64_t clock_ns);

/* The input is at its end: streams, then open queries leave. */
void pipeline_finish(struct pipeline *p);

#endif

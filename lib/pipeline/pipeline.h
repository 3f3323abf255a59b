/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One core's stages, joined: frames in, records out. No thread, no port and no EAL here, so tests
 * and benchmarks drive it as the worker does.
 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include "reasm/ip_frag.h"
#include "reasm/tcp_table.h"
#include "txn/txn.h"

#define PIPELINE_BURST 32
/* How often fragments may carry, in a tunnel, fragments: so often a packet changes its owner. */
#define PIPELINE_NESTED 4

struct pipeline_conf {
	struct txn_conf txn;
	struct tcp_conf tcp;
	struct ip_frag_conf frag;
	struct hash_secret secret; /* the same on all workers: it decides owners */
	uint16_t self; /* number of this worker */
	uint16_t workers; /* how many there are */
};

struct pipeline {
	const struct packet_conf *packets; /* shared, read only */
	struct hash_secret secret;
	struct ip_frag frag;
	struct tcp_table tcp;
	struct txn txn;
	struct metrics_worker *metrics;
	/* Hands a reassembled datagram (a frame of link type FRAME_LINK_DATAGRAM, copied before it
	 * returns) to the worker frame->owner: only a tunnel's, whose inner addresses are another
	 * worker's. With one worker it is never called. */
	void (*steer)(void *of, const struct frame *frame);
	void *steer_of;
	int64_t clock_ns; /* of the latest frame */
	uint16_t self;
	uint16_t workers;
	/* of the burst in hand */
	unsigned count;
	struct pkt pkts[PIPELINE_BURST];
	struct txn_message messages[PIPELINE_BURST]; /* of a TCP segment only pkt and hash */
};

/* Octets of memory for a pipeline's tables. */
size_t pipeline_bytes(const struct pipeline_conf *conf);

/*
 * Starts a pipeline. `memory`: zeroed, pipeline_bytes() octets, aligned to a cache line, the
 * caller's, as are packets, out and metrics. `steer` is the caller's to set.
 */
void pipeline_init(struct pipeline *p, void *memory, const struct pipeline_conf *conf,
	const struct packet_conf *packets, struct record_arena *out,
	struct metrics_worker *metrics);

/*
 * Takes n frames (at most PIPELINE_BURST), in capture order, each already in memory. A frame that
 * another worker owns is left alone, with frame->owner telling whose it is; of all others owner is
 * `self` and their verdict is counted. `steered`: all were handed over by others.
 * Records go to the arena, flushed at the end. Frames may be freed afterwards.
 * Returns how many are other workers'.
 */
unsigned pipeline_burst(struct pipeline *p, struct frame *frames, unsigned n, bool steered);

/* The input is at its end: streams, then open queries leave. */
void pipeline_finish(struct pipeline *p);

#endif

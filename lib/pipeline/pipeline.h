/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One core's stages, joined: frames in, records out. No thread, no port and no EAL here, so tests
 * and benchmarks drive it as the worker does.
 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include "txn/txn.h"

#define PIPELINE_BURST 32

struct pipeline {
	const struct packet_conf *packets; /* shared, read only */
	struct hash_secret secret; /* the same on all workers: it decides owners */
	struct txn txn;
	struct metrics_worker *metrics;
	int64_t clock_ns; /* of the latest frame */
	uint16_t self; /* number of this worker */
	uint16_t workers; /* how many there are */
	/* of the burst in hand */
	struct pkt pkts[PIPELINE_BURST];
	struct txn_message messages[PIPELINE_BURST];
};

/*
 * Takes n frames (at most PIPELINE_BURST), in capture order, each already in memory. A frame that
 * another worker owns is left alone, with frame->owner telling whose it is; of all others owner is
 * `self` and their verdict is counted. `steered`: all are this worker's, handed over by others.
 * Records go to the transaction stage's arena, flushed at the end. Frames may be freed afterwards.
 * Returns how many are other workers'.
 */
unsigned pipeline_burst(struct pipeline *p, struct frame *frames, unsigned n, bool steered);

#endif

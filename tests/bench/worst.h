/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inputs that cost most, stage by stage (worst.def). They are frames, which one worker's
 * pipeline processes with the default configuration and sightings on. A maker that sets `sink`
 * measures the logger instead, with the records that these frames give.
 */
#ifndef BENCH_WORST_H
#define BENCH_WORST_H

#include "bench/mix_wire.h"
#include "pipeline/pipeline.h"

#define WORST_FRAME 65600 /* octets of the largest frame */
#define WORST_DOT 853 /* the port of encrypted DNS */

struct worst {
	struct packet_conf packets;
	struct pipeline pipeline;
	struct metrics_worker metrics;
	struct record_arena arena;
	const char *sink; /* configuration of the logger's one sink; NULL: the worker is measured */
	struct record **records; /* for the logger */
	size_t record_count, record_limit;
	uint8_t *octets;
	struct frame *frames;
	size_t used, size, count, limit;
	uint64_t wire_octets; /* of all frames */
	uint64_t out_octets; /* of the documents that the logger writes */
	int64_t now_ns;
};

/* Starts a frame, where the caller writes at most WORST_FRAME octets. */
struct writer worst_begin(struct worst *w);

/* Ends the frame one microsecond after the one before it. */
void worst_end(struct worst *w, const struct writer *at);

/* Appends a frame with a payload, and the right checksum, between a client and the server. */
void worst_packet(struct worst *w, const struct wire *wire, const void *payload, size_t len);

/* Appends a query of `len` octets at least, for a name of `labels` labels of one octet. */
void worst_query(
	struct worst *w, const struct wire *wire, uint16_t id, unsigned labels, size_t len);

/* Writes header and question of a message. Returns its octets. */
uint32_t worst_message(uint8_t *to, uint16_t id, uint16_t flags, unsigned labels);

#define WORST(stage, input, octets, bound, what)                                                   \
	void worst_##stage##_##input(struct worst *w, size_t octets_);
#include "bench/worst.def"
#undef WORST

#endif

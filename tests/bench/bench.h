/* SPDX-License-Identifier: BSD-3-Clause */
/* One worker's stages over frames in memory, and what is measured of them (stages.c). */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/mix.h"
#include "pipeline/pipeline.h"
#include "schema/schema.h"
#include "sink/fanout.h"

#define TEXT_ROOM ((size_t)1 << 20)

struct bench {
	struct mix mix;
	struct packet_conf packets;
	struct pipeline pipeline;
	struct metrics_worker metrics;
	struct metrics_dns dns;
	struct record_arena arena, second; /* the pipeline's; run_record()'s */
	struct schema schema;
	struct conf conf; /* of the sinks */
	struct sinks sinks; /* one file, whose thread is run_fan() itself */
	struct fanout fanout;
	struct record **kept; /* the records of the last pass */
	size_t n_kept;
	size_t kept_room;
	size_t messages; /* of a pass */
	char *text; /* TEXT_ROOM octets for lines */
	size_t octets; /* of JSON in a pass */
	uint64_t sink;
	int64_t shift_ns;
};

/*
 * One pass each. run_pipeline() goes first: the others take what it left. They are functions by
 * themselves, so that tests/bench/count-instructions finds them.
 */
void run_pipeline(struct bench *b); /* frames to records */
void run_packet(struct bench *b); /* headers alone */
void run_dns(struct bench *b); /* headers, then header and question of the message */
void run_record(struct bench *b); /* room for the records, and their messages copied into it */
void run_logger(struct bench *b); /* records to JSON, by the schema alone */
void run_fan(struct bench
		*b); /* records to blocks of JSON for a sink's thread: all that a logger does */
/* Floors: every octet of every frame is read once; as many octets are copied as run_logger()
 * writes. */
void run_read(struct bench *b);
void run_copy(struct bench *b);

#endif

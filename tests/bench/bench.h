/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages of one worker and one logger, on frames in memory, and what is measured (stages.c). */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/mix.h"
#include "pipeline/pipeline.h"
#include "schema/schema.h"
#include "sink/fanout.h"

#define TEXT_SIZE ((size_t)1 << 20)

struct bench {
	struct mix mix;
	struct packet_conf packets;
	struct pipeline pipeline;
	struct metrics_worker metrics;
	struct metrics_dns dns;
	struct record_arena arena, second; /* of the pipeline; of run_record() */
	struct schema schema;
	struct conf conf; /* of the sinks */
	struct sinks sinks; /* one file, whose thread is run_fan() itself */
	struct fanout fanout;
	struct record **kept; /* the records of the latest pass */
	size_t n_kept;
	size_t kept_max;
	size_t messages; /* of a pass */
	char *text; /* TEXT_SIZE octets for lines */
	size_t octets; /* of JSON, of a pass */
	uint64_t sink;
	int64_t shift_ns;
};

/*
 * Run one pass each. run_pipeline() comes first: the others process its records. They are not
 * inlined, so that tests/bench/count-instructions finds them.
 */
void run_pipeline(struct bench *b); /* frames to records */
void run_packet(struct bench *b); /* headers alone */
void run_dns(struct bench *b); /* headers, then header and question of the message */
void run_record(struct bench *b); /* records reserved, and their messages copied into them */
void run_logger(struct bench *b); /* records to JSON, by the schema alone */
void run_fan(struct bench *b); /* records to blocks of JSON: all that a logger does */
/* Floors: read every octet of every frame once; copy as many octets as run_logger() writes. */
void run_read(struct bench *b);
void run_copy(struct bench *b);

#endif

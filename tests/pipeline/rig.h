/* SPDX-License-Identifier: BSD-3-Clause */
/* Workers without threads: process frames and collect the records of each. */
#ifndef TESTS_PIPELINE_RIG_H
#define TESTS_PIPELINE_RIG_H

#include "pipeline/pipeline.h"

#include "support/wire.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

#define WORKERS 3
#define ARENA (1024 * 1024)
#define SECOND INT64_C(1000000000)

/* A worker and its records. */
struct worker {
	struct pipeline pipeline;
	struct metrics_worker metrics;
	struct record_arena arena;
	void *memory, *ring;
	unsigned count;
	struct record *seen[512];
};

static struct packet_conf packets;
static struct worker *workers[WORKERS];
static unsigned running, steered; /* datagrams of another worker than their fragments' */

static inline void collect(void *to, void **records, unsigned n)
{
	struct worker *w = to;
	for (unsigned i = 0; i < n; i++) {
		const struct record *r = records[i];
		size_t size = sizeof(*r) + r->query_len + r->reply_len;
		CU_ASSERT_FATAL(w->count < BITS_COUNT(w->seen));
		w->seen[w->count] = malloc(size);
		memcpy(w->seen[w->count++], r, size);
		record_release(&w->arena, r->end);
	}
}

static inline struct worker *worker_new(uint16_t self, uint16_t of)
{
	struct worker *w = aligned_alloc(64, (sizeof(*w) + 63) & ~(size_t)63);
	struct pipeline_conf conf = {
		.txn = {.max_open = 1024, .timeout_ns = 5 * SECOND, .reorder_ns = SECOND},
		.tcp = {.max_streams = 64,
			.buffer_bytes = 1 << 20,
			.stream_bytes = 1 << 17,
			.idle_ns = 60 * SECOND},
		.frag = {.max_datagrams = 16, .timeout_ns = 30 * SECOND},
		.sight = {.max_flows = 64, .idle_ns = 60 * SECOND},
		.secret = hash_fixed(5),
		.self = self,
		.workers = of};
	size_t bytes = (pipeline_bytes(&conf) + 63) & ~(size_t)63;
	memset(w, 0, sizeof(*w));
	w->memory = aligned_alloc(64, bytes);
	w->ring = aligned_alloc(64, ARENA);
	memset(w->memory, 0, bytes);
	record_arena_init(&w->arena, w->ring, ARENA, &w->metrics.record);
	w->arena.pass = collect;
	w->arena.pass_to = w;
	pipeline_init(&w->pipeline, w->memory, &conf, &packets, &w->arena, &w->metrics);
	return w;
}

static inline void begin(unsigned n)
{
	packet_conf_init(&packets);
	packet_port_add(&packets, 53);
	running = n;
	steered = 0;
	for (unsigned i = 0; i < n; i++)
		workers[i] = worker_new((uint16_t)i, (uint16_t)n);
}

static inline void worker_free(struct worker *w)
{
	while (w->count)
		free(w->seen[--w->count]);
	free(w->memory);
	free(w->ring);
	free(w);
}

static inline void end(void)
{
	for (unsigned i = 0; i < running; i++)
		worker_free(workers[i]);
}

/* A frame with its process memory. */
struct made {
	struct wire wire;
	struct frame frame;
};

static inline struct frame *close_frame(struct made *m, int64_t ts_ns)
{
	m->frame = (struct frame){.data = m->wire.octets,
		.len = m->wire.len,
		.wire_len = m->wire.len,
		.ts_ns = ts_ns,
		.clock_ns = ts_ns,
		.link_type = FRAME_LINK_ETHERNET};
	return &m->frame;
}

static inline void turn_round(struct made *m)
{
	memcpy(m->wire.octets + 14 + 12, "\xc0\x00\x02\x35\xc0\x00\x02\x01", 8);
}

/* Makes query n (or its reply) of a client's port over UDP. */
static inline struct frame *make_udp(struct made *m, int64_t ts_ns, unsigned n, bool reply)
{
	static struct wire message;
	wire_message(&message, n, reply ? 0x8180 : 0x0100, "a.example", 1);
	wire_clear(&m->wire);
	wire_ethernet(&m->wire, 0x0800);
	wire_ipv4(&m->wire, 17, message.len + 8);
	wire_udp(&m->wire, reply ? 53 : 4000 + n, reply ? 4000 + n : 53, message.len);
	wire_put(&m->wire, message.octets, message.len);
	if (reply)
		turn_round(m);
	m->wire.octets[14 + (reply ? 16 : 12)] =
		(uint8_t)n; /* each client has its process address */
	return close_frame(m, ts_ns);
}

/* Processes a frame at the worker that owns it. */
static inline void process_level(
	uint16_t owner, const struct frame *frame, bool piece, unsigned level)
{
	struct pipeline *p = &workers[owner]->pipeline;
	struct frame whole;
	if (!piece) {
		pipeline_burst(p, frame, 1);
		return;
	}
	struct pipeline_piece in_hand;
	pipeline_piece_begin(p, &in_hand, frame);
	while (pipeline_piece_next(p, &in_hand, level, &whole)) {
		steered += whole.owner != owner;
		CU_ASSERT_FATAL(whole.owner < running);
		CU_ASSERT(frame_is_inner(whole.link_type));
		process_level(whole.owner, &whole, whole.piece, level + 1);
	}
	if (level == 0)
		pipeline_release(p);
}

static inline void process(uint16_t owner, const struct frame *frame, bool piece)
{
	process_level(owner, frame, piece, 0);
}

/* Receives a frame at worker `by`, of several, and processes it at its owner, which is returned. */
static inline uint16_t receive(uint16_t by, const struct frame *frame)
{
	struct frame f = *frame;
	pipeline_steer(&workers[by]->pipeline, &f, 1);
	CU_ASSERT_FATAL(f.owner < running || f.owner == PIPELINE_NO_OWNER);
	if (f.owner != PIPELINE_NO_OWNER)
		process(f.owner, frame, f.piece);
	return f.owner;
}

static inline void burst(struct frame **frames, unsigned n)
{
	struct frame copies[PIPELINE_BURST] = {{0}};
	for (unsigned i = 0; i < n; i++)
		copies[i] = *frames[i];
	pipeline_burst(&workers[0]->pipeline, copies, n);
}

static inline void one(struct frame *frame)
{
	burst(&frame, 1);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes records of two messages, made directly and by the pipeline from the packets of a flow:
 * every record gives one line of valid JSON, and nothing is written behind a buffer that is too
 * small.
 *
 * The input: an octet of flags, two octets with the length of the first message, the messages.
 */
#include "pipeline/pipeline.h"
#include "schema/schema.h"

#include "support/json_valid.h"
#include "support/wire.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_BYTES (64u * 1024 * 1024)
#define ARENA_BYTES (1024 * 1024)
#define CAPACITY 256

/* Made once, for all inputs. */
struct bench {
	struct schema schema;
	struct metrics_dns dns;
	struct metrics_worker metrics;
	struct record_arena arena;
	struct pipeline pipeline;
	struct packet_conf packets;
	uint64_t seed;
	unsigned records;
	char *line;
	void *buffer, *memory;
};

static void demand(bool ok, const char *what, const char *p, size_t n)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %.*s\n", what, (int)n, p);
	abort();
}

/* Writes the line of a record, then writes it again into a buffer that is too small. */
static void check_line(struct bench *b, const struct record *r)
{
	struct text t = text_of(b->line, LINE_BYTES);
	size_t at;

	schema_native(&b->schema, &t, r);
	size_t n = text_len(&t);
	demand(!t.full, "a line too long", b->line, 100);
	const char *wrong = json_valid_line(b->line, n, &at);
	demand(!wrong, wrong, b->line, n);
	for (int i = 0; i < 3; i++) {
		b->seed = b->seed * 6364136223846793005u + 1442695040888963407u;
		size_t less = (size_t)(b->seed >> 33) % n;
		char *small = malloc(less + 1);
		t = text_of(small, less);
		schema_native(&b->schema, &t, r);
		demand(t.full, "a line that does not fit, but is not full", b->line, n);
		demand(text_len(&t) <= less, "a line longer than its buffer", b->line, n);
		free(small);
	}
}

static void pass(void *to, void **records, unsigned n)
{
	struct bench *b = to;
	for (unsigned i = 0; i < n; i++) {
		const struct record *r = records[i];
		check_line(b, r);
		b->records++;
		record_release(&b->arena, r->end);
	}
}

static struct pipeline_conf conf_of(void)
{
	return (struct pipeline_conf){
		.txn = {.max_open = CAPACITY, .timeout_ns = 100, .reorder_ns = 10},
		.tcp = {.max_streams = 16, .buffer_bytes = 1 << 18, .stream_bytes = 1 << 17},
		.frag = {.max_datagrams = 4, .timeout_ns = 100},
		.secret = hash_fixed(1),
		.workers = 1};
}

static struct bench *bench_new(void)
{
	struct pipeline_conf conf = conf_of();
	size_t bytes = (pipeline_bytes(&conf) + 63) & ~(size_t)63;
	struct bench *b = aligned_alloc(64, (sizeof(*b) + 63) & ~(size_t)63);
	memset(b, 0, sizeof(*b));
	b->line = malloc(LINE_BYTES);
	b->buffer = aligned_alloc(64, ARENA_BYTES);
	b->memory = aligned_alloc(64, bytes);
	memset(b->memory, 0, bytes);
	schema_init(&b->schema, "fuzz \"\xff", &b->dns);
	packet_conf_init(&b->packets);
	packet_port_add(&b->packets, 53);
	return b;
}

/* Resets everything, so that an input always does the same. All is UDP, so that only the open
 * queries used memory. */
static void restart(struct bench *b)
{
	struct pipeline_conf conf = conf_of();
	memset(b->memory, 0, txn_table_bytes(CAPACITY));
	record_arena_init(&b->arena, b->buffer, ARENA_BYTES, &b->metrics.record);
	b->arena.pass = pass;
	b->arena.pass_to = b;
	pipeline_init(&b->pipeline, b->memory, &conf, &b->packets, &b->arena, &b->metrics);
}

/* Makes a record of the two messages, whether or not they match. */
static void as_record(struct bench *b, unsigned flags, const uint8_t *query, uint32_t query_len,
	const uint8_t *reply, uint32_t reply_len)
{
	struct record *r = record_begin(&b->arena, query_len, reply_len);
	demand(r != NULL, "no space for a record", "", 0);
	memcpy(r->data, query, query_len);
	memcpy(r->data + query_len, reply, reply_len);
	r->query_wire = query_len + (flags & 1 ? 10 : 0);
	r->reply_wire = reply_len + (flags & 2 ? 10 : 0);
	r->query_cut = flags & 1;
	r->reply_cut = flags >> 1 & 1;
	r->addrs.family = flags >> 2 & 1;
	r->status = (uint8_t)(flags >> 3 & 7) % (RECORD_MALFORMED + 1);
	r->latency_ns = (int8_t)flags * 1001;
	r->retries = flags >> 6;
	r->proto = flags & 0x40 ? PACKET_TCP : PACKET_UDP;
	r->vlans = flags & 0x80 ? 2 : 0;
	r->vlan[1] = 4095;
	r->rtt_ns = flags & 0x40 ? 123456 : 0;
	r->tunnel.type = (uint8_t)(flags % TUNNEL_TYPES);
	r->tunnel.has_id = flags >> 4 & 1;
	r->tunnel.has_ends = flags >> 5 & 1;
	r->tunnel.id = flags;
	record_commit(&b->arena, r);
	record_flush(&b->arena);
}

static void as_packets(
	struct bench *b, unsigned flags, const uint8_t *const messages[2], const uint32_t lens[2])
{
	static struct wire wires[2];
	struct frame frames[2];
	for (int i = 0; i < 2; i++) {
		struct wire *w = &wires[i];
		uint32_t n = lens[i] < 65000 ? lens[i] : 65000;
		wire_clear(w);
		wire_ethernet(w, 0x0800);
		wire_ipv4(w, 17, n + 8);
		wire_udp(w, i ? 53 : 4321, i ? 4321 : 53, n);
		wire_put(w, messages[i], n);
		if (i) /* the addresses of a reply */
			memcpy(w->octets + 26, "\xc0\x00\x02\x35\xc0\x00\x02\x01", 8);
		frames[i] = (struct frame){.data = w->octets,
			.len = w->len,
			.wire_len = w->len,
			.ts_ns = i * (int64_t)(flags & 0x7f),
			.clock_ns = i * (int64_t)(flags & 0x7f),
			.link_type = FRAME_LINK_ETHERNET};
	}
	if (flags & 0x80 && lens[1] > 5) { /* the capture truncated the reply */
		frames[1].len -= 5;
	}
	pipeline_burst(&b->pipeline, frames, 2);
	pipeline_finish(&b->pipeline);
	demand(b->pipeline.txn.table.used == 0, "slots left", "", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bench *b;
	if (!b)
		b = bench_new();
	if (size < 3 || size > 2 * 65535)
		return 0;
	unsigned flags = data[0];
	uint32_t rest = (uint32_t)size - 3, first = bits_be16(data + 1);
	uint32_t query_len = first < rest ? first : rest, reply_len = rest - query_len;
	if (reply_len > 65535)
		return 0;
	const uint8_t *messages[2] = {data + 3, data + 3 + query_len};
	uint32_t lens[2] = {query_len, reply_len};
	b->seed = size;
	restart(b);
	if (rest || flags & 3) /* a record has a message, though all of it may be truncated */
		as_record(b, flags, messages[0], query_len, messages[1], reply_len);
	as_packets(b, flags, messages, lens);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/bench.h"

#define BURST 64 /* records that a logger dequeues at a time */

/* Calls process() for the frames in bursts, as a worker does. */
static void each_burst(
	struct bench *b, void (*process)(struct bench *b, const struct frame *frames, unsigned n))
{
	for (size_t i = 0; i < b->mix.count; i += PIPELINE_BURST) {
		struct frame frames[PIPELINE_BURST];
		unsigned n = b->mix.count - i < PIPELINE_BURST ? (unsigned)(b->mix.count - i)
							       : PIPELINE_BURST;
		for (unsigned k = 0; k < n; k++) {
			frames[k] = b->mix.frames[i + k];
			__builtin_prefetch(frames[k].data);
			frames[k].ts_ns += b->shift_ns;
			frames[k].clock_ns += b->shift_ns;
		}
		process(b, frames, n);
	}
}

static void process_bursts(struct bench *b, const struct frame *frames, unsigned n)
{
	pipeline_burst(&b->pipeline, frames, n);
}

static void walk_headers(struct bench *b, const struct frame *frames, unsigned n)
{
	struct pkt pkt;
	for (unsigned i = 0; i < n; i++)
		b->sink += packet_walk(&b->packets, &frames[i], &pkt) + pkt.sport;
}

static void parse_questions(struct bench *b, const struct frame *frames, unsigned n)
{
	struct pkt pkt;
	struct dns_msg msg;
	for (unsigned i = 0; i < n; i++)
		if (packet_walk(&b->packets, &frames[i], &pkt) == PACKET_dns)
			b->sink += dns_msg_read(&msg, pkt.payload, pkt.len) + msg.qtype;
}

static uint64_t messages_of(const struct bench *b)
{
	const struct metrics_txn *m = &b->metrics.txn;
	return m->queries + m->replies + m->malformed;
}

void run_pipeline(struct bench *b)
{
	uint64_t before = messages_of(b);
	b->n_kept = 0;
	each_burst(b, process_bursts);
	b->messages = messages_of(b) - before;
	b->shift_ns += WHEN_NS_PER_MS; /* slowly, so that open queries do not expire */
}

void run_packet(struct bench *b)
{
	each_burst(b, walk_headers);
}

void run_dns(struct bench *b)
{
	each_burst(b, parse_questions);
}

void run_record(struct bench *b)
{
	for (size_t i = 0; i < b->n_kept; i++) {
		const struct record *from = b->kept[i];
		struct record *r = record_begin(&b->second, from->query_len, from->reply_len);
		if (!r)
			continue;
		bits_copy(r->data, record_query(from), from->query_len);
		bits_copy(r->data + r->query_len, record_reply(from), from->reply_len);
		record_commit(&b->second, r);
	}
	record_flush(&b->second);
}

void run_read(struct bench *b)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < b->mix.count; i++) {
		const struct frame *f = &b->mix.frames[i];
		for (uint32_t k = 0; k + 8 <= f->len; k += 8) {
			uint64_t v;
			memcpy(&v, f->data + k, 8);
			sum += v;
		}
	}
	b->sink += sum;
}

void run_logger(struct bench *b)
{
	struct text out = text_of(b->text, TEXT_SIZE);
	b->octets = 0;
	for (size_t i = 0; i < b->n_kept; i++) {
		if (i + 1 < b->n_kept)
			for (int line = 0; line < 6; line++)
				__builtin_prefetch((char *)b->kept[i + 1] + 64 * line);
		schema_native(&b->schema, &out, b->kept[i]);
		if (text_len(&out) > TEXT_SIZE / 2) {
			b->octets += text_len(&out);
			out = text_of(b->text, TEXT_SIZE);
		}
	}
	b->octets += text_len(&out);
}

void run_fan(struct bench *b)
{
	struct sink_queue *queue = &b->sinks.thread[0].queues[0];
	for (size_t i = 0; i < b->n_kept; i++) {
		if (i + 1 < b->n_kept)
			for (int line = 0; line < 6; line++)
				__builtin_prefetch((char *)b->kept[i + 1] + 64 * line);
		fanout_write(&b->fanout, b->kept[i]);
		if (i % BURST == 0) {
			fanout_count_taken(&b->fanout, BURST);
			/* as the sink's thread, which releases each block at once */
			for (struct sink_block *block; (block = sink_queue_dequeue(queue));)
				sink_queue_release(block);
		}
	}
}

void run_copy(struct bench *b)
{
	for (size_t done = 0; done < b->octets; done += TEXT_SIZE / 4)
		memcpy(b->text + TEXT_SIZE / 2, b->text, TEXT_SIZE / 4);
	b->sink += (uint64_t)b->text[TEXT_SIZE / 2];
}

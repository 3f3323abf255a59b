/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/fanout.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define WAIT_NS 100000 /* between two tries of a logger that waits for a free block */

/* Writes the key of the next document in front of it. */
static void write_key(struct fanout_format *f)
{
	struct text *t = &f->out.text;
	char *start = t->at;
	enum dns_error error;

	if (f->key == CONF_KEY_CLIENT) {
		addr_pair_text(t, &f->record->addrs, ADDR_CLIENT);
	} else if (f->key == CONF_KEY_QNAME) {
		filter_parse_record(f->record, f->view);
		const uint8_t *data =
			f->record->query_len ? record_query(f->record) : record_reply(f->record);
		const struct name_space space = {data, DNS_HEADER_LEN + f->view->asked.name_len};
		if (f->view->name)
			name_text(t, &space, DNS_HEADER_LEN, false, NULL, &error);
	}
	f->key_len = (uint32_t)(t->at - start);
}

void fanout_end_doc(struct schema_out *out, int64_t ts_ns, unsigned tag)
{
	struct fanout_format *f = (struct fanout_format *)out;
	struct sink_block *b = f->block;
	struct text *t = &out->text;

	if (bits_unlikely(t->full))
		return;
	if (bits_unlikely(f->docs == b->max_docs)) {
		f->docs_full = true;
		t->full = true;
		t->end = t->at;
		return;
	}
	if (bits_unlikely(f->some_fields))
		fields_filter(&f->fields, t, sink_doc_start(b, f->docs) + f->key_len);
	b->docs[f->docs++] = (struct sink_doc){.ts_ns = ts_ns,
		.end = (uint32_t)(t->at - b->data),
		.key_len = (uint16_t)f->key_len,
		.tag = (uint8_t)tag};
	if (f->key != CONF_KEY_NONE)
		write_key(f);
}

/* Gives the queue a block to fill. Live, a full queue drops the record; reading files, the logger
 * waits: back-pressure. False: the record was dropped and counted. */
static bool alloc_block(const struct fanout *fanout, struct sink_queue *queue)
{
	if (bits_likely(sink_queue_alloc(queue)))
		return true;
	if (!fanout->live)
		metrics_add(&queue->metrics.waits, 1);
	for (;;) {
		const struct timespec wait = {.tv_nsec = WAIT_NS};
		if (__atomic_load_n(&queue->failed, __ATOMIC_RELAXED)) {
			metrics_add(&queue->metrics.dropped_sink, 1);
			return false;
		}
		if (fanout->live) {
			bool spool = __atomic_load_n(&queue->spool_full, __ATOMIC_RELAXED);
			metrics_add(spool ? &queue->metrics.dropped_spool
					  : &queue->metrics.dropped_queue,
				1);
			return false;
		}
		nanosleep(&wait, NULL);
		if (sink_queue_alloc(queue))
			return true;
	}
}

/* Enqueues the block, which is too small for the record, or grows it if it is empty. False: the
 * record is larger than any block, was dropped and counted. */
static bool make_space(struct sink_queue *queue, bool docs)
{
	if (queue->at->n_docs) {
		sink_queue_enqueue(queue);
		return true;
	}
	if (sink_queue_grow(queue, docs) == 0)
		return true;
	metrics_add(&queue->metrics.dropped_large, 1);
	return false;
}

/* Commits documents n_docs .. f->docs to the block. */
static void commit(struct fanout_format *f, struct sink_queue *queue)
{
	struct sink_block *b = f->block;

	if (bits_unlikely(f->docs == b->n_docs)) {
		metrics_add(&queue->metrics.filtered, 1); /* the schema leaves it out */
		return;
	}
	b->docs[f->docs - 1].last = 1;
	b->n_docs = f->docs;
	b->len = b->docs[f->docs - 1].end;
	b->records++;
}

/* Formats the record into the queue's block. False: it was dropped and counted. */
static bool write_docs(struct fanout *fanout, struct fanout_format *f, struct sink_queue *queue)
{
	for (;;) {
		if (!queue->at && !alloc_block(fanout, queue))
			return false;
		struct sink_block *b = queue->at;
		f->block = b;
		f->docs = f->before = b->n_docs;
		f->docs_full = false;
		f->out.text = (struct text){
			.at = b->data + b->len, .end = b->data + b->size, .start = b->data};
		if (f->key != CONF_KEY_NONE)
			write_key(f);
		f->schema.left_out = 0;
		f->schema.omitted = 0;
		f->options.kind->write(&f->schema, &f->out, f->record);
		if (bits_likely(!f->out.text.full)) {
			commit(f, queue);
			fanout->left_out |= f->schema.left_out;
			fanout->omitted |= f->schema.omitted;
			return true;
		}
		if (!make_space(queue, f->docs_full))
			return false;
	}
}

/* The record's documents in the block of the first sink of a format, to copy for the others. */
struct copy {
	const struct sink_block *from;
	uint32_t first, count; /* documents */
	uint32_t start, len; /* octets */
};

static void copy_docs(const struct fanout *fanout, struct sink_queue *queue, const struct copy *c)
{
	if (c->count == 0) {
		metrics_add(&queue->metrics.filtered, 1);
		return;
	}
	for (;;) {
		if (!queue->at && !alloc_block(fanout, queue))
			return;
		bool docs = queue->at->max_docs - queue->at->n_docs < c->count;
		if (!docs && queue->at->size - queue->at->len >= c->len)
			break;
		if (!make_space(queue, docs))
			return;
	}
	struct sink_block *b = queue->at;
	memcpy(b->data + b->len, c->from->data + c->start, c->len);
	for (uint32_t i = 0; i < c->count; i++) {
		struct sink_doc *doc = &b->docs[b->n_docs++];
		*doc = c->from->docs[c->first + i];
		doc->end += (uint32_t)b->len - c->start;
	}
	b->len += c->len;
	b->records++;
}

/* Enqueues the block if the next record might not fit. */
static inline void enqueue_full(struct sink_queue *queue)
{
	const struct sink_block *b = queue->at;

	if (b && (b->size - b->len < b->size / SINK_QUEUE_SPARE || b->max_docs - b->n_docs < 8))
		sink_queue_enqueue(queue);
}

/* Formats the record for the first sink of the format that accepts it, and copies it for the
 * others.
 */
static void write_copies(struct fanout *fanout, struct fanout_format *f)
{
	struct copy copy = {NULL};

	for (unsigned i = 0; i < f->count; i++) {
		struct sink_queue *queue = f->sinks[i].queue;
		if (!filter_match(f->sinks[i].filter, f->record, f->view)) {
			metrics_add(&queue->metrics.filtered, 1);
		} else if (copy.from) {
			copy_docs(fanout, queue, &copy);
		} else if (write_docs(fanout, f, queue)) {
			/* write_docs() may have taken another block; the documents are its last. */
			const struct sink_block *b = f->block;
			copy.from = b;
			copy.count = f->docs - f->before;
			copy.first = f->before;
			copy.start = sink_doc_start(b, copy.first);
			copy.len = (uint32_t)b->len - copy.start;
		}
	}
	for (unsigned i = 0; i < f->count; i++)
		enqueue_full(f->sinks[i].queue);
}

static inline void write_format(
	struct fanout *fanout, struct fanout_format *f, const struct record *r)
{
	const struct fanout_sink *only = &f->sinks[0];

	f->record = r;
	if (bits_unlikely(f->count > 1)) {
		write_copies(fanout, f);
	} else if (filter_match(only->filter, r, f->view)) {
		write_docs(fanout, f, only->queue);
		enqueue_full(only->queue);
	} else {
		metrics_add(&only->queue->metrics.filtered, 1);
	}
}

static void count_left_out(struct fanout *fanout)
{
	struct metrics_dns *m = fanout->metrics;

	metrics_add(&m->shed_answers, fanout->left_out >> DNS_ANSWER & 1);
	metrics_add(&m->shed_authority, fanout->left_out >> DNS_AUTHORITY & 1);
	metrics_add(&m->shed_additional, fanout->left_out >> DNS_ADDITIONAL & 1);
	metrics_add(&m->omitted_questions, fanout->omitted >> DNS_QUESTION & 1);
	metrics_add(&m->omitted_answers, fanout->omitted >> DNS_ANSWER & 1);
	metrics_add(&m->omitted_authority, fanout->omitted >> DNS_AUTHORITY & 1);
	metrics_add(&m->omitted_additional, fanout->omitted >> DNS_ADDITIONAL & 1);
	fanout->left_out = fanout->omitted = 0;
}

void fanout_write(struct fanout *fanout, const struct record *r)
{
	fanout->view.parsed = false;
	for (unsigned i = 0; i < fanout->count; i++)
		write_format(fanout, &fanout->formats[i], r);
	if (bits_unlikely(fanout->left_out | fanout->omitted))
		count_left_out(fanout);
}

void fanout_count_taken(struct fanout *fanout, unsigned n)
{
	for (unsigned i = 0; i < fanout->count; i++)
		for (unsigned k = 0; k < fanout->formats[i].count; k++)
			metrics_add(&fanout->formats[i].sinks[k].queue->metrics.taken, n);
}

void fanout_flush_idle(struct fanout *fanout)
{
	for (unsigned i = 0; i < fanout->count; i++)
		for (unsigned k = 0; k < fanout->formats[i].count; k++) {
			struct sink_queue *queue = fanout->formats[i].sinks[k].queue;
			if (queue->at && sink_queue_is_starved(queue))
				sink_queue_enqueue(queue);
		}
}

static bool write_notice(struct sink_queue *queue, const char *line, size_t len, int64_t ts_ns)
{
	if (queue->at && (queue->at->size - queue->at->len < len ||
				 queue->at->n_docs == queue->at->max_docs))
		sink_queue_enqueue(queue);
	if (!queue->at && !sink_queue_alloc(queue))
		return false;
	struct sink_block *b = queue->at;
	if (b->size < len || b->max_docs == 0)
		return false;
	memcpy(b->data + b->len, line, len);
	b->len += len;
	b->docs[b->n_docs++] = (struct sink_doc){.ts_ns = ts_ns, .end = (uint32_t)b->len};
	return true;
}

unsigned fanout_write_notice(struct fanout *fanout, const char *line, size_t len, int64_t ts_ns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fanout->count; i++)
		for (unsigned k = 0; k < fanout->formats[i].count; k++)
			n += fanout->formats[i].sinks[k].notices &&
			     write_notice(fanout->formats[i].sinks[k].queue, line, len, ts_ns);
	return n;
}

unsigned fanout_fill(const struct fanout *fanout)
{
	unsigned max = 0;

	for (unsigned i = 0; i < fanout->count; i++)
		for (unsigned k = 0; k < fanout->formats[i].count; k++) {
			const struct sink_queue *queue = fanout->formats[i].sinks[k].queue;
			uint32_t used =
				queue->head - __atomic_load_n(&queue->tail, __ATOMIC_RELAXED);
			unsigned fill = used * 256 / queue->count;
			max = fill > max ? fill : max;
		}
	return max;
}

void fanout_shed(struct fanout *fanout, unsigned sections)
{
	for (unsigned i = 0; i < fanout->count; i++)
		fanout->formats[i].schema.shed = (uint8_t)sections;
}

void fanout_close(struct fanout *fanout)
{
	for (unsigned i = 0; i < fanout->count; i++)
		for (unsigned k = 0; k < fanout->formats[i].count; k++)
			sink_queue_close(fanout->formats[i].sinks[k].queue);
}

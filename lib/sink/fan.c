/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/fan.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define WAIT_NS 100000 /* a logger that waits for room looks again after this */

/* Puts the key of the next document in front of it. */
static void put_key(struct fan_format *f)
{
	struct text *t = &f->out.text;
	char *start = t->at;
	enum dns_error error;

	if (f->key == CONF_KEY_CLIENT) {
		addr_text(t, &f->record->client, f->record->v6);
	} else if (f->key == CONF_KEY_QNAME) {
		filter_look(f->record, f->seen);
		const uint8_t *data =
			f->record->query_len ? record_query(f->record) : record_reply(f->record);
		const struct name_space space = {data, DNS_HEADER_LEN + f->seen->asked.name_len};
		if (f->seen->name)
			name_text(t, &space, DNS_HEADER_LEN, false, NULL, &error);
	}
	f->key_len = (uint32_t)(t->at - start);
}

void fan_end_doc(struct schema_out *out, int64_t ts_ns, unsigned tag)
{
	struct fan_format *f = (struct fan_format *)out;
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
		fields_keep(&f->fields, t, sink_doc_start(b, f->docs) + f->key_len);
	b->docs[f->docs++] = (struct sink_doc){.ts_ns = ts_ns,
		.end = (uint32_t)(t->at - b->data),
		.key_len = (uint16_t)f->key_len,
		.tag = (uint8_t)tag};
	if (f->key != CONF_KEY_NONE)
		put_key(f);
}

/* A block for the lane. False: there is none, and the record is counted. */
static bool take(const struct fan *fan, struct sink_lane *lane)
{
	if (bits_likely(lane_take(lane)))
		return true;
	if (!fan->live)
		metrics_add(&lane->metrics.waits, 1);
	for (;;) {
		const struct timespec nap = {.tv_nsec = WAIT_NS};
		if (__atomic_load_n(&lane->ended, __ATOMIC_RELAXED)) {
			metrics_add(&lane->metrics.dropped_sink, 1);
			return false;
		}
		if (fan->live) {
			bool spool = __atomic_load_n(&lane->spool_full, __ATOMIC_RELAXED);
			metrics_add(
				spool ? &lane->metrics.dropped_spool : &lane->metrics.dropped_queue,
				1);
			return false;
		}
		nanosleep(&nap, NULL);
		if (lane_take(lane))
			return true;
	}
}

/* The block at hand is too small: passes it on, or makes an empty one larger. False: the record is
 * too large for any, and counted. */
static bool make_room(struct sink_lane *lane, bool docs)
{
	if (lane->at->n_docs) {
		lane_pass(lane);
		return true;
	}
	if (lane_grow(lane, docs) == 0)
		return true;
	metrics_add(&lane->metrics.dropped_large, 1);
	return false;
}

/* Takes documents n_docs .. f->docs into the block. */
static void commit(struct fan_format *f, struct sink_lane *lane)
{
	struct sink_block *b = f->block;

	if (bits_unlikely(f->docs == b->n_docs)) {
		metrics_add(&lane->metrics.filtered, 1); /* the schema says nothing of it */
		return;
	}
	b->docs[f->docs - 1].last = 1;
	b->n_docs = f->docs;
	b->len = b->docs[f->docs - 1].end;
	b->records++;
}

/* Writes the record's documents behind those of the lane's block. False: dropped and counted. */
static bool write_docs(struct fan *fan, struct fan_format *f, struct sink_lane *lane)
{
	for (;;) {
		if (!lane->at && !take(fan, lane))
			return false;
		struct sink_block *b = lane->at;
		f->block = b;
		f->docs = f->before = b->n_docs;
		f->docs_full = false;
		f->out.text = (struct text){
			.at = b->data + b->len, .end = b->data + b->room, .start = b->data};
		if (f->key != CONF_KEY_NONE)
			put_key(f);
		f->schema.left_out = 0;
		f->schema.omitted = 0;
		f->options.kind->write(&f->schema, &f->out, f->record);
		if (bits_likely(!f->out.text.full)) {
			commit(f, lane);
			fan->left_out |= f->schema.left_out;
			fan->omitted |= f->schema.omitted;
			return true;
		}
		if (!make_room(lane, f->docs_full))
			return false;
	}
}

/* What one sink of a format has got, for the others. */
struct copy {
	const struct sink_block *from;
	uint32_t first, count; /* documents */
	uint32_t start, len; /* octets */
};

static void copy_docs(const struct fan *fan, struct sink_lane *lane, const struct copy *c)
{
	if (c->count == 0) {
		metrics_add(&lane->metrics.filtered, 1);
		return;
	}
	for (;;) {
		if (!lane->at && !take(fan, lane))
			return;
		bool docs = lane->at->max_docs - lane->at->n_docs < c->count;
		if (!docs && lane->at->room - lane->at->len >= c->len)
			break;
		if (!make_room(lane, docs))
			return;
	}
	struct sink_block *b = lane->at;
	memcpy(b->data + b->len, c->from->data + c->start, c->len);
	for (uint32_t i = 0; i < c->count; i++) {
		struct sink_doc *doc = &b->docs[b->n_docs++];
		*doc = c->from->docs[c->first + i];
		doc->end += (uint32_t)b->len - c->start;
	}
	b->len += c->len;
	b->records++;
}

/* Passes the lane's block on where the next record might not fit. */
static inline void pass_full(struct sink_lane *lane)
{
	const struct sink_block *b = lane->at;

	if (b && (b->room - b->len < b->room / LANE_ROOM || b->max_docs - b->n_docs < 8))
		lane_pass(lane);
}

/* The record for several sinks of one format: written for the first that wants it, and copied. */
static void put_copies(struct fan *fan, struct fan_format *f)
{
	struct copy copy = {NULL};

	for (unsigned i = 0; i < f->count; i++) {
		struct sink_lane *lane = f->sinks[i].lane;
		if (!filter_match(f->sinks[i].filter, f->record, f->seen)) {
			metrics_add(&lane->metrics.filtered, 1);
		} else if (copy.from) {
			copy_docs(fan, lane, &copy);
		} else if (write_docs(fan, f, lane)) {
			/* The block may be another than before, the documents are its last. */
			const struct sink_block *b = f->block;
			copy.from = b;
			copy.count = f->docs - f->before;
			copy.first = f->before;
			copy.start = sink_doc_start(b, copy.first);
			copy.len = (uint32_t)b->len - copy.start;
		}
	}
	for (unsigned i = 0; i < f->count; i++)
		pass_full(f->sinks[i].lane);
}

static inline void put_format(struct fan *fan, struct fan_format *f, const struct record *r)
{
	const struct fan_sink *only = &f->sinks[0];

	f->record = r;
	if (bits_unlikely(f->count > 1)) {
		put_copies(fan, f);
	} else if (filter_match(only->filter, r, f->seen)) {
		write_docs(fan, f, only->lane);
		pass_full(only->lane);
	} else {
		metrics_add(&only->lane->metrics.filtered, 1);
	}
}

static void count_left_out(struct fan *fan)
{
	struct metrics_dns *m = fan->metrics;

	metrics_add(&m->shed_answers, fan->left_out >> DNS_ANSWER & 1);
	metrics_add(&m->shed_authority, fan->left_out >> DNS_AUTHORITY & 1);
	metrics_add(&m->shed_additional, fan->left_out >> DNS_ADDITIONAL & 1);
	metrics_add(&m->omitted_questions, fan->omitted >> DNS_QUESTION & 1);
	metrics_add(&m->omitted_answers, fan->omitted >> DNS_ANSWER & 1);
	metrics_add(&m->omitted_authority, fan->omitted >> DNS_AUTHORITY & 1);
	metrics_add(&m->omitted_additional, fan->omitted >> DNS_ADDITIONAL & 1);
	fan->left_out = fan->omitted = 0;
}

void fan_put(struct fan *fan, const struct record *r)
{
	fan->seen.read = false;
	for (unsigned i = 0; i < fan->count; i++)
		put_format(fan, &fan->formats[i], r);
	if (bits_unlikely(fan->left_out | fan->omitted))
		count_left_out(fan);
}

void fan_count(struct fan *fan, unsigned n)
{
	for (unsigned i = 0; i < fan->count; i++)
		for (unsigned k = 0; k < fan->formats[i].count; k++)
			metrics_add(&fan->formats[i].sinks[k].lane->metrics.taken, n);
}

void fan_idle(struct fan *fan)
{
	for (unsigned i = 0; i < fan->count; i++)
		for (unsigned k = 0; k < fan->formats[i].count; k++) {
			struct sink_lane *lane = fan->formats[i].sinks[k].lane;
			if (lane->at && lane_is_hungry(lane))
				lane_pass(lane);
		}
}

static bool put_notice(struct sink_lane *lane, const char *line, size_t len, int64_t ts_ns)
{
	if (lane->at &&
		(lane->at->room - lane->at->len < len || lane->at->n_docs == lane->at->max_docs))
		lane_pass(lane);
	if (!lane->at && !lane_take(lane))
		return false;
	struct sink_block *b = lane->at;
	if (b->room < len || b->max_docs == 0)
		return false;
	memcpy(b->data + b->len, line, len);
	b->len += len;
	b->docs[b->n_docs++] = (struct sink_doc){.ts_ns = ts_ns, .end = (uint32_t)b->len};
	return true;
}

unsigned fan_notice(struct fan *fan, const char *line, size_t len, int64_t ts_ns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fan->count; i++)
		for (unsigned k = 0; k < fan->formats[i].count; k++)
			n += fan->formats[i].sinks[k].notices &&
			     put_notice(fan->formats[i].sinks[k].lane, line, len, ts_ns);
	return n;
}

unsigned fan_fill(const struct fan *fan)
{
	unsigned most = 0;

	for (unsigned i = 0; i < fan->count; i++)
		for (unsigned k = 0; k < fan->formats[i].count; k++) {
			const struct sink_lane *lane = fan->formats[i].sinks[k].lane;
			uint32_t used = lane->head - __atomic_load_n(&lane->tail, __ATOMIC_RELAXED);
			unsigned fill = used * 256 / lane->count;
			most = fill > most ? fill : most;
		}
	return most;
}

void fan_shed(struct fan *fan, unsigned sections)
{
	for (unsigned i = 0; i < fan->count; i++)
		fan->formats[i].schema.shed = (uint8_t)sections;
}

void fan_close(struct fan *fan)
{
	for (unsigned i = 0; i < fan->count; i++)
		for (unsigned k = 0; k < fan->formats[i].count; k++)
			lane_close(fan->formats[i].sinks[k].lane);
}

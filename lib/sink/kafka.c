/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kafka by librdkafka, an idempotent producer: at least once delivery. A document counts as written
 * when its delivery report says so. While the brokers are away librdkafka holds what was produced,
 * at most KAFKA_WINDOW parts of blocks, and goes on with exactly that when they are back.
 */
#ifdef SINK_KAFKA

#include "sink/clock.h"
#include "sink/kafka_inner.h"

#include <errno.h>
#include <stdlib.h>

#define BURST 256 /* documents produced by one call */
#define BUFFER_SIZE (1024u * 1024) /* of encoded documents */
#define BUFFER_MAX (1024u * 1024 * 1024)
#define POLL_NS (INT64_C(20) * WHEN_NS_PER_MS)

static struct kafka_part *part_at(struct kafka *k, unsigned i)
{
	return &k->window[(k->first + i) % KAFKA_WINDOW];
}

/* Packs the place of a document into librdkafka's opaque pointer. */
static void *opaque_of(const struct kafka *k, const struct kafka_part *p, uint32_t i)
{
	return (void *)(uintptr_t)((uintptr_t)(p - k->window) * KAFKA_PART + i);
}

static int kafka_check(const struct conf_sink *conf, struct conf_error *err)
{
	rd_kafka_conf_t *made = kafka_conf(conf, err);
	if (!made)
		return -EINVAL;
	rd_kafka_conf_destroy(made);
	return 0;
}

static int kafka_open(struct sink *s)
{
	struct kafka *k = calloc(1, sizeof(*k));
	if (!k)
		return sink_set_error(s, -ENOMEM, "out of memory");
	k->sink = s;
	pthread_mutex_init(&k->lock, NULL);
	char *buffer = malloc(BUFFER_SIZE);
	int error = buffer ? kafka_start(s, k) : sink_set_error(s, -ENOMEM, "out of memory");
	if (error) {
		pthread_mutex_destroy(&k->lock);
		free(buffer);
		free(k);
		return error;
	}
	k->encoded = text_of(buffer, BUFFER_SIZE);
	s->state = k;
	return 0;
}

/* Adds the next documents to the window until it is full. */
static void fill_window(struct sink *s, struct kafka *k, const struct sink_block *b, uint32_t from)
{
	while (k->count < KAFKA_WINDOW) {
		const struct sink_block *of = b;
		if (k->count) {
			const struct kafka_part *last = part_at(k, k->count - 1);
			unsigned ahead = (unsigned)(last->seq - b->seq);
			of = ahead ? sink_peek_ahead(s, ahead) : b;
			from = last->from + last->n;
			if (of && from == of->n_docs) {
				of = sink_peek_ahead(s, ahead + 1);
				from = 0;
			}
		}
		if (!of)
			return;
		uint32_t n = of->n_docs - from;
		struct kafka_part *p = part_at(k, k->count++);
		p->seq = of->seq;
		p->from = from;
		p->n = n < KAFKA_PART ? n : KAFKA_PART;
		p->sent = p->to_resend = p->settled = 0;
	}
}

/* Fills in the message of document i of the part. False: the document cannot be encoded and is
 * refused; or the buffer is full: *full. */
static bool make_message(struct sink *s, struct kafka *k, const struct sink_block *b,
	struct kafka_part *p, uint32_t i, rd_kafka_message_t *m, bool *full)
{
	size_t len;
	const char *json = sink_doc_json(b, p->from + i, &len);
	*m = (rd_kafka_message_t){
		._private = opaque_of(k, p, i), .payload = (void *)(uintptr_t)json};
	if (s->encoding->encode) {
		m->payload = k->encoded.at;
		int error = sink_encode(s, b, p->from + i, &k->encoded);
		*full = error == -ENOSPC;
		if (error == -EINVAL)
			p->state[i] = DOC_REFUSED;
		if (error)
			return false;
		len = (size_t)(k->encoded.at - (char *)m->payload);
	}
	m->len = len;
	m->key = (void *)(uintptr_t)sink_doc_key(b, p->from + i, &m->key_len);
	if (m->key_len == 0)
		m->key = NULL;
	return true;
}

/* Produces one burst of the part, from document i on. Returns the first document that it did not
 * come to. */
static uint32_t produce_burst(struct sink *s, struct kafka *k, const struct sink_block *b,
	struct kafka_part *p, uint32_t i)
{
	rd_kafka_message_t m[BURST];
	int n = 0;
	bool full = false;
	k->encoded.at = k->encoded.start;
	for (; i < p->n && n < BURST; i++) {
		bool resend = i < p->sent;
		if (resend && p->state[i] != DOC_NEW)
			continue;
		if (!resend)
			p->state[i] = DOC_NEW;
		if (make_message(s, k, b, p, i, &m[n], &full)) {
			p->state[i] = DOC_SENT;
			n++;
		} else if (full) {
			break;
		}
		p->to_resend -= resend;
	}
	p->sent = p->sent > i ? p->sent : i;
	k->outstanding += (uint32_t)n;
	metrics_add(&s->metrics->writes, n > 0);
	if (rd_kafka_produce_batch(k->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, m, n) == n)
		return i;
	for (int j = 0; j < n; j++) {
		if (!m[j].err)
			continue;
		if (m[j].err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			k->full = true;
		else if (!kafka_is_permanent(&m[j]))
			kafka_set_error(k, rd_kafka_err2str(m[j].err));
		kafka_delivery_report(NULL, &m[j], k);
	}
	return i;
}

/* Doubles the buffer for a document that does not fit. */
static bool grow_buffer(struct kafka *k)
{
	size_t size = 2 * (size_t)(k->encoded.end - k->encoded.start);
	char *start = size <= BUFFER_MAX ? malloc(size) : NULL;
	if (!start)
		return false;
	free(k->encoded.start);
	k->encoded = text_of(start, size);
	return true;
}

/* Produces the unsent documents of one part until librdkafka's queue is full. */
static void produce_part(
	struct sink *s, struct kafka *k, const struct sink_block *b, struct kafka_part *p)
{
	uint32_t i = p->to_resend ? p->settled : p->sent;
	while (i < p->n && !k->full) {
		uint32_t next = produce_burst(s, k, b, p, i);
		if (next == i && !grow_buffer(k)) {
			p->to_resend -= i < p->sent;
			p->state[next++] = DOC_REFUSED; /* larger than BUFFER_MAX */
			p->sent = p->sent > next ? p->sent : next;
		}
		i = next;
	}
}

static void produce_window(struct sink *s, struct kafka *k, const struct sink_block *b)
{
	k->full = false;
	for (unsigned j = 0; j < k->count && !k->full; j++) {
		struct kafka_part *p = part_at(k, j);
		if (p->to_resend == 0 && p->sent == p->n)
			continue;
		unsigned ahead = (unsigned)(p->seq - b->seq);
		const struct sink_block *of = ahead ? sink_peek_ahead(s, ahead) : b;
		if (!of)
			return;
		produce_part(s, k, of, p);
	}
}

/* Settles documents of the first part: all of it, or with `some` those that can be. Returns how
 * many. */
static int settle(struct sink *s, struct kafka *k, const struct sink_block *b, bool some)
{
	struct kafka_part *p = part_at(k, 0);
	uint32_t begin = p->settled, i = begin;
	while (i < p->sent && p->state[i] >= DOC_DELIVERED)
		i++;
	p->settled = i;
	if (i < p->n && !some) {
		p->settled = begin;
		return 0;
	}
	for (uint32_t j = begin; j < i; j++)
		if (p->state[j] == DOC_REFUSED)
			sink_reject(s, b, p->from + j);
	if (i == p->n) {
		k->first = (k->first + 1) % KAFKA_WINDOW;
		k->count--;
	}
	return (int)(i - begin);
}

static bool is_first(const struct kafka *k, const struct sink_block *b, uint32_t from)
{
	const struct kafka_part *p = &k->window[k->first];
	return p->seq == b->seq && p->from + p->settled == from;
}

static int kafka_deliver(struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct kafka *k = s->state;
	int64_t until = sink_clock_ns() + (int64_t)deadline_ms * WHEN_NS_PER_MS;
	kafka_set_affinity(k);
	if (k->count && !is_first(k, b, from))
		kafka_purge(k);
	if (k->broken && kafka_recreate(s, k) < 0)
		return 0;
	while (!k->broken) {
		fill_window(s, k, b, from);
		produce_window(s, k, b);
		rd_kafka_poll(k->rk, 0);
		int64_t left = until - sink_clock_ns();
		int n = settle(s, k, b, left <= 0);
		if (n > 0)
			return n;
		if (left <= 0)
			break;
		rd_kafka_poll(k->rk, left < POLL_NS ? 1 : POLL_NS / WHEN_NS_PER_MS);
	}
	s->held = k->away || k->broken;
	if (s->held)
		sink_set_error(s, 0, "%s", k->error_text);
	return 0;
}

/* Serves librdkafka's callbacks, which run in this thread only. */
static int kafka_idle(struct sink *s, int deadline_ms)
{
	struct kafka *k = s->state;
	if (deadline_ms > 0 && !k->broken)
		rd_kafka_poll(k->rk, 0);
	return 0;
}

static int kafka_close(struct sink *s)
{
	struct kafka *k = s->state;
	if (k->rk)
		kafka_stop(k);
	pthread_mutex_destroy(&k->lock);
	free(k->encoded.start);
	free(k);
	s->state = NULL;
	return 0;
}

const struct sink_ops sink_kafka = {
	.name = "kafka",
	.keyed = true,
	.check = kafka_check,
	.open = kafka_open,
	.deliver = kafka_deliver,
	.idle = kafka_idle,
	.close = kafka_close,
};

#else

#include "sink/sink.h"

const struct sink_ops sink_kafka = {.name = "kafka", .missing_library = "librdkafka"};

#endif

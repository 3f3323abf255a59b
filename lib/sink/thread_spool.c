/* SPDX-License-Identifier: BSD-3-Clause */
/* A sink's thread and its spool: opening it, reading it, spilling blocks to it. */
#include "base/log.h"
#include "sink/thread_inner.h"

#include <errno.h>
#include <inttypes.h>

#define REOPEN_NS (INT64_C(10) * WHEN_NS_PER_S) /* before another try to open the spool */
#define REREAD_NS WHEN_NS_PER_S /* before another try to read it */

/* True if the operator must mend the fault before the program can start; other errors may pass. */
static bool is_permanent(int error)
{
	switch (-error) {
	case EBUSY:
	case EILSEQ:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case EACCES:
	case EPERM:
	case EROFS:
	case ELOOP:
	case ENAMETOOLONG: return true;
	default: return false;
	}
}

/* Counts and reports the damage found since the last report. */
static void report_damage(struct sink_thread *t)
{
	struct spool *s = &t->spool;
	uint64_t records = s->bad_records - t->reported_bad_records;
	bool kept = s->bad_segments > t->reported_bad_segments;

	if (records == 0 && s->bad_segments == t->reported_bad_segments)
		return;
	metrics_add(&t->metrics.dropped_damaged, records);
	log_warn("sink %s: the spool is damaged: %" PRIu64 " records are lost%s%s%s%s%s",
		t->sink.name, records, kept ? "; the damaged file is kept: " : "",
		kept ? s->dir : "", kept ? "/" : "", kept ? s->name : "", kept ? ".*.bad" : "");
	t->reported_bad_records = s->bad_records;
	t->reported_bad_segments = s->bad_segments;
}

int sink_thread_open_spool(struct sink_thread *t, int64_t now)
{
	const struct conf_sink *conf = t->sink.conf;
	bool again = t->spool_reopen_ns != 0;
	char identity[96], error_text[4600] = "";

	if (!conf->spool_dir[0])
		return 0;
	snprintf(identity, sizeof(identity), "%s/%s", conf_choice_word(conf->type),
		conf_choice_word(conf->schema));
	int error = spool_open(&t->spool, conf->spool_dir, t->sink.name, identity,
		conf->spool_bytes, error_text, sizeof(error_text));
	if (error && !again && is_permanent(error)) {
		log_error("sink %s: spool: %s", t->sink.name, error_text);
		return error;
	}
	if (error) {
		if (!again)
			log_warn("sink %s: spool: %s; the sink starts without it and tries again "
				 "every 10 s",
				t->sink.name, error_text);
		t->spool_reopen_ns = now + REOPEN_NS;
		return 0;
	}
	t->has_spool = true;
	t->spool_reopen_ns = 0;
	t->reported_bad_records = t->reported_bad_segments = 0;
	metrics_add(&t->metrics.spool_found, spool_records(&t->spool) + t->spool.bad_records);
	if (t->spool.truncated_octets)
		log_warn("sink %s: the spool ended in an incomplete block of %" PRIu64
			 " octets, which was truncated",
			t->sink.name, t->spool.truncated_octets);
	report_damage(t);
	if (spool_records(&t->spool))
		log_note("sink %s: the spool holds %" PRIu64
			 " records of an earlier run, which are delivered first",
			t->sink.name, spool_records(&t->spool));
	return 0;
}

struct sink_block *sink_thread_read_spool(struct sink_thread *t, uint32_t *from, int64_t now)
{
	if (now < t->spool_retry_ns)
		return NULL;
	struct sink_block *b = spool_peek(&t->spool, from);
	int error = t->spool.error;

	report_damage(t);
	if (error && t->spool_error == 0)
		log_warn("sink %s: cannot read the spool in %s: %s; its records stay there, newer "
			 "ones are delivered first",
			t->sink.name, t->sink.conf->spool_dir, strerror(-error));
	t->spool_error = error;
	t->spool_retry_ns = error ? now + REREAD_NS : 0;
	return b;
}

/* Appends the oldest pending block behind the first `skip` to the spool. Returns 0 or -errno. */
static int spill_block(struct sink_thread *t, uint32_t skip)
{
	uint32_t i = (t->pending_at + skip) % t->pending_size;
	struct sink_block *b = t->pending[i];
	uint32_t from = skip ? 0 : t->from;
	int error = spool_append(&t->spool, b, from);

	if (error < 0) {
		if (!t->spool_full_reported)
			log_warn("sink %s: cannot write to the spool in %s: %s", t->sink.name,
				t->sink.conf->spool_dir,
				error == -EDQUOT ? "spool_bytes are reached" : strerror(-error));
		t->spool_full_reported = true;
		sink_thread_set_spool_full(t, true);
		return error;
	}
	if (t->spool_full_reported)
		sink_thread_set_spool_full(t, false);
	t->spool_full_reported = false;
	metrics_add(&t->metrics.spooled, sink_records(b, from, b->n_docs));
	/* Move the blocks before it up by one, so that the ring has no gap. */
	for (; skip > 0; skip--) {
		uint32_t before = (i + t->pending_size - 1) % t->pending_size;
		t->pending[i] = t->pending[before];
		i = before;
	}
	t->pending[i] = b;
	if (t->in_flight) {
		uint32_t keep = t->from;
		sink_thread_release_oldest(t);
		t->in_flight++;
		t->from = keep;
	} else {
		sink_thread_release_oldest(t);
	}
	return 0;
}

/* Spills all pending blocks, or drops and counts them. */
static void spill_all(struct sink_thread *t)
{
	t->in_flight = 0;
	while (t->pending_count) {
		const struct sink_block *b = t->pending[t->pending_at];
		uint32_t records = sink_records(b, t->from, b->n_docs);
		if (t->has_spool && spill_block(t, 0) == 0)
			continue;
		metrics_add(t->has_spool              ? &t->metrics.dropped_spool
			    : t->state == SINK_FAILED ? &t->metrics.dropped_sink
						      : &t->metrics.dropped_end,
			records);
		sink_thread_release_oldest(t);
	}
}

void sink_thread_spill(struct sink_thread *t, bool late)
{
	uint32_t blocks = 0;

	if (t->state == SINK_FAILED || late) {
		spill_all(t);
		return;
	}
	if (!t->live || !t->has_spool)
		return;
	for (unsigned i = 0; i < t->n_queues; i++)
		blocks += t->queues[i].count;
	if (t->pending_count <= blocks / 2)
		return;
	while (t->pending_count > blocks / 4 && t->pending_count > t->in_flight)
		if (spill_block(t, t->in_flight) < 0)
			break;
}

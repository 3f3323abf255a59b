/* SPDX-License-Identifier: BSD-3-Clause */
/* A sink's thread: its spool, and what is said about it. */
#include "base/log.h"
#include "sink/thread_inner.h"

#include <errno.h>
#include <inttypes.h>

#define AGAIN_NS (INT64_C(10) * WHEN_NS_PER_S) /* before a spool that could not be opened */
#define READ_NS WHEN_NS_PER_S /* before one that could not be read */

/* Is it for the operator to mend before the program can start? Else the kernel may do it later. */
static bool is_wrong(int error)
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

/* Counts what was found damaged since the last time, and says so. */
static void say_damage(struct sink_thread *t)
{
	struct spool *s = &t->spool;

	if (s->bad_records == t->spool_lost && s->bad_segments == t->spool_bad)
		return;
	metrics_add(&t->metrics.dropped_damaged, s->bad_records - t->spool_lost);
	log_warn("sink %s: the spool is damaged: %" PRIu64 " records are lost%s%s%s%s%s",
		t->sink.name, s->bad_records - t->spool_lost,
		s->bad_segments > t->spool_bad ? "; the damaged file is kept: " : "",
		s->bad_segments > t->spool_bad ? s->dir : "",
		s->bad_segments > t->spool_bad ? "/" : "",
		s->bad_segments > t->spool_bad ? s->name : "",
		s->bad_segments > t->spool_bad ? ".*.bad" : "");
	t->spool_lost = s->bad_records;
	t->spool_bad = s->bad_segments;
}

int thread_spool_open(struct sink_thread *t, int64_t now)
{
	const struct conf_sink *conf = t->sink.conf;
	bool again = t->spool_again_ns != 0;
	char identity[96], why[4600] = "";

	if (!conf->spool_dir[0])
		return 0;
	snprintf(identity, sizeof(identity), "%s/%s", conf_choice_word(conf->type),
		conf_choice_word(conf->schema));
	int error = spool_open(&t->spool, conf->spool_dir, t->sink.name, identity,
		conf->spool_bytes, why, sizeof(why));
	if (error && !again && is_wrong(error)) {
		log_error("sink %s: spool: %s", t->sink.name, why);
		return error;
	}
	if (error) {
		if (!again)
			log_warn("sink %s: spool: %s; this run begins without it and tries again",
				t->sink.name, why);
		t->spool_again_ns = now + AGAIN_NS;
		return 0;
	}
	t->has_spool = true;
	t->spool_again_ns = 0;
	t->spool_lost = t->spool_bad = 0;
	metrics_add(&t->metrics.spool_found, spool_records(&t->spool) + t->spool.bad_records);
	if (t->spool.cut_octets)
		log_warn("sink %s: the spool ended in %" PRIu64
			 " octets that were not wholly written; they were cut off",
			t->sink.name, t->spool.cut_octets);
	say_damage(t);
	if (spool_records(&t->spool))
		log_note("sink %s: %" PRIu64 " records of an earlier run are in the spool",
			t->sink.name, spool_records(&t->spool));
	return 0;
}

struct sink_block *thread_spool_front(struct sink_thread *t, uint32_t *from, int64_t now)
{
	if (now < t->spool_read_ns)
		return NULL;
	struct sink_block *b = spool_front(&t->spool, from);
	int error = t->spool.error;

	say_damage(t);
	if (error && t->spool_error == 0)
		log_warn("sink %s: the spool cannot be read now: %s; its records stay there, newer "
			 "ones are delivered before them",
			t->sink.name, strerror(-error));
	t->spool_error = error;
	t->spool_read_ns = error ? now + READ_NS : 0;
	return b;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/sinks.h"

#include "base/log.h"
#include "schema/kind.h"
#include "sink/secrets.h"
#include "sink/thread_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#define MIB (1024u * 1024)
#define FILES_MB 4 /* of a queue reading files: loggers wait, and more would gain nothing */

static int open_queues(struct sinks *s, struct sink_thread *t, bool prefault)
{
	const struct conf_sink *conf = t->sink.conf;
	uint64_t mb = !s->live && conf->queue_mb > FILES_MB ? FILES_MB : conf->queue_mb;
	uint32_t block = t->sink.ops->block_bytes ? t->sink.ops->block_bytes : SINK_QUEUE_BLOCK;
	uint32_t blocks = 0;
	unsigned queues = conf->logger_number ? 1 : s->loggers;
	int error = 0;

	t->queues = aligned_alloc(BITS_CACHE_LINE, queues * sizeof(*t->queues));
	if (!t->queues)
		return -ENOMEM;
	memset(t->queues, 0, queues * sizeof(*t->queues));
	for (; t->n_queues < queues && error == 0; t->n_queues++) {
		error = sink_queue_init(&t->queues[t->n_queues], (size_t)mb * MIB / queues,
			block & ~63u, &t->ready);
		if (error == 0 && prefault)
			sink_queue_prefault(&t->queues[t->n_queues]);
		blocks += t->queues[t->n_queues].count;
	}
	t->pending_size = blocks + 1;
	t->pending = calloc(t->pending_size, sizeof(struct sink_block *));
	return t->pending ? error : -ENOMEM;
}

/* Opens one sink, its queues and spool. Returns 0, or -errno after reporting it. */
static int open_sink(struct sinks *s, unsigned i, const struct sinks_options *options)
{
	struct sink_thread *t = &s->thread[i];
	struct conf_sink *conf = &s->conf.at[i];
	struct conf_error err;

	t->sink = (struct sink){.conf = conf,
		.ops = sink_ops_of(conf->type),
		.encoding = encode_kind_of(conf->encoding),
		.tags = schema_kind_of(conf->schema)->tags,
		.sensor = options->sensor,
		.name = conf_sink_name(conf),
		.metrics = &t->metrics,
		.live = options->live,
		.thread = t};
	t->live = options->live;
	t->wake_fd = options->wake_fd;
	sem_init(&t->ready, 0, 0);
	int error = sink_secrets_read(conf, &err);
	if (error == 0)
		error = filter_init(&t->filter, conf, &err);
	if (error == 0)
		error = open_queues(s, t, options->prefault);
	if (error) {
		log_error("sink %s: %s", t->sink.name,
			error == -ENOMEM ? "out of memory: lower its queue_mb" : err.text);
		return error;
	}
	error = sink_thread_open_spool(t, 0);
	if (error)
		return error;
	error = t->sink.ops->open(&t->sink);
	if (error)
		log_error("sink %s: %s", t->sink.name,
			t->sink.error_text[0] ? t->sink.error_text : strerror(-error));
	t->open = error == 0;
	return error;
}

/* Reports spools without a sink, once for each directory. */
static void report_orphans(const struct conf_sinks *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const char *dir = all->at[i].spool_dir;
		size_t k = 0;
		while (k < i && strcmp(all->at[k].spool_dir, dir) != 0)
			k++;
		if (k == i && dir[0])
			spool_report_orphans(all, dir);
	}
}

int sinks_open(struct sinks *s, const struct conf *conf, const struct sinks_options *options)
{
	memset(s, 0, sizeof(*s));
	s->live = options->live;
	s->loggers = options->loggers;
	int error = conf_sinks_all(conf, &s->conf);
	if (error == 0)
		error = conf_sinks_per_logger(&s->conf, s->loggers);
	if (error == 0) {
		report_orphans(&s->conf);
		size_t size = s->conf.count * sizeof(*s->thread);
		s->thread = aligned_alloc(BITS_CACHE_LINE, size);
		if (s->thread)
			memset(s->thread, 0, size);
		else
			error = -ENOMEM;
	}
	if (error)
		log_error("sinks: out of memory");
	while (error == 0 && s->count < s->conf.count) {
		error = open_sink(s, s->count, options);
		s->count++;
	}
	if (error) {
		sinks_close(s);
		sinks_free(s);
	}
	return error;
}

int sinks_start(struct sinks *s, const cpu_set_t *cpus)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int error = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pthread_attr_init(&attr);
	if (cpus)
		pthread_attr_setaffinity_np(&attr, sizeof(*cpus), cpus);
	for (unsigned i = 0; i < s->count && error == 0; i++) {
		struct sink_thread *t = &s->thread[i];
		error = -pthread_create(&t->id, &attr, sink_thread_main, t);
		t->started = error == 0;
		if (t->started) {
			char name[16]; /* the kernel's limit */
			snprintf(name, sizeof(name), "sink %.10s", t->sink.name);
			pthread_setname_np(t->id, name);
		}
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		log_error("sinks: cannot start a thread: %s", strerror(-error));
	return error;
}

void sinks_reopen(struct sinks *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		__atomic_add_fetch(&s->thread[i].reopen, 1, __ATOMIC_RELEASE);
		sem_post(&s->thread[i].ready);
	}
}

void sinks_begin_drain(struct sinks *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		__atomic_store_n(&s->thread[i].stopping, true, __ATOMIC_RELAXED);
		sem_post(&s->thread[i].ready);
	}
}

bool sinks_have_ended(const struct sinks *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (!__atomic_load_n(&s->thread[i].ended, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

bool sinks_have_failed(const struct sinks *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (__atomic_load_n(&s->thread[i].state, __ATOMIC_ACQUIRE) != SINK_FAILED)
			return false;
	return s->count > 0;
}

/* Closes one sink and reports what is left. False if that is a fault. */
static bool close_sink(struct sink_thread *t)
{
	bool good = t->state != SINK_FAILED;

	t->sink.error_text[0] = '\0';
	if (t->open) {
		int error = t->sink.ops->close(&t->sink);
		/* The failure of a failed sink was reported already. */
		if (error && good)
			log_error("sink %s: %s", t->sink.name,
				t->sink.error_text[0] ? t->sink.error_text : strerror(-error));
		good &= error == 0;
	}
	t->open = false;
	if (t->has_spool) {
		t->metrics.spool_left = spool_records(&t->spool);
		spool_close(&t->spool);
		if (t->started && t->metrics.spool_left)
			log_note("sink %s: %" PRIu64
				 " records are left in the spool in %s; the next "
				 "run delivers them",
				t->sink.name, t->metrics.spool_left, t->sink.conf->spool_dir);
	}
	t->has_spool = false;
	if (t->metrics.dropped_end)
		log_error("sink %s: %" PRIu64 " records were dropped at the end: its receiver did "
			  "not take them within drain_ms, %" PRIu64 " ms",
			t->sink.name, t->metrics.dropped_end, t->sink.conf->drain_ms);
	/* Live, a full spool is no fault: the outage lasted longer than configured for. */
	return good && !t->metrics.dropped_end && !t->metrics.dropped_sink &&
	       (t->live || (!t->metrics.dropped_spool && !t->metrics.dropped_damaged));
}

bool sinks_close(struct sinks *s)
{
	bool good = true;

	for (unsigned i = 0; s->thread && i < s->count; i++) {
		struct sink_thread *t = &s->thread[i];
		if (t->started)
			pthread_join(t->id, NULL);
		good &= close_sink(t);
	}
	return good;
}

void sinks_sum(const struct sinks *s, unsigned i, struct metrics_sink *sum)
{
	const struct sink_thread *t = &s->thread[i];

	metrics_sum_sink(sum, &t->metrics);
	for (unsigned k = 0; k < t->n_queues; k++)
		metrics_sum_sink(sum, &t->queues[k].metrics);
}

void sinks_free(struct sinks *s)
{
	for (unsigned i = 0; s->thread && i < s->count; i++) {
		struct sink_thread *t = &s->thread[i];
		for (unsigned k = 0; k < t->n_queues; k++)
			sink_queue_free(&t->queues[k]);
		free(t->queues);
		free(t->pending);
		filter_free(&t->filter);
		sem_destroy(&t->ready);
	}
	free(s->thread);
	conf_sinks_free(&s->conf);
	memset(s, 0, sizeof(*s));
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/sinks.h"

#include "base/log.h"
#include "schema/kind.h"
#include "sink/apart.h"
#include "sink/secrets.h"
#include "sink/thread_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#define MIB (1024u * 1024)
#define FILES_MB 4 /* of a queue, where loggers wait: more would only be memory */

#define SINK(kind, name) extern const struct sink_ops sink_##name;
#include "config/sink.def"

static const struct sink_ops *const kinds[CONF_CHOICES] = {
#define SINK(kind, name) [CONF_SINK_##kind] = &sink_##name,
#include "config/sink.def"
};

const struct sink_ops *sink_ops_of(enum conf_choice type)
{
	return (unsigned)type < CONF_CHOICES ? kinds[type] : NULL;
}

/* The rules of one sink, beyond those of its keys. */
static int check(struct conf_sink *conf, struct conf_error *err)
{
	const struct sink_ops *ops = sink_ops_of(conf->type);
	struct filter *filter = calloc(1, sizeof(*filter));
	int rc = filter ? 0 : -ENOMEM;

	if (rc == 0 && (!ops || ops->absent)) {
		snprintf(err->text, sizeof(err->text),
			"type: this dnsloupe was built without %s, which a sink of type %s needs",
			ops ? ops->absent : "support", conf_choice_word(conf->type));
		rc = -EINVAL;
	}
	if (rc == 0)
		rc = secrets_read(conf, err);
	if (rc == 0)
		rc = schema_check(conf, err);
	if (rc == 0 && ops->stream && encode_kind_of(conf->encoding)->framing == ENCODE_MESSAGE) {
		snprintf(err->text, sizeof(err->text),
			"encoding: %s does not say where a document ends, which a sink of type %s "
			"needs",
			conf_choice_word(conf->encoding), conf_choice_word(conf->type));
		rc = -EINVAL;
	}
	if (rc == 0)
		rc = filter_init(filter, conf, err);
	if (rc == 0)
		filter_free(filter);
	free(filter);
	return rc == 0 && ops->check ? ops->check(conf, err) : rc;
}

int sinks_check(const struct conf *conf, struct conf_error *err)
{
	struct conf_sinks all;
	int rc = conf_sinks_all(conf, &all);

	for (size_t i = 0; i < all.count && rc == 0; i++) {
		rc = check(&all.at[i], err);
		if (rc == -EINVAL) {
			struct conf_error inner = *err;
			if (i < conf->sinks.count)
				snprintf(err->text, sizeof(err->text), "sinks[%zu].%.1200s", i,
					inner.text);
		}
	}
	if (rc == 0)
		rc = apart_check(conf, &all, err);
	conf_sinks_free(&all);
	if (rc == -ENOMEM)
		snprintf(err->text, sizeof(err->text), "out of memory");
	return rc;
}

static int open_queues(struct sinks *s, struct sink_thread *t, bool touch)
{
	const struct conf_sink *conf = t->sink.conf;
	uint64_t mb = !s->live && conf->queue_mb > FILES_MB ? FILES_MB : conf->queue_mb;
	uint32_t room = t->sink.ops->block_bytes ? t->sink.ops->block_bytes : SINK_QUEUE_BLOCK;
	uint32_t blocks = 0;
	unsigned queues = conf->of_logger ? 1 : s->loggers;
	int error = 0;

	t->queues = aligned_alloc(BITS_CACHE_LINE, queues * sizeof(*t->queues));
	if (!t->queues)
		return -ENOMEM;
	memset(t->queues, 0, queues * sizeof(*t->queues));
	for (; t->n_queues < queues && error == 0; t->n_queues++) {
		error = sink_queue_init(
			&t->queues[t->n_queues], (size_t)mb * MIB / queues, room & ~63u, &t->ready);
		if (error == 0 && touch)
			sink_queue_prefault(&t->queues[t->n_queues]);
		blocks += t->queues[t->n_queues].count;
	}
	t->pending_size = blocks + 1;
	t->pending = calloc(t->pending_size, sizeof(struct sink_block *));
	return t->pending ? error : -ENOMEM;
}

/* One sink, all but its thread. 0, or -errno, said. */
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
		.patient = options->live,
		.thread = t};
	t->live = options->live;
	t->wake_fd = options->wake_fd;
	sem_init(&t->ready, 0, 0);
	int error = secrets_read(conf, &err);
	if (error == 0)
		error = filter_init(&t->filter, conf, &err);
	if (error == 0)
		error = open_queues(s, t, options->touch);
	if (error) {
		log_error("sink %s: %s", t->sink.name,
			error == -ENOMEM ? "out of memory; lower its queue_mb" : err.text);
		return error;
	}
	error = thread_spool_open(t, 0);
	if (error)
		return error;
	error = t->sink.ops->open(&t->sink);
	if (error)
		log_error("sink %s: %s", t->sink.name,
			t->sink.why[0] ? t->sink.why : strerror(-error));
	t->open = error == 0;
	return error;
}

/* Each directory of spools is looked at once. */
static void say_strays(const struct conf_sinks *all)
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
		error = conf_sinks_split(&s->conf, s->loggers);
	if (error == 0) {
		say_strays(&s->conf);
		size_t size = s->conf.count * sizeof(*s->thread);
		s->thread = aligned_alloc(BITS_CACHE_LINE, size);
		if (s->thread)
			memset(s->thread, 0, size);
		else
			error = -ENOMEM;
	}
	if (error)
		log_error("out of memory");
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
			char name[16]; /* as long as the kernel's may be */
			snprintf(name, sizeof(name), "sink %.10s", t->sink.name);
			pthread_setname_np(t->id, name);
		}
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		log_error("cannot start the threads of the sinks: %s", strerror(-error));
	return error;
}

void sinks_reopen(struct sinks *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		__atomic_add_fetch(&s->thread[i].reopen, 1, __ATOMIC_RELEASE);
		sem_post(&s->thread[i].ready);
	}
}

void sinks_hurry(struct sinks *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		__atomic_store_n(&s->thread[i].hurry, true, __ATOMIC_RELAXED);
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

/* Closes one sink and says what is left. False where that is a fault. */
static bool close_sink(struct sink_thread *t)
{
	bool good = t->state != SINK_FAILED;

	t->sink.why[0] = '\0';
	if (t->open) {
		int error = t->sink.ops->close(&t->sink);
		/* A sink that has failed has said so. */
		if (error && good)
			log_error("sink %s: %s", t->sink.name,
				t->sink.why[0] ? t->sink.why : strerror(-error));
		good &= error == 0;
	}
	t->open = false;
	if (t->has_spool) {
		t->metrics.spool_left = spool_records(&t->spool);
		spool_close(&t->spool);
		if (t->started && t->metrics.spool_left)
			log_note("sink %s: %" PRIu64 " records are left in the spool, in %s",
				t->sink.name, t->metrics.spool_left, t->sink.conf->spool_dir);
	}
	t->has_spool = false;
	if (t->metrics.dropped_end)
		log_error("sink %s: its receiver did not take %" PRIu64
			  " records within drain_ms, %" PRIu64 " ms, of the end",
			t->sink.name, t->metrics.dropped_end, t->sink.conf->drain_ms);
	/* Live, a full spool is an outage that lasted too long; the program did what it was told.
	 */
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

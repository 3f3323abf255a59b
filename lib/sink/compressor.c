/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/compressor.h"

#include "base/log.h"
#include "sink/rotate.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct compress_job {
	struct compress_job *next;
	char file[];
};

void compressor_init(
	struct compressor *p, const struct conf_sink *conf, const struct rotate_limits *limits)
{
	*p = (struct compressor){.format = conf->compress,
		.path = conf->path,
		.limits = limits,
		.sync = conf->fsync != CONF_FSYNC_NEVER};
	p->last = &p->first;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
}

/* Compresses one file, then prunes. */
static void compress_and_prune(const struct compressor *p, const char *file)
{
	struct rotate_name done, part;

	snprintf(done.text, sizeof(done.text), "%s%s", file,
		p->format == CONF_COMPRESS_GZIP ? ".gz" : ".zst");
	snprintf(part.text, sizeof(part.text), "%s~", file);
	int error = compress_file(p, file, part.text);
	if (error == 0 && rename(part.text, done.text) < 0)
		error = -errno;
	if (error == 0 && p->sync)
		error = rotate_sync(p->path);
	if (error == 0)
		unlink(file);
	else if (error != -EBUSY)
		unlink(part.text);
	/* A file may have been pruned meanwhile. */
	if (error && error != -ENOENT && error != -ECANCELED && error != -EBUSY)
		log_warn("cannot compress %s: %s; it stays as it is", file, strerror(-error));
	rotate_prune(p->path, p->limits, time(NULL));
}

static void *compressor_main(void *arg)
{
	struct compressor *p = arg;

	setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
	pthread_mutex_lock(&p->lock);
	while (!p->stop) {
		struct compress_job *job = p->first;
		if (!job) {
			pthread_cond_wait(&p->work, &p->lock);
			continue;
		}
		p->first = job->next;
		if (!p->first)
			p->last = &p->first;
		p->working = true;
		pthread_mutex_unlock(&p->lock);
		compress_and_prune(p, job->file);
		free(job);
		pthread_mutex_lock(&p->lock);
		p->working = false;
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void compressor_enqueue(struct compressor *p, const char *file)
{
	struct compress_job *job = malloc(sizeof(*job) + strlen(file) + 1);
	int error = job ? 0 : -ENOMEM;

	if (job) {
		job->next = NULL;
		strcpy(job->file, file);
		pthread_mutex_lock(&p->lock);
		*p->last = job;
		p->last = &job->next;
		pthread_cond_signal(&p->work);
		pthread_mutex_unlock(&p->lock);
	}
	if (error == 0 && !p->running) {
		error = -pthread_create(&p->id, NULL, compressor_main, p);
		p->running = error == 0;
	}
	if (error)
		log_warn("cannot compress %s: %s; it stays as it is", file, strerror(-error));
}

bool compressor_is_busy(struct compressor *p)
{
	pthread_mutex_lock(&p->lock);
	bool busy = p->running && (p->first || p->working);
	pthread_mutex_unlock(&p->lock);
	return busy;
}

void compressor_close(struct compressor *p)
{
	__atomic_store_n(&p->cancel, true, __ATOMIC_RELAXED);
	if (p->running) {
		pthread_mutex_lock(&p->lock);
		p->stop = true;
		pthread_cond_signal(&p->work);
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->id, NULL);
		p->running = false;
	}
	while (p->first) {
		struct compress_job *job = p->first;
		p->first = job->next;
		free(job);
	}
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
}

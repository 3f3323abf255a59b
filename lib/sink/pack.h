/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compresses finished files one after the other, in a thread of its own that gives way to all
 * others. A file is replaced by its compressed form only when that is complete; what cannot be
 * compressed stays as it is, and that is said.
 */
#ifndef SINK_PACK_H
#define SINK_PACK_H

#include "config/conf.h"

#include <pthread.h>

struct pack_job;

struct pack {
	enum conf_choice how; /* CONF_COMPRESS_* */
	const char *path; /* of the sink, to prune its finished files afterwards; borrowed */
	uint64_t keep, max_age_s;
	pthread_t id;
	pthread_mutex_t lock;
	pthread_cond_t work;
	/* under the lock */
	struct pack_job *first, **last;
	bool running, stop;
};

/* "libzstd" where the build lacks what this needs, else NULL. */
const char *pack_lacks(enum conf_choice how);

void pack_init(struct pack *p, const struct conf_sink *conf);

/* One more finished file; starts the thread with the first. now_s: for the ages of others. */
void pack_add(struct pack *p, const char *file);

/* Waits until all is compressed, ends the thread. */
void pack_close(struct pack *p);

/* The compressing alone: `from` into a new file `to`, with its times. 0 or -errno. */
int pack_file(enum conf_choice how, const char *from, const char *to);

#endif

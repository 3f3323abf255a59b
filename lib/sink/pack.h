/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compresses finished files one after the other, in a thread of its own that gives way to all
 * others. A file is replaced by its compressed form only when that is complete; what cannot be
 * compressed stays as it is, and that is said.
 */
#ifndef SINK_PACK_H
#define SINK_PACK_H

#include "sink/rotate.h"

#include <pthread.h>

struct pack_job;

struct pack {
	enum conf_choice how; /* CONF_COMPRESS_* */
	const char *path; /* of the sink, to prune its finished files afterwards; borrowed */
	const struct rotate_limits *limits;
	bool sync; /* a compressed file is on the disk before its original goes */
	bool cancel; /* give up the file at hand, too */
	pthread_t id;
	pthread_mutex_t lock;
	pthread_cond_t work;
	/* under the lock */
	struct pack_job *first, **last;
	bool running, stop, working;
};

/* "libzstd" where the build lacks what this needs, else NULL. */
const char *pack_lacks(enum conf_choice how);

void pack_init(struct pack *p, const struct conf_sink *conf, const struct rotate_limits *limits);

/* One more finished file; starts the thread with the first. */
void pack_add(struct pack *p, const char *file);

/* Is there still something to be compressed? */
bool pack_is_busy(struct pack *p);

/* Ends the thread at once; what is not compressed stays as it is, for the next start. */
void pack_close(struct pack *p);

/* The compressing alone: `from` into a new file `to`, with its times. 0 or -errno; -ECANCELED: by
 * pack_close(); -EBUSY: another process writes to it or compresses it. */
int pack_file(const struct pack *order, const char *from, const char *to);

#endif

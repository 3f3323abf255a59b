/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compresses finished files one after the other, in a thread of its own that gives way to all
 * others. A file is replaced by its compressed form only when that is complete; what cannot be
 * compressed stays as it is, and that is said.
 */
#ifndef SINK_COMPRESSOR_H
#define SINK_COMPRESSOR_H

#include "sink/rotate.h"

#include <pthread.h>

struct compress_job;

struct compressor {
	enum conf_choice how; /* CONF_COMPRESS_* */
	const char *path; /* of the sink, to prune its finished files afterwards; borrowed */
	const struct rotate_limits *limits;
	bool sync; /* a compressed file is on the disk before its original goes */
	bool cancel; /* give up the file at hand, too */
	pthread_t id;
	pthread_mutex_t lock;
	pthread_cond_t work;
	/* under the lock */
	struct compress_job *first, **last;
	bool running, stop, working;
};

/* "libzstd" where the build lacks what this needs, else NULL. */
const char *compressor_missing_library(enum conf_choice how);

void compressor_init(
	struct compressor *p, const struct conf_sink *conf, const struct rotate_limits *limits);

/* One more finished file; starts the thread with the first. */
void compressor_add(struct compressor *p, const char *file);

/* Is there still something to be compressed? */
bool compressor_is_busy(struct compressor *p);

/* Ends the thread at once; what is not compressed stays as it is, for the next start. */
void compressor_close(struct compressor *p);

/* The compressing alone: `from` into a new file `to`, with its times. 0 or -errno; -ECANCELED: by
 * compressor_close(); -EBUSY: another process writes to it or compresses it. */
int compress_file(const struct compressor *order, const char *from, const char *to);

#endif

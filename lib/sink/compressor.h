/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compresses finished files one after the other, in a thread of the lowest priority. A file is
 * replaced by its compressed version only when that is complete. A file that cannot be compressed
 * stays as it is, with a warning.
 */
#ifndef SINK_COMPRESSOR_H
#define SINK_COMPRESSOR_H

#include "sink/rotate.h"

#include <pthread.h>

struct compress_job;

struct compressor {
	enum conf_choice format; /* CONF_COMPRESS_* */
	const char *path; /* of the sink, to prune its finished files afterwards; borrowed */
	const struct rotate_limits *limits;
	bool sync; /* sync a compressed file before its original is removed */
	bool cancel; /* abort the file being compressed */
	pthread_t id;
	pthread_mutex_t lock;
	pthread_cond_t work;
	/* under the lock */
	struct compress_job *first, **last;
	bool running, stop, working;
};

/* Returns "libzstd" if the format needs it and the build lacks it, else NULL. */
const char *compressor_missing_library(enum conf_choice format);

void compressor_init(
	struct compressor *p, const struct conf_sink *conf, const struct rotate_limits *limits);

/* Enqueues a finished file; the first one starts the thread. */
void compressor_enqueue(struct compressor *p, const char *file);

/* True while files are enqueued or being compressed. */
bool compressor_is_busy(struct compressor *p);

/* Ends the thread at once; files that are not compressed stay for the next start. */
void compressor_close(struct compressor *p);

/* Compresses `from` into a new file `to` with the same times. Returns 0 or -errno; -ECANCELED: by
 * compressor_close(); -EBUSY: another process writes to it or compresses it. */
int compress_file(const struct compressor *compressor, const char *from, const char *to);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The lcore that receives and decodes. */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include "app/run.h"

/* Buffers that one burst of the largest frames takes. */
#define WORKER_BURST_MBUFS (PIPELINE_BURST * (FEED_CAPTURE_MAX / 2048 + 1))

/* Memory, ring and stages of worker number `self`. 0 or -errno; worker_free() in both cases. */
int worker_init(struct worker *w, struct run *run, uint16_t self);
void worker_free(struct worker *w);

/* Octets of the tables of one worker. */
size_t worker_table_bytes(const struct run *run);

/* Counts received frames, corrects what a capture may not claim, and frees the buffers (`of`; NULL:
 * there are none) of those that the filter leaves out. How many are left, in order. */
unsigned worker_received(struct worker *w, struct frame *frames, struct rte_mbuf **of, unsigned n);

/*
 * The frames of n packets (at most PIPELINE_BURST), each in memory, with its buffer in `of`. How
 * many: a packet that is no frame is freed and counted.
 */
unsigned worker_frames(struct worker *w, struct rte_mbuf **packets, unsigned n,
	struct frame *frames, struct rte_mbuf **of);

/* The lcore's main function; arg is a struct worker. Ends when all input is through; live, when the
 * run stops. */
int worker_main(void *arg);
int worker_main_live(void *arg);

#endif

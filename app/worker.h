/* SPDX-License-Identifier: BSD-3-Clause */
/* The lcore that receives and decodes. */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include "app/run.h"

/* Memory, ring and stages of worker number `self`. 0 or -errno; worker_free() in both cases. */
int worker_init(struct worker *w, struct run *run, uint16_t self);
void worker_free(struct worker *w);

/* The lcore's main function; arg is a struct worker. Ends when all input is through. */
int worker_main(void *arg);

#endif

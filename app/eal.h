/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's environment abstraction layer, started from the configuration. */
#ifndef APP_EAL_H
#define APP_EAL_H

#include "app/process.h"
#include "engine/engine.h"

/* Return the MiB that EAL needs for a planned run, and the MiB of free hugepages. */
unsigned eal_memory_mb(const struct engine *e);
unsigned eal_free_hugepages_mb(void);

/*
 * Starts EAL for a planned run: lcore 0 is the control loop, the next ones are the workers, then
 * the loggers, on the CPUs of e->place. Takes memory from hugepages if enough of them are free,
 * else from ordinary pages. If another process takes the hugepages first, executes the program anew
 * without them (process_reexec()); therefore no input may be consumed before. Sets e->hugepages.
 * Shows DPDK's messages if eal.log is set, else the last error among them on failure. May be called
 * once per process. Returns 0, or -errno after a message.
 */
int eal_start(struct engine *e, struct process *process);

/* Ends EAL. */
void eal_stop(void);

#endif

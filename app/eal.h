/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's environment abstraction layer, started from the configuration. */
#ifndef APP_EAL_H
#define APP_EAL_H

#include "app/process.h"
#include "engine/engine.h"

/* MiB that EAL needs for a planned run, and MiB of hugepages that are free. */
unsigned eal_memory_mb(const struct engine *e);
unsigned eal_free_hugepages_mb(void);

/*
 * Starts EAL for a planned run, with lcore 0 for the control loop, 1 and up for the workers and
 * those behind them for the loggers, where e->place says, and with the words of the input. Memory
 * comes from hugepages where free ones are enough, else from ordinary pages; where another process
 * was quicker to take them, the program begins anew without (process_again()), so that nothing may
 * be consumed before. Sets e->hugepages. 0, or -errno with a message said. DPDK's own messages are
 * shown only on request, or the last error among them on failure. Once a process.
 */
int eal_start(struct engine *e, struct process *process);

/* Ends EAL. */
void eal_stop(void);

#endif

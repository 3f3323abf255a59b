/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's environment abstraction layer, started from the configuration. */
#ifndef APP_EAL_H
#define APP_EAL_H

#include "app/run.h"

#define EAL_PORT "net_pcap0"

/* Packet buffers that a run needs. */
uint32_t eal_mbufs(const struct run *run);

/*
 * Starts EAL with a control lcore, run->workers worker lcores and a logger lcore, that may run on
 * any CPU of the process, and the port that reads the feed's pipes. Memory comes from hugepages
 * where free ones are enough, else from ordinary pages. Sets run->hugepages.
 * 0, or -errno with a message said. DPDK's own messages are shown only on request, or the last
 * error among them on failure. Once a process.
 */
int eal_start(struct run *run);

/* Ends EAL. */
void eal_stop(void);

/* The lcore of worker i, and of the logger. */
unsigned eal_worker_lcore(unsigned i);
unsigned eal_logger_lcore(const struct run *run);

#endif

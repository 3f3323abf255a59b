/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's environment abstraction layer, started from the configuration. */
#ifndef APP_EAL_H
#define APP_EAL_H

#include "app/process.h"
#include "app/run.h"

#include <stdio.h>

#define EAL_PORT "net_pcap0"

/* Packet buffers that a run over files needs. */
uint32_t eal_mbufs(const struct run *run);

/* MiB that EAL needs for a run, and MiB of hugepages that are free. */
unsigned eal_memory_mb(const struct run *run);
unsigned eal_free_hugepages_mb(void);

/*
 * Starts EAL with a control lcore, run->workers worker and run->loggers logger lcores. Reading
 * files, they may run on any CPU of the process. Live, each has its CPU, and devices on a bus are
 * found; the others are live_open()'s to make. Memory comes from hugepages where free ones are
 * enough, else from ordinary pages; where another process was quicker to take them, the program
 * begins anew without (process_again()), so that nothing may be consumed before. Sets
 * run->hugepages. 0, or -errno with a message said. DPDK's own messages are shown only on request,
 * or the last error among them on failure. Once a process.
 */
int eal_start(struct run *run, struct process *process);

/* Reading files, makes the port that reads the feed's pipes, where there is to be one. 0, or
 * -errno.
 */
int eal_make_port(const struct run *run);

/* Keeps what DPDK says meanwhile to itself, unless eal.log asks to see it. */
struct eal_hush {
	FILE *stream;
	char *log;
	size_t len;
};

void eal_hush(struct eal_hush *hush);
/* Ends that. The last line that was said, valid until eal_hush_free(). */
const char *eal_unhush(struct eal_hush *hush);
void eal_hush_free(struct eal_hush *hush);

/* Ends EAL. */
void eal_stop(void);

/* The lcores of worker and logger i. */
unsigned eal_worker_lcore(unsigned i);
unsigned eal_logger_lcore(const struct run *run, unsigned i);

#endif

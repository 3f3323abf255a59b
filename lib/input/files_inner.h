/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by files.c and files_rx.c, the workers' side of capture files. */
#ifndef INPUT_FILES_INNER_H
#define INPUT_FILES_INNER_H

#include "input/input.h"
#include "rx/feed.h"

struct files;

struct files_rx {
	struct input_rx rx;
	struct files *files;
	uint64_t received; /* packets */
	unsigned reserve; /* it receives only with so many free buffers */
	unsigned idle;
} __attribute__((aligned(BITS_CACHE_LINE)));

struct files {
	struct feed feed;
	struct port port; /* that reads the feeder's pipes */
	bool direct; /* the single worker receives from the feeder, not from a port */
	struct files_rx *rx; /* one for each worker */
	unsigned workers;
};

/* Of a single worker that receives from the feeder; of workers that poll net_pcap. */
extern const struct input_rx_ops files_direct_ops, files_pipe_ops;

#endif

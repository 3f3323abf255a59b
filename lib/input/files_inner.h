/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside files.c: what its workers receive with (files_rx.c). */
#ifndef INPUT_FILES_INNER_H
#define INPUT_FILES_INNER_H

#include "input/input.h"
#include "rx/feed.h"

struct files;

struct files_rx {
	struct input_rx rx;
	struct files *files;
	uint64_t received; /* packets */
	unsigned reserve; /* free buffers without which it does not receive */
	unsigned idle;
} __attribute__((aligned(BITS_CACHE_LINE)));

struct files {
	struct feed feed;
	struct port port; /* that reads the feeder's pipes */
	bool direct; /* the one worker takes frames from the feeder, not from a port */
	struct files_rx *rx; /* one a worker */
	unsigned workers;
};

/* A single worker that takes the frames from the feeder; workers that poll net_pcap. */
extern const struct input_rx_ops files_direct_ops, files_pipe_ops;

#endif

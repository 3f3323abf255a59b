/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Generates a realistic mix of DNS traffic, the same for the same seed: the shares of types,
 * rcodes, EDNS, address families and sizes follow captures of resolvers (doc/performance.md).
 */
#ifndef BENCH_MIX_H
#define BENCH_MIX_H

#include "rx/frame.h"

#include <stdbool.h>
#include <stddef.h>

struct mix_options {
	uint64_t seed;
	unsigned transactions;
	unsigned clients;
	unsigned names;
	unsigned unanswered; /* of 1000 queries */
	unsigned dnssec; /* of 1000 replies carry signatures */
	unsigned tcp; /* of 1000 transactions are over TCP */
	unsigned tunnelled; /* of 1000 transactions are in VXLAN */
};

struct mix {
	uint8_t *octets;
	size_t used, size;
	struct frame *frames; /* queries and replies interleaved as on a wire */
	size_t count, max_frames;
};

/* The standard mix. */
extern const struct mix_options mix_standard;

/* Generates the frames, to be released by mix_free(). Ends the program if there is no memory. */
void mix_make(struct mix *mix, const struct mix_options *options);

void mix_free(struct mix *mix);

/* Changes the sequence numbers of all TCP connections, so that the frames are not retransmissions.
 */
void mix_renumber(struct mix *mix);

/* Reads the frames of a capture file instead, those before an error included; ends the program
 * where there are none. */
void mix_read(struct mix *mix, const char *path);

/* Writes the frames as a capture file; ends the program on failure. */
void mix_write(const struct mix *mix, const char *path);

#endif

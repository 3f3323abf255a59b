/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A made-up but realistic mix of DNS traffic, the same for the same seed: the shares of types,
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
	unsigned tcp; /* of 1000 transactions go over TCP */
	unsigned tunnelled; /* of 1000 transactions go through VXLAN */
};

struct mix {
	uint8_t *octets;
	size_t used, room;
	struct frame *frames; /* queries and replies interleaved as on a wire */
	size_t count, room_frames;
};

/* The standard mix. */
extern const struct mix_options mix_standard;

/* Makes the frames; ends the program where memory is short. mix_free() after use. */
void mix_make(struct mix *mix, const struct mix_options *options);
void mix_free(struct mix *mix);

/* Gives all TCP connections other sequence numbers, so that the same frames are not repeats. */
void mix_move_on(struct mix *mix);

/* Reads the frames of a capture file instead, those before an error included; ends the program where
 * there are none. */
void mix_read(struct mix *mix, const char *path);

/* Writes the frames as a capture file; ends the program on failure. */
void mix_write(const struct mix *mix, const char *path);

#endif

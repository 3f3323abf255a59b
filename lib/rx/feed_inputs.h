/* SPDX-License-Identifier: BSD-3-Clause */
/* What the feeder (rx/feed.h) reads, in order. */
#ifndef RX_FEED_INPUTS_H
#define RX_FEED_INPUTS_H

#include "rx/capfile.h"
#include "rx/feed_input.h"

enum { FEED_HELD_MAX = 256 }; /* files held open from the start, before privileges are given up */

struct feed_inputs {
	struct feed_input *at;
	size_t n;
	uint64_t octets; /* of all; 0 if unknown (a pipe, standard input) */
	bool all_regular;
};

/*
 * Opens every file, to learn of a wrong name now, and closes those that are too many to hold. As
 * feed_start() says of its files; into a list of zeros. 0, or -errno with a message; free it in any
 * case.
 */
int feed_inputs_open(struct feed_inputs *list, const char *const *files, size_t n,
	char message[CAPFILE_MESSAGE]);
void feed_inputs_free(struct feed_inputs *list);

/* Composes the message, of a file or with name NULL. Returns error. */
int feed_refuse(char message[CAPFILE_MESSAGE], int error, const char *name, const char *what);

#endif

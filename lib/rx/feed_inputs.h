/* SPDX-License-Identifier: BSD-3-Clause */
/* The files that the feeder (rx/feed.h) reads, in order. */
#ifndef RX_FEED_INPUTS_H
#define RX_FEED_INPUTS_H

#include "rx/capfile.h"
#include "rx/feed_input.h"

enum { FEED_HELD_MAX = 256 }; /* files kept open from the start, before privileges are dropped */

struct feed_inputs {
	struct feed_input *at;
	size_t n;
	uint64_t octets; /* of all files; 0 if unknown (a pipe, standard input) */
	bool all_regular;
};

/*
 * Opens every file, to report a wrong name now, and closes those above FEED_HELD_MAX. `files` as in
 * feed_start(); `list` is all zeros. Returns 0, or -errno with a message. Call feed_inputs_free()
 * in any case.
 */
int feed_inputs_open(struct feed_inputs *list, const char *const *files, size_t n,
	char message[CAPFILE_MESSAGE]);
void feed_inputs_free(struct feed_inputs *list);

/* Composes a message: "name: what", or "what" if name is NULL. Returns error. */
int feed_refuse(char message[CAPFILE_MESSAGE], int error, const char *name, const char *what);

#endif

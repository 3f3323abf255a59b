/* SPDX-License-Identifier: BSD-3-Clause */
/* One file of the feeder's list (rx/feed.h): by name, or standard input. */
#ifndef RX_FEED_INPUT_H
#define RX_FEED_INPUT_H

#include <stdbool.h>
#include <stdint.h>

struct feed_input {
	const char *name; /* borrowed; literal, but "-" is standard input */
	char *owned; /* the same, owned: a file of a directory; else NULL */
	int fd; /* -1: not open */
	bool regular; /* a regular file: reading it does not block */
};

/* True if it is standard input. */
bool feed_input_is_standard(const struct feed_input *input);

/* Returns its name in messages. */
const char *feed_input_name(const struct feed_input *input);

/*
 * Opens it, without waiting for the writer of a fifo. *octets, unless NULL, is set to its size, 0
 * if it is not a regular file. Returns 0, or -errno (-EISDIR: a directory) with it closed.
 */
int feed_input_open(struct feed_input *input, uint64_t *octets);

/* Closes it, as feed_input_close(), and frees its name. */
void feed_input_free(struct feed_input *input);

/* Closes it, if it is open and not standard input. */
void feed_input_close(struct feed_input *input);

#endif

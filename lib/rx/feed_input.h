/* SPDX-License-Identifier: BSD-3-Clause */
/* One file of the feeder's list (rx/feed.h): by name, or standard input. */
#ifndef RX_FEED_INPUT_H
#define RX_FEED_INPUT_H

#include <stdbool.h>
#include <stdint.h>

struct feed_input {
	const char *name; /* borrowed; taken literally, but "-" is standard input */
	char *owned; /* the same, of a file in a directory; else NULL */
	int fd; /* -1: not open */
	bool regular; /* a regular file: reading it does not wait for anybody */
};

/* Is it standard input? */
bool feed_input_standard(const struct feed_input *input);

/* Its name in messages. */
const char *feed_input_name(const struct feed_input *input);

/*
 * Opens it, without waiting for the writer of a fifo. *octets, if wanted: its size, 0 where it is
 * not a regular file. 0 or -errno (-EISDIR: a directory), then it is closed.
 */
int feed_input_open(struct feed_input *input, uint64_t *octets);

/* Closes it, as feed_input_close() does, and frees its name. */
void feed_input_free(struct feed_input *input);

/* Closes it, if it is open and not standard input. */
void feed_input_close(struct feed_input *input);

#endif

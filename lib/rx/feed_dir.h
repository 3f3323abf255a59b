/* SPDX-License-Identifier: BSD-3-Clause */
/* A directory as input of the feeder (rx/feed.h): its captures in the order of their timestamps. */
#ifndef RX_FEED_DIR_H
#define RX_FEED_DIR_H

#include "rx/feed_input.h"

#include <stddef.h>

#define FEED_DIR_MAX 65536 /* captures of one directory */

/* One capture: its path, and the timestamp of its first packet by feed_peek_first(). */
struct feed_dir_file {
	char *path;
	int64_t first_ns;
};

struct feed_dir {
	struct feed_dir_file *files;
	size_t n;
	size_t others; /* files that are no captures */
};

/*
 * Lists the captures of a directory, compressed or not, sorted by the timestamp of the first
 * packet, then by name. Skips subdirectories, and names that begin with a dot. Returns 0; -ENOENT
 * if there is none; -E2BIG; -ENOMEM; or an error of opendir(3). Call feed_dir_free() in any case.
 */
int feed_dir_list(struct feed_dir *d, const char *path);
void feed_dir_free(struct feed_dir *d);

#endif

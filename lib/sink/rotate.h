/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finished files of a file sink: PATH.20261125T201000Z-001 (the first of that second; the order of
 * names is the order of time), with .gz or .zst once compressed.
 */
#ifndef SINK_ROTATE_H
#define SINK_ROTATE_H

#include "sink/sink.h"

struct rotate_name {
	char text[4200];
};

/* A name for what is finished now, that no file has yet. */
struct rotate_name rotate_next(const char *path, int64_t now_s);

/*
 * The second in which a finished file of `path` was finished, by its name alone (without its
 * directories); -1: it is none. *ending: what stands behind stamp and number: "", ".gz", ".zst".
 */
int64_t rotate_stamp(const char *name, const char *path, const char **ending);

/* Removes finished files: all but the newest `keep` (0: all stay), and those finished more than
 * max_age_s ago (0: none). 0 or the first -errno. */
int rotate_prune(const char *path, uint64_t keep, uint64_t max_age_s, int64_t now_s);

/* Calls found() for each finished file that is not compressed. 0 or -errno. */
int rotate_each_plain(const char *path, void (*found)(void *arg, const char *file), void *arg);

/* The next whole multiple of `seconds` after now. */
static inline int64_t rotate_due(int64_t now_s, uint64_t seconds)
{
	return now_s - now_s % (int64_t)seconds + (int64_t)seconds;
}

#endif

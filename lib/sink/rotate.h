/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The finished files of a file sink: PATH.20261125T201000Z-000001, the time when the file was
 * finished and its number, then .gz or .zst if it is compressed. Numbers rise by one with each
 * file, whatever the clock does: the lower one is older.
 */
#ifndef SINK_ROTATE_H
#define SINK_ROTATE_H

#include "sink/sink.h"

struct rotate_name {
	char text[4200];
};

/* Returns a name that no finished file has. `number`: the lowest number allowed, in case the
 * directory cannot be read now. */
struct rotate_name rotate_next_name(const char *path, int64_t now_s, unsigned long number);

/*
 * Parses the name, without directories, of a finished file of `path`. Returns the second in which
 * it was finished; -1: it is no such file. *ending: "", ".gz" or ".zst".
 */
int64_t rotate_parse_name(const char *name, const char *path, const char **ending);

/* Which finished files are kept. */
struct rotate_limits {
	uint64_t keep; /* that many, the newest; 0: all */
	uint64_t max_age_s; /* those that are not older; 0: all */
	unsigned long first_own; /* files from this number on were finished by this run */
	/* Their ages count from this time at the earliest: the start, or when the clock was set.
	 * Written by the sink's thread, read by the compressor's. */
	int64_t since_s;
};

/* Fills the limits from the keys. */
void rotate_limits_init(struct rotate_limits *limits, const struct conf_sink *conf, int64_t now_s);

/* Removes the finished files beyond the limits. Returns 0 or the first -errno. */
int rotate_prune(const char *path, const struct rotate_limits *limits, int64_t now_s);

/* Syncs the path's directory. Returns 0 or -errno. */
int rotate_sync(const char *path);

/* Calls found() for each finished file that is not compressed. Returns 0 or -errno. */
int rotate_each_uncompressed(
	const char *path, void (*found)(void *arg, const char *file), void *arg);

/* Returns the next multiple of `seconds` after now. */
static inline int64_t rotate_next_due(int64_t now_s, uint64_t seconds)
{
	return now_s - now_s % (int64_t)seconds + (int64_t)seconds;
}

/* Moves `due_s` forward if the clock was set back; not by a little, which would make a file that
 * lasts a moment. */
static inline int64_t rotate_adjust_due(int64_t due_s, int64_t now_s, uint64_t seconds)
{
	bool back = seconds && due_s - now_s > (int64_t)(seconds + seconds / 16);
	return back ? rotate_next_due(now_s, seconds) : due_s;
}

/* The wall clock, compared with the time since boot to notice that it was set. */
struct rotate_clock {
	int64_t offset_s; /* between the two, when last read */
};

void rotate_clock_init(struct rotate_clock *c);
int64_t rotate_clock_now(const struct rotate_clock *c);

/* True if the clock was set by more than a second since the last call. */
bool rotate_clock_stepped(struct rotate_clock *c);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finished files of a file sink: PATH.20261125T201000Z-000001: when it was finished, and its
 * number. Numbers rise by one with each file, whatever the clock does: they say which is older.
 * With .gz or .zst once compressed.
 */
#ifndef SINK_ROTATE_H
#define SINK_ROTATE_H

#include "sink/sink.h"

struct rotate_name {
	char text[4200];
};

/* A name for what is finished now, that no file has yet. `number`: at least that, should the
 * directory not be readable now. */
struct rotate_name rotate_next(const char *path, int64_t now_s, unsigned long number);

/*
 * The second in which a finished file of `path` was finished, by its name alone (without its
 * directories); -1: it is none. *ending: what stands behind stamp and number: "", ".gz", ".zst".
 */
int64_t rotate_stamp(const char *name, const char *path, const char **ending);

/* Which finished files go. */
struct rotate_limits {
	uint64_t keep; /* all but so many, the newest; 0: none */
	uint64_t max_age_s; /* those that are older; 0: none */
	unsigned long own; /* files from this number on are this run's own; */
	int64_t since_s; /* their ages count from here at the earliest: the start, or when the clock
			    was set. The sink's thread writes it, the one that compresses reads it
			  */
};

/* The limits that the keys say. */
void rotate_begin(struct rotate_limits *limits, const struct conf_sink *conf, int64_t now_s);

/* Removes finished files. 0 or the first -errno. */
int rotate_prune(const char *path, const struct rotate_limits *limits, int64_t now_s);

/* Forces the names of the path's directory to the disk. 0 or -errno. */
int rotate_sync(const char *path);

/* Calls found() for each finished file that is not compressed. 0 or -errno. */
int rotate_each_plain(const char *path, void (*found)(void *arg, const char *file), void *arg);

/* The next whole multiple of `seconds` after now. */
static inline int64_t rotate_due(int64_t now_s, uint64_t seconds)
{
	return now_s - now_s % (int64_t)seconds + (int64_t)seconds;
}

/* When the clock was set back the next multiple may come sooner than `due`; not for a little, which
 * would make a file of a moment. */
static inline int64_t rotate_sooner(int64_t due_s, int64_t now_s, uint64_t seconds)
{
	bool back = seconds && due_s - now_s > (int64_t)(seconds + seconds / 16);
	return back ? rotate_due(now_s, seconds) : due_s;
}

/* The clock of the day, and whether somebody has set it: against one that nobody can set. */
struct rotate_clock {
	int64_t offset_s; /* between the two, as they were last looked at */
};

void rotate_clock_init(struct rotate_clock *c);
int64_t rotate_clock_now(const struct rotate_clock *c);

/* Was it set by more than a second since this was last asked? */
bool rotate_clock_stepped(struct rotate_clock *c);

#endif

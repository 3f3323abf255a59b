/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/rotate.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STAMP_LEN 16 /* 20261125T201000Z */

static const char *const endings[] = {"", ".gz", ".zst"};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

int64_t rotate_stamp(const char *name, const char *path, const char **ending)
{
	const char *base = base_of(path);
	size_t n = strlen(base);
	struct tm tm = {0};

	if (strncmp(name, base, n) != 0 || name[n] != '.' || strlen(name + n + 1) < STAMP_LEN)
		return -1;
	const char *end = strptime(name + n + 1, "%Y%m%dT%H%M%SZ", &tm);
	if (!end || end != name + n + 1 + STAMP_LEN)
		return -1;
	if (end[0] != '-' || end[1] < '0' || end[1] > '9')
		return -1;
	end += 1 + strspn(end + 1, "0123456789");
	for (size_t i = 0; i < BITS_COUNT(endings); i++)
		if (strcmp(end, endings[i]) == 0) {
			*ending = endings[i];
			return timegm(&tm);
		}
	return -1;
}

/* The directory that holds the path's files. */
static DIR *open_folder(const char *path, struct rotate_name *folder)
{
	size_t n = (size_t)(base_of(path) - path);

	snprintf(folder->text, sizeof(folder->text), "%.*s", (int)n, path);
	return opendir(n ? folder->text : ".");
}

/* The number behind the stamp. */
static unsigned long number_of(const char *name, const char *base)
{
	return strtoul(name + strlen(base) + 1 + STAMP_LEN + 1, NULL, 10);
}

struct finished {
	char name[256];
	int64_t stamp;
	unsigned long number;
};

static int newest_first(const void *a, const void *b)
{
	const struct finished *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? 1 : -1;
	return (x->stamp < y->stamp) - (x->stamp > y->stamp);
}

/* All finished files of the path, to be freed. 0 or -errno. */
static int list_finished(const char *path, struct finished **list, size_t *count)
{
	struct rotate_name folder;
	DIR *d = open_folder(path, &folder);
	const struct dirent *e;
	size_t room = 0;

	*list = NULL;
	*count = 0;
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		const char *ending;
		int64_t stamp = rotate_stamp(e->d_name, path, &ending);
		if (stamp < 0)
			continue;
		if (*count == room) {
			room = room ? 2 * room : 64;
			struct finished *more = realloc(*list, room * sizeof(*more));
			if (!more) {
				closedir(d);
				return -ENOMEM;
			}
			*list = more;
		}
		struct finished *f = &(*list)[(*count)++];
		snprintf(f->name, sizeof(f->name), "%s", e->d_name);
		f->stamp = stamp;
		f->number = number_of(e->d_name, base_of(path));
	}
	closedir(d);
	return 0;
}

/* The number behind the last that is there: the first ones may have been removed already. */
static unsigned long next_number(const char *path)
{
	struct finished *list;
	unsigned long number = 1;
	size_t count;

	list_finished(path, &list, &count);
	for (size_t i = 0; i < count; i++)
		if (list[i].number >= number)
			number = list[i].number + 1;
	free(list);
	return number;
}

struct rotate_name rotate_next(const char *path, int64_t now_s, unsigned long number)
{
	struct rotate_name name;
	unsigned long next = next_number(path);
	time_t now = (time_t)now_s;
	struct tm tm;
	char stamp[40];

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name.text, sizeof(name.text), "%s.%s-%06lu", path, stamp,
		next > number ? next : number);
	return name;
}

void rotate_begin(struct rotate_limits *limits, const struct conf_sink *conf, int64_t now_s)
{
	*limits = (struct rotate_limits){.keep = conf->rotate_keep,
		.max_age_s = conf->rotate_max_age_s,
		.own = next_number(conf->path),
		.since_s = now_s};
}

/* Is it older than it may be? A clock that was behind when it was finished makes none of our own
 * files older than the run. */
static bool is_old(const struct finished *f, const struct rotate_limits *limits, int64_t now_s)
{
	int64_t since = __atomic_load_n(&limits->since_s, __ATOMIC_RELAXED);
	int64_t stamp = f->number >= limits->own && f->stamp < since ? since : f->stamp;

	return limits->max_age_s && now_s - stamp > (int64_t)limits->max_age_s;
}

int rotate_prune(const char *path, const struct rotate_limits *limits, int64_t now_s)
{
	struct finished *list;
	size_t count;

	if (limits->keep == 0 && limits->max_age_s == 0)
		return 0;
	int error = list_finished(path, &list, &count);

	if (count)
		qsort(list, count, sizeof(*list), newest_first);
	for (size_t i = 0; i < count; i++) {
		struct rotate_name file;
		if (!is_old(&list[i], limits, now_s) && !(limits->keep && i >= limits->keep))
			continue;
		snprintf(file.text, sizeof(file.text), "%.*s%s", (int)(base_of(path) - path), path,
			list[i].name);
		if (unlink(file.text) < 0 && errno != ENOENT && error == 0)
			error = -errno;
	}
	free(list);
	return error;
}

int rotate_sync(const char *path)
{
	struct rotate_name folder;
	DIR *d = open_folder(path, &folder);
	int error = !d || fsync(dirfd(d)) < 0 ? -errno : 0;

	if (d)
		closedir(d);
	return error == -EINVAL ? 0 : error; /* a file system that has no such thing */
}

int64_t rotate_clock_now(const struct rotate_clock *c)
{
	struct timespec now;

	(void)c;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

void rotate_clock_init(struct rotate_clock *c)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &real);
	c->offset_s = real.tv_sec - boot.tv_sec;
}

bool rotate_clock_stepped(struct rotate_clock *c)
{
	int64_t before = c->offset_s;

	rotate_clock_init(c);
	return c->offset_s > before + 1 || c->offset_s < before - 1;
}

int rotate_each_plain(const char *path, void (*found)(void *arg, const char *file), void *arg)
{
	struct finished *list;
	size_t count;
	int error = list_finished(path, &list, &count);

	for (size_t i = 0; i < count; i++) {
		struct rotate_name file;
		const char *ending = "";
		rotate_stamp(list[i].name, path, &ending);
		if (ending[0])
			continue;
		snprintf(file.text, sizeof(file.text), "%.*s%s", (int)(base_of(path) - path), path,
			list[i].name);
		found(arg, file.text);
	}
	free(list);
	return error;
}

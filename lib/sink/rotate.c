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

/* The number behind the stamp: finished later in the same second. */
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

	if (x->stamp != y->stamp)
		return x->stamp < y->stamp ? 1 : -1;
	return (x->number < y->number) - (x->number > y->number);
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

struct rotate_name rotate_next(const char *path, int64_t now_s)
{
	struct rotate_name name;
	struct finished *list;
	time_t now = (time_t)now_s;
	unsigned long number = 1;
	size_t count;
	struct tm tm;
	char stamp[40];

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	list_finished(path, &list, &count);
	/* Behind the last of that second: the first ones may have been removed already. */
	for (size_t i = 0; i < count; i++)
		if (list[i].stamp == now_s && list[i].number >= number)
			number = list[i].number + 1;
	free(list);
	snprintf(name.text, sizeof(name.text), "%s.%s-%03lu", path, stamp, number);
	return name;
}

int rotate_prune(const char *path, uint64_t keep, uint64_t max_age_s, int64_t now_s)
{
	struct finished *list;
	size_t count;
	int error = list_finished(path, &list, &count);

	if (count)
		qsort(list, count, sizeof(*list), newest_first);
	for (size_t i = 0; i < count; i++) {
		struct rotate_name file;
		bool old = max_age_s && now_s - list[i].stamp > (int64_t)max_age_s;
		if (!old && !(keep && i >= keep))
			continue;
		snprintf(file.text, sizeof(file.text), "%.*s%s", (int)(base_of(path) - path), path,
			list[i].name);
		if (unlink(file.text) < 0 && errno != ENOENT && error == 0)
			error = -errno;
	}
	free(list);
	return error;
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

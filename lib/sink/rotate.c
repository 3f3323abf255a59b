/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/rotate.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TIMESTAMP_LEN 16 /* 20261125T201000Z */

static const char *const endings[] = {"", ".gz", ".zst"};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

int64_t rotate_parse_name(const char *name, const char *path, const char **ending)
{
	const char *base = base_of(path);
	size_t n = strlen(base);
	struct tm tm = {0};

	if (strncmp(name, base, n) != 0 || name[n] != '.' || strlen(name + n + 1) < TIMESTAMP_LEN)
		return -1;
	const char *end = strptime(name + n + 1, "%Y%m%dT%H%M%SZ", &tm);
	if (!end || end != name + n + 1 + TIMESTAMP_LEN)
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

/* Opens the directory of the path. */
static DIR *open_directory(const char *path)
{
	struct rotate_name directory;
	size_t n = (size_t)(base_of(path) - path);

	snprintf(directory.text, sizeof(directory.text), "%.*s", (int)n, path);
	return opendir(n ? directory.text : ".");
}

/* Returns the path of a file in the directory of `path`. */
static struct rotate_name path_of(const char *path, const char *name)
{
	struct rotate_name file;

	snprintf(file.text, sizeof(file.text), "%.*s%s", (int)(base_of(path) - path), path, name);
	return file;
}

/* Returns the number behind the timestamp. */
static unsigned long number_of(const char *name, const char *base)
{
	return strtoul(name + strlen(base) + 1 + TIMESTAMP_LEN + 1, NULL, 10);
}

struct finished {
	char name[256];
	int64_t finished_s;
	unsigned long number;
};

static int newest_first(const void *a, const void *b)
{
	const struct finished *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? 1 : -1;
	return (x->finished_s < y->finished_s) - (x->finished_s > y->finished_s);
}

/* Lists the finished files of the path; the caller frees the list. Returns 0 or -errno. */
static int list_finished(const char *path, struct finished **list, size_t *count)
{
	DIR *d = open_directory(path);
	const struct dirent *e;
	size_t size = 0;

	*list = NULL;
	*count = 0;
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		const char *ending;
		int64_t finished_s = rotate_parse_name(e->d_name, path, &ending);
		if (finished_s < 0)
			continue;
		if (*count == size) {
			size = size ? 2 * size : 64;
			struct finished *more = realloc(*list, size * sizeof(*more));
			if (!more) {
				closedir(d);
				return -ENOMEM;
			}
			*list = more;
		}
		struct finished *f = &(*list)[(*count)++];
		snprintf(f->name, sizeof(f->name), "%s", e->d_name);
		f->finished_s = finished_s;
		f->number = number_of(e->d_name, base_of(path));
	}
	closedir(d);
	return 0;
}

/* Returns the number behind the highest: lower ones may have been pruned already. */
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

struct rotate_name rotate_next_name(const char *path, int64_t now_s, unsigned long number)
{
	struct rotate_name name;
	unsigned long next = next_number(path);
	time_t now = (time_t)now_s;
	struct tm tm;
	char timestamp[40];

	gmtime_r(&now, &tm);
	strftime(timestamp, sizeof(timestamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name.text, sizeof(name.text), "%s.%s-%06lu", path, timestamp,
		next > number ? next : number);
	return name;
}

void rotate_limits_init(struct rotate_limits *limits, const struct conf_sink *conf, int64_t now_s)
{
	*limits = (struct rotate_limits){.keep = conf->rotate_keep,
		.max_age_s = conf->rotate_max_age_s,
		.first_own = next_number(conf->path),
		.since_s = now_s};
}

/* True if the file is older than max_age_s. A clock that was slow makes no file of this run older
 * than the run. */
static bool is_expired(const struct finished *f, const struct rotate_limits *limits, int64_t now_s)
{
	int64_t since = __atomic_load_n(&limits->since_s, __ATOMIC_RELAXED);
	bool own = f->number >= limits->first_own;
	int64_t from = own && f->finished_s < since ? since : f->finished_s;

	return limits->max_age_s && now_s - from > (int64_t)limits->max_age_s;
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
		if (!is_expired(&list[i], limits, now_s) && !(limits->keep && i >= limits->keep))
			continue;
		struct rotate_name file = path_of(path, list[i].name);
		if (unlink(file.text) < 0 && errno != ENOENT && error == 0)
			error = -errno;
	}
	free(list);
	return error;
}

int rotate_sync(const char *path)
{
	DIR *d = open_directory(path);
	int error = !d || fsync(dirfd(d)) < 0 ? -errno : 0;

	if (d)
		closedir(d);
	return error == -EINVAL ? 0 : error; /* a file system without fsync() of directories */
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

int rotate_each_uncompressed(
	const char *path, void (*found)(void *arg, const char *file), void *arg)
{
	struct finished *list;
	size_t count;
	int error = list_finished(path, &list, &count);

	for (size_t i = 0; i < count; i++) {
		const char *ending = "";
		rotate_parse_name(list[i].name, path, &ending);
		if (ending[0])
			continue;
		found(arg, path_of(path, list[i].name).text);
	}
	free(list);
	return error;
}

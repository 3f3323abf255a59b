/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed_dir.h"

#include "rx/feed_peek.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds a file of the directory if it is a capture, and counts it if not. Returns 0 or -errno. */
static int add_file(struct feed_dir *d, struct feed_peek *p, const char *dir, const char *name)
{
	struct feed_dir_file file;

	if (asprintf(&file.path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	if (!feed_peek_first(p, file.path, &file.first_ns)) {
		d->others++;
		free(file.path);
		return 0;
	}
	/* The capacity is the next power of 2. */
	if ((d->n & (d->n - 1)) == 0) {
		void *more = realloc(d->files, (d->n ? 2 * d->n : 1) * sizeof(*d->files));
		if (!more || d->n == FEED_DIR_MAX) {
			d->files = more ? more : d->files;
			free(file.path);
			return more ? -E2BIG : -ENOMEM;
		}
		d->files = more;
	}
	d->files[d->n++] = file;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct feed_dir_file *f = a, *g = b;

	if (f->first_ns != g->first_ns)
		return f->first_ns < g->first_ns ? -1 : 1;
	return strcmp(f->path, g->path);
}

int feed_dir_list(struct feed_dir *d, const char *path)
{
	struct feed_peek p;
	DIR *dir = opendir(path);
	int r = dir ? feed_peek_init(&p) : -errno;

	*d = (struct feed_dir){0};
	if (!dir)
		return r;
	for (struct dirent *e; r == 0 && (e = readdir(dir));)
		/* Not a fifo or device, which might block. */
		if (e->d_name[0] != '.' &&
			(e->d_type == DT_REG || e->d_type == DT_LNK || e->d_type == DT_UNKNOWN))
			r = add_file(d, &p, path, e->d_name);
	if (r == 0 && d->n == 0)
		r = -ENOENT;
	if (d->n)
		qsort(d->files, d->n, sizeof(*d->files), compare);
	feed_peek_free(&p);
	closedir(dir);
	return r;
}

void feed_dir_free(struct feed_dir *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->files[i].path);
	free(d->files);
	*d = (struct feed_dir){0};
}

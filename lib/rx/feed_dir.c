/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed_dir.h"

#include "rx/capfile.h"
#include "rx/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What reads the beginnings of files. */
struct peek {
	struct capfile file;
	struct unpack unpack;
	struct feed_input input;
};

static ssize_t read_input(void *source, void *room, size_t n)
{
	const struct feed_input *input = source;
	ssize_t got;

	do
		got = read(input->fd, room, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* The first stamp of a file. 1; 0: it is no regular file that begins as a capture does. */
static int peek(struct peek *p, const char *path, int64_t *first_ns)
{
	struct capfile_frame frame;
	int r = 0;

	p->input = (struct feed_input){.name = path, .fd = -1};
	if (feed_input_open(&p->input, NULL) < 0)
		return 0;
	unpack_open(&p->unpack, read_input, &p->input);
	if (p->input.regular && capfile_open_from(&p->file, unpack_read, &p->unpack, path) == 0) {
		*first_ns = INT64_MAX;
		if (capfile_next(&p->file, &frame) == 1 && !frame.untimed)
			*first_ns = frame.ts_ns;
		r = 1;
	}
	feed_input_close(&p->input);
	return r;
}

/* Takes a name of the directory. 0 or -errno. */
static int take(struct feed_dir *d, struct peek *p, const char *dir, const char *name)
{
	struct feed_dir_file file;

	if (asprintf(&file.path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	if (!peek(p, file.path, &file.first_ns)) {
		d->others++;
		free(file.path);
		return 0;
	}
	/* As a list that doubles. */
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
	struct peek p = {.input = {.fd = -1}};
	DIR *dir = opendir(path);
	int r = dir ? 0 : -errno;

	*d = (struct feed_dir){0};
	if (r == 0)
		r = capfile_init(&p.file);
	if (r == 0)
		r = unpack_init(&p.unpack);
	for (struct dirent *e; r == 0 && dir && (e = readdir(dir));)
		/* Nothing that might wait, as a fifo does. */
		if (e->d_name[0] != '.' &&
			(e->d_type == DT_REG || e->d_type == DT_LNK || e->d_type == DT_UNKNOWN))
			r = take(d, &p, path, e->d_name);
	if (r == 0 && d->n == 0)
		r = -ENOENT;
	if (d->n)
		qsort(d->files, d->n, sizeof(*d->files), compare);
	unpack_free(&p.unpack);
	capfile_free(&p.file);
	if (dir)
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

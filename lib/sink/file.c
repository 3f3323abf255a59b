/* SPDX-License-Identifier: BSD-3-Clause */
/* The sink of files: plain for now. */
#include "sink/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
	struct lines lines;
};

static int file_open(struct sink *s)
{
	struct file *f = calloc(1, sizeof(*f));
	struct stat st;

	if (!f)
		return -ENOMEM;
	lines_init(&f->lines);
	f->lines.fd =
		open(s->conf->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	if (f->lines.fd < 0) {
		int error = -errno;
		free(f);
		return sink_why(s, error, "cannot open %s: %s", s->conf->path, strerror(-error));
	}
	f->lines.regular = fstat(f->lines.fd, &st) == 0 && S_ISREG(st.st_mode);
	s->state = f;
	return 0;
}

static int file_deliver(struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct file *f = s->state;
	int n = lines_write(&f->lines, s, b, from, b->n_docs, deadline_ms);

	return n >= 0 ? n : sink_why(s, n, "cannot write to %s: %s", s->conf->path, strerror(-n));
}

static int file_close(struct sink *s)
{
	struct file *f = s->state;
	int error = close(f->lines.fd) < 0 ? -errno : 0;

	lines_free(&f->lines);
	free(f);
	s->state = NULL;
	return error ? sink_why(s, error, "cannot write to %s: %s", s->conf->path, strerror(-error))
		     : 0;
}

const struct sink_ops sink_file = {
	.name = "file",
	.open = file_open,
	.deliver = file_deliver,
	.close = file_close,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes lines to standard output. */
#include "sink/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct out {
	struct writer writer;
	bool owned; /* the descriptor is our own, not STDOUT_FILENO */
};

/*
 * Opens a pipe or terminal once more, so that it can be non-blocking for this process alone. If
 * that is not permitted, writes block for as long as the reader does not read.
 */
static void reopen_nonblocking(struct out *o)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		return;
	int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	o->writer.fd = fd;
	o->owned = true;
}

static int stdout_open(struct sink *s)
{
	struct out *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	writer_init(&o->writer);
	o->writer.fd = STDOUT_FILENO;
	/* If it was closed, the process has opened /dev/null for reading in its place. */
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
		free(o);
		return sink_set_error(s, -EBADF, "standard output is closed");
	}
	reopen_nonblocking(o);
	s->state = o;
	return 0;
}

static int stdout_deliver(
	struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct out *o = s->state;
	int n = writer_write(&o->writer, s, b, from, b->n_docs, deadline_ms);

	return n >= 0 ? n
		      : sink_set_error(s, n, "cannot write to standard output: %s", strerror(-n));
}

static int stdout_close(struct sink *s)
{
	struct out *o = s->state;

	if (o->owned)
		close(o->writer.fd);
	writer_free(&o->writer);
	free(o);
	s->state = NULL;
	return 0;
}

const struct sink_ops sink_stdout = {
	.name = "stdout",
	.stream = true,
	.open = stdout_open,
	.deliver = stdout_deliver,
	.close = stdout_close,
};

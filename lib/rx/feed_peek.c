/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed_peek.h"

#include <errno.h>
#include <unistd.h>

int feed_peek_init(struct feed_peek *p)
{
	memset(p, 0, sizeof(*p));
	p->input.fd = -1;
	int r = capfile_init(&p->file);
	return r == 0 ? unpack_init(&p->unpack) : r;
}

void feed_peek_free(struct feed_peek *p)
{
	unpack_free(&p->unpack);
	capfile_free(&p->file);
}

static ssize_t read_input(void *source, void *buffer, size_t n)
{
	const struct feed_input *input = source;
	ssize_t got;

	do
		got = read(input->fd, buffer, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

bool feed_peek_first(struct feed_peek *p, const char *path, int64_t *first_ns)
{
	struct capfile_frame frame;
	bool is_capture = false;

	p->input = (struct feed_input){.name = path, .fd = -1};
	unpack_open(&p->unpack, read_input, &p->input);
	if (feed_input_open(&p->input, NULL) < 0)
		return false;
	if (p->input.regular && capfile_open_from(&p->file, unpack_read, &p->unpack, path) == 0) {
		*first_ns = INT64_MAX;
		if (capfile_next(&p->file, &frame) == 1)
			*first_ns = frame.untimed ? INT64_MAX - 1 : frame.ts_ns;
		is_capture = true;
	}
	feed_input_close(&p->input);
	return is_capture;
}

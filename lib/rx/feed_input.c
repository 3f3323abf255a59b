/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool feed_input_is_standard(const struct feed_input *input)
{
	return strcmp(input->name, "-") == 0;
}

const char *feed_input_name(const struct feed_input *input)
{
	return feed_input_is_standard(input) ? "standard input" : input->name;
}

int feed_input_open(struct feed_input *input, uint64_t *octets)
{
	struct stat st;
	int r = 0;

	if (feed_input_is_standard(input))
		input->fd = STDIN_FILENO;
	else
		input->fd = open(input->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (input->fd < 0)
		return -errno;
	if (fstat(input->fd, &st) < 0)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	if (r < 0) {
		feed_input_close(input);
		return r;
	}
	input->regular = S_ISREG(st.st_mode);
	if (octets)
		*octets = input->regular ? (uint64_t)st.st_size : 0;
	return 0;
}

void feed_input_close(struct feed_input *input)
{
	if (input->fd >= 0 && !feed_input_is_standard(input))
		close(input->fd);
	input->fd = -1;
}

void feed_input_free(struct feed_input *input)
{
	feed_input_close(input);
	free(input->owned);
	input->owned = NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int output_open(struct output *s, const char *path, struct metrics_sink *metrics)
{
	struct stat st;
	bool standard = strcmp(path, "-") == 0;

	memset(s, 0, sizeof(*s));
	s->name = standard ? "standard output" : path;
	s->metrics = metrics;
	s->owned = !standard;
	s->fd = standard ? STDOUT_FILENO
			 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	if (s->fd < 0)
		return -errno;
	int error = fstat(s->fd, &st) == 0 ? 0 : -errno;
	char *room = malloc(OUTPUT_BUFFER);
	if (error == 0 && !room)
		error = -ENOMEM;
	if (error) {
		if (s->owned)
			close(s->fd);
		free(room);
		return error;
	}
	/* Standard output may be a file that others append to: never cut that one back. */
	s->regular = s->owned && S_ISREG(st.st_mode);
	s->out = text_of(room, OUTPUT_BUFFER);
	return 0;
}

/* Writes n octets, however many calls that takes. Octets written; s->error set if not all. */
static size_t write_all(struct output *s, const char *p, size_t n)
{
	size_t done = 0;
	while (done < n) {
		ssize_t k = write(s->fd, p + done, n - done);
		metrics_add(&s->metrics->writes, 1);
		if (k > 0) {
			done += (size_t)k;
		} else if (k < 0 && errno == EAGAIN) {
			struct pollfd wait = {.fd = s->fd, .events = POLLOUT};
			poll(&wait, 1, 1000);
		} else if (k == 0 || errno != EINTR) {
			s->error = k == 0 ? -EIO : -errno;
			break;
		}
	}
	return done;
}

static uint64_t count_lines(const char *p, size_t n, size_t *whole)
{
	uint64_t lines = 0;
	*whole = 0;
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\n') {
			lines++;
			*whole = i + 1;
		}
	return lines;
}

int output_flush(struct output *s)
{
	size_t n = text_len(&s->out);
	if (n == 0)
		return s->error;
	size_t done = s->error ? 0 : write_all(s, s->out.start, n), whole = n;
	uint64_t lines = s->lines;
	if (done < n) {
		lines = count_lines(s->out.start, done, &whole);
		if (s->regular && done > whole &&
			ftruncate(s->fd, (off_t)(s->file_size + whole)) == 0)
			done = whole;
	}
	s->file_size += whole;
	metrics_add(&s->metrics->written, lines);
	metrics_add(&s->metrics->dropped_sink, s->lines - lines);
	metrics_add(&s->metrics->octets, done);
	s->out.at = s->out.start;
	s->lines = 0;
	return s->error;
}

int output_line(struct output *s)
{
	s->lines++;
	return text_len(&s->out) >= OUTPUT_FLUSH ? output_flush(s) : s->error;
}

int output_make_room(struct output *s)
{
	size_t size = (size_t)(s->out.end - s->out.start);
	if (text_len(&s->out))
		return output_flush(s);
	if (size >= OUTPUT_LARGEST)
		return -EFBIG;
	char *room = realloc(s->out.start, 2 * size);
	if (!room)
		return -ENOMEM;
	s->out = text_of(room, 2 * size);
	return 0;
}

int output_close(struct output *s)
{
	int error = output_flush(s);
	if (s->owned && close(s->fd) < 0 && error == 0)
		error = -errno;
	free(s->out.start);
	s->out = (struct text){0};
	return error;
}

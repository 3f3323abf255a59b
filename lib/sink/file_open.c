/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens the files of the file sink without damage to their contents. */
#include "base/log.h"
#include "sink/file_inner.h"
#include "sink/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_OCTETS (256u * 1024 * 1024) /* of a partial line: the largest document */

int file_mode(const char *text, mode_t *mode)
{
	size_t n = strlen(text);

	if (n < 3 || n > 4 || strspn(text, "01234567") != n || (n == 4 && text[0] != '0'))
		return -EINVAL;
	*mode = (mode_t)strtoul(text, NULL, 8);
	return *mode & S_IWUSR ? 0 : -EINVAL;
}

/* Refuses a file whose contents are not ours. */
static int refuse(struct sink *s, const char *fault)
{
	const struct file *f = s->state;
	return sink_set_error(s, -EEXIST, "%.120s %s: write to another file, or move it away",
		f->current.text, fault);
}

/* Returns the offset where the last complete line of a file ends; -errno; -EFBIG: the partial line
 * is longer than any document. */
static int64_t complete_lines(int fd, uint64_t size)
{
	char buffer[4096];

	for (uint64_t end = size; end > 0;) {
		size_t n = end < sizeof(buffer) ? (size_t)end : sizeof(buffer);
		ssize_t k = pread(fd, buffer, n, (off_t)(end - n));
		if (k != (ssize_t)n)
			return k < 0 ? -errno : -EIO;
		const char *newline = memrchr(buffer, '\n', n);
		if (newline)
			return (int64_t)(end - n) + (newline + 1 - buffer);
		end -= n;
		if (size - end > LINE_MAX_OCTETS)
			return -EFBIG;
	}
	return 0;
}

/* Truncates a partial line of ours, which a crash has left at the end. Returns 0, or -errno with
 * s->error_text. */
static int truncate_partial_line(struct sink *s, uint64_t size)
{
	struct file *f = s->state;
	char first = '\0';
	int64_t complete = complete_lines(f->writer.fd, size);

	if (complete < 0 && complete != -EFBIG)
		return file_set_error(s, (int)complete, "read");
	if (complete == (int64_t)size)
		return 0;
	if (complete >= 0 && pread(f->writer.fd, &first, 1, complete) < 0)
		return file_set_error(s, -errno, "read");
	if (first != '{')
		return refuse(s, "ends in an incomplete line that is no record");
	if (ftruncate(f->writer.fd, complete) < 0)
		return file_set_error(s, -errno, "truncate");
	f->writer.size = (uint64_t)complete;
	log_warn("sink %s: %s ended in an incomplete line of %" PRIu64
		 " octets, which was truncated",
		s->name, f->current.text, size - (uint64_t)complete);
	return 0;
}

/* True if a file begins like a capture, which must not be overwritten or appended to. */
static bool is_capture(int fd)
{
	static const uint32_t magics[] = {
		0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a, 0xa1b2cd34, 0x34cdb2a1};
	uint32_t magic;

	if (pread(fd, &magic, sizeof(magic), 0) != sizeof(magic))
		return false;
	for (size_t i = 0; i < BITS_COUNT(magics); i++)
		if (magic == magics[i])
			return true;
	return false;
}

/* Appends to the contents of a regular file, or removes them. Returns 0, or -errno with
 * s->error_text. */
static int adopt_contents(struct sink *s, bool append, uint64_t size)
{
	struct file *f = s->state;
	bool readable = (fcntl(f->writer.fd, F_GETFL) & O_ACCMODE) == O_RDWR;

	if (size == 0)
		return 0;
	if (readable && is_capture(f->writer.fd))
		return refuse(s, "is a capture");
	if (!append)
		return ftruncate(f->writer.fd, 0) < 0 ? file_set_error(s, -errno, "truncate") : 0;
	f->writer.size = size;
	return readable && sink_is_plain(s) ? truncate_partial_line(s, size) : 0;
}

/* Opens the path. Returns its descriptor or -errno; *st describes it. */
static int open_path(const char *path, mode_t mode, struct stat *st)
{
	int flags = O_CREAT | O_CLOEXEC | O_NOCTTY | O_APPEND | O_NONBLOCK;
	bool regular = stat(path, st) < 0 || S_ISREG(st->st_mode);
	/* Read access serves to check the contents; write access alone is enough. */
	int fd = regular ? open(path, O_RDWR | flags, mode) : -1;

	if (fd < 0 && (!regular || errno == EACCES))
		fd = open(path, O_WRONLY | flags, mode);
	if (fd >= 0 && fstat(fd, st) == 0)
		return fd;
	int error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

/* True if the path still leads to the open file: another writer may have finished it meanwhile. */
static bool is_at(const char *path, const struct stat *st)
{
	struct stat there;
	return stat(path, &there) == 0 && there.st_dev == st->st_dev && there.st_ino == st->st_ino;
}

int64_t file_due(const struct sink *s, int64_t now_s)
{
	uint64_t seconds = s->conf->rotate_seconds;
	return seconds ? rotate_next_due(now_s, seconds) : INT64_MAX;
}

int file_open_current(struct sink *s, bool append)
{
	struct file *f = s->state;
	struct stat st;
	mode_t mode = 0640;
	int fd, error;

	file_mode(s->conf->mode, &mode);
	for (int tries = 0;; tries++) {
		fd = open_path(f->current.text, mode, &st);
		f->no_reader =
			fd == -ENXIO && stat(f->current.text, &st) == 0 && S_ISFIFO(st.st_mode);
		if (fd < 0)
			return file_set_error(s, fd, "open");
		f->writer.regular = S_ISREG(st.st_mode);
		error = f->writer.regular ? lock_fd(fd) : 0;
		if (error || !f->writer.regular || is_at(f->current.text, &st) || tries == 10)
			break;
		close(fd);
	}
	f->writer.fd = fd;
	f->writer.size = 0;
	f->writer.partial = 0;
	if (error)
		sink_set_error(s, error,
			"another process or sink writes to %.130s: give this sink another path",
			f->current.text);
	else if (f->writer.regular)
		error = adopt_contents(s, append, (uint64_t)st.st_size);
	if (error) {
		close(fd);
		f->writer.fd = -1;
		return error;
	}
	f->due_s = file_due(s, rotate_clock_now(&f->clock));
	return 0;
}

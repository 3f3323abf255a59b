/* SPDX-License-Identifier: BSD-3-Clause */
/* The sink of files: opening one, without harm to what is there. */
#include "base/log.h"
#include "sink/file_inner.h"
#include "sink/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TORN_MAX (256u * 1024 * 1024) /* of one line: as large as a document may be */

int file_mode(const char *text, mode_t *mode)
{
	size_t n = strlen(text);

	if (n < 3 || n > 4 || strspn(text, "01234567") != n || (n == 4 && text[0] != '0'))
		return -EINVAL;
	*mode = (mode_t)strtoul(text, NULL, 8);
	return *mode & S_IWUSR ? 0 : -EINVAL;
}

/* What is there is none of ours: says so. */
static int refuse(struct sink *s, const char *what)
{
	const struct file *f = s->state;
	return sink_why(s, -EEXIST, "%.120s %s; write to another file, or move it away",
		f->current.text, what);
}

/* Where the last whole line of a file ends. An offset; -errno; -EFBIG: no line is so long. */
static int64_t whole_lines(int fd, uint64_t size)
{
	char room[4096];

	for (uint64_t end = size; end > 0;) {
		size_t n = end < sizeof(room) ? (size_t)end : sizeof(room);
		ssize_t k = pread(fd, room, n, (off_t)(end - n));
		if (k != (ssize_t)n)
			return k < 0 ? -errno : -EIO;
		const char *newline = memrchr(room, '\n', n);
		if (newline)
			return (int64_t)(end - n) + (newline + 1 - room);
		end -= n;
		if (size - end > TORN_MAX)
			return -EFBIG;
	}
	return 0;
}

/* A file that ends within a line of ours, as a crash leaves it, is cut back to its last whole one.
 * 0 or -errno, with s->why. */
static int cut_torn(struct sink *s, uint64_t size)
{
	struct file *f = s->state;
	char first = '\0';
	int64_t whole = whole_lines(f->writer.fd, size);

	if (whole < 0 && whole != -EFBIG)
		return file_fail(s, (int)whole, "read");
	if (whole == (int64_t)size)
		return 0;
	if (whole >= 0 && pread(f->writer.fd, &first, 1, whole) < 0)
		return file_fail(s, -errno, "read");
	if (first != '{')
		return refuse(s, "ends in an unfinished line that is no record");
	if (ftruncate(f->writer.fd, whole) < 0)
		return file_fail(s, -errno, "cut back");
	f->writer.size = (uint64_t)whole;
	log_warn("sink %s: %s ended in %" PRIu64 " octets of an unfinished line, which are cut off",
		s->name, f->current.text, size - (uint64_t)whole);
	return 0;
}

/* Does a file begin as captures do? Nobody wants records in place of one, or behind it. */
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

/* What stands in a regular file is written on, or removed. 0 or -errno, with s->why. */
static int take_over(struct sink *s, bool append, uint64_t size)
{
	struct file *f = s->state;
	bool readable = (fcntl(f->writer.fd, F_GETFL) & O_ACCMODE) == O_RDWR;

	if (size == 0)
		return 0;
	if (readable && is_capture(f->writer.fd))
		return refuse(s, "is a capture");
	if (!append)
		return ftruncate(f->writer.fd, 0) < 0 ? file_fail(s, -errno, "empty") : 0;
	f->writer.size = size;
	return readable && sink_is_plain(s) ? cut_torn(s, size) : 0;
}

/* Opens the path. Its descriptor or -errno; *st is what it is. */
static int open_path(const char *path, mode_t mode, struct stat *st)
{
	int flags = O_CREAT | O_CLOEXEC | O_NOCTTY | O_APPEND | O_NONBLOCK;
	bool regular = stat(path, st) < 0 || S_ISREG(st->st_mode);
	/* Reading is for what stands there; one who may only write may do that. */
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

/* Is the open file still that of the path? Its writer may have finished it meanwhile. */
static bool is_at(const char *path, const struct stat *st)
{
	struct stat there;
	return stat(path, &there) == 0 && there.st_dev == st->st_dev && there.st_ino == st->st_ino;
}

int64_t file_due(const struct sink *s, int64_t now_s)
{
	uint64_t seconds = s->conf->rotate_seconds;
	return seconds ? rotate_due(now_s, seconds) : INT64_MAX;
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
		f->unread = fd == -ENXIO && stat(f->current.text, &st) == 0 && S_ISFIFO(st.st_mode);
		if (fd < 0)
			return file_fail(s, fd, "open");
		f->writer.regular = S_ISREG(st.st_mode);
		error = f->writer.regular ? lock_fd(fd) : 0;
		if (error || !f->writer.regular || is_at(f->current.text, &st) || tries == 10)
			break;
		close(fd);
	}
	f->writer.fd = fd;
	f->writer.size = 0;
	f->writer.skip = 0;
	if (error)
		sink_why(s, error, "another process or sink writes to %.150s; only one can",
			f->current.text);
	else if (f->writer.regular)
		error = take_over(s, append, (uint64_t)st.st_size);
	if (error) {
		close(fd);
		f->writer.fd = -1;
		return error;
	}
	f->due_s = file_due(s, rotate_clock_now(&f->clock));
	return 0;
}

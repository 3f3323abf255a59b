/* SPDX-License-Identifier: BSD-3-Clause */
/* What a start does with the spool of an earlier run. */
#include "sink/lock.h"
#include "sink/spool_inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(char *why, size_t size, int error, const char *what, const char *path)
{
	snprintf(why, size, "%s %s: %s", what, path, strerror(-error));
	return error;
}

/* The lowest and highest number of a segment; none: a new one comes behind all damaged ones. 0 or
 * -errno. */
static int find_segments(struct spool *s)
{
	DIR *d = opendir(s->dir);
	const struct dirent *e;
	uint32_t highest = 0;

	s->first = UINT32_MAX;
	s->last = 0;
	if (!d)
		return -errno;
	while ((void)(errno = 0), (e = readdir(d))) {
		uint32_t bad = spool_number(e->d_name, s->name, ".bad");
		uint32_t number = spool_number(e->d_name, s->name, ".spool");
		if (number && number < s->first)
			s->first = number;
		if (number > s->last)
			s->last = number;
		if (bad > highest)
			highest = bad;
	}
	int error = -errno;
	closedir(d);
	if (s->last == 0) {
		s->first = highest + 1;
		s->last = highest;
	}
	return error;
}

/* What a segment turned out to be. */
enum found {
	FOUND_NONE, /* no file; or nothing was written to it, and it is removed */
	FOUND_BAD, /* not ours any more: set aside */
	FOUND_GOOD,
};

/* Records in the frames of a segment that is set aside; whether they were delivered is unknown. */
static uint64_t count_records(int fd, uint64_t size)
{
	struct spool_frame f;
	uint64_t records = 0;

	for (uint64_t at = 0; spool_frame_find(fd, &at, size, &f) > 0; at += spool_frame_len(&f))
		records += f.records;
	return records;
}

/* Opens a segment and reads its header. enum found, or -errno; *fd is the caller's where it is
 * good. */
static int look(struct spool *s, uint32_t number, int *fd, struct spool_header *h)
{
	struct spool_path path = spool_path(s, number);
	struct stat st;

	*fd = open(path.text, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0)
		return errno == ENOENT ? FOUND_NONE : -errno;
	int rc = fstat(*fd, &st) < 0 ? -errno : spool_header_at(*fd, h);
	if (rc > 0) {
		s->octets += (uint64_t)st.st_size;
		return strncmp(h->identity, s->identity, sizeof(h->identity)) == 0 ? FOUND_GOOD
										   : -EILSEQ;
	}
	uint64_t records = rc == 0 ? count_records(*fd, (uint64_t)st.st_size) : 0;
	close(*fd);
	*fd = -1;
	if (rc < 0)
		return rc;
	/* A process that died while it began a segment leaves a last one without a header. */
	if (number == s->last && (uint64_t)st.st_size < sizeof(*h)) {
		s->cut_octets += (uint64_t)st.st_size;
		return unlink(path.text) < 0 ? -errno : FOUND_NONE;
	}
	s->bad_records += records;
	spool_set_aside(s, number);
	return FOUND_BAD;
}

/* The end of a segment, as if it were the last; `cut`: what was not wholly written is cut off. 0 or
 * -errno. */
static int find_end(struct spool *s, int fd, const struct spool_header *h, bool cut)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint64_t at = sizeof(*h);
	struct spool_frame f = {0};
	bool torn = false;

	if (size < 0)
		return -errno;
	s->write_at = at;
	s->write_no = h->before;
	while (at < (uint64_t)size) {
		int rc = spool_frame_at(fd, at, (uint64_t)size, &f, &torn);
		if (rc == 0 && !torn) {
			at++;
			rc = spool_frame_find(fd, &at, (uint64_t)size, &f);
			torn = false;
		}
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
		at += spool_frame_len(&f);
		s->write_at = at;
		s->write_no = f.before + f.records;
	}
	s->sealed = false;
	if (s->write_at == (uint64_t)size)
		return 0;
	if (torn && cut && ftruncate(fd, (off_t)s->write_at) == 0) {
		s->cut_octets += (uint64_t)size - s->write_at;
		s->octets -= (uint64_t)size - s->write_at;
	} else {
		s->sealed = true; /* damage stays where it is, and is set aside when it is read */
	}
	return 0;
}

/* Where reading goes on: what the first segment's header says. */
static void take_position(struct spool *s, const struct spool_header *h)
{
	s->read_at = h->position.offset;
	s->read_doc = h->position.doc;
	s->read_no = h->position.number;
}

/* All segments of an earlier run. 0, -EILSEQ or -errno; *number: the one at fault. */
static int take_segments(struct spool *s, uint32_t *number)
{
	uint32_t first = UINT32_MAX, last = 0;
	int rc = 0;

	for (*number = s->first; *number <= s->last && rc >= 0; ++*number) {
		struct spool_header h = {0};
		int fd;
		rc = look(s, *number, &fd, &h);
		if (rc == FOUND_GOOD) {
			if (first == UINT32_MAX) {
				first = *number;
				take_position(s, &h);
			}
			last = *number;
			rc = find_end(s, fd, &h, *number == s->last);
		}
		if (fd >= 0)
			close(fd);
		if (rc < 0)
			return rc;
	}
	if (first == UINT32_MAX) {
		s->first = s->last + 1;
		return 0;
	}
	s->first = first;
	s->last = last;
	if (s->read_no > s->write_no) /* the end is lost */
		s->write_no = s->read_no;
	if (first == last && s->read_at > s->write_at)
		s->read_at = s->write_at;
	return 0;
}

int spool_open(struct spool *s, const char *dir, const char *name, const char *identity,
	uint64_t limit, char *why, size_t why_size)
{
	uint32_t number = 0;

	*s = (struct spool){.limit = limit, .read_fd = -1, .write_fd = -1, .lock_fd = -1};
	snprintf(s->dir, sizeof(s->dir), "%s", dir);
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->identity, sizeof(s->identity), "%s", identity);
	s->segment = limit / 4 < SPOOL_SEGMENT ? (uint32_t)(limit / 4) : SPOOL_SEGMENT;
	s->lock_fd = lock_file(spool_lock_path(s).text);
	if (s->lock_fd == -EBUSY) {
		snprintf(why, why_size, "another process uses the spool %s/%s.*", dir, name);
		return -EBUSY;
	}
	if (s->lock_fd < 0)
		return fail(why, why_size, s->lock_fd, "cannot use the directory", dir);
	int error = find_segments(s);
	if (error < 0)
		fail(why, why_size, error, "cannot read the directory", dir);
	else
		error = take_segments(s, &number);
	if (error == -EILSEQ)
		snprintf(why, why_size,
			"%s was not written by a sink of %s: deliver it with the settings that "
			"wrote it, or move it away",
			spool_path(s, number).text, identity);
	else if (error < 0 && number)
		fail(why, why_size, error, "cannot use", spool_path(s, number).text);
	if (error < 0) {
		close(s->lock_fd);
		s->lock_fd = -1;
	}
	return error;
}

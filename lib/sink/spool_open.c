/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens a spool and finds what an earlier run has left in it. */
#include "sink/lock.h"
#include "sink/spool_inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(char *error_text, size_t size, int error, const char *what, const char *path)
{
	snprintf(error_text, size, "%s %s: %s", what, path, strerror(-error));
	return error;
}

/* Finds the lowest and highest number of a segment; without segments, numbering goes on behind the
 * damaged ones. Returns 0 or -errno. */
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
		uint32_t bad = spool_segment_number(e->d_name, s->name, ".bad");
		uint32_t number = spool_segment_number(e->d_name, s->name, ".spool");
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
	FOUND_NONE, /* no file, or an empty one, which was removed */
	FOUND_BAD, /* not a valid segment: renamed to .bad */
	FOUND_GOOD,
};

/* Returns the records in the frames of a damaged segment; whether they were delivered is unknown.
 */
static uint64_t count_records(int fd, uint64_t size)
{
	struct spool_frame f;
	uint64_t records = 0;

	for (uint64_t at = 0; spool_find_head(fd, &at, size, &f) > 0; at += spool_frame_len(&f))
		records += f.records;
	return records;
}

/* Opens a segment and reads its header. Returns enum found, or -errno; *fd is the caller's if the
 * segment is good. */
static int open_segment(struct spool *s, uint32_t number, int *fd, struct spool_header *h)
{
	struct spool_path path = spool_path(s, number);
	struct stat st;

	*fd = open(path.text, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0)
		return errno == ENOENT ? FOUND_NONE : -errno;
	int rc = fstat(*fd, &st) < 0 ? -errno : spool_read_header(*fd, h);
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
	/* A process that died while it began a segment leaves the last one without a header. */
	if (number == s->last && (uint64_t)st.st_size < sizeof(*h)) {
		s->truncated_octets += (uint64_t)st.st_size;
		return unlink(path.text) < 0 ? -errno : FOUND_NONE;
	}
	s->bad_records += records;
	spool_quarantine(s, number);
	return FOUND_BAD;
}

/* Finds the end of a segment, as if it were the last. `is_last`: truncates an incomplete frame.
 * Returns 0 or -errno. */
static int find_end(struct spool *s, int fd, const struct spool_header *h, bool is_last)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint64_t at = sizeof(*h);
	struct spool_frame f = {0};
	bool torn = false;

	if (size < 0)
		return -errno;
	s->write_at = at;
	s->write_record = h->first_record;
	while (at < (uint64_t)size) {
		int rc = spool_read_head(fd, at, (uint64_t)size, &f, &torn);
		if (rc == 0 && !torn) {
			at++;
			rc = spool_find_head(fd, &at, (uint64_t)size, &f);
			torn = false;
		}
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
		at += spool_frame_len(&f);
		s->write_at = at;
		s->write_record = f.first_record + f.records;
	}
	s->sealed = false;
	if (s->write_at == (uint64_t)size)
		return 0;
	if (torn && is_last && ftruncate(fd, (off_t)s->write_at) == 0) {
		s->truncated_octets += (uint64_t)size - s->write_at;
		s->octets -= (uint64_t)size - s->write_at;
	} else {
		s->sealed = true; /* damage stays until reading comes to it */
	}
	return 0;
}

/* Restores the position from the first segment's header. */
static void restore_position(struct spool *s, const struct spool_header *h)
{
	s->read_at = h->position.offset;
	s->read_doc = h->position.doc;
	s->read_record = h->position.number;
}

/* Opens all segments of an earlier run. Returns 0, -EILSEQ or -errno; *number: the one at fault. */
static int scan_segments(struct spool *s, uint32_t *number)
{
	uint32_t first = UINT32_MAX, last = 0;
	int rc = 0;

	for (*number = s->first; *number <= s->last && rc >= 0; ++*number) {
		struct spool_header h = {0};
		int fd;
		rc = open_segment(s, *number, &fd, &h);
		if (rc == FOUND_GOOD) {
			if (first == UINT32_MAX) {
				first = *number;
				restore_position(s, &h);
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
	if (s->read_record > s->write_record) /* the end of the last segment is lost */
		s->write_record = s->read_record;
	if (first == last && s->read_at > s->write_at)
		s->read_at = s->write_at;
	return 0;
}

int spool_open(struct spool *s, const char *dir, const char *name, const char *identity,
	uint64_t limit, char *error_text, size_t error_size)
{
	uint32_t number = 0;

	*s = (struct spool){.limit = limit, .read_fd = -1, .write_fd = -1, .lock_fd = -1};
	snprintf(s->dir, sizeof(s->dir), "%s", dir);
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->identity, sizeof(s->identity), "%s", identity);
	s->segment = limit / 4 < SPOOL_SEGMENT ? (uint32_t)(limit / 4) : SPOOL_SEGMENT;
	s->lock_fd = lock_file(spool_lock_path(s).text);
	if (s->lock_fd == -EBUSY) {
		snprintf(error_text, error_size,
			"another process uses %s/%s.*: give this sink another name or spool_dir",
			dir, name);
		return -EBUSY;
	}
	if (s->lock_fd < 0)
		return fail(error_text, error_size, s->lock_fd, "cannot use the directory", dir);
	int error = find_segments(s);
	if (error < 0)
		fail(error_text, error_size, error, "cannot read the directory", dir);
	else
		error = scan_segments(s, &number);
	if (error == -EILSEQ)
		snprintf(error_text, error_size,
			"%s was not written by a sink of type and schema %s: run with those that "
			"wrote it, or move it away",
			spool_path(s, number).text, identity);
	else if (error < 0 && number)
		fail(error_text, error_size, error, "cannot use", spool_path(s, number).text);
	if (error < 0) {
		close(s->lock_fd);
		s->lock_fd = -1;
	}
	return error;
}

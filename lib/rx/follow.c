/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/follow.h"

#include "base/log.h"
#include "base/when.h"
#include "rx/feed_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS                                                                                     \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE |        \
		IN_DELETE_SELF | IN_MOVE_SELF)
#define BLIND_MS 100 /* interval of checks without inotify */
/* Offsets of the length of a pcapng section, which its writer may set at the end (section 4.1 of
 * the draft). */
#define SECTION_LEN_AT 16
#define SECTION_LEN_END 24

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Returns the directory to watch, for the caller to free; NULL without memory. */
static char *directory_of(const char *path, bool single)
{
	size_t len = single ? (size_t)(base_of(path) - path) : strlen(path);
	return len ? strndup(path, len) : strdup(".");
}

int follow_open(struct follow *f, const char *path, bool single)
{
	*f = (struct follow){.path = path, .single = single, .notify_fd = -1, .fd = -1};
	f->directory = directory_of(path, single);
	int r = f->directory ? feed_peek_init(&f->peek) : -ENOMEM;
	if (r < 0)
		return r;
	/* Before the first scan, so that no later change is missed. */
	f->notify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (f->notify_fd >= 0 && inotify_add_watch(f->notify_fd, f->directory, EVENTS) < 0) {
		close(f->notify_fd);
		f->notify_fd = -1;
	}
	if (f->notify_fd < 0)
		log_detail("%s: inotify does not watch it (%s): its files are checked every %u ms",
			f->directory, strerror(errno), BLIND_MS);
	if (single)
		return 0;
	DIR *dir = opendir(path);
	if (!dir)
		return -errno;
	closedir(dir);
	return 0;
}

/* Closes the current file. */
static void close_current(struct follow *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->name);
	f->fd = -1;
	f->name = NULL;
}

void follow_close(struct follow *f)
{
	close_current(f);
	for (size_t i = 0; i < f->n; i++)
		free(f->files[i].path);
	free(f->files);
	free(f->directory);
	feed_peek_free(&f->peek);
	if (f->notify_fd >= 0)
		close(f->notify_fd);
	*f = (struct follow){.notify_fd = -1, .fd = -1};
}

static struct follow_file *find(const struct follow *f, const struct stat *st)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->files[i].stat.st_ino == st->st_ino && f->files[i].stat.st_dev == st->st_dev)
			return &f->files[i];
	return NULL;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Counts a file that was removed or rewritten before it was read. */
static void count_missed(struct follow *f, const struct follow_file *file)
{
	if (file->read || file->first_ns == INT64_MAX)
		return;
	f->missed++;
	log_warn("%s: was overwritten or removed before it was read: its packets are lost; "
		 "let its writer keep more files",
		file->path);
}

static struct follow_file *add(struct follow *f, const struct stat *st)
{
	if (f->n == f->capacity) {
		size_t capacity = f->capacity ? 2 * f->capacity : 16;
		void *more = f->n < FEED_DIR_MAX ? realloc(f->files, capacity * sizeof(*f->files))
						 : NULL;
		if (!more)
			return NULL;
		f->files = more;
		f->capacity = capacity;
	}
	struct follow_file *file = &f->files[f->n++];
	*file = (struct follow_file){.stat = *st, .first_ns = INT64_MAX};
	return file;
}

/* Updates the list by the file that has a name now. */
static void scan_file(struct follow *f, const char *path)
{
	struct stat st;
	int64_t first_ns;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	struct follow_file *file = find(f, &st);
	bool known = file != NULL;
	if (!known)
		file = add(f, &st);
	if (!file && !f->full) {
		f->full = true;
		log_warn("%s: has too many files: some are skipped; remove old ones", f->directory);
	}
	char *copy = file && (!file->path || strcmp(file->path, path) != 0) ? strdup(path) : NULL;
	if (copy) {
		free(file->path);
		file->path = copy;
	}
	if (!file || !file->path)
		return;
	file->listed = true;
	if (known && is_unchanged(&file->stat, &st))
		return;
	if (!feed_peek_first(&f->peek, path, &first_ns))
		first_ns = INT64_MAX;
	bool current = f->fd >= 0 && is_same(&f->stat, &st);
	if (first_ns != file->first_ns) {
		count_missed(f, file);
		file->read = current && file->first_ns == INT64_MAX; /* it got its first packet */
		if (f->began && first_ns != INT64_MAX && feed_peek_is_packed(&f->peek)) {
			file->read = true;
			log_note("%s: is compressed: skipped; --follow reads files as they are "
				 "written",
				path);
		}
	} else if (file->read && !current && st.st_size > file->stat.st_size) {
		f->missed++;
		log_warn("%s: grows though a later file has begun: added packets are not read; "
			 "give each writer a directory of its own",
			path);
	}
	file->first_ns = first_ns;
	file->stat = st;
}

/* Removes files whose names are gone from the list. */
static void remove_unlisted(struct follow *f)
{
	size_t left = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (f->files[i].listed) {
			f->files[left++] = f->files[i];
			continue;
		}
		count_missed(f, &f->files[i]);
		free(f->files[i].path);
	}
	f->n = left;
}

/* Scans the directory, or the name of the single file. */
static void scan(struct follow *f, int64_t now_ns)
{
	f->due = false;
	f->looked_ns = now_ns;
	for (size_t i = 0; i < f->n; i++)
		f->files[i].listed = false;
	if (f->single) {
		scan_file(f, f->path);
	} else {
		DIR *dir = opendir(f->path);
		for (struct dirent *e; dir && (e = readdir(dir));) {
			char *path;
			if (e->d_name[0] == '.' || asprintf(&path, "%s/%s", f->path, e->d_name) < 0)
				continue;
			scan_file(f, path);
			free(path);
		}
		if (dir)
			closedir(dir);
	}
	remove_unlisted(f);
	f->began = true;
}

/* Returns the next file to read, or NULL. */
static struct follow_file *next_file(const struct follow *f)
{
	struct follow_file *next = NULL;

	for (size_t i = 0; i < f->n; i++) {
		struct follow_file *file = &f->files[i];
		/* A single file is read even before it has a packet. */
		if (file->read || (file->first_ns == INT64_MAX && !(f->single && !f->name)))
			continue;
		if (!next || file->first_ns < next->first_ns ||
			(file->first_ns == next->first_ns && strcmp(file->path, next->path) < 0))
			next = file;
	}
	return next;
}

static bool scan_is_due(const struct follow *f, int64_t now_ns)
{
	return f->due || !f->began ||
	       now_ns - f->looked_ns >= FOLLOW_LOOK_MS * (int64_t)WHEN_NS_PER_MS;
}

int follow_next(struct follow *f, int64_t now_ns, const char **name)
{
	if (scan_is_due(f, now_ns))
		scan(f, now_ns);
	struct follow_file *file = next_file(f);
	if (!file)
		return -EAGAIN;
	if (f->fd >= 0) {
		struct follow_file *before = find(f, &f->stat);
		off_t offset = lseek(f->fd, 0, SEEK_CUR);
		if (before && before->read && offset >= 0)
			before->stat.st_size = offset; /* later growth is reported, not read */
		if (f->single)
			log_note("%s: was replaced: the new file is read", f->path);
	}
	close_current(f);
	file->read = true;
	f->last = false;
	f->name = strdup(file->path);
	*name = f->name ? f->name : f->path;
	f->fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (f->fd < 0 || fstat(f->fd, &f->stat) < 0)
		return -errno;
	if (!is_same(&f->stat, &file->stat)) { /* another file has the name now */
		file->read = false;
		f->due = true;
		close_current(f);
		return -EAGAIN;
	}
	ssize_t len = pread(f->fd, f->head, sizeof(f->head), 0);
	f->head_len = len > 0 ? (size_t)len : 0;
	return f->fd;
}

/* True if the file starts with other octets than before. */
static bool head_changed(struct follow *f)
{
	uint8_t head[FOLLOW_HEAD];
	ssize_t len = pread(f->fd, head, sizeof(head), 0);

	if (len < 0 || (size_t)len < f->head_len)
		return len >= 0;
	if (f->head_len > SECTION_LEN_AT)
		memcpy(f->head + SECTION_LEN_AT, head + SECTION_LEN_AT,
			(f->head_len < SECTION_LEN_END ? f->head_len : SECTION_LEN_END) -
				SECTION_LEN_AT);
	if (memcmp(f->head, head, f->head_len) != 0)
		return true;
	memcpy(f->head, head, (size_t)len);
	f->head_len = (size_t)len;
	return false;
}

enum follow_state follow_check(struct follow *f, uint64_t offset, int64_t now_ns)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return FOLLOW_ENDED;
	if ((uint64_t)st.st_size < offset || head_changed(f)) {
		struct follow_file *file = find(f, &f->stat);
		if (file) {
			file->stat.st_size = -1;
			file->first_ns = INT64_MAX;
			file->read = false;
		}
		f->due = true;
		f->rewritten++;
		close(f->fd);
		f->fd = -1;
		log_warn(
			"%s: was truncated or overwritten while it was read: it is read again from "
			"its start",
			file ? file->path : f->path);
		return FOLLOW_REWRITTEN;
	}
	if ((uint64_t)st.st_size > offset) {
		f->last = false;
		return FOLLOW_GROWN;
	}
	if (scan_is_due(f, now_ns))
		scan(f, now_ns);
	if (!next_file(f))
		return FOLLOW_QUIET;
	if (f->last)
		return FOLLOW_ENDED;
	f->last = true;
	return FOLLOW_GROWN;
}

/* Reads the kernel's events: a scan is due if another name than the current file's has changed. */
static void read_events(struct follow *f)
{
	_Alignas(struct inotify_event) char buffer[4096];
	const char *own = f->single ? base_of(f->path) : f->name ? base_of(f->name) : "";
	ssize_t got;

	while ((got = read(f->notify_fd, buffer, sizeof(buffer))) > 0) {
		for (const char *at = buffer; at < buffer + got;) {
			const struct inotify_event *e = (const void *)at;
			bool is_own = e->len && strcmp(e->name, own) == 0;
			bool grows = !(e->mask & ~(uint32_t)(IN_MODIFY | IN_CLOSE_WRITE));
			f->due = f->due ||
				 (f->single ? !e->len || (is_own && !grows) : !is_own || !grows);
			at += sizeof(*e) + e->len;
		}
	}
}

void follow_wait(struct follow *f, int stop_fd)
{
	struct pollfd fds[2] = {
		{.fd = stop_fd, .events = POLLIN}, {.fd = f->notify_fd, .events = POLLIN}};

	if (poll(fds, 2, f->notify_fd < 0 ? BLIND_MS : FOLLOW_LOOK_MS) > 0 && fds[1].revents)
		read_events(f);
}

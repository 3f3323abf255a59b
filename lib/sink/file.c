/* SPDX-License-Identifier: BSD-3-Clause */
/* The sink of files: whole lines, rotation, compression afterwards, logrotate. */
#include "sink/lines.h"
#include "sink/pack.h"
#include "sink/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct file {
	struct lines lines;
	struct rotate_name current; /* the file that is being written */
	int64_t due_s; /* when the next one begins; INT64_MAX: not by time */
	struct pack pack;
	bool packed; /* what an earlier run has left uncompressed is on its way */
};

static int64_t now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

static int fail(struct sink *s, int error, const char *what)
{
	const struct file *f = s->state;
	return sink_why(s, error, "cannot %s %s: %s", what, f->current.text, strerror(-error));
}

static bool rotates(const struct conf_sink *conf)
{
	return conf->rotate_bytes || conf->rotate_seconds;
}

/* A file that ends within a line, as a crash leaves it, is cut back to its last whole one. */
static int cut_torn(struct file *f, uint64_t size)
{
	char room[4096];

	f->lines.size = size;
	for (uint64_t end = size; end > 0;) {
		size_t n = end < sizeof(room) ? (size_t)end : sizeof(room);
		if (pread(f->lines.fd, room, n, (off_t)(end - n)) != (ssize_t)n)
			return -errno;
		const char *newline = memrchr(room, '\n', n);
		if (newline || end == n) {
			f->lines.size = newline ? end - n + (size_t)(newline + 1 - room) : 0;
			break;
		}
		end -= n;
	}
	if (f->lines.size == size)
		return 0;
	return ftruncate(f->lines.fd, (off_t)f->lines.size) < 0 ? -errno : 0;
}

/* Opens the current file. `append`: on what is there. 0 or -errno, with s->why. */
static int open_current(struct sink *s, bool append)
{
	struct file *f = s->state;
	struct stat st;
	int flags = O_CREAT | O_CLOEXEC | O_NOCTTY | O_APPEND | (append ? 0 : O_TRUNC);

	/* Reading is for the torn tail alone; a pipe or device may refuse it. */
	f->lines.fd = open(f->current.text, O_WRONLY | flags, 0644);
	if (f->lines.fd < 0)
		return fail(s, -errno, "open");
	f->lines.regular = fstat(f->lines.fd, &st) == 0 && S_ISREG(st.st_mode);
	f->lines.size = 0;
	f->lines.skip = 0;
	if (!f->lines.regular)
		fcntl(f->lines.fd, F_SETFL, O_NONBLOCK);
	if (f->lines.regular && append && st.st_size) {
		f->lines.size = (uint64_t)st.st_size;
		int fd = open(f->current.text, O_RDWR | O_APPEND | O_CLOEXEC);
		int error = fd < 0 ? -errno : 0;
		if (fd >= 0) {
			close(f->lines.fd);
			f->lines.fd = fd;
		}
		if (error == 0 && sink_is_plain(s))
			error = cut_torn(f, (uint64_t)st.st_size);
		if (error && error != -EACCES)
			return fail(s, error, "write on");
	}
	uint64_t seconds = s->conf->rotate_seconds;
	f->due_s = seconds ? rotate_due(now_s(), seconds) : INT64_MAX;
	return 0;
}

/* Finishes the current file: synced, closed, under its own name. 0 or -errno, with s->why. */
static int finish(struct sink *s, bool rename_it)
{
	struct file *f = s->state;
	const struct conf_sink *conf = s->conf;
	int error = 0;

	if (f->lines.fd < 0)
		return 0;
	if (conf->fsync != CONF_FSYNC_NEVER && f->lines.regular && fsync(f->lines.fd) < 0)
		error = fail(s, -errno, "sync");
	if (close(f->lines.fd) < 0 && error == 0)
		error = fail(s, -errno, "write to");
	f->lines.fd = -1;
	if (!rename_it || !f->lines.regular)
		return error;
	if (f->lines.size == 0 && conf->part) {
		unlink(f->current.text);
		return error;
	}
	/* Without rotation a part becomes the file itself. */
	struct rotate_name done;
	if (rotates(conf) || access(conf->path, F_OK) == 0)
		done = rotate_next(conf->path, now_s());
	else
		snprintf(done.text, sizeof(done.text), "%s", conf->path);
	if (rename(f->current.text, done.text) < 0)
		return fail(s, -errno, "rename");
	if (conf->compress != CONF_COMPRESS_NONE && strcmp(done.text, conf->path) != 0)
		pack_add(&f->pack, done.text);
	else if (conf->rotate_keep || conf->rotate_max_age_s)
		rotate_prune(conf->path, conf->rotate_keep, conf->rotate_max_age_s, now_s());
	return error;
}

static void add_plain(void *arg, const char *file)
{
	pack_add(arg, file);
}

static int file_open(struct sink *s)
{
	struct file *f = calloc(1, sizeof(*f));
	const struct conf_sink *conf = s->conf;

	if (!f)
		return -ENOMEM;
	s->state = f;
	lines_init(&f->lines);
	pack_init(&f->pack, conf);
	snprintf(f->current.text, sizeof(f->current.text), "%s%s", conf->path,
		conf->part ? ".part" : "");
	int error = 0;
	/* What a crash left of a part is no part of what comes. */
	if (conf->part && !conf->append && access(f->current.text, F_OK) == 0) {
		struct rotate_name left = rotate_next(conf->path, now_s());
		if (rename(f->current.text, left.text) < 0)
			error = fail(s, -errno, "rename");
	}
	if (error == 0)
		error = open_current(s, conf->append);
	if (error) {
		if (f->lines.fd >= 0)
			close(f->lines.fd);
		pack_close(&f->pack);
		free(f);
		s->state = NULL;
	}
	return error;
}

/* Live, what failed may come back; reading files it ends the sink. */
static int later(const struct sink *s, int error)
{
	return s->patient ? 0 : error;
}

/* Documents of the block that the current file still takes: up to the number of the last, which is
 * not included; `from` where a new file must begin first. */
static uint32_t fitting(const struct sink *s, const struct sink_block *b, uint32_t from)
{
	const struct file *f = s->state;
	uint64_t limit = s->conf->rotate_bytes, start = sink_doc_start(b, from);
	uint32_t to = from;

	if (limit == 0 || !f->lines.regular)
		return b->n_docs;
	while (to < b->n_docs && f->lines.size + b->docs[to].end - start <= limit)
		to++;
	/* One document may be larger than a file; one that is begun is finished. */
	return to == from && (f->lines.size == 0 || f->lines.skip) ? from + 1 : to;
}

static int rotate(struct sink *s)
{
	int error = finish(s, true);
	return error ? error : open_current(s, true);
}

/* Begins a new file where its time has come, or the next document needs it. */
static int rotate_if_due(struct sink *s, bool needed)
{
	struct file *f = s->state;
	bool due = f->due_s != INT64_MAX && now_s() >= f->due_s;

	if (f->lines.fd < 0 || !f->lines.regular || f->lines.skip || !(due || needed))
		return 0;
	if (f->lines.size)
		return rotate(s);
	f->due_s = rotate_due(now_s(), s->conf->rotate_seconds ?: 1);
	return 0;
}

static int file_deliver(struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct file *f = s->state;
	int error = f->lines.fd < 0 ? open_current(s, true) : 0;

	if (error == 0)
		error = rotate_if_due(s, fitting(s, b, from) == from);
	if (error)
		return later(s, error);
	int n = lines_write(&f->lines, s, b, from, fitting(s, b, from), deadline_ms);
	if (n < 0)
		return later(s, fail(s, n, "write to"));
	if (n > 0 && s->conf->fsync == CONF_FSYNC_BLOCK && f->lines.regular &&
		fdatasync(f->lines.fd) < 0)
		f->lines.error = -errno; /* told with the next call: these lines are written */
	return n;
}

static int file_idle(struct sink *s, int deadline_ms)
{
	struct file *f = s->state;
	const struct conf_sink *conf = s->conf;

	(void)deadline_ms;
	/* Not before the thread runs: the one that compresses begins as its child. */
	if (!f->packed && conf->compress != CONF_COMPRESS_NONE)
		rotate_each_plain(conf->path, add_plain, &f->pack);
	f->packed = true;
	if (conf->rotate_max_age_s)
		rotate_prune(conf->path, 0, conf->rotate_max_age_s, now_s());
	return later(s, rotate_if_due(s, false));
}

static int file_reopen(struct sink *s)
{
	/* Who moved the file away begins a new one; a part is finished by that. */
	int error = finish(s, s->conf->part);
	return later(s, error ? error : open_current(s, true));
}

static int file_close(struct sink *s)
{
	struct file *f = s->state;
	int error = finish(s, s->conf->part);

	pack_close(&f->pack);
	lines_free(&f->lines);
	free(f);
	s->state = NULL;
	return error;
}

static int file_check(const struct conf_sink *conf, struct conf_error *err)
{
	const char *lacks = pack_lacks(conf->compress), *what = NULL;

	if (lacks) {
		snprintf(err->text, sizeof(err->text),
			"compress: this dnsloupe was built without %s", lacks);
		return -EINVAL;
	}
	if (conf->rotate_keep)
		what = "rotate.keep";
	else if (conf->rotate_max_age_s)
		what = "rotate.max_age_s";
	else if (conf->compress != CONF_COMPRESS_NONE)
		what = "compress";
	if (!what || rotates(conf))
		return 0;
	snprintf(err->text, sizeof(err->text),
		"%s: is for finished files, of which there are none without rotate.bytes or "
		"rotate.seconds",
		what);
	return -EINVAL;
}

const struct sink_ops sink_file = {
	.name = "file",
	.stream = true,
	.check = file_check,
	.open = file_open,
	.deliver = file_deliver,
	.idle = file_idle,
	.reopen = file_reopen,
	.close = file_close,
};

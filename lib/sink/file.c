/* SPDX-License-Identifier: BSD-3-Clause */
/* The sink of files: whole lines, rotation, compression afterwards, logrotate. */
#include "base/log.h"
#include "sink/file_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define UNREAD_MS 50 /* between two looks at a FIFO that nobody reads */

int file_fail(struct sink *s, int error, const char *what)
{
	const struct file *f = s->state;
	return sink_why(s, error, "cannot %s %s: %s%s", what, f->current.text, strerror(-error),
		error == -EFBIG ? " (ulimit -f)" : "");
}

static int64_t now_s(const struct sink *s)
{
	struct file *f = s->state;
	return rotate_clock_now(&f->clock);
}

static bool rotates(const struct conf_sink *conf)
{
	return conf->rotate_bytes || conf->rotate_seconds;
}

/* Renames the current file to *done, which no other has: what cannot be listed now may be there.
 * Not numbered: to the path itself, if that is free. 0 or -errno, with s->why. */
static int rename_new(struct sink *s, bool numbered, struct rotate_name *done)
{
	struct file *f = s->state;
	const char *from = f->current.text;
	bool taken;

	do {
		if (numbered)
			*done = rotate_next(s->conf->path, now_s(s), f->limits.own + f->finished);
		else
			snprintf(done->text, sizeof(done->text), "%s", s->conf->path);
		int rc = renameat2(AT_FDCWD, from, AT_FDCWD, done->text, RENAME_NOREPLACE);
		/* A file system that cannot do that. */
		if (rc < 0 && errno == EINVAL)
			rc = rename(from, done->text);
		taken = rc < 0 && errno == EEXIST;
		if (rc < 0 && !taken)
			return file_fail(s, -errno, "rename");
		f->finished += numbered;
		numbered |= taken;
	} while (taken);
	return 0;
}

/* Finishes the current file: synced, closed, under its own name. 0 or -errno, with s->why. */
static int finish(struct sink *s, bool rename_it)
{
	struct file *f = s->state;
	const struct conf_sink *conf = s->conf;
	int error = 0;

	if (f->writer.fd < 0)
		return 0;
	if (conf->fsync != CONF_FSYNC_NEVER && f->writer.regular && fsync(f->writer.fd) < 0)
		error = file_fail(s, -errno, "sync");
	if (close(f->writer.fd) < 0 && error == 0)
		error = file_fail(s, -errno, "write to");
	f->writer.fd = -1;
	if (!rename_it || !f->writer.regular)
		return error;
	if (f->writer.size == 0 && conf->part) {
		unlink(f->current.text);
		return error;
	}
	bool sync = conf->fsync != CONF_FSYNC_NEVER;
	bool numbered = rotates(conf) || access(conf->path, F_OK) == 0;
	struct rotate_name done;
	/* Without rotation a part becomes the file itself. */
	int rc = rename_new(s, numbered, &done);
	if (rc < 0)
		return rc;
	if (sync && error == 0) {
		error = rotate_sync(conf->path);
		if (error)
			file_fail(s, error, "sync the directory of");
	}
	if (conf->compress != CONF_COMPRESS_NONE && strcmp(done.text, conf->path) != 0)
		compressor_add(&f->compressor, done.text);
	else
		rotate_prune(conf->path, &f->limits, now_s(s));
	return error;
}

static void add_plain(void *arg, const char *file)
{
	compressor_add(arg, file);
}

static int file_open(struct sink *s)
{
	struct file *f = calloc(1, sizeof(*f));
	const struct conf_sink *conf = s->conf;

	if (!f)
		return -ENOMEM;
	s->state = f;
	writer_init(&f->writer);
	rotate_clock_init(&f->clock);
	rotate_begin(&f->limits, conf, now_s(s));
	compressor_init(&f->compressor, conf, &f->limits);
	snprintf(f->current.text, sizeof(f->current.text), "%s%s", conf->path,
		conf->part ? ".part" : "");
	int error = 0;
	/* What a crash left of a part is no part of what comes. */
	if (conf->part && !conf->append && access(f->current.text, F_OK) == 0) {
		struct rotate_name left;
		error = rename_new(s, true, &left);
	}
	if (error == 0)
		error = file_open_current(s, conf->append);
	if (f->unread) {
		log_note("sink %s: nobody reads %s yet", s->name, f->current.text);
		error = 0;
	}
	if (error) {
		if (f->writer.fd >= 0)
			close(f->writer.fd);
		compressor_close(&f->compressor);
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

	if (limit == 0 || !f->writer.regular)
		return b->n_docs;
	while (to < b->n_docs && f->writer.size + b->docs[to].end - start <= limit)
		to++;
	/* One document may be larger than a file; one that is begun is finished. */
	return to == from && (f->writer.size == 0 || f->writer.skip) ? from + 1 : to;
}

static int rotate(struct sink *s)
{
	int error = finish(s, true);
	return error ? error : file_open_current(s, true);
}

/* Begins a new file where its time has come, or the next document needs it. */
static int rotate_if_due(struct sink *s, bool needed)
{
	struct file *f = s->state;
	int64_t now = now_s(s);
	bool due = now >= f->due_s;

	f->due_s = rotate_sooner(f->due_s, now, s->conf->rotate_seconds);
	if (f->writer.fd < 0 || !f->writer.regular || f->writer.skip || !(due || needed))
		return 0;
	if (f->writer.size)
		return rotate(s);
	f->due_s = file_due(s, now);
	return 0;
}

/* A FIFO without a reader: live, or where the run is being stopped, its receiver is away; reading
 * files it is waited for. */
static int wait_for_reader(struct sink *s, int deadline_ms)
{
	const struct file *f = s->state;

	if (s->patient || sink_is_stopped(s))
		return sink_why(s, 0, "nobody reads %s", f->current.text);
	s->why[0] = '\0';
	poll(NULL, 0, deadline_ms < UNREAD_MS ? deadline_ms : UNREAD_MS);
	return 0;
}

static int file_deliver(struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct file *f = s->state;
	int error = f->writer.fd < 0 ? file_open_current(s, true) : 0;

	if (error && f->unread)
		return wait_for_reader(s, deadline_ms);
	if (error == 0)
		error = rotate_if_due(s, fitting(s, b, from) == from);
	if (error)
		return later(s, error);
	int n = writer_write(&f->writer, s, b, from, fitting(s, b, from), deadline_ms);
	if (n < 0)
		return later(s, file_fail(s, n, "write to"));
	if (n > 0 && s->conf->fsync == CONF_FSYNC_BLOCK && f->writer.regular &&
		fdatasync(f->writer.fd) < 0)
		f->writer.error = -errno; /* told with the next call: these lines are written */
	return n;
}

/* What an earlier run had no time for. Not before the thread runs: the one that compresses begins
 * as its child. */
static void pack_left(struct sink *s)
{
	struct file *f = s->state;

	if (!f->packed && s->conf->compress != CONF_COMPRESS_NONE)
		rotate_each_plain(s->conf->path, add_plain, &f->compressor);
	f->packed = true;
}

static int file_idle(struct sink *s, int deadline_ms)
{
	struct file *f = s->state;

	(void)deadline_ms;
	pack_left(s);
	if (rotate_clock_stepped(&f->clock))
		__atomic_store_n(&f->limits.since_s, now_s(s), __ATOMIC_RELAXED);
	if (s->conf->rotate_max_age_s)
		rotate_prune(s->conf->path, &f->limits, now_s(s));
	return later(s, rotate_if_due(s, false));
}

/* The last file is finished, and what is finished is compressed. */
static int file_end(struct sink *s)
{
	struct file *f = s->state;
	int error = finish(s, s->conf->part);

	pack_left(s);
	return error ? error : compressor_is_busy(&f->compressor);
}

static int file_reopen(struct sink *s)
{
	/* Who moved the file away begins a new one; a part is finished by that. */
	int error = finish(s, s->conf->part);
	return later(s, error ? error : file_open_current(s, true));
}

static int file_close(struct sink *s)
{
	struct file *f = s->state;
	int error = finish(s, s->conf->part);

	compressor_close(&f->compressor);
	writer_free(&f->writer);
	free(f);
	s->state = NULL;
	return error;
}

static int file_check(const struct conf_sink *conf, struct conf_error *err)
{
	const char *lacks = compressor_missing_library(conf->compress), *what = NULL;
	mode_t mode;

	if (file_mode(conf->mode, &mode) < 0)
		return conf_fail(err, -EINVAL,
			"mode: \"%.20s\" is no mode, expected three octal digits such as 0640 "
			"that let the owner write",
			conf->mode);

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
	.end = file_end,
	.close = file_close,
};

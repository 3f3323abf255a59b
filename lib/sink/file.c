/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes files: complete lines, rotation, compression of finished files, logrotate. */
#include "base/log.h"
#include "sink/file_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define NO_READER_MS 50 /* between two tries to open a FIFO that nobody reads */

int file_set_error(struct sink *s, int error, const char *operation)
{
	const struct file *f = s->state;
	return sink_set_error(s, error, "cannot %s %s: %s%s", operation, f->current.text,
		strerror(-error), error == -EFBIG ? " (ulimit -f)" : "");
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

/*
 * Renames the current file to a name that no file has, and stores it in *done: with time and number
 * if `numbered`, else the path itself if that is free. Never replaces a file, even one that cannot
 * be listed now. Returns 0, or -errno with s->error_text.
 */
static int rename_finished(struct sink *s, bool numbered, struct rotate_name *done)
{
	struct file *f = s->state;
	const char *from = f->current.text;
	bool taken;

	do {
		if (numbered)
			*done = rotate_next_name(
				s->conf->path, now_s(s), f->limits.first_own + f->finished);
		else
			snprintf(done->text, sizeof(done->text), "%s", s->conf->path);
		int rc = renameat2(AT_FDCWD, from, AT_FDCWD, done->text, RENAME_NOREPLACE);
		/* Some file systems have no RENAME_NOREPLACE. */
		if (rc < 0 && errno == EINVAL)
			rc = rename(from, done->text);
		taken = rc < 0 && errno == EEXIST;
		if (rc < 0 && !taken)
			return file_set_error(s, -errno, "rename");
		f->finished += numbered;
		numbered |= taken;
	} while (taken);
	return 0;
}

/* Finishes the current file: syncs, closes and renames it. Returns 0, or -errno with s->error_text.
 */
static int finish_current(struct sink *s, bool rename_it)
{
	struct file *f = s->state;
	const struct conf_sink *conf = s->conf;
	int error = 0;

	if (f->writer.fd < 0)
		return 0;
	if (conf->fsync != CONF_FSYNC_NEVER && f->writer.regular && fsync(f->writer.fd) < 0)
		error = file_set_error(s, -errno, "sync");
	if (close(f->writer.fd) < 0 && error == 0)
		error = file_set_error(s, -errno, "write to");
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
	/* Without rotation, PATH.part becomes PATH. */
	int rc = rename_finished(s, numbered, &done);
	if (rc < 0)
		return rc;
	if (sync && error == 0) {
		error = rotate_sync(conf->path);
		if (error)
			file_set_error(s, error, "sync the directory of");
	}
	if (conf->compress != CONF_COMPRESS_NONE && strcmp(done.text, conf->path) != 0)
		compressor_enqueue(&f->compressor, done.text);
	else
		rotate_prune(conf->path, &f->limits, now_s(s));
	return error;
}

static void enqueue_file(void *arg, const char *file)
{
	compressor_enqueue(arg, file);
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
	rotate_limits_init(&f->limits, conf, now_s(s));
	compressor_init(&f->compressor, conf, &f->limits);
	snprintf(f->current.text, sizeof(f->current.text), "%s%s", conf->path,
		conf->part ? ".part" : "");
	int error = 0;
	/* A .part that a crash has left is finished under a name of its own. */
	if (conf->part && !conf->append && access(f->current.text, F_OK) == 0) {
		struct rotate_name left;
		error = rename_finished(s, true, &left);
	}
	if (error == 0)
		error = file_open_current(s, conf->append);
	if (f->no_reader) {
		log_note("sink %s: waits for a reader of the FIFO %s", s->name, f->current.text);
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

/* Live, a failed output is retried; reading files, it ends the sink. */
static int retry_live(const struct sink *s, int error)
{
	return s->live ? 0 : error;
}

/* Returns the end of the documents that the current file can take: the number of the last, not
 * included; `from` if a new file must begin first. */
static uint32_t docs_that_fit(const struct sink *s, const struct sink_block *b, uint32_t from)
{
	const struct file *f = s->state;
	uint64_t limit = s->conf->rotate_bytes, start = sink_doc_start(b, from);
	uint32_t to = from;

	if (limit == 0 || !f->writer.regular)
		return b->n_docs;
	while (to < b->n_docs && f->writer.size + b->docs[to].end - start <= limit)
		to++;
	/* A document may be larger than a file; one that is written in part is completed. */
	return to == from && (f->writer.size == 0 || f->writer.partial) ? from + 1 : to;
}

static int rotate(struct sink *s)
{
	int error = finish_current(s, true);
	return error ? error : file_open_current(s, true);
}

/* Begins a new file if one is due, or the next document needs it. */
static int rotate_if_due(struct sink *s, bool needed)
{
	struct file *f = s->state;
	int64_t now = now_s(s);
	bool due = now >= f->due_s;

	f->due_s = rotate_adjust_due(f->due_s, now, s->conf->rotate_seconds);
	if (f->writer.fd < 0 || !f->writer.regular || f->writer.partial || !(due || needed))
		return 0;
	if (f->writer.size)
		return rotate(s);
	f->due_s = file_due(s, now);
	return 0;
}

/* Handles a FIFO without a reader: live, or when the run is stopped, its receiver is away; reading
 * files, the sink waits for one. */
static int wait_for_reader(struct sink *s, int deadline_ms)
{
	const struct file *f = s->state;

	if (s->live || sink_is_stopped(s))
		return sink_set_error(s, 0, "nobody reads %s", f->current.text);
	s->error_text[0] = '\0';
	poll(NULL, 0, deadline_ms < NO_READER_MS ? deadline_ms : NO_READER_MS);
	return 0;
}

static int file_deliver(struct sink *s, const struct sink_block *b, uint32_t from, int deadline_ms)
{
	struct file *f = s->state;
	int error = f->writer.fd < 0 ? file_open_current(s, true) : 0;

	if (error && f->no_reader)
		return wait_for_reader(s, deadline_ms);
	if (error == 0)
		error = rotate_if_due(s, docs_that_fit(s, b, from) == from);
	if (error)
		return retry_live(s, error);
	int n = writer_write(&f->writer, s, b, from, docs_that_fit(s, b, from), deadline_ms);
	if (n < 0)
		return retry_live(s, file_set_error(s, n, "write to"));
	if (n > 0 && s->conf->fsync == CONF_FSYNC_BLOCK && f->writer.regular &&
		fdatasync(f->writer.fd) < 0)
		f->writer.error = -errno; /* the next call returns it: these lines are written */
	return n;
}

/* Enqueues the files that an earlier run left uncompressed. Runs in the sink's thread, so that the
 * compressor's thread inherits its CPUs. */
static void compress_leftover(struct sink *s)
{
	struct file *f = s->state;

	if (!f->leftover_queued && s->conf->compress != CONF_COMPRESS_NONE)
		rotate_each_uncompressed(s->conf->path, enqueue_file, &f->compressor);
	f->leftover_queued = true;
}

static int file_idle(struct sink *s, int deadline_ms)
{
	struct file *f = s->state;

	(void)deadline_ms;
	compress_leftover(s);
	if (rotate_clock_stepped(&f->clock))
		__atomic_store_n(&f->limits.since_s, now_s(s), __ATOMIC_RELAXED);
	if (s->conf->rotate_max_age_s)
		rotate_prune(s->conf->path, &f->limits, now_s(s));
	return retry_live(s, rotate_if_due(s, false));
}

/* Finishes the last file and waits for the compressor. */
static int file_finish(struct sink *s)
{
	struct file *f = s->state;
	int error = finish_current(s, s->conf->part);

	compress_leftover(s);
	return error ? error : compressor_is_busy(&f->compressor);
}

static int file_reopen(struct sink *s)
{
	/* logrotate has moved the file away: open a new one; a .part is finished. */
	int error = finish_current(s, s->conf->part);
	return retry_live(s, error ? error : file_open_current(s, true));
}

static int file_close(struct sink *s)
{
	struct file *f = s->state;
	int error = finish_current(s, s->conf->part);

	compressor_close(&f->compressor);
	writer_free(&f->writer);
	free(f);
	s->state = NULL;
	return error;
}

static int file_check(const struct conf_sink *conf, struct conf_error *err)
{
	const char *library = compressor_missing_library(conf->compress), *key = NULL;
	mode_t mode;

	if (file_mode(conf->mode, &mode) < 0)
		return conf_fail(err, -EINVAL,
			"mode: \"%.20s\" is no mode, expected three octal digits such as 0640 "
			"that let the owner write",
			conf->mode);
	if (library)
		return conf_fail(
			err, -EINVAL, "compress: this dnsloupe was built without %s", library);
	if (conf->rotate_keep)
		key = "rotate.keep";
	else if (conf->rotate_max_age_s)
		key = "rotate.max_age_s";
	else if (conf->compress != CONF_COMPRESS_NONE)
		key = "compress";
	if (!key || rotates(conf))
		return 0;
	return conf_fail(err, -EINVAL,
		"%s: needs rotate.bytes or rotate.seconds: without them no file is finished", key);
}

const struct sink_ops sink_file = {
	.name = "file",
	.stream = true,
	.check = file_check,
	.open = file_open,
	.deliver = file_deliver,
	.idle = file_idle,
	.reopen = file_reopen,
	.finish = file_finish,
	.close = file_close,
};

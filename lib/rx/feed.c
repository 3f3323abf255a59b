/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed_inner.h"

#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Composes the message of a feed_start() that fails. Returns error. */
static int refuse(struct feed *feed, int error, const char *name, const char *what)
{
	return feed_refuse(feed->message, error, name, what);
}

static int open_pipes(struct feed *feed)
{
	unsigned n = feed->options.queues;
	int r = 0;

	clock_guard_start(&feed->clock, feed->options.jump_ns ? feed->options.jump_ns : INT64_MAX);
	feed->pipes = aligned_alloc(BITS_CACHE_LINE, n * sizeof(*feed->pipes));
	if (!feed->pipes)
		return refuse(feed, -ENOMEM, NULL, strerror(ENOMEM));
	memset(feed->pipes, 0, n * sizeof(*feed->pipes));
	for (unsigned q = 0; q < n; q++)
		feed->pipes[q].read_fd = feed->pipes[q].write_fd = -1;
	for (unsigned q = 0; q < n && r == 0; q++)
		r = feed_pipe_open(&feed->pipes[q], feed->options.pipe_bytes, feed->options.direct);
	if (r < 0)
		return refuse(feed, r, "a pipe for captured frames", strerror(-r));
	if (feed->pipes[n - 1].capture_max < FEED_CAPTURE_MAX)
		log_warn("the kernel gives pipes of %zu octets only, so frames are truncated to "
			 "%u: raise"
			 " fs.pipe-max-size and fs.pipe-user-pages-soft",
			feed->pipes[n - 1].capacity,
			feed->pipes[n - 1].capture_max - (unsigned)sizeof(struct feed_preamble));
	return 0;
}

/* All signals are blocked in the thread: the main thread handles them, and a broken pipe shows as
 * EPIPE. */
static int start_thread(struct feed *feed)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&feed->thread, NULL, feed_main, feed);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r > 0)
		return refuse(feed, -r, "a thread for reading files", strerror(r));
	pthread_setname_np(feed->thread, "feed");
	feed->started = true;
	return 0;
}

static void release(struct feed *feed)
{
	feed_inputs_free(&feed->inputs);
	for (unsigned q = 0; feed->pipes && q < feed->options.queues; q++)
		feed_pipe_close(&feed->pipes[q]);
	free(feed->pipes);
	capfile_free(&feed->file);
	feed_hold_free(&feed->hold);
	if (feed->options.follow)
		follow_close(&feed->follow);
	unpack_free(&feed->unpack);
	if (feed->stop_fd >= 0)
		close(feed->stop_fd);
	feed->pipes = NULL;
	feed->stop_fd = -1;
}

/* Opens the file or directory to follow, the last of the files. */
static int open_followed(struct feed *feed, const char *path)
{
	struct follow *follow = &feed->follow;
	int64_t first_ns;
	struct stat st;

	if (strcmp(path, "-") == 0)
		return refuse(feed, -EINVAL, "standard input",
			"cannot be followed: leave out --follow, it is read as it arrives");
	if (stat(path, &st) < 0)
		return refuse(feed, -errno, path, strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return refuse(feed, -EINVAL, path,
			"cannot be followed, being neither a file nor a directory: leave out "
			"--follow, it is read as it arrives");
	int r = follow_open(follow, path, S_ISREG(st.st_mode));
	if (r == 0 && S_ISREG(st.st_mode) && access(path, R_OK) < 0)
		r = -errno;
	if (r < 0)
		return refuse(feed, r, path, strerror(-r));
	if (S_ISREG(st.st_mode)) {
		feed_peek_first(&follow->peek, path, &first_ns);
		if (feed_peek_is_packed(&follow->peek))
			return refuse(feed, -ENOTSUP, path,
				"is compressed, and cannot be followed: let its writer compress a "
				"file once it is complete, or leave out --follow");
	}
	return 0;
}

int feed_start(struct feed *feed, const char *const *files, size_t n_files,
	const struct feed_options *options)
{
	const size_t n_read = n_files - (options->follow && n_files > 0);
	int r;

	memset(feed, 0, sizeof(*feed));
	feed->options = *options;
	feed->nap_ns = FEED_NAP_MIN_NS;
	feed->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (!feed->options.pipe_bytes)
		feed->options.pipe_bytes = FEED_PIPE_BYTES;
	if (feed->stop_fd < 0)
		return refuse(feed, -errno, NULL, strerror(errno));
	if (n_files == 0)
		r = refuse(feed, -EINVAL, NULL, "no capture file is given");
	else if (options->queues < 1 || options->queues > FEED_QUEUES_MAX)
		r = refuse(feed, -EINVAL, NULL, "the number of queues is out of range");
	else
		r = feed_inputs_open(&feed->inputs, files, n_read, feed->message);
	if (r == 0 && options->follow)
		r = open_followed(feed, files[n_read]);
	if (r < 0)
		goto fail;
	r = capfile_init(&feed->file);
	if (r == 0)
		r = feed_hold_init(&feed->hold);
	if (r == 0)
		r = unpack_init(&feed->unpack);
	if (r < 0) {
		refuse(feed, r, NULL, strerror(-r));
		goto fail;
	}
	r = open_pipes(feed);
	if (r == 0)
		r = start_thread(feed);
	if (r == 0)
		return 0;
fail:
	release(feed);
	return r;
}

/* Wakes the thread if it waits for input. */
static void wake(const struct feed *feed)
{
	uint64_t one = 1;

	/* Cannot block: this counter never gets near its limit. */
	if (write(feed->stop_fd, &one, sizeof(one)) < 0)
		log_error("eventfd: %s", strerror(errno));
}

void feed_end(struct feed *feed)
{
	if (!atomic_exchange(&feed->ending, true))
		wake(feed);
}

void feed_stop(struct feed *feed)
{
	if (!feed->started)
		return;
	atomic_store_explicit(&feed->stop, true, memory_order_relaxed);
	wake(feed);
	pthread_join(feed->thread, NULL);
	feed->started = false;
	release(feed);
}

int feed_fd(const struct feed *feed, unsigned queue)
{
	return feed->pipes[queue].read_fd;
}

int feed_result(const struct feed *feed, const char **message)
{
	int error = atomic_load_explicit(&feed->error, memory_order_acquire);

	if (message)
		*message = error ? feed->message : "";
	return error;
}

void feed_progress(const struct feed *feed, struct feed_progress *progress)
{
	*progress = (struct feed_progress){
		.octets_read = atomic_load_explicit(&feed->octets_read, memory_order_relaxed),
		.octets_total = feed->options.follow ? 0 : feed->inputs.octets,
		.frames = atomic_load_explicit(&feed->frames, memory_order_relaxed),
		.frames_cut = atomic_load_explicit(&feed->frames_cut, memory_order_relaxed),
		.files_failed = atomic_load_explicit(&feed->files_failed, memory_order_relaxed),
		.stamps_odd = atomic_load_explicit(&feed->stamps_odd, memory_order_relaxed),
		.clock_back = atomic_load_explicit(&feed->clock_back, memory_order_relaxed),
		.files_rewritten =
			atomic_load_explicit(&feed->files_rewritten, memory_order_relaxed),
		.files_missed = atomic_load_explicit(&feed->files_missed, memory_order_relaxed),
	};
}

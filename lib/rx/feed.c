/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed.h"

#include "base/hash.h"
#include "base/log.h"
#include "rx/linktype.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NAP_MIN_NS 20000

/* Composes the message of a feed_start that fails. Returns error. */
static int refuse(struct feed *feed, int error, const char *name, const char *what)
{
	return feed_refuse(feed->message, error, name, what);
}

/* Says each failure, counts it, and keeps the first. */
static void note_failure(struct feed *feed, int error, const char *message)
{
	log_error("%s", message);
	atomic_fetch_add_explicit(&feed->files_failed, 1, memory_order_relaxed);
	if (atomic_load_explicit(&feed->error, memory_order_relaxed))
		return;
	snprintf(feed->message, sizeof(feed->message), "%s", message);
	atomic_store_explicit(&feed->error, error, memory_order_release);
}

static bool stopped(const struct feed *feed)
{
	return atomic_load_explicit(&feed->stop, memory_order_relaxed);
}

/*
 * Sleeps while a pipe is full: for a time, not in poll(), which would cost the receiver a wake-up
 * call with each of its reads. A few long naps cost less than many short ones: one lasts 0.4 ns per
 * octet of the pipe, in which most receivers do not empty it, and less where one has done so.
 */
static void nap(struct feed *feed)
{
	const long longest = (long)(feed->pipes[0].capacity * 2 / 5);
	struct timespec t = {.tv_nsec = feed->nap_ns};
	bool low = false;

	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
	for (unsigned q = 0; q < feed->options.queues; q++) {
		const struct feed_pipe *p = &feed->pipes[q];
		low = low || ((p->fill > 0 || p->direct) && feed_pipe_level(p) < p->capacity / 8);
	}
	feed->nap_ns += low ? -feed->nap_ns / 2 : feed->nap_ns / 4;
	if (feed->nap_ns > longest)
		feed->nap_ns = longest;
	if (feed->nap_ns < NAP_MIN_NS)
		feed->nap_ns = NAP_MIN_NS;
}

/*
 * Sends what all pipes take until `target`, or every one where it is NULL, has taken its batch. The
 * other queues go along, so that none starves while one is full. 0, -ECANCELED or -errno.
 */
static int send_until(struct feed *feed, const struct feed_pipe *target)
{
	for (;;) {
		size_t wanted = 0;
		for (unsigned q = 0; q < feed->options.queues; q++) {
			struct feed_pipe *p = &feed->pipes[q];
			ssize_t n = feed_pipe_send(p);
			if (n < 0)
				return (int)n;
			if (!target || p == target)
				wanted += (size_t)n;
		}
		atomic_store_explicit(&feed->dealt,
			feed_pipe_dealt(feed->pipes, feed->options.queues, feed->number),
			memory_order_release);
		if (wanted == 0)
			return 0;
		if (stopped(feed))
			return -ECANCELED;
		nap(feed);
	}
}

/* Before a read that may wait: shows what there is, then waits for input or feed_stop. */
static int wait_input(struct feed *feed, int fd)
{
	struct pollfd fds[2] = {
		{.fd = fd, .events = POLLIN}, {.fd = feed->stop_fd, .events = POLLIN}};
	int r;

	if (poll(fds, 1, 0) > 0)
		return 0;
	r = send_until(feed, NULL);
	if (r < 0)
		return r;
	if (poll(fds, 2, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static ssize_t read_input(void *source, void *room, size_t n)
{
	struct feed *feed = source;
	int fd = feed->input->fd;

	for (;;) {
		if (stopped(feed))
			return -ECANCELED;
		if (!feed->input->regular) {
			int r = wait_input(feed, fd);
			if (r < 0)
				return r;
			if (stopped(feed))
				return -ECANCELED;
		}
		ssize_t got = read(fd, room, n);
		if (got >= 0) {
			atomic_fetch_add_explicit(
				&feed->octets_read, (uint64_t)got, memory_order_relaxed);
			return got;
		}
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

/* The same seed deals the same frames to the same queues. */
static unsigned choose_queue(
	const struct feed *feed, const struct capfile_frame *frame, uint64_t number)
{
	const struct feed_options *o = &feed->options;

	if (bits_likely(o->queues == 1))
		return 0;
	if (o->deal)
		return o->deal(o->deal_arg, frame, number) % o->queues;
	return (unsigned)((o->seed ? hash_mix(o->seed ^ 0x9e3779b97f4a7c15u, number + o->seed)
				   : number - 1) %
			  o->queues);
}

static void follow_clock(struct feed *feed, int64_t ts_ns)
{
	struct clock_guard *clock = &feed->clock;
	uint64_t odd = clock->odd, backwards = clock->backwards;

	clock_guard_take(clock, ts_ns);
	if (bits_unlikely(clock->odd != odd || clock->backwards != backwards)) {
		atomic_store_explicit(&feed->stamps_odd, clock->odd, memory_order_relaxed);
		atomic_store_explicit(&feed->clock_back, clock->backwards, memory_order_relaxed);
	}
}

/* Appends a frame to a queue's batch and sends it when full. 0, -ECANCELED or -errno. */
static int deal_frame(struct feed *feed, const struct capfile_frame *frame)
{
	uint64_t number = ++feed->number;
	struct feed_pipe *p = &feed->pipes[choose_queue(feed, frame, number)];
	uint32_t max = p->capture_max - (uint32_t)sizeof(struct feed_preamble);
	uint32_t len = frame->cap_len;
	uint8_t flags = 0;
	int64_t ts_ns = frame->ts_ns;

	/* What the file has no time for came after what it has the latest time for. */
	if (bits_likely(!frame->untimed))
		follow_clock(feed, ts_ns);
	else if (feed->clock.started)
		ts_ns = when_since(feed->clock.ns, feed->clock.behind_ns);
	if (bits_unlikely(len > max)) {
		len = max;
		flags |= FEED_CUT;
		atomic_fetch_add_explicit(&feed->frames_cut, 1, memory_order_relaxed);
	}
	struct feed_preamble preamble = {.ts_ns = ts_ns,
		.clock_ns = feed->clock.started ? feed->clock.ns : ts_ns,
		.wire_len = frame->wire_len,
		.link_type = frame->link_type,
		.fcs_len = frame->fcs_len,
		.flags = flags,
		.number = number};
	feed_pipe_put(p, &preamble, frame->data, len);
	atomic_store_explicit(&feed->frames, number, memory_order_relaxed);
	return bits_unlikely(feed_pipe_full(p)) ? send_until(feed, p) : 0;
}

/* Reads one file to its end. 0, -ECANCELED, or -errno with a message in feed->file. */
static int feed_file(struct feed *feed)
{
	struct capfile_frame frame;
	int r;

	unpack_open(&feed->unpack, read_input, feed);
	r = capfile_open_from(
		&feed->file, unpack_read, &feed->unpack, feed_input_name(feed->input));
	while (r == 0 && (r = capfile_next(&feed->file, &frame)) > 0) {
		r = deal_frame(feed, &frame);
		if (r < 0)
			capfile_fail(&feed->file, r, "cannot be handed on: %s", strerror(-r));
	}
	if (feed->file.strange && !feed->strange[0])
		linktype_note(
			feed->strange, CAPFILE_MESSAGE, feed->file.name, feed->file.strange_link);
	return r;
}

/* What is wrong with the archive goes before what became of the capture in it. */
static void note_file(struct feed *feed, int error)
{
	char message[CAPFILE_MESSAGE];

	if (!feed->unpack.why[0]) {
		note_failure(feed, error, feed->file.message);
		return;
	}
	snprintf(message, sizeof(message), "%.700s: %s", feed_input_name(feed->input),
		feed->unpack.why);
	note_failure(feed, error, message);
}

static void *feed_main(void *arg)
{
	struct feed *feed = arg;

	for (size_t i = 0; i < feed->inputs.n && !stopped(feed); i++) {
		feed->input = &feed->inputs.at[i];
		int r = feed->input->fd < 0 ? feed_input_open(feed->input, NULL) : 0;
		if (r < 0) {
			char message[CAPFILE_MESSAGE];
			snprintf(message, sizeof(message), "%.700s: %s",
				feed_input_name(feed->input), strerror(-r));
			note_failure(feed, r, message);
		} else {
			r = feed_file(feed);
			if (r < 0 && r != -ECANCELED)
				note_file(feed, r);
		}
		feed_input_close(feed->input);
	}
	send_until(feed, NULL);
	for (unsigned q = 0; q < feed->options.queues; q++)
		feed_pipe_end(&feed->pipes[q]);
	atomic_store_explicit(&feed->done, true, memory_order_release);
	return NULL;
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
		log_warn("the kernel gives pipes of %zu octets only, so frames are cut to %u: raise"
			 " fs.pipe-max-size and fs.pipe-user-pages-soft",
			feed->pipes[n - 1].capacity,
			feed->pipes[n - 1].capture_max - (unsigned)sizeof(struct feed_preamble));
	return 0;
}

/* The thread takes no signals: they are the main thread's, and a broken pipe shows as EPIPE. */
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
	unpack_free(&feed->unpack);
	if (feed->stop_fd >= 0)
		close(feed->stop_fd);
	feed->pipes = NULL;
	feed->stop_fd = -1;
}

int feed_start(struct feed *feed, const char *const *files, size_t n_files,
	const struct feed_options *options)
{
	int r;

	memset(feed, 0, sizeof(*feed));
	feed->options = *options;
	feed->nap_ns = NAP_MIN_NS;
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
		r = feed_inputs_open(&feed->inputs, files, n_files, feed->message);
	if (r < 0)
		goto fail;
	r = capfile_init(&feed->file);
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

void feed_stop(struct feed *feed)
{
	uint64_t one = 1;

	if (!feed->started)
		return;
	atomic_store_explicit(&feed->stop, true, memory_order_relaxed);
	/* Cannot fail: nobody else adds to this counter. */
	if (write(feed->stop_fd, &one, sizeof(one)) < 0)
		log_error("eventfd: %s", strerror(errno));
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
		.octets_total = feed->inputs.octets,
		.frames = atomic_load_explicit(&feed->frames, memory_order_relaxed),
		.frames_cut = atomic_load_explicit(&feed->frames_cut, memory_order_relaxed),
		.files_failed = atomic_load_explicit(&feed->files_failed, memory_order_relaxed),
		.stamps_odd = atomic_load_explicit(&feed->stamps_odd, memory_order_relaxed),
		.clock_back = atomic_load_explicit(&feed->clock_back, memory_order_relaxed),
	};
}

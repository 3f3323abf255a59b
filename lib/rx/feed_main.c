/* SPDX-License-Identifier: BSD-3-Clause */
/* The feeder's thread. */
#include "rx/feed_inner.h"

#include "base/hash.h"
#include "base/log.h"
#include "rx/linktype.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Logs and counts a failure, and stores the first. */
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

static int64_t machine_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)WHEN_NS_PER_S + now.tv_nsec;
}

/*
 * Sleeps while a pipe is full: not in poll(), because each read of the receiver would then wake us.
 * A few long naps cost less than many short ones: a nap lasts up to 0.4 ns per octet of the pipe,
 * in which most receivers do not empty it, and becomes shorter when one did.
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
	if (feed->nap_ns < FEED_NAP_MIN_NS)
		feed->nap_ns = FEED_NAP_MIN_NS;
}

/* Writes to all pipes, so that none starves, until the batch of `target`, or of every pipe if it is
 * NULL, is written. Returns 0, -ECANCELED or -errno. */
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
		atomic_store_explicit(&feed->published,
			feed_pipe_published(feed->pipes, feed->options.queues, feed->number),
			memory_order_release);
		if (wanted == 0)
			return 0;
		if (stopped(feed))
			return -ECANCELED;
		nap(feed);
	}
}

static bool is_ending(const struct feed *feed)
{
	return stopped(feed) || atomic_load_explicit(&feed->ending, memory_order_relaxed);
}

/* Publishes all frames, and records when the wait began. Returns 0 or -errno. */
static int begin_wait(struct feed *feed)
{
	if (!feed->waiting_since_ns)
		feed->waiting_since_ns = machine_ns();
	return send_until(feed, NULL);
}

/* Waits for input or feed_stop() before a read that may block. Returns 0 or -errno. */
static int wait_input(struct feed *feed, int fd)
{
	struct pollfd fds[2] = {
		{.fd = fd, .events = POLLIN}, {.fd = feed->stop_fd, .events = POLLIN}};

	if (poll(fds, 1, 0) > 0)
		return 0;
	int r = begin_wait(feed);
	if (r < 0)
		return r;
	if (poll(fds, 2, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static void count_followed(struct feed *feed)
{
	atomic_store_explicit(&feed->files_rewritten, feed->follow.rewritten, memory_order_relaxed);
	atomic_store_explicit(&feed->files_missed, feed->follow.missed, memory_order_relaxed);
}

/* Waits until a file grows. Returns 1; 0: it has ended; -ESTALE: rewritten; or -errno. */
static int wait_growth(struct feed *feed)
{
	enum follow_state state;

	for (;;) {
		off_t offset = lseek(feed->input->fd, 0, SEEK_CUR);
		state = follow_check(&feed->follow, (uint64_t)offset, machine_ns());
		if (state != FOLLOW_QUIET)
			break;
		int r = begin_wait(feed);
		if (r < 0)
			return r;
		if (is_ending(feed))
			return 0;
		follow_wait(&feed->follow, feed->stop_fd);
	}
	count_followed(feed);
	return state == FOLLOW_REWRITTEN ? -ESTALE : state == FOLLOW_GROWN;
}

static ssize_t read_input(void *source, void *buffer, size_t n)
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
		if (is_ending(feed))
			return 0;
		ssize_t got = read(fd, buffer, n);
		if (got == 0 && feed->input == &feed->followed && !feed->unpack.kind) {
			int r = wait_growth(feed);
			if (r <= 0)
				return r;
			continue;
		}
		if (got >= 0) {
			atomic_fetch_add_explicit(
				&feed->octets_read, (uint64_t)got, memory_order_relaxed);
			return got;
		}
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

/* Steers a frame to a queue. The same seed gives the same queues. */
static unsigned choose_queue(
	const struct feed *feed, const struct capfile_frame *frame, uint64_t number)
{
	const struct feed_options *o = &feed->options;

	if (bits_likely(o->queues == 1))
		return 0;
	if (o->steer)
		return o->steer(o->steer_arg, frame, number) % o->queues;
	return (unsigned)((o->seed ? hash_mix(o->seed ^ 0x9e3779b97f4a7c15u, number + o->seed)
				   : number - 1) %
			  o->queues);
}

/* Enqueues a frame, and sends a full batch. Returns 0, -ECANCELED or -errno. */
static int enqueue_frame(
	struct feed *feed, const struct capfile_frame *frame, int64_t ts_ns, int64_t clock_ns)
{
	uint64_t number = ++feed->number;
	struct feed_pipe *p = &feed->pipes[choose_queue(feed, frame, number)];
	uint32_t max = p->capture_max - (uint32_t)sizeof(struct feed_preamble);
	uint32_t len = frame->cap_len;
	uint8_t flags = (uint8_t)(frame->time << FEED_TIME_SHIFT);

	if (bits_unlikely(len > max)) {
		len = max;
		flags |= FEED_TRUNCATED;
		atomic_fetch_add_explicit(&feed->frames_cut, 1, memory_order_relaxed);
	}
	struct feed_preamble preamble = {.ts_ns = ts_ns,
		.clock_ns = clock_ns,
		.wire_len = frame->wire_len,
		.link_type = frame->link_type,
		.fcs_len = frame->fcs_len,
		.flags = flags,
		.number = number};
	feed_pipe_enqueue(p, &preamble, frame->data, len);
	atomic_store_explicit(&feed->frames, number, memory_order_relaxed);
	return bits_unlikely(feed_pipe_is_full(p)) ? send_until(feed, p) : 0;
}

/* Enqueues the held frames whose timestamps were settled. Returns 0, -ECANCELED or -errno. */
static int enqueue_settled(struct feed *feed, const struct clock_settled *settled)
{
	int r = 0;

	for (unsigned i = 0; i < settled->n && r == 0; i++) {
		const struct capfile_frame *frame = feed_hold_dequeue(&feed->hold);
		r = enqueue_frame(feed, frame, frame->ts_ns, settled->ns[i]);
	}
	atomic_store_explicit(&feed->stamps_odd, feed->clock.odd, memory_order_relaxed);
	atomic_store_explicit(&feed->clock_back, feed->clock.backwards, memory_order_relaxed);
	return r;
}

/* Holds a frame whose timestamp is far from the clock until later ones settle it. A pause of the
 * capture that is no longer than the wait for this frame needs no confirmation. */
static int hold_frame(struct feed *feed, const struct capfile_frame *frame, int64_t ts_ns)
{
	struct clock_guard *clock = &feed->clock;
	struct capfile_frame copy = *frame;
	struct clock_settled settled;

	copy.ts_ns = ts_ns;
	feed_hold_enqueue(&feed->hold, &copy);
	clock->waited_ns = feed->waiting_since_ns ? machine_ns() - feed->waiting_since_ns : 0;
	clock_guard_add(clock, ts_ns, &settled);
	return enqueue_settled(feed, &settled);
}

/* Enqueues or holds a frame that was read. Returns 0, -ECANCELED or -errno. */
static int add_frame(struct feed *feed, const struct capfile_frame *frame)
{
	struct clock_guard *clock = &feed->clock;
	int64_t ts_ns = frame->ts_ns;
	int r;

	if (bits_unlikely(frame->untimed)) {
		/* It gets the timestamp of the latest frame before it. */
		if (feed->hold.n)
			ts_ns = feed_hold_last(&feed->hold)->ts_ns;
		else if (clock->started)
			ts_ns = when_since(clock->ns, clock->offset_ns);
		else
			return enqueue_frame(feed, frame, ts_ns, ts_ns);
	}
	/* The first frame is not held: nothing before it could expire. */
	if (bits_unlikely(!clock->started))
		clock_guard_begin(clock, ts_ns);
	if (bits_likely(clock_guard_follow(clock, ts_ns)))
		r = enqueue_frame(feed, frame, ts_ns, clock->ns);
	else
		r = hold_frame(feed, frame, ts_ns);
	if (bits_unlikely(feed->waiting_since_ns))
		feed->waiting_since_ns = 0;
	return r;
}

/* Sets the time of a frame from its tag or trailer, if it has a plausible one. */
static void set_tap_time(enum tap_time from, struct capfile_frame *frame)
{
	struct frame f = {.data = frame->data,
		.len = frame->cap_len,
		.wire_len = frame->wire_len > frame->cap_len ? frame->wire_len : frame->cap_len,
		.ts_ns = frame->ts_ns,
		.link_type = frame->link_type};

	tap_time_set(from, &f);
	frame->ts_ns = f.ts_ns;
	frame->time = f.time;
}

/* Reads one file to its end. Returns 0, -ECANCELED, or -errno with a message in feed->file. */
static int feed_file(struct feed *feed)
{
	struct capfile_frame frame;
	int r;

	unpack_open(&feed->unpack, read_input, feed);
	r = capfile_open_from(
		&feed->file, unpack_read, &feed->unpack, feed_input_name(feed->input));
	while (r == 0 && (r = capfile_next(&feed->file, &frame)) > 0) {
		if (bits_unlikely(feed->options.time_from != TAP_TIME_CAPTURE && !frame.untimed))
			set_tap_time(feed->options.time_from, &frame);
		r = add_frame(feed, &frame);
		if (r < 0)
			capfile_fail(&feed->file, r,
				"its frames cannot be written to the workers' pipes: %s",
				strerror(-r));
	}
	if (feed->file.undecoded && !feed->undecoded[0])
		linktype_describe(feed->undecoded, CAPFILE_MESSAGE, feed->file.name,
			feed->file.undecoded_link);
	return r;
}

static void note_unopened(struct feed *feed, int error)
{
	char message[CAPFILE_MESSAGE];

	snprintf(message, sizeof(message), "%.700s: %s", feed_input_name(feed->input),
		strerror(-error));
	note_failure(feed, error, message);
}

/* Reports a failed file: first an error of the archive, then one of the capture in it. */
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

/* True if the followed file failed because it was rewritten. */
static bool was_rewritten(struct feed *feed, int error)
{
	if (error == -ESTALE)
		return true;
	if (feed->follow.fd < 0)
		return false;
	return follow_check(&feed->follow, 0, machine_ns()) == FOLLOW_REWRITTEN;
}

/* Reads the followed file or directory, until feed_end() or feed_stop(). */
static void feed_followed(struct feed *feed)
{
	const char *name;

	while (!is_ending(feed)) {
		int fd = follow_next(&feed->follow, machine_ns(), &name);
		count_followed(feed);
		if (fd == -EAGAIN) {
			if (begin_wait(feed) < 0)
				break;
			follow_wait(&feed->follow, feed->stop_fd);
			continue;
		}
		feed->followed = (struct feed_input){.name = name, .fd = fd, .regular = true};
		feed->input = &feed->followed;
		if (fd < 0) {
			note_unopened(feed, fd);
			continue;
		}
		int r = feed_file(feed);
		if (r < 0 && r != -ECANCELED && !is_ending(feed) && !was_rewritten(feed, r))
			note_file(feed, r);
	}
}

void *feed_main(void *arg)
{
	struct feed *feed = arg;
	struct clock_settled settled;

	for (size_t i = 0; i < feed->inputs.n && !is_ending(feed); i++) {
		feed->input = &feed->inputs.at[i];
		int r = feed->input->fd < 0 ? feed_input_open(feed->input, NULL) : 0;
		if (r < 0) {
			note_unopened(feed, r);
		} else {
			r = feed_file(feed);
			if (r < 0 && r != -ECANCELED && !is_ending(feed))
				note_file(feed, r);
		}
		feed_input_close(feed->input);
	}
	if (feed->options.follow)
		feed_followed(feed);
	clock_guard_end(&feed->clock, &settled);
	if (enqueue_settled(feed, &settled) == 0)
		send_until(feed, NULL);
	for (unsigned q = 0; q < feed->options.queues; q++)
		feed_pipe_end(&feed->pipes[q]);
	atomic_store_explicit(&feed->done, true, memory_order_release);
	return NULL;
}

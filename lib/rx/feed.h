/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The feeder: a thread that reads capture files (rx/capfile.h), one after the other, and writes
 * their frames into one or more pipes, each of which looks like one classic pcap file to DPDK's
 * net_pcap (rx_pcap=/proc/self/fd/N). A preamble before each frame carries what pcap or net_pcap
 * would not preserve. The receiver calls feed_available() and feed_done() and never waits for the
 * pipe.
 */
#ifndef RX_FEED_H
#define RX_FEED_H

#include "rx/capfile.h"
#include "rx/clock.h"
#include "rx/feed_hold.h"
#include "rx/feed_inputs.h"
#include "rx/feed_pipe.h"
#include "rx/follow.h"
#include "rx/tap_time.h"
#include "rx/unpack.h"

#include <pthread.h>

enum {
	FEED_QUEUES_MAX = 64,
};

/* Returns the queue (0 to queues - 1) of a frame. The feeder's thread calls it. */
typedef unsigned feed_steer_fn(void *arg, const struct capfile_frame *frame, uint64_t number);

struct feed_options {
	unsigned queues; /* pipes: 1 to FEED_QUEUES_MAX */
	feed_steer_fn *steer; /* NULL: by the seed */
	void *steer_arg;
	uint64_t seed; /* 0: round robin; else pseudo-random, the same each time */
	size_t pipe_bytes; /* 0: FEED_PIPE_BYTES */
	bool direct; /* without pipes: receivers call feed_dequeue() */
	bool follow; /* the last of the files grows, or is a directory that gets more files */
	int64_t jump_ns; /* of struct clock_guard; 0: any timestamp moves the clock ahead */
	enum tap_time time_from;
};

struct feed_progress {
	uint64_t octets_read;
	uint64_t octets_total; /* of all files; 0 if unknown (a pipe, standard input) */
	uint64_t frames; /* read */
	uint64_t frames_cut; /* truncated: too long for a record */
	uint64_t files_failed;
	uint64_t stamps_odd; /* too far from the clock, and not confirmed by others */
	uint64_t clock_back; /* confirmed jumps back in time */
	uint64_t files_rewritten, files_missed; /* of struct follow */
};

struct feed {
	/* Set before the thread starts, read by all threads. */
	struct feed_pipe *pipes;
	struct feed_options options;
	struct feed_inputs inputs;
	int stop_fd; /* an eventfd that wakes the thread if it waits for input */
	pthread_t thread;
	bool started;
	atomic_bool stop; /* written by feed_stop */
	atomic_bool ending; /* written by feed_end */
	/* Receivers poll these; the feeder's thread writes them once a batch. */
	atomic_bool done __attribute__((aligned(BITS_CACHE_LINE)));
	atomic_int error; /* the first error; set after the message */
	_Atomic uint64_t published;
	/* The feeder's thread writes these once a frame; others read them to report progress. */
	_Atomic uint64_t octets_read __attribute__((aligned(BITS_CACHE_LINE)));
	_Atomic uint64_t frames, frames_cut, files_failed, stamps_odd, clock_back;
	_Atomic uint64_t files_rewritten, files_missed;
	uint64_t number; /* of the latest frame */
	struct clock_guard clock;
	struct feed_hold hold; /* frames whose timestamps the clock holds */
	int64_t waiting_since_ns; /* the machine's time when a read began to wait; 0: none waits */
	long nap_ns; /* how long to sleep while a pipe is full */
	struct feed_input *input; /* that is read now */
	struct feed_input followed; /* a file of `follow` */
	struct follow follow; /* if options.follow */
	struct unpack unpack;
	struct capfile file;
	char message[CAPFILE_MESSAGE];
	char undecoded[CAPFILE_MESSAGE]; /* as feed_undecoded() returns it; written before `done` */
};

_Static_assert(
	offsetof(struct feed, octets_read) - offsetof(struct feed, done) == BITS_CACHE_LINE &&
		offsetof(struct feed, done) % BITS_CACHE_LINE == 0,
	"what receivers poll is in a cache line of its own");

/*
 * Checks that all files can be opened, makes the pipes and starts the thread; errors within a file
 * are found when it is read (feed_result()). files: literal names; "-", once, is standard input; a
 * directory stands for the captures in it (rx/feed_dir.h). The caller owns the names, which must
 * stay valid until feed_stop(). Returns 0, or -errno with feed->message set and everything
 * released: -EINVAL             no file, "-" twice, a bad number of queues; to follow: no regular
 * file -ENOTSUP            to follow: compressed as open(2)          for any file as
 * feed_dir_list()  for a directory -ENOMEM, -EMFILE, -ENOSPC, as pthread_create
 */
int feed_start(struct feed *feed, const char *const *files, size_t n_files,
	const struct feed_options *options);

/* Stops reading: frames that were read are published, then feed_done() is true. Any thread. */
void feed_end(struct feed *feed);

/*
 * Ends the thread, whatever it waits for, and frees everything except the counters and the message.
 * Discards frames that were not received. Does nothing if feed_start() failed or feed_stop() was
 * called before.
 */
void feed_stop(struct feed *feed);

/* Returns the read end of a queue's pipe, for /proc/self/fd/N; the feed owns it. */
int feed_fd(const struct feed *feed, unsigned queue);

/*
 * Returns how many complete frames were written to a queue's pipe since the start: a receiver can
 * read as many without waiting. Any thread.
 */
static inline uint64_t feed_available(const struct feed *feed, unsigned queue)
{
	return atomic_load_explicit(&feed->pipes[queue].published, memory_order_acquire);
}

/*
 * With feed_options.direct: dequeues up to n frames of a queue, and returns how many. They stay in
 * the feeder's memory until feed_release(). One thread for each queue.
 */
static inline unsigned feed_dequeue(
	struct feed *feed, unsigned queue, struct frame *frames, unsigned n)
{
	return feed_pipe_dequeue(&feed->pipes[queue], frames, n);
}

/* Releases the frames that feed_dequeue() returned. */ static inline void feed_release(
	struct feed *feed, unsigned queue)
{
	feed_pipe_release(&feed->pipes[queue]);
}

/*
 * Returns the number up to which all frames are published, in whichever queue. Call it before
 * feed_available(): a queue that is empty then will get none of these frames. Any thread.
 */
static inline uint64_t feed_published(const struct feed *feed)
{
	return atomic_load_explicit(&feed->published, memory_order_acquire);
}

/*
 * True once all frames are published. Call it before feed_available(): if it is true, and the
 * receiver has read as many as are available, the queue has ended. Any thread.
 */
static inline bool feed_done(const struct feed *feed)
{
	return atomic_load_explicit(&feed->done, memory_order_acquire);
}

/*
 * Returns 0, or the first -errno of reading files so far (as capfile_open() and capfile_next();
 * frames before the fault were delivered, and the other files are read). *message, unless NULL, is
 * set to its message, which was logged. Any thread.
 */
int feed_result(const struct feed *feed, const char **message);

/*
 * Returns the first file with a link type that is not decoded, as "day.pcap: link type 189
 * (USB_LINUX)"; "" if there was none. After feed_done().
 */
static inline const char *feed_undecoded(const struct feed *feed)
{
	return feed->undecoded;
}

/* Reads the progress. Any thread, any time between feed_start() and the next feed_start(). */
void feed_progress(const struct feed *feed, struct feed_progress *progress);

#endif

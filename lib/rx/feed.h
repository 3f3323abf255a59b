/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The feeder: a thread that reads capture files (rx/capfile.h), one after the other, and writes
 * their frames into one or more pipes, each of which looks like one classic pcap file to DPDK's
 * net_pcap (rx_pcap=/proc/self/fd/N). A preamble before each frame carries what pcap or net_pcap
 * would lose. The receiver asks feed_available() and feed_done() and never waits for the pipe.
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
typedef unsigned feed_deal_fn(void *arg, const struct capfile_frame *frame, uint64_t number);

struct feed_options {
	unsigned queues; /* pipes: 1 to FEED_QUEUES_MAX */
	feed_deal_fn *deal; /* NULL: the seed decides */
	void *deal_arg;
	uint64_t seed; /* 0: frames go round the queues; else pseudo-random, the same each time */
	size_t pipe_bytes; /* 0: FEED_PIPE_BYTES */
	bool direct; /* no pipes: the receivers call feed_take() */
	bool follow; /* the last of the files grows, or is a directory that gets more of them */
	int64_t jump_ns; /* of struct clock_guard; 0: any timestamp moves the clock ahead */
	enum tap_time time_from;
};

struct feed_progress {
	uint64_t octets_read;
	uint64_t octets_total; /* of all files; 0 if unknown (a pipe, standard input) */
	uint64_t frames; /* read */
	uint64_t frames_cut; /* too long for a record, their ends are missing */
	uint64_t files_failed;
	uint64_t stamps_odd; /* too far off, and not confirmed by others */
	uint64_t clock_back; /* jumps back in time that others confirmed */
	uint64_t files_rewritten, files_missed; /* of struct follow */
};

struct feed {
	/* set before the thread starts, and read by all */
	struct feed_pipe *pipes;
	struct feed_options options;
	struct feed_inputs inputs;
	int stop_fd; /* an eventfd: wakes the thread where it waits for input */
	pthread_t thread;
	bool started;
	atomic_bool stop; /* written by feed_stop */
	atomic_bool ending; /* written by feed_end */
	/* Receivers look at these all the time; the feeder's thread writes them a batch at a time.
	 */
	atomic_bool done __attribute__((aligned(BITS_CACHE_LINE)));
	atomic_int error; /* the first one; message is complete before it is set */
	_Atomic uint64_t dealt;
	/* The feeder's thread writes these with each frame; others read them to show progress. */
	_Atomic uint64_t octets_read __attribute__((aligned(BITS_CACHE_LINE)));
	_Atomic uint64_t frames, frames_cut, files_failed, stamps_odd, clock_back;
	_Atomic uint64_t files_rewritten, files_missed;
	uint64_t number; /* of the latest frame */
	struct clock_guard clock;
	struct feed_hold hold; /* frames of the timestamps that the clock holds */
	int64_t waiting_since_ns; /* machine's time when reading began to wait; 0: it did not */
	long nap_ns; /* how long to sleep while a pipe is full */
	struct feed_input *input; /* being read */
	struct feed_input followed; /* a file of `follow` */
	struct follow follow; /* where options.follow */
	struct unpack unpack;
	struct capfile file;
	char message[CAPFILE_MESSAGE];
	char strange[CAPFILE_MESSAGE]; /* written by the feeder before `done` */
};

_Static_assert(
	offsetof(struct feed, octets_read) - offsetof(struct feed, done) == BITS_CACHE_LINE &&
		offsetof(struct feed, done) % BITS_CACHE_LINE == 0,
	"what receivers poll stands in a cache line of its own");

/*
 * Checks that all files can be opened, makes the pipes and starts the thread; what is in a file
 * shows when it is read (feed_result()). files: names, taken
 * literally, "-" (once) is standard input; a directory stands for the
 * captures in it (rx/feed_dir.h); the caller owns them, and they must stay until feed_stop().
 * 0, or -errno with feed->message set and nothing left behind:
 *   -EINVAL             no file, "-" twice, a bad number of queues; to follow: no regular file
 *   -ENOTSUP            to follow: compressed
 *   as open(2)          for any file
 *   as feed_dir_list()  for a directory
 *   -ENOMEM, -EMFILE, -ENOSPC, as pthread_create
 */
int feed_start(struct feed *feed, const char *const *files, size_t n_files,
	const struct feed_options *options);

/* Reads no more: what was read is published, then all is done (feed_done()). Any thread. */
void feed_end(struct feed *feed);

/*
 * Makes the thread end, wherever it is, and frees everything but the numbers and the message.
 * Unread frames are lost. Does nothing where feed_start failed or feed_stop was called before.
 */
void feed_stop(struct feed *feed);

/* Returns the read end of a queue's pipe, for /proc/self/fd/N; the feed owns it. */
int feed_fd(const struct feed *feed, unsigned queue);

/*
 * Returns how many complete frames were written to a queue's pipe since the start. A receiver may
 * read up to as many without waiting. Any thread.
 */
static inline uint64_t feed_available(const struct feed *feed, unsigned queue)
{
	return atomic_load_explicit(&feed->pipes[queue].published, memory_order_acquire);
}

/*
 * With feed_options.direct: reads up to n frames of a queue, and returns how many. They are in the
 * feeder's memory until feed_release(). One thread for each queue.
 */
static inline unsigned feed_take(
	struct feed *feed, unsigned queue, struct frame *frames, unsigned n)
{
	return feed_pipe_take(&feed->pipes[queue], frames, n);
}

static inline void feed_release(struct feed *feed, unsigned queue)
{
	feed_pipe_release(&feed->pipes[queue]);
}

/*
 * Every frame up to this number is published, whichever queue it went to. Ask this first and
 * feed_available afterwards: a queue that is empty then will get none of them. Any thread.
 */
static inline uint64_t feed_dealt(const struct feed *feed)
{
	return atomic_load_explicit(&feed->dealt, memory_order_acquire);
}

/*
 * True once all is published. Ask this first and feed_available afterwards: if it was true and the
 * number is what has been read, the queue has come to its end. Any thread.
 */
static inline bool feed_done(const struct feed *feed)
{
	return atomic_load_explicit(&feed->done, memory_order_acquire);
}

/*
 * 0, or the first -errno of reading files so far (as capfile_open and capfile_next; frames before
 * the fault have been delivered and the other files are read); *message, if wanted, says which file
 * and why. It was logged. Any thread.
 */
int feed_result(const struct feed *feed, const char **message);

/*
 * The first file with a link type that is not decoded, and the type, as "day.pcap: link type 189
 * (USB_LINUX)"; "" where there was none. After feed_done().
 */
static inline const char *feed_strange(const struct feed *feed)
{
	return feed->strange;
}

/* Reads the progress. Any thread, any time between feed_start() and the next feed_start(). */
void feed_progress(const struct feed *feed, struct feed_progress *progress);

#endif

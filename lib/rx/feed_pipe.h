/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One pipe of the feeder (rx/feed.h). Frames are collected in a batch, written to the pipe many at
 * a time, and published, that is, counted, once they are in the pipe completely. The receiver reads
 * published frames only, so it never blocks in read().
 *
 * vmsplice() lends the pages of a ring to the kernel, which would otherwise copy them: that halves
 * the cost of the pipe on both sides. A pipe never holds more than its capacity: once as many
 * octets were lent afterwards, those before have been read, and their space in the ring is free.
 *
 * A direct one has no pipe: a receiver in the same process reads frames from the ring
 * (feed_pipe_dequeue()) and releases them (feed_pipe_release()).
 */
#ifndef RX_FEED_PIPE_H
#define RX_FEED_PIPE_H

#include "base/bits.h"
#include "rx/frame.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	FEED_PIPE_BYTES = 1 << 20, /* requested from the kernel */
	FEED_PIPE_ENOUGH = 1 << 19, /* sufficient for any record, however its pages are aligned */
	FEED_BATCH_BYTES = 1 << 17, /* a batch is written once it has so many octets */
	FEED_CAPTURE_MAX = 262144, /* preamble and frame: libpcap's largest snapshot length */
	FEED_LINK_TYPE = 147, /* LINKTYPE_USER0 */
	FEED_RECORD_HEAD = 16, /* of classic pcap */
};

/* Bits of feed_preamble.flags. */
enum {
	FEED_TRUNCATED = 1, /* the feeder truncated the frame to FEED_CAPTURE_MAX */
	FEED_TIME_SHIFT = 1, /* from this bit on: enum frame_time */
};

/* Precedes the frame in a pipe's record. Native byte order. */
struct feed_preamble {
	int64_t ts_ns; /* since the epoch */
	int64_t clock_ns; /* of the capture, across all files and queues (struct clock_guard) */
	uint32_t wire_len; /* octets on the wire */
	uint16_t link_type; /* LINKTYPE_ */
	uint8_t fcs_len; /* octets of frame check sequence at the frame's end */
	uint8_t flags;
	uint64_t number; /* of the frame, from 1, across all files and queues */
};
_Static_assert(sizeof(struct feed_preamble) == 32, "the receiver strips 32 octets");

struct feed_pipe {
	uint8_t *ring;
	size_t ring_size;
	uint8_t *batch; /* within the ring; space for FEED_BATCH_BYTES and one record */
	size_t fill; /* octets collected */
	size_t sent; /* of these, octets in the pipe */
	size_t mark; /* start of the first record that is not published */
	uint64_t put; /* records collected since the start */
	size_t capacity;
	uint32_t capture_max; /* FEED_CAPTURE_MAX; less if the kernel gives a small pipe */
	int read_fd, write_fd;
	bool splice; /* vmsplice() works here; else write() */
	bool direct; /* no pipe */
	uint64_t
		given; /* octets of the ring before the batch, including those skipped at its end */
	uint64_t shown; /* the feeder's copy of published */
	/* Records in the pipe since the start. The feeder writes, the receiver reads. */
	_Atomic uint64_t published __attribute__((aligned(BITS_CACHE_LINE)));
	/* Direct: the receiver writes these; the feeder reads `released`. */
	const uint8_t *next __attribute__((aligned(BITS_CACHE_LINE))); /* record */
	uint64_t passed; /* octets of the ring before it */
	uint64_t taken; /* records */
	_Atomic uint64_t released; /* octets of the ring that are free again */
};

_Static_assert(
	offsetof(struct feed_pipe, published) % BITS_CACHE_LINE == 0 &&
		offsetof(struct feed_pipe, next) - offsetof(struct feed_pipe, published) ==
			BITS_CACHE_LINE &&
		sizeof(struct feed_pipe) - offsetof(struct feed_pipe, next) == BITS_CACHE_LINE,
	"published is alone in its cache line, what the receiver writes is in another");

/*
 * Makes a pipe of `bytes` octets, or as many as the kernel gives, and writes the file header of
 * classic pcap to it; `direct`: makes the ring only. Returns 0 or -errno; -ENOSPC if the kernel
 * gives less than 8,192 octets. feed_pipe_close() may follow in any case, also on a struct of zeros
 * with both descriptors -1.
 */
int feed_pipe_open(struct feed_pipe *p, size_t bytes, bool direct);
void feed_pipe_close(struct feed_pipe *p);

/* Closes the write end: a receiver that reads on gets end of file. */
void feed_pipe_end(struct feed_pipe *p);

/*
 * Enqueues a record. The batch must not be full; len is at most capture_max minus the preamble.
 */
static inline void feed_pipe_enqueue(struct feed_pipe *p, const struct feed_preamble *preamble,
	const uint8_t *data, uint32_t len)
{
	uint8_t *at = p->batch + p->fill;
	uint32_t capture = (uint32_t)sizeof(*preamble) + len;
	uint32_t head[4] = {0, 0, capture, capture};

	_Static_assert(sizeof(head) == FEED_RECORD_HEAD, "a timestamp of two words, two lengths");
	memcpy(at, head, sizeof(head));
	memcpy(at + sizeof(head), preamble, sizeof(*preamble));
	memcpy(at + sizeof(head) + sizeof(*preamble), data, len);
	p->fill += sizeof(head) + capture;
	p->put++;
}

/* True if the batch must be sent before another record is enqueued. */ static inline bool
feed_pipe_is_full(const struct feed_pipe *p)
{
	return p->fill >= FEED_BATCH_BYTES;
}

/*
 * Writes as much as the pipe accepts without blocking, and publishes it. Returns how many octets of
 * the batch are left (0: it is empty again), or -errno. Direct: publishes everything, and returns
 * how many octets the receiver must release before another batch can begin.
 */
ssize_t feed_pipe_send(struct feed_pipe *p);

/* Returns the number up to which all frames are published in n pipes; `number` is that of the
 * latest frame. */
uint64_t feed_pipe_published(const struct feed_pipe *pipes, unsigned n, uint64_t number);

/* Returns the octets in the pipe, or in the ring of a direct one. */
size_t feed_pipe_level(const struct feed_pipe *p);

/* Fills a frame from a preamble and len octets at data. */
static inline void feed_frame(struct frame *frame, const struct feed_preamble *preamble,
	const uint8_t *data, uint32_t len)
{
	frame->data = data;
	frame->len = len;
	/* A file may claim that a frame was shorter on the wire than it is here. */
	frame->wire_len = preamble->wire_len > len ? preamble->wire_len : len;
	frame->ts_ns = preamble->ts_ns;
	frame->clock_ns = preamble->clock_ns;
	frame->late_us = 0;
	frame->link_type = preamble->link_type;
	frame->owner = 0;
	frame->time = preamble->flags >> FEED_TIME_SHIFT;
	frame->verified = 0;
	frame->piece = 0;
}

/*
 * Direct, in the receiver's thread: dequeues up to n published frames. Returns how many. They
 * borrow from the ring until feed_pipe_release().
 */
unsigned feed_pipe_dequeue(struct feed_pipe *p, struct frame *frames, unsigned n);

/* Releases the frames that feed_pipe_dequeue() returned. */
static inline void feed_pipe_release(struct feed_pipe *p)
{
	atomic_store_explicit(&p->released, p->passed, memory_order_release);
}

#endif

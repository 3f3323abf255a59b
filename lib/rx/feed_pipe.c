/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* What a batch may grow to: it is sent once FEED_BATCH_BYTES are reached or passed. */
#define BATCH_BYTES ((size_t)FEED_BATCH_BYTES + FEED_RECORD_HEAD + FEED_CAPTURE_MAX)
/* The same, with a mark behind it: the head of a record without octets ends the ring. */
#define BATCH_PLACE (BATCH_BYTES + FEED_RECORD_HEAD)

/* The file header, in the order of this machine, as libpcap wants it. */
struct file_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy;
	uint32_t snaplen;
	uint32_t link_type;
};
_Static_assert(sizeof(struct file_head) == 24, "as in the file");

/* Asks for the largest pipe up to `bytes` that limits allow. Its size or -errno. */
static int enlarge(int fd, size_t bytes)
{
	for (; bytes >= 4096; bytes /= 2)
		if (fcntl(fd, F_SETPIPE_SZ, (int)bytes) >= 0)
			break;
	int size = fcntl(fd, F_GETPIPE_SZ);
	return size < 0 ? -errno : size;
}

/* Makes the ring. 0 or -errno. */
static int make_ring(struct feed_pipe *p)
{
	/*
	 * From a place's first use to its next the ring goes round once, less what is left at its
	 * end and less the batch being gathered: still more than the pipe holds. Mapped, not
	 * allocated: pages that are in the pipe when the ring goes are never anybody else's.
	 */
	size_t size = p->capacity + 3 * BATCH_PLACE;
	void *ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ring == MAP_FAILED)
		return -errno;
	p->ring = p->batch = ring;
	p->next = ring;
	p->ring_size = size;
	return 0;
}

int feed_pipe_open(struct feed_pipe *p, size_t bytes, bool direct)
{
	static const struct file_head head = {.magic = 0xa1b2c3d4,
		.major = 2,
		.minor = 4,
		.snaplen = FEED_CAPTURE_MAX,
		.link_type = FEED_LINK_TYPE};
	int fds[2], r;

	memset(p, 0, sizeof(*p));
	p->read_fd = p->write_fd = -1;
	p->splice = true;
	p->direct = direct;
	if (direct) {
		p->capacity = bytes;
		p->capture_max = FEED_CAPTURE_MAX;
		return make_ring(p);
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	p->read_fd = fds[0];
	p->write_fd = fds[1];
	if (fcntl(p->write_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	r = enlarge(p->write_fd, bytes);
	if (r < 0)
		return r;
	/*
	 * A record that is half in the pipe needs space for its other half although the receiver
	 * does not touch it. Its first part may share a page with what was read already, the rest
	 * lies in whole pages: half the capacity is always enough, if that is two pages.
	 */
	p->capacity = (size_t)r;
	if (p->capacity < 8192)
		return -ENOSPC;
	p->capture_max = p->capacity >= FEED_PIPE_ENOUGH
				 ? FEED_CAPTURE_MAX
				 : (uint32_t)p->capacity / 2 - FEED_RECORD_HEAD;
	if (write(p->write_fd, &head, sizeof(head)) != (ssize_t)sizeof(head))
		return -EIO;
	return make_ring(p);
}

void feed_pipe_end(struct feed_pipe *p)
{
	if (p->write_fd >= 0)
		close(p->write_fd);
	p->write_fd = -1;
}

void feed_pipe_close(struct feed_pipe *p)
{
	if (p->read_fd >= 0)
		close(p->read_fd);
	p->read_fd = -1;
	feed_pipe_end(p);
	if (p->ring)
		munmap(p->ring, p->ring_size);
	p->ring = NULL;
}

/* Begins another batch behind the one that is done. */
static void next_batch(struct feed_pipe *p)
{
	size_t left;

	p->batch += p->fill;
	p->given += p->fill;
	p->fill = p->sent = p->mark = 0;
	left = (size_t)(p->ring + p->ring_size - p->batch);
	if (left < BATCH_PLACE) {
		memset(p->batch, 0, FEED_RECORD_HEAD);
		p->batch = p->ring;
		p->given += left;
	}
}

/* Counts the records of which the last octet is in the pipe. */
static void publish(struct feed_pipe *p)
{
	uint64_t n = p->shown;

	if (p->sent == p->fill) {
		n = p->put;
		next_batch(p);
	} else {
		while (p->mark + FEED_RECORD_HEAD <= p->sent) {
			uint32_t capture;
			memcpy(&capture, p->batch + p->mark + 8, sizeof(capture));
			if (p->mark + FEED_RECORD_HEAD + capture > p->sent)
				break;
			p->mark += FEED_RECORD_HEAD + capture;
			n++;
		}
	}
	if (n != p->shown) {
		p->shown = n;
		atomic_store_explicit(&p->published, n, memory_order_release);
	}
}

/* How many octets of the batch the pipe took now; -EAGAIN where it is full. */
static ssize_t give(struct feed_pipe *p)
{
	struct iovec rest = {.iov_base = p->batch + p->sent, .iov_len = p->fill - p->sent};
	ssize_t n;

	if (p->splice) {
		n = vmsplice(p->write_fd, &rest, 1, SPLICE_F_NONBLOCK);
		if (n >= 0 || errno == EAGAIN || errno == EINTR || errno == EPIPE)
			return n < 0 ? -errno : n;
		p->splice = false; /* not in this kernel, or not in this container */
	}
	n = write(p->write_fd, rest.iov_base, rest.iov_len);
	return n < 0 ? -errno : n;
}

static ssize_t send_direct(struct feed_pipe *p)
{
	p->sent = p->fill;
	publish(p);
	size_t used =
		p->given + BATCH_PLACE - atomic_load_explicit(&p->released, memory_order_acquire);
	return used > p->ring_size ? (ssize_t)(used - p->ring_size) : 0;
}

ssize_t feed_pipe_send(struct feed_pipe *p)
{
	if (p->direct)
		return send_direct(p);
	while (p->sent < p->fill) {
		ssize_t n = give(p);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			break;
		if (n < 0)
			return n;
		p->sent += (size_t)n;
	}
	publish(p);
	return (ssize_t)(p->fill - p->sent);
}

uint64_t feed_pipe_dealt(const struct feed_pipe *pipes, unsigned n, uint64_t number)
{
	for (const struct feed_pipe *p = pipes; p < pipes + n; p++) {
		struct feed_preamble head;
		if (p->mark == p->fill)
			continue;
		memcpy(&head, p->batch + p->mark + FEED_RECORD_HEAD, sizeof(head));
		number = head.number - 1 < number ? head.number - 1 : number;
	}
	return number;
}

size_t feed_pipe_level(const struct feed_pipe *p)
{
	int octets = 0;

	if (p->direct)
		return p->given - atomic_load_explicit(&p->released, memory_order_relaxed);
	return ioctl(p->write_fd, FIONREAD, &octets) < 0 ? 0 : (size_t)octets;
}

unsigned feed_pipe_take(struct feed_pipe *p, struct frame *frames, unsigned n)
{
	uint64_t there = atomic_load_explicit(&p->published, memory_order_acquire) - p->taken;
	const uint8_t *at = p->next;

	if (n > there)
		n = (unsigned)there;
	for (unsigned i = 0; i < n; i++) {
		struct feed_preamble preamble;
		uint32_t capture;
		memcpy(&capture, at + 8, sizeof(capture));
		if (bits_unlikely(capture == 0)) { /* the mark at the end */
			p->passed += (size_t)(p->ring + p->ring_size - at);
			at = p->ring;
			memcpy(&capture, at + 8, sizeof(capture));
		}
		memcpy(&preamble, at + FEED_RECORD_HEAD, sizeof(preamble));
		feed_frame(&frames[i], &preamble, at + FEED_RECORD_HEAD + sizeof(preamble),
			capture - (uint32_t)sizeof(preamble));
		at += FEED_RECORD_HEAD + capture;
		p->passed += FEED_RECORD_HEAD + capture;
	}
	p->next = at;
	p->taken += n;
	return n;
}

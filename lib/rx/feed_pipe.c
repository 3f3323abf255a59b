/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/feed_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* The largest batch: it is sent once it has FEED_BATCH_BYTES or more. */
#define BATCH_MAX ((size_t)FEED_BATCH_BYTES + FEED_RECORD_HEAD + FEED_CAPTURE_MAX)
/* The same with an end mark: a record header without octets ends the ring. */
#define BATCH_SPACE (BATCH_MAX + FEED_RECORD_HEAD)

/* The file header of classic pcap, in native byte order. */
struct file_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy;
	uint32_t snaplen;
	uint32_t link_type;
};
_Static_assert(sizeof(struct file_head) == 24, "its size in the file");

/* Requests the largest pipe of at most `bytes` that limits allow. Returns its size or -errno. */
static int enlarge(int fd, size_t bytes)
{
	for (; bytes >= 4096; bytes /= 2)
		if (fcntl(fd, F_SETPIPE_SZ, (int)bytes) >= 0)
			break;
	int size = fcntl(fd, F_GETPIPE_SZ);
	return size < 0 ? -errno : size;
}

/* Maps the ring. Returns 0 or -errno. */
static int make_ring(struct feed_pipe *p)
{
	/*
	 * An octet of the ring is reused after one turn, less the unused end and the current batch:
	 * still more than the pipe holds. The ring is mapped, not allocated, so that pages which
	 * are in the pipe when it is unmapped are never reused.
	 */
	size_t size = p->capacity + 3 * BATCH_SPACE;
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
	 * The pipe must have space for the rest of a record of which a part is in it, although the
	 * receiver does not read it yet. The first part may share a page with octets that were read
	 * already, the rest is in whole pages: half the capacity suffices, if that is two pages.
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

/* Begins the next batch behind one that was sent. */
static void next_batch(struct feed_pipe *p)
{
	size_t left;

	p->batch += p->fill;
	p->given += p->fill;
	p->fill = p->sent = p->mark = 0;
	left = (size_t)(p->ring + p->ring_size - p->batch);
	if (left < BATCH_SPACE) {
		memset(p->batch, 0, FEED_RECORD_HEAD);
		p->batch = p->ring;
		p->given += left;
	}
}

/* Publishes the records whose last octet is in the pipe. */
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

/* Writes the rest of the batch. Returns how many octets were written, -EAGAIN if the pipe is full,
 * or another -errno. */
static ssize_t write_batch(struct feed_pipe *p)
{
	struct iovec rest = {.iov_base = p->batch + p->sent, .iov_len = p->fill - p->sent};
	ssize_t n;

	if (p->splice) {
		n = vmsplice(p->write_fd, &rest, 1, SPLICE_F_NONBLOCK);
		if (n >= 0 || errno == EAGAIN || errno == EINTR || errno == EPIPE)
			return n < 0 ? -errno : n;
		p->splice =
			false; /* not supported by the kernel, or not permitted in this container */
	}
	n = write(p->write_fd, rest.iov_base, rest.iov_len);
	return n < 0 ? -errno : n;
}

static ssize_t send_direct(struct feed_pipe *p)
{
	p->sent = p->fill;
	publish(p);
	size_t used =
		p->given + BATCH_SPACE - atomic_load_explicit(&p->released, memory_order_acquire);
	return used > p->ring_size ? (ssize_t)(used - p->ring_size) : 0;
}

ssize_t feed_pipe_send(struct feed_pipe *p)
{
	if (p->direct)
		return send_direct(p);
	while (p->sent < p->fill) {
		ssize_t n = write_batch(p);
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

uint64_t feed_pipe_published(const struct feed_pipe *pipes, unsigned n, uint64_t number)
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

unsigned feed_pipe_dequeue(struct feed_pipe *p, struct frame *frames, unsigned n)
{
	uint64_t there = atomic_load_explicit(&p->published, memory_order_acquire) - p->taken;
	const uint8_t *at = p->next;

	if (n > there)
		n = (unsigned)there;
	for (unsigned i = 0; i < n; i++) {
		struct feed_preamble preamble;
		uint32_t capture;
		memcpy(&capture, at + 8, sizeof(capture));
		if (bits_unlikely(capture == 0)) { /* the end mark */
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

/* SPDX-License-Identifier: BSD-3-Clause */
/* A receiver for the tests of rx/feed. */
#ifndef TESTS_RX_TAP_H
#define TESTS_RX_TAP_H

#include "rx/feed.h"

#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define TAP_PATIENCE_US 20000000

/* A receiver of one queue, like net_pcap: it opens the pipe again and reads published frames. */
struct tap {
	const struct feed *feed;
	int fd;
	unsigned queue;
	uint64_t taken;
	uint8_t frame[FEED_CAPTURE_MAX]; /* the latest */
};

static inline void read_all(int fd, void *to, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = read(fd, (uint8_t *)to + got, n - got);
		CU_ASSERT_TRUE_FATAL(r > 0);
		got += (size_t)r;
	}
}

static inline void tap_open(struct tap *t, const struct feed *feed, unsigned queue)
{
	uint32_t head[6];
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", feed_fd(feed, queue));
	t->feed = feed;
	t->queue = queue;
	t->taken = 0;
	t->fd = open(path, O_RDONLY | O_CLOEXEC);
	CU_ASSERT_TRUE_FATAL(t->fd >= 0);
	read_all(t->fd, head, sizeof(head));
	CU_ASSERT_EQUAL(head[0], 0xa1b2c3d4);
	CU_ASSERT_EQUAL(head[4], FEED_CAPTURE_MAX);
	CU_ASSERT_EQUAL(head[5], FEED_LINK_TYPE);
}

/* Waits until a frame, or everything, is published. True: there is a frame. */
static inline bool tap_wait(const struct tap *t)
{
	for (long us = 0; us < TAP_PATIENCE_US; us += 200) {
		bool done = feed_done(t->feed);
		if (feed_available(t->feed, t->queue) > t->taken)
			return true;
		if (done)
			return false;
		usleep(200);
	}
	CU_FAIL_FATAL("nothing is published");
	return false;
}

/* Reads the next record. Returns its preamble; writes the frame's *len octets to t->frame. */
static inline struct feed_preamble tap_take(struct tap *t, uint32_t *len)
{
	struct feed_preamble p;
	uint32_t head[4];

	CU_ASSERT_TRUE_FATAL(tap_wait(t));
	read_all(t->fd, head, sizeof(head));
	CU_ASSERT_EQUAL(head[0] | head[1], 0);
	CU_ASSERT_EQUAL(head[2], head[3]);
	CU_ASSERT_TRUE_FATAL(head[2] >= sizeof(p) && head[2] <= FEED_CAPTURE_MAX);
	read_all(t->fd, &p, sizeof(p));
	*len = head[2] - (uint32_t)sizeof(p);
	read_all(t->fd, t->frame, *len);
	t->taken++;
	return p;
}

/* Checks that no frame follows, and the pipe has ended. */
static inline void tap_end(struct tap *t)
{
	CU_ASSERT_FALSE(tap_wait(t));
	CU_ASSERT_EQUAL(read(t->fd, t->frame, 1), 0);
	close(t->fd);
}

/* True if the latest frame's octets count up from `first`. */
static inline bool tap_counts_up(const struct tap *t, unsigned first, uint32_t len)
{
	bool same = true;

	for (uint32_t i = 0; i < len; i++)
		same = same && t->frame[i] == (uint8_t)(first + i);
	return same;
}

#endif

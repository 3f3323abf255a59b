/* SPDX-License-Identifier: BSD-3-Clause */
/* How workers receive from capture files: from the feeder's ring, or from net_pcap behind it. */
#include "input/files_inner.h"

#include "base/when.h"
#include "rx/idle.h"

#include <rte_ethdev.h>

static unsigned poll_direct(struct input_rx *rx, unsigned queue, struct input_burst *b)
{
	struct files_rx *f = (struct files_rx *)rx;
	struct feed *feed = &f->files->feed;
	bool done = feed_done(feed);

	b->n = feed_available(feed, queue) == f->received
		       ? 0
		       : feed_dequeue(feed, queue, b->frames, PIPELINE_BURST);
	rx->ended = b->n == 0 && done;
	f->received += b->n;
	metrics_add(&rx->metrics->rx.packets, b->n);
	return b->n;
}

static void done_direct(struct input_rx *rx)
{
	feed_release(&((struct files_rx *)rx)->files->feed, rx->self);
}

static void drop_direct(struct input_rx *rx, struct rte_mbuf **packets, unsigned n)
{
	(void)rx;
	(void)packets;
	(void)n;
}

static inline bool frame_fed(
	struct input_rx *rx, struct frame *frame, struct rte_mbuf **m, unsigned i)
{
	return mbuf_frame_fed(frame, *m, &rx->scratch, i, &rx->metrics->rx);
}

static unsigned frames_fed(struct input_rx *rx, struct rte_mbuf **packets, unsigned n,
	struct frame *frames, struct rte_mbuf **of)
{
	return input_frames(rx, packets, n, frames, of, frame_fed);
}

/* Polls net_pcap for at most as many packets as are in the pipe, so that it never blocks in a read.
 */
static unsigned poll_pipe(struct input_rx *rx, unsigned queue, struct input_burst *b)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	struct files_rx *f = (struct files_rx *)rx;
	const struct feed *feed = &f->files->feed;
	const struct port *port = &f->files->port;
	bool done = feed_done(feed);
	uint64_t published = feed_published(feed);
	uint64_t available = feed_available(feed, rx->self) - f->received;

	(void)queue; /* each worker has the queue of its number */
	b->n = 0;
	if (available == 0) {
		rx->ended = done;
		rx->mark = done ? INPUT_END : published;
		return 0;
	}
	if (f->reserve && rte_mempool_avail_count(port->pools[rx->self]) < f->reserve)
		return 0;
	uint16_t n = rte_eth_rx_burst(port->id, rx->self, packets,
		available < PIPELINE_BURST ? (uint16_t)available : PIPELINE_BURST);
	f->received += n;
	metrics_add(&rx->metrics->rx.packets, n);
	for (unsigned i = 0; i < n; i++)
		mbuf_item(packets[i])->number = rx->mark = mbuf_number(packets[i]);
	b->n = frames_fed(rx, packets, n, b->frames, b->of);
	return n;
}

static bool time_of_frames(struct input_rx *rx, int64_t latest_ns, int64_t *clock_ns)
{
	(void)rx;
	(void)latest_ns;
	(void)clock_ns;
	return false;
}

static void rest(struct input_rx *rx, unsigned work)
{
	struct files_rx *f = (struct files_rx *)rx;
	if (work)
		f->idle = 0;
	else
		idle_turn(&f->idle);
}

/* A followed input ends here regularly: frames that were read are still processed. */
static void stop_receiving(struct input_rx *rx)
{
	struct feed *feed = &((struct files_rx *)rx)->files->feed;

	if (feed->options.follow) {
		feed_end(feed);
		return;
	}
	rx->ended = true;
	rx->mark = INPUT_END;
}

const struct input_rx_ops files_direct_ops = {
	.begin = input_rx_nothing,
	.poll = poll_direct,
	.done = done_direct,
	.drop = drop_direct,
	.time = time_of_frames,
	.rest = rest,
	.wake = input_rx_nothing,
	.stop = stop_receiving,
};

const struct input_rx_ops files_pipe_ops = {
	.begin = input_rx_nothing,
	.poll = poll_pipe,
	.done = input_rx_nothing,
	.drop = input_drop_mbufs,
	.frames = frames_fed,
	.time = time_of_frames,
	.rest = rest,
	.wake = input_rx_nothing,
	.stop = stop_receiving,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices that play captures (net_pcap's rx_pcap): several queues form one capture, in the order of
 * their timestamps, for any number of workers. A queue is read independently of when its packets
 * were sent, and nothing is lost while it waits: so workers wait for each other, as for files, and
 * the output is the same each time. Once all are read, the machine's clock moves time.
 */
#include "base/when.h"
#include "input/device_rx.h"
#include "input/device_watch.h"

_Static_assert(MERGE_ENDED == INPUT_END, "merge_passed() is a mark");

/* Receives from the queues of which the merge needs packets. */
static void receive(struct device_rx *rx)
{
	struct merge *m = &rx->merge;
	struct rte_mbuf *packets[PIPELINE_BURST];
	uint64_t odd = merge_odd(m);

	for (unsigned i = 0; i < m->n; i++) {
		struct device_queue *q = &rx->queues[i];
		if (!merge_wants(m, i) ||
			rte_mempool_avail_count(q->of->pools[q->queue]) < q->reserve)
			continue;
		unsigned n = device_rx_poll(rx, q, packets);
		if (n == 0)
			merge_end(m, i);
		for (unsigned k = 0; k < n; k++) {
			/* Stores the time in the buffer. */
			int64_t ts_ns = device_rx_timestamp(rx, packets[k]);
			mbuf_timestamp_set(packets[k], &rx->devices->timestamp, ts_ns);
			packets[k]->port = q->port;
			merge_enqueue(m, i, mbuf_item(packets[k]), packets[k], ts_ns);
		}
	}
	metrics_add(&rx->rx.metrics->rx.stamps_odd, merge_odd(m) - odd);
}

static inline bool frame_of(
	struct input_rx *base, struct frame *frame, struct rte_mbuf **m, unsigned i)
{
	const struct device_rx *rx = device_rx_of(base);
	const struct devices *d = rx->devices;

	if (bits_unlikely(device_rx_is_made(*m)))
		return mbuf_frame_fed(frame, *m, &base->scratch, i, &base->metrics->rx);
	if (!mbuf_frame_live(frame, m, &base->scratch, i, &base->metrics->rx))
		return false;
	frame->ts_ns = (int64_t)mbuf_timestamp_get(*m, &d->timestamp);
	/* Received packets may be far ahead of those that are processed. */
	frame->clock_ns = (int64_t)mbuf_item(*m)->number;
	frame->late_us = 0;
	frame->link_type = d->link_of[(*m)->port];
	frame->owner = 0;
	/* The captures are merged, and time passes, by their own times. */
	if (bits_unlikely(rx->time_from != TAP_TIME_CAPTURE))
		tap_time_set(rx->time_from, frame);
	return true;
}

static unsigned frames_of(struct input_rx *rx, struct rte_mbuf **packets, unsigned n,
	struct frame *frames, struct rte_mbuf **of)
{
	return input_frames(rx, packets, n, frames, of, frame_of);
}

static unsigned poll_merged(struct input_rx *base, unsigned queue, struct input_burst *b)
{
	struct device_rx *rx = device_rx_of(base);
	struct rte_mbuf *packets[PIPELINE_BURST];
	struct order_item *item;
	unsigned n = 0;

	(void)queue; /* all queues are merged */
	receive(rx);
	while (n < PIPELINE_BURST && (item = merge_dequeue(&rx->merge)))
		packets[n++] = item->packet;
	b->n = frames_of(base, packets, n, b->frames, b->of);
	base->mark = merge_passed(&rx->merge);
	base->ended = rx->stopped && n == 0;
	return n;
}

/* Only timestamps move time until all captures are read; then the machine's clock does. */
static bool time_of_packets(struct input_rx *base, int64_t latest_ns, int64_t *clock_ns)
{
	struct device_rx *rx = device_rx_of(base);
	int64_t now_ns, before_ns = rx->now_ns;

	if (!device_rx_tick(rx, &now_ns))
		return false;
	rx->now_ns = now_ns;
	int64_t passed_ns = when_since(now_ns, before_ns);
	if (passed_ns < 0 || passed_ns > rx->latest.guard.jump_ns) /* the machine's clock was set */
		passed_ns = 0;
	*clock_ns = when_after(latest_ns, passed_ns);
	return base->mark == INPUT_END;
}

/* Stops receiving, and lets the merge return the packets that it holds. */
static void stop_receiving(struct input_rx *base)
{
	struct device_rx *rx = device_rx_of(base);

	for (unsigned i = 0; i < rx->merge.n && !rx->stopped; i++)
		merge_end(&rx->merge, i);
	rx->stopped = true;
}

static const struct input_rx_ops rx_ops = {
	DEVICE_RX_OPS,
	.poll = poll_merged,

	.frames = frames_of,
	.time = time_of_packets,
	.stop = stop_receiving,
};

static bool suits(const struct conf *conf)
{
	return device_all_captures(conf);
}

static int start(struct input *in)
{
	struct devices *d = in->state;
	int error = device_start(in);

	if (error == 0)
		error = device_rx_open(in, &rx_ops, false);
	for (unsigned i = 0; error == 0 && i < d->workers; i++) {
		d->rx[i].rx.queues = 1; /* even without a port's queue: it sets marks */
		merge_start(&d->rx[i].merge, d->rx[i].n_queues, d->rx[i].latest.guard.jump_ns);
	}
	return error;
}

const struct input_ops input_recorded = {
	.name = "recorded",
	.ordered = true,
	.suits = suits,
	.start = start,
	DEVICE_INPUT_OPS,
};

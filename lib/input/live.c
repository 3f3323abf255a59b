/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Live devices: packets are processed as they arrive, by the worker's clock or the NIC's. Packets
 * that are not polled in time are dropped and counted.
 */
#include "input/device_rx.h"
#include "input/device_watch.h"

/* The common fields of a queue's frames whose buffers have no timestamp (`timestamped` is its
 * flag). */
struct common {
	struct frame frame;
	uint64_t timestamped;
	enum tap_time time_from;
};

static inline struct common common_of(struct device_rx *rx)
{
	return (struct common){.frame = {.ts_ns = rx->now_ns,
				       .clock_ns = device_rx_clock(rx, rx->now_ns),
				       .late_us = rx->late_us,
				       .link_type = rx->from->link_type},
		.timestamped = rx->from->timestamp == PORT_TIMESTAMP_NONE
				       ? 0
				       : rx->devices->timestamp.flag,
		.time_from = rx->time_from};
}

/* Makes the frame of a buffer that rx->from has just delivered. */
static inline bool frame_received(
	struct input_rx *base, struct frame *frame, struct rte_mbuf **m, unsigned i)
{
	struct device_rx *rx = device_rx_of(base);

	if (!mbuf_frame_live(frame, m, &base->scratch, i, &base->metrics->rx))
		return false;
	frame->ts_ns = device_rx_timestamp(rx, *m);
	frame->late_us = rx->late_us;
	frame->link_type = rx->from->link_type;
	if (rx->time_from != TAP_TIME_CAPTURE)
		tap_time_set(rx->time_from, frame);
	frame->clock_ns = device_rx_clock(rx, frame->ts_ns);
	frame->owner = 0;
	return true;
}

static unsigned frames_received(
	struct device_rx *rx, struct rte_mbuf **packets, unsigned n, struct input_burst *b)
{
	const struct common common = common_of(rx);
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(rte_pktmbuf_mtod(packets[i], const char *));
	for (unsigned i = 0; i < n; i++) {
		struct frame *frame = &b->frames[count];
		if (bits_likely(mbuf_is_plain(packets[i], common.timestamped) &&
				common.time_from == TAP_TIME_CAPTURE)) {
			*frame = common.frame;
			frame->data = rte_pktmbuf_mtod(packets[i], const uint8_t *);
			frame->len = frame->wire_len = rte_pktmbuf_pkt_len(packets[i]);
			frame->verified = mbuf_is_verified(packets[i]);
			b->of[count++] = packets[i];
		} else if (frame_received(&rx->rx, frame, &packets[i], count)) {
			b->of[count++] = packets[i];
		} else {
			input_refuse(&rx->rx, packets[i]);
		}
	}
	return count;
}

static unsigned poll_queue(struct input_rx *base, unsigned queue, struct input_burst *b)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	struct device_rx *rx = device_rx_of(base);
	unsigned n = device_rx_poll(rx, &rx->queues[queue], packets);

	b->n = n ? frames_received(rx, packets, n, b) : 0;
	return n;
}

static void leave(const struct input_rx *base, struct rte_mbuf *m, const struct frame *frame)
{
	const struct device_rx *rx = (const struct device_rx *)base;
	mbuf_timestamp_set(m, &rx->devices->timestamp, frame->ts_ns);
	m->hash.usr = frame->late_us << 1 | frame->piece;
	/* Frames that were made here keep the invalid port. */
	if (!frame_is_inner(frame->link_type))
		m->port = rx->from->port;
}

/* Makes the frame of a buffer that another worker handed off. */
static inline bool frame_handed_off(
	struct input_rx *base, struct frame *frame, struct rte_mbuf **m, unsigned i)
{
	struct device_rx *rx = device_rx_of(base);
	const uint32_t left = (*m)->hash.usr;

	if (bits_unlikely(device_rx_is_made(*m))) {
		if (!mbuf_frame_fed(frame, *m, &base->scratch, i, &base->metrics->rx))
			return false;
	} else {
		if (!mbuf_frame_live(frame, m, &base->scratch, i, &base->metrics->rx))
			return false;
		frame->ts_ns = (int64_t)mbuf_timestamp_get(*m, &rx->devices->timestamp);
		frame->late_us = left >> 1;
		frame->link_type = rx->devices->link_of[(*m)->port];
		frame->clock_ns = device_rx_clock(rx, frame->ts_ns);
		frame->owner = 0;
	}
	frame->piece = left & 1;
	return true;
}

static unsigned frames_handed_off(struct input_rx *rx, struct rte_mbuf **packets, unsigned n,
	struct frame *frames, struct rte_mbuf **of)
{
	return input_frames(rx, packets, n, frames, of, frame_handed_off);
}

/* The clock advances without packets, too. */
static bool time_of_machine(struct input_rx *base, int64_t latest_ns, int64_t *clock_ns)
{
	struct device_rx *rx = device_rx_of(base);
	int64_t now_ns;

	(void)latest_ns;
	if (!device_rx_tick(rx, &now_ns))
		return false;
	*clock_ns = clock_latest_at(&rx->latest, now_ns);
	return true;
}

static void stop_receiving(struct input_rx *rx)
{
	rx->ended = true;
}

static const struct input_rx_ops rx_ops = {
	DEVICE_RX_OPS,
	.poll = poll_queue,

	.leave = leave,
	.frames = frames_handed_off,
	.time = time_of_machine,
	.stop = stop_receiving,
};

static bool suits(const struct conf *conf)
{
	return conf->input_interfaces.count || conf->input_devices.count;
}

static int start(struct input *in)
{
	struct devices *d = in->state;
	int error = device_start(in);

	if (error == 0)
		error = device_rx_open(in, &rx_ops, d->queues > 1);
	for (unsigned i = 0; error == 0 && i < d->workers; i++)
		d->rx[i].rx.queues = d->rx[i].n_queues;
	return error;
}

const struct input_ops input_live = {
	.name = "live",
	.suits = suits,
	.start = start,
	DEVICE_INPUT_OPS,
};

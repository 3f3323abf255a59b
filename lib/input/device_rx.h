/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's side of devices: its queues and clocks. */
#ifndef INPUT_DEVICE_RX_H
#define INPUT_DEVICE_RX_H

#include "input/device.h"
#include "input/device_rest.h"
#include "rx/clock.h"
#include "rx/merge.h"
#include "rx/rss_check.h"

struct device_queue {
	const struct port *of;
	uint16_t port; /* DPDK's number */
	uint16_t queue;
	uint8_t index; /* of the port among ours */
	uint8_t timestamp; /* enum port_timestamp */
	uint16_t link_type;
	unsigned reserve; /* in order: it is polled only with so many free buffers */
	struct clock nic;
	/* Several queues only: the next packets arrived after this, by the counter. */
	uint64_t after;
	uint64_t mark; /* the next value of `after`, once `left` more packets were polled */
	uint32_t left;
	bool shut; /* not to be polled: rx/port_gate.h */
	uint64_t received; /* packets; written by the worker */
	bool checks; /* whether the NIC's hash of the first packets is ours */
	struct rss_check check;
};

#define DEVICE_QUEUES (DEVICE_PORTS * 2) /* of one worker */

struct device_rx {
	struct input_rx rx;
	const struct devices *devices;
	struct device_queue queues[DEVICE_QUEUES];
	unsigned n_queues;
	const struct device_queue *from; /* of the latest burst */
	enum tap_time time_from;
	struct clock cpu;
	struct clock_latest latest; /* live only */
	int64_t now_ns; /* when the latest burst was polled */
	uint32_t late_us; /* how long before that its packets may have arrived */
	bool several; /* all workers poll several queues, in no common order */
	int64_t max_late_us;
	uint64_t tick; /* counter at the latest time() */
	uint64_t aligned; /* counter at the latest alignment */
	uint64_t hz;
	_Atomic int64_t set_ns; /* the last step of the wall clock; written by the worker */
	struct device_rest rest;
	struct port_pass pass;
	struct merge merge; /* recorded only */
	bool stopped; /* recorded only: it receives no more */
} __attribute__((aligned(BITS_CACHE_LINE)));

/* Creates the workers' sides of started ports: devices->rx. `several`: they poll several queues.
 * Returns 0, or -errno, which it has logged. */
int device_rx_open(struct input *in, const struct input_rx_ops *ops, bool several);
/* Frees them and closes the ports: the stop() of struct input_ops. */
void device_rx_stop(struct input *in);

static inline struct device_rx *device_rx_of(struct input_rx *rx)
{
	return (struct device_rx *)rx;
}

/* Receives a burst of queue q, with its time and counters. Returns how many packets. */
unsigned device_rx_poll(struct device_rx *rx, struct device_queue *q, struct rte_mbuf **packets);

/* Returns the time of a packet of the latest burst, in nanoseconds since the epoch. */
static inline int64_t device_rx_timestamp(const struct device_rx *rx, const struct rte_mbuf *m)
{
	const struct device_queue *q = rx->from;
	const struct mbuf_timestamp *timestamp = &rx->devices->timestamp;
	if (bits_likely(q->timestamp == PORT_TIMESTAMP_NONE) || !(m->ol_flags & timestamp->flag))
		return rx->now_ns;
	uint64_t value = mbuf_timestamp_get(m, timestamp);
	if (q->timestamp == PORT_TIMESTAMP_NIC)
		return clock_of(&q->nic, value);
	return value < 100000000000000000u ? (int64_t)value * 1000 : (int64_t)value;
}

/* True if a worker made the packet, with a preamble. Devices' packets have a port. */
static inline bool device_rx_is_made(const struct rte_mbuf *m)
{
	return m->port == RTE_MBUF_PORT_INVALID;
}

/* Returns the clock at a timestamp that is too far from it, or while others are held. */
int64_t device_rx_far(struct device_rx *rx, int64_t ts_ns);

/* Live: moves the clock by a packet's timestamp, and returns it. */
static inline int64_t device_rx_clock(struct device_rx *rx, int64_t ts_ns)
{
	struct clock_guard *clock = &rx->latest.guard;
	return bits_likely(clock_guard_follow(clock, ts_ns)) ? clock->ns : device_rx_far(rx, ts_ns);
}

/* True if it is time for housekeeping: the clocks are then aligned, and *now_ns is the machine's
 * time. */
bool device_rx_tick(struct device_rx *rx, int64_t *now_ns);

/* The rows of struct input_rx_ops that both kinds have. */
#define DEVICE_RX_OPS                                                                              \
	.begin = device_rx_begin, .done = input_rx_nothing, .drop = input_drop_mbufs,              \
	.rest = device_rx_rest, .wake = device_rx_wake
/* Its functions. */
void device_rx_begin(struct input_rx *base);
void device_rx_rest(struct input_rx *base, unsigned work);
void device_rx_wake(struct input_rx *base);
struct input_rx *device_rx_get(const struct input *in, unsigned worker);

/* Warns if the wall clock was set. The control loop calls it. */
void device_rx_watch_clock(struct devices *d);

#endif

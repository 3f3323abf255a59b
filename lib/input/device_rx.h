/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's side of devices: its queues, and what time it is. */
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
	unsigned reserve; /* in order: free buffers without which it is not asked */
	struct clock nic;
	/* Several queues only: what it gives now came to it after this, by the counter. */
	uint64_t after;
	uint64_t mark; /* another such moment, once it has given `left` packets more */
	uint32_t left;
	bool shut; /* not to be polled: rx/port_gate.h */
	uint64_t taken; /* packets; written by the worker */
	bool checks; /* the NIC's hash, of the first packets */
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
	int64_t now_ns; /* when the latest burst was taken */
	uint32_t late_us; /* how long before that its packets may have been there */
	bool several; /* queues, of all workers, that are received from in no common order */
	int64_t most_late_us;
	uint64_t tick; /* counter at the latest time() */
	uint64_t aligned; /* counter at the latest alignment */
	uint64_t hz;
	_Atomic int64_t set_ns; /* by how much the wall clock was set; written by the worker */
	struct device_rest rest;
	struct port_pass pass;
	struct merge merge; /* recorded only */
	bool stopped; /* the same: nothing more is received */
} __attribute__((aligned(BITS_CACHE_LINE)));

/* Makes the workers' sides of started ports: devices->rx. 0 or -errno, said. */
int device_rx_open(struct input *in, const struct input_rx_ops *ops, bool several);
/* Frees them, and closes the ports: the stop() of struct input_ops. */
void device_rx_stop(struct input *in);

static inline struct device_rx *device_rx_of(struct input_rx *rx)
{
	return (struct device_rx *)rx;
}

/* Receives a burst of queue q: notes when, and counts. How many packets. */
unsigned device_rx_poll(struct device_rx *rx, struct device_queue *q, struct rte_mbuf **packets);

/* Returns the time of a packet of the latest burst, in nanoseconds. */
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

/* Was it put together by a worker, with a preamble? Devices' packets have a port. */
static inline bool device_rx_is_made(const struct rte_mbuf *m)
{
	return m->port == RTE_MBUF_PORT_INVALID;
}

/* The clock at a timestamp that is too far from it. */
int64_t device_rx_far(struct device_rx *rx, int64_t ts_ns);

/* Live: a packet has this timestamp. Returns the clock at it. */
static inline int64_t device_rx_clock(struct device_rx *rx, int64_t ts_ns)
{
	struct clock_guard *clock = &rx->latest.guard;
	return bits_likely(clock_guard_follow(clock, ts_ns)) ? clock->ns : device_rx_far(rx, ts_ns);
}

/* Is it time to expire? Then *now_ns is the machine's time, and the clocks are aligned. */
bool device_rx_tick(struct device_rx *rx, int64_t *now_ns);

/* Functions of struct input_rx_ops. */
void device_rx_begin(struct input_rx *base);
void device_rx_rest(struct input_rx *base, unsigned work);
void device_rx_wake(struct input_rx *base);
struct input_rx *device_rx_get(const struct input *in, unsigned worker);

/* Says where the wall clock was set; for the control loop. */
void device_rx_watch_clock(struct devices *d);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#include "input/device_rx.h"

#include "base/log.h"
#include "base/when.h"

#include <errno.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <time.h>

/* How much longer a device, or a tap before it, may delay one packet than another. */
#define DELAY_US 1000
#define TICKS_PER_S 1000 /* housekeeping */
#define ALIGNS_PER_S 10

_Static_assert(DEVICE_QUEUES <= ORDER_SOURCES, "each queue of a worker is a source");

/* Assigns queues to a worker. Queue q of a port with our RSS is worker q's; the queues of other
 * ports continue after those of the port before. */
static void assign_queues(struct device_rx *rx, unsigned workers)
{
	const struct devices *d = rx->devices;
	unsigned next = 0;

	for (unsigned i = 0; i < d->n_ports; i++) {
		const struct port *port = &d->ports[i];
		const bool our_rss = device_has_our_rss(d, i, workers);
		if (our_rss)
			next = 0;
		for (uint16_t q = 0; q < port->plan.queues; q++) {
			if ((next + q) % workers != rx->rx.self)
				continue;
			rx->queues[rx->n_queues++] = (struct device_queue){.of = port,
				.port = port->id,
				.queue = q,
				.index = (uint8_t)i,
				.timestamp = (uint8_t)port->plan.timestamp,
				.checks = our_rss,
				.reserve = input_reserve(port->pools[q], workers),
				.link_type = d->device_of[i]->link_type};
		}
		next = (next + port->plan.queues) % workers;
	}
}

/* True if every source of a worker's packets can wake it. A worker without queues gets packets from
 * others only, and naps if no port has interrupts. */
static bool can_wait(const struct device_rx *rx)
{
	const struct devices *d = rx->devices;
	unsigned with = 0;

	for (unsigned i = 0; i < rx->n_queues; i++)
		if (rx->queues[i].of->no_interrupts)
			return false;
	for (unsigned i = 0; i < d->n_ports; i++)
		with += d->ports[i].no_interrupts == NULL;
	return rx->rest.rests && with;
}

static void open_rest(struct device_rx *rx, bool rests)
{
	struct device_rest *rest = &rx->rest;
	int error = 0;

	rest->rests = rests;
	if (!can_wait(rx) || port_wait_open(&rest->wait, &port_ops_dpdk))
		return;
	for (unsigned i = 0; i < rx->n_queues && error == 0; i++)
		error = port_wait_add(&rest->wait, rx->queues[i].port, rx->queues[i].queue);
	rest->waits = error == 0;
	if (error == 0)
		return;
	log_detail("worker %u naps when idle, because it cannot wait for interrupts: %s",
		rx->rx.self, strerror(-error));
	port_wait_close(&rest->wait);
}

static int open_one(
	struct input *in, struct device_rx *rx, uint16_t self, const struct input_rx_ops *ops)
{
	int64_t late_us = (int64_t)in->conf->txn_reorder_ms * 1000;

	memset(rx, 0, sizeof(*rx));
	rx->rx = (struct input_rx){.ops = ops, .self = self};
	rx->devices = in->state;
	rx->time_from = input_time_from(in->conf);
	rx->latest.guard.jump_ns = (int64_t)in->conf->txn_jump_s * WHEN_NS_PER_S;
	rx->max_late_us = late_us < INT32_MAX ? late_us : INT32_MAX;
	assign_queues(rx, in->share.workers);
	open_rest(rx, in->share.rests);
	return mbuf_scratch_init(&rx->rx.scratch, PIPELINE_BURST);
}

int device_rx_open(struct input *in, const struct input_rx_ops *ops, bool several)
{
	struct devices *d = in->state;
	const unsigned workers = in->share.workers;
	int error = 0;

	if (d->queues > DEVICE_QUEUES * workers) {
		log_error("%u queues are too many for %u workers: each can poll %u; raise workers",
			d->queues, workers, DEVICE_QUEUES);
		return -E2BIG;
	}
	d->rx = aligned_alloc(BITS_CACHE_LINE, workers * sizeof(*d->rx));
	if (!d->rx)
		error = -ENOMEM;
	for (; error == 0 && d->workers < workers; d->workers++) {
		error = open_one(in, &d->rx[d->workers], (uint16_t)d->workers, ops);
		d->rx[d->workers].several = several;
	}
	if (error)
		log_error("out of memory");
	return error;
}

void device_rx_stop(struct input *in)
{
	struct devices *d = in->state;

	for (unsigned i = 0; i < d->workers; i++) {
		device_rest_close(&d->rx[i].rest);
		mbuf_scratch_free(&d->rx[i].rx.scratch);
	}
	free(d->rx);
	d->rx = NULL;
	d->workers = 0;
	device_stop(d);
}

static int64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * (int64_t)WHEN_NS_PER_S + now.tv_nsec;
}

/* Reads the counter and the wall clock together: the closest of three pairs, because a reading may
 * be interrupted. */
static uint64_t read_both(int64_t *wall)
{
	uint64_t best = 0, closest = UINT64_MAX;
	for (int i = 0; i < 3; i++) {
		uint64_t before = rte_rdtsc();
		int64_t ns = wall_ns();
		uint64_t took = rte_rdtsc() - before;
		if (took < closest) {
			closest = took;
			best = before + took / 2;
			*wall = ns;
		}
	}
	return best;
}

static void align(struct device_rx *rx)
{
	int64_t wall = 0, set;
	uint64_t ticks, now = read_both(&wall);

	set = clock_align(&rx->cpu, now, wall);
	if (set)
		atomic_store_explicit(&rx->set_ns, set, memory_order_relaxed);
	for (unsigned i = 0; i < rx->n_queues; i++) {
		struct device_queue *q = &rx->queues[i];
		if (q->timestamp == PORT_TIMESTAMP_NIC && !q->shut &&
			port_read_clock(q->of, &ticks) == 0)
			clock_align(&q->nic, ticks, clock_of(&rx->cpu, rte_rdtsc()));
	}
	rx->aligned = now;
}

void device_rx_begin(struct input_rx *base)
{
	struct device_rx *rx = device_rx_of(base);
	int64_t wall = 0;
	uint64_t ticks, now = read_both(&wall);

	rx->hz = rte_get_tsc_hz();
	clock_start(&rx->cpu, now, wall, rx->hz);
	for (unsigned i = 0; i < rx->n_queues; i++) {
		struct device_queue *q = &rx->queues[i];
		if (q->timestamp == PORT_TIMESTAMP_NIC && port_read_clock(q->of, &ticks) == 0)
			clock_start(&q->nic, ticks, clock_of(&rx->cpu, rte_rdtsc()),
				rx->devices->hz_of[q->index]);
	}
	clock_latest_start(&rx->latest, wall, rx->latest.guard.jump_ns);
	rx->tick = rx->aligned = now;
}

/* Returns how long ago the oldest packet of a burst may have arrived. */
static uint32_t late_us(const struct device_rx *rx, const struct device_queue *q)
{
	int64_t us = DELAY_US + (rx->now_ns - clock_of(&rx->cpu, q->after)) / 1000;
	return (uint32_t)(us < rx->max_late_us ? us : rx->max_late_us);
}

/* Updates the queue's earliest arrival after a poll at `before` that returned n packets. If n is
 * less than a full burst, the queue was empty afterwards. Once as many were polled as it holds, all
 * packets from before the mark are gone. */
static void update_after(struct device_queue *q, uint64_t before, unsigned n)
{
	if (n < PIPELINE_BURST) {
		q->after = before;
	} else if (q->left <= n) {
		q->after = q->mark > q->after ? q->mark : q->after;
		q->mark = before;
		q->left = q->of->plan.descriptors;
	} else {
		q->left -= n;
	}
}

unsigned device_rx_poll(struct device_rx *rx, struct device_queue *q, struct rte_mbuf **packets)
{
	if (bits_unlikely(q->shut))
		return 0;
	uint64_t before = rx->several ? rte_rdtsc() : 0;
	uint16_t n = rte_eth_rx_burst(q->port, q->queue, packets, PIPELINE_BURST);

	if (n) {
		rx->now_ns = clock_of(&rx->cpu, rte_rdtsc());
		clock_latest_at(&rx->latest, rx->now_ns);
		if (rx->several)
			rx->late_us = late_us(rx, q);
	}
	if (rx->several)
		update_after(q, before, n);
	if (bits_unlikely(q->checks && n))
		q->checks = rss_check_burst(&q->check, &rx->devices->rss,
			q->of->plan.conf.rx_adv_conf.rss_conf.rss_hf, q->queue, packets, n);
	rx->from = q;
	metrics_add(&rx->rx.metrics->rx.packets, n);
	metrics_add(&q->received, n);
	return n;
}

int64_t device_rx_far(struct device_rx *rx, int64_t ts_ns)
{
	struct clock_guard *clock = &rx->latest.guard;
	struct clock_settled settled;
	uint64_t odd = clock->odd;

	clock_guard_add(clock, ts_ns, &settled);
	metrics_add(&rx->rx.metrics->rx.stamps_odd, clock->odd - odd);
	return clock->ns;
}

bool device_rx_tick(struct device_rx *rx, int64_t *now_ns)
{
	uint64_t now = rte_rdtsc();

	if (now - rx->tick < rx->hz / TICKS_PER_S)
		return false;
	if (now - rx->aligned >= rx->hz / ALIGNS_PER_S)
		align(rx);
	*now_ns = clock_of(&rx->cpu, now);
	rx->tick = now;
	return true;
}

/* Reads the ports' states: a port that was opened again may have another number. */
static void update_ports(struct device_rx *rx)
{
	unsigned moves = port_gate_look(&rx->devices->gate);

	for (unsigned i = 0; i < rx->n_queues; i++) {
		struct device_queue *q = &rx->queues[i];
		if (q->of->shut && !q->shut && rx->rest.waits)
			port_wait_remove(&rx->rest.wait, q->port);
		q->shut = q->of->shut;
		q->port = q->of->id;
	}
	port_gate_pass(&rx->pass, moves);
}

void device_rx_rest(struct input_rx *base, unsigned work)
{
	struct device_rx *rx = device_rx_of(base);

	device_rest_turn(&rx->rest, work);
	if (bits_unlikely(port_gate_moved(&rx->devices->gate, &rx->pass)))
		update_ports(rx);
}

void device_rx_wake(struct input_rx *base)
{
	device_rest_wake(&device_rx_of(base)->rest);
}

struct input_rx *device_rx_get(const struct input *in, unsigned worker)
{
	return &((struct devices *)in->state)->rx[worker].rx;
}

void device_rx_watch_clock(struct devices *d)
{
	for (unsigned i = 0; i < d->workers; i++) {
		int64_t set = atomic_exchange(&d->rx[i].set_ns, 0);
		if (set && i == 0)
			log_warn("the clock of the machine was set by %.3f s: timestamps follow",
				(double)set / 1e9);
	}
}

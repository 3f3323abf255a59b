/* SPDX-License-Identifier: BSD-3-Clause */
#include "app/live_rx.h"

#include "app/live_order.h"
#include "app/live_steer.h"
#include "app/run.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <time.h>

/* How much longer than others a device, or what copies packets to it, may hold one back. */
#define DELAY_US 1000
#define TURNS 256 /* idle or not, between two looks at the clock */
#define TICKS_PER_S 1000 /* housekeeping */
#define ALIGNS_PER_S 10

/* Queue q of a port is worker q's, as the twin of its RSS has it; ports with fewer queues than
 * there are workers begin where the one before ended. */
void live_rx_init(struct worker *w)
{
	const struct live *live = w->run->live;
	struct live_rx *rx = &w->live;
	unsigned workers = w->run->workers, next = 0;

	for (unsigned i = 0; i < live->n_ports; i++) {
		const struct port *port = &live->ports[i];
		if (live_is_judged(live, i))
			next = 0;
		for (uint16_t q = 0; q < port->plan.queues; q++) {
			if ((next + q) % workers != w->self)
				continue;
			rx->queues[rx->n_queues++] = (struct live_queue){.of = port,
				.port = port->id,
				.queue = q,
				.index = (uint8_t)i,
				.stamp = (uint8_t)port->plan.stamp,
				.checks = live_is_judged(live, i),
				.link_type = live->device_of[i]->link_type};
		}
		next = (next + port->plan.queues) % workers;
	}
	w->has_queue = rx->n_queues > 0;
	rx->several = live->queues > 1 && !live->recorded;
	rx->most_late_us = (int64_t)w->run->conf->txn_reorder_ms * 1000;
	if (rx->most_late_us > INT32_MAX)
		rx->most_late_us = INT32_MAX;
	live_idle_init(w);
}

static int64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * (int64_t)WHEN_NS_PER_S + now.tv_nsec;
}

/* The counter and the wall clock, read together: the closest of some pairs, because a reading may
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

static void align(struct live_rx *rx)
{
	int64_t wall = 0, set;
	uint64_t ticks, now = read_both(&wall);

	set = clock_align(&rx->cpu, now, wall);
	if (set)
		atomic_store_explicit(&rx->set_ns, set, memory_order_relaxed);
	for (unsigned i = 0; i < rx->n_queues; i++) {
		struct live_queue *q = &rx->queues[i];
		if (q->stamp == PORT_STAMP_NIC && !q->shut && port_read_clock(q->of, &ticks) == 0)
			clock_align(&q->nic, ticks, clock_of(&rx->cpu, rte_rdtsc()));
	}
	rx->aligned = now;
}

/* Reads the clocks for the first time, on the worker's own core. */
static void start(struct worker *w)
{
	struct live_rx *rx = &w->live;
	int64_t wall = 0;
	uint64_t ticks, now = read_both(&wall);

	rx->hz = rte_get_tsc_hz();
	clock_start(&rx->cpu, now, wall, rx->hz);
	for (unsigned i = 0; i < rx->n_queues; i++) {
		struct live_queue *q = &rx->queues[i];
		if (q->stamp == PORT_STAMP_NIC && port_read_clock(q->of, &ticks) == 0)
			clock_start(&q->nic, ticks, clock_of(&rx->cpu, rte_rdtsc()),
				w->run->live->hz_of[q->index]);
	}
	rx->latest = (struct clock_latest){.ns = INT64_MIN / 2, .seen_ns = wall};
	rx->tick = rx->aligned = now;
}

static int64_t stamp_of(
	const struct live_rx *rx, const struct mbuf_stamp *stamp, const struct rte_mbuf *m)
{
	const struct live_queue *q = rx->from;
	if (bits_likely(q->stamp == PORT_STAMP_NONE) || !(m->ol_flags & stamp->flag))
		return rx->now_ns;
	uint64_t value = mbuf_stamp_get(m, stamp);
	if (q->stamp == PORT_STAMP_NIC)
		return clock_of(&q->nic, value);
	return value < 100000000000000000u ? (int64_t)value * 1000 : (int64_t)value;
}

void live_stamp(struct worker *w, struct frame *frame, const struct rte_mbuf *m)
{
	const struct live *live = w->run->live;
	struct live_rx *rx = &w->live;

	if (rx->from) {
		frame->ts_ns = stamp_of(rx, &live->stamp, m);
		frame->late_us = rx->late_us;
		frame->link_type = rx->from->link_type;
	} else {
		frame->ts_ns = (int64_t)mbuf_stamp_get(m, &live->stamp);
		frame->late_us = live->recorded ? 0 : m->hash.usr >> 1;
		frame->link_type = live->device_of[live->index_of[m->port]]->link_type;
	}
	/* What is received of captures may be far ahead of what is processed. */
	frame->clock_ns = live->recorded ? (int64_t)steer_item(m)->number
					 : clock_latest_take(&rx->latest, frame->ts_ns);
	frame->owner = 0;
}

bool live_like(struct worker *w, struct frame *frame, uint64_t *stamped)
{
	struct live_rx *rx = &w->live;

	if (!rx->from)
		return false;
	*stamped = rx->from->stamp == PORT_STAMP_NONE ? 0 : w->run->live->stamp.flag;
	*frame = (struct frame){.ts_ns = rx->now_ns,
		.clock_ns = clock_latest_take(&rx->latest, rx->now_ns),
		.late_us = rx->late_us,
		.link_type = rx->from->link_type};
	return true;
}

int64_t live_keep_time(struct worker *w, struct rte_mbuf *m)
{
	int64_t ts_ns = stamp_of(&w->live, &w->run->live->stamp, m);
	mbuf_stamp_set(m, &w->run->live->stamp, ts_ns);
	m->port = w->live.from->port;
	return ts_ns;
}

void live_mark(const struct worker *w, struct rte_mbuf *m, const struct frame *frame)
{
	mbuf_stamp_set(m, &w->run->live->stamp, frame->ts_ns);
	m->hash.usr = frame->late_us << 1 | frame->piece;
	/* Of what was made here the port stays the invalid one. */
	if (frame->link_type != FRAME_LINK_DATAGRAM)
		m->port = w->live.from->port;
}

bool live_is_made(const struct worker *w, const struct rte_mbuf *m)
{
	return !w->live.from && m->port == RTE_MBUF_PORT_INVALID;
}

/* How long ago the oldest packet of a burst can have come. */
static uint32_t late_us(const struct live_rx *rx, const struct live_queue *q)
{
	int64_t us = DELAY_US + (rx->now_ns - clock_of(&rx->cpu, q->after)) / 1000;
	return (uint32_t)(us < rx->most_late_us ? us : rx->most_late_us);
}

/* It gave n packets when asked at `before`. Fewer than asked for: it was empty then. As many as it
 * can hold: what it held at the mark is gone. */
static void note(struct live_queue *q, uint64_t before, unsigned n)
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

/* Whether the NIC's hash of the first packets is what it should be. */
static bool check(struct worker *w, struct live_queue *q, struct rte_mbuf **packets, unsigned n)
{
	return rss_check_burst(&q->check, &w->run->live->rss,
		q->of->plan.conf.rx_adv_conf.rss_conf.rss_hf, q->queue, packets, n);
}

unsigned live_poll(struct worker *w, unsigned i, struct rte_mbuf **packets)
{
	struct live_rx *rx = &w->live;
	struct live_queue *q = &rx->queues[i];
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
		note(q, before, n);
	if (n == 0)
		return 0;
	if (bits_unlikely(q->checks))
		q->checks = check(w, q, packets, n);
	rx->from = q;
	metrics_add(&w->metrics.rx.packets, n);
	metrics_add(&q->taken, n);
	return n;
}

/* Receives from each queue once. How many packets. */
static unsigned receive(struct worker *w)
{
	struct rte_mbuf *packets[PIPELINE_BURST];
	struct live_rx *rx = &w->live;
	unsigned total = 0;

	for (unsigned i = 0; i < rx->n_queues; i++) {
		unsigned n = live_poll(w, i, packets);
		if (n == 0)
			continue;
		live_received(w, packets, n);
		rx->from = NULL;
		total += n;
	}
	return total;
}

/* Whether more of it is to be done at once. */
static bool housekeep(struct worker *w)
{
	struct live_rx *rx = &w->live;
	uint64_t now = rte_rdtsc();

	if (now - rx->tick < rx->hz / TICKS_PER_S)
		return false;
	if (now - rx->aligned >= rx->hz / ALIGNS_PER_S)
		align(rx);
	int64_t clock_ns = clock_latest_at(&rx->latest, clock_of(&rx->cpu, now));
	/* Before the first packet nothing waits, and no clock is known. */
	if (!rx->plays && w->pipeline.clock_ns != INT64_MIN &&
		pipeline_tick(&w->pipeline, clock_ns))
		return true;
	rx->tick = now;
	return false;
}

/* A turn has ended that had `work`: time goes on, and rests are taken. */
static void turn(struct worker *w, unsigned work)
{
	struct live_rx *rx = &w->live;

	if (++rx->turns >= TURNS || (!work && w->run->rests)) {
		rx->turns = 0;
		work += housekeep(w);
	}
	live_idle_turn(w, work);
}

/* Ports were shut or opened again, then perhaps under another number. */
static void follow(struct worker *w)
{
	struct live_rx *rx = &w->live;
	unsigned moves = port_gate_look(&w->run->live->gate);

	for (unsigned i = 0; i < rx->n_queues; i++) {
		struct live_queue *q = &rx->queues[i];
		if (q->of->shut && !q->shut && rx->idle.waits)
			port_wait_drop(&rx->idle.wait, q->port);
		q->shut = q->of->shut;
		q->port = q->of->id;
	}
	port_gate_pass(&rx->pass, moves);
}

void live_run(struct worker *w)
{
	const struct run *run = w->run;
	const bool recorded = run->live->recorded;

	start(w);
	while (!atomic_load_explicit(&run->stop, memory_order_relaxed)) {
		unsigned work = 0;
		if (bits_unlikely(port_gate_moved(&run->live->gate, &w->live.pass)))
			follow(w);
		if (recorded)
			work = live_order_turn(w);
		else
			work = (run->workers > 1 ? live_take_over(w) : 0) + receive(w);
		turn(w, work);
	}
	if (recorded)
		live_order_end(w);
	else
		live_take_rest(w);
}

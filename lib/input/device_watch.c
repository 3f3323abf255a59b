/* SPDX-License-Identifier: BSD-3-Clause */
/* Watches links, interfaces and devices. */
#include "input/device_watch.h"

#include "base/log.h"
#include "base/when.h"
#include "input/device_judge.h"
#include "input/device_recover.h"
#include "input/device_stall.h"

#include <errno.h>
#include <stdio.h>

#define WATCH_NS WHEN_NS_PER_S
/* How long the run goes on without any device, for an interface that is being replaced. */
#define GRACE_NS ((int64_t)600 * WHEN_NS_PER_MS)
/* How long a NIC that was just started may negotiate its speed. */
#define NEGOTIATE_NS ((int64_t)5 * WHEN_NS_PER_S)

static void report_link(struct devices *all, unsigned i, int up, uint32_t mbit)
{
	const char *given = all->device_of[i]->given;
	int before = all->link_up[i];
	char speed[32] = "";

	if (up == before)
		return;
	all->link_up[i] = up;
	if (mbit && mbit != RTE_ETH_SPEED_NUM_UNKNOWN)
		snprintf(speed, sizeof(speed), ", %u Mbit/s", mbit);
	if (!up)
		log_warn("%s: the link is down: check cable and peer; receiving goes on once it is "
			 "up",
			given);
	else if (before == DEVICE_LINK_UNKNOWN)
		log_detail("%s: the link is up%s", given, speed);
	else
		log_note("%s: the link is up again%s", given, speed);
}

/* Reports a change of a port's link. */
static void watch_link(struct devices *all, unsigned i, int64_t now_ns)
{
	const struct device *d = all->device_of[i];
	struct rte_eth_link link = {0};

	if (d->state != DEVICE_THERE)
		return;
	bool up = d->attach.up;
	if (!d->interface[0]) {
		if (rte_eth_link_get_nowait(all->ports[i].id, &link))
			return;
		up = link.link_status == RTE_ETH_LINK_UP;
	}
	/* Drivers that load a program into an interface (af_xdp) may restart its link, too. */
	if (!up && all->link_up[i] == DEVICE_LINK_UNKNOWN && !d->kernel &&
		(d->bus || d->interface[0]) && now_ns - all->opened_ns < NEGOTIATE_NS)
		return;
	report_link(all, i, up, link.link_speed);
}

/* Updates a device by the state of an interface. */
static void update_device(
	struct input *in, struct device *d, const struct attach_seen *seen, int64_t now)
{
	struct devices *all = in->state;

	if (!d->interface[0])
		return;
	enum attach_event event = attach_update(&d->attach, seen);
	if (event == ATTACH_GONE && d->state == DEVICE_THERE) {
		log_error("%s is gone: nothing is captured there until it is created again",
			d->interface);
		device_mark_lost(in, d, now);
	}
	for (unsigned i = 0; i < all->n_ports && (event == ATTACH_UP || event == ATTACH_DOWN); i++)
		if (all->device_of[i] == d && d->state == DEVICE_THERE)
			report_link(all, i, event == ATTACH_UP, 0);
}

/* Reads the states of all interfaces, for changes of which no message came. */
static void check_interfaces(struct input *in, int64_t now_ns)
{
	struct devices *all = in->state;

	for (unsigned i = 0; i < all->n; i++) {
		struct attach_seen seen[2];
		if (!all->device[i].interface[0])
			continue;
		attach_look(&all->device[i].attach, seen);
		update_device(in, &all->device[i], &seen[0], now_ns);
		update_device(in, &all->device[i], &seen[1], now_ns);
	}
}

/* Reads the kernel's and DPDK's messages of changes. */
static void read_events(struct input *in, int64_t now_ns)
{
	struct devices *all = in->state;
	struct attach_seen seen;
	int got = 0;

	while (all->news_fd >= 0 && (got = attach_next(all->news_fd, &all->news, &seen)) == 1)
		for (unsigned i = 0; i < all->n; i++)
			update_device(in, &all->device[i], &seen, now_ns);
	if (got == -ENOBUFS)
		check_interfaces(in, now_ns);
	for (unsigned i = 0; i < all->n; i++) {
		struct device *d = &all->device[i];
		if (d->state != DEVICE_THERE || !atomic_load(&d->unplug.gone))
			continue;
		log_error("%s is gone: it was unplugged; nothing is captured there any more",
			d->given);
		device_mark_lost(in, d, now_ns);
	}
}

static void count(struct input *in)
{
	struct devices *all = in->state;
	uint64_t missed = 0, no_mbuf = 0, dropped = 0;

	device_count_missed(all);
	for (unsigned i = 0; i < all->n_ports; i++) {
		struct port_counts counts;
		device_port_counts(all, i, &counts);
		missed += counts.missed;
		no_mbuf += counts.no_mbuf;
		if (all->ports[i].started)
			dropped += port_drops_read(&all->drops[i], all->ports[i].id);
	}
	atomic_store_explicit(&in->lost.missed, missed, memory_order_relaxed);
	atomic_store_explicit(&in->lost.no_mbuf, no_mbuf, memory_order_relaxed);
	atomic_store_explicit(&in->lost.dropped, dropped, memory_order_relaxed);
}

int device_watch(struct input *in, int64_t now_ns)
{
	struct devices *all = in->state;
	unsigned left = 0;

	if (all->opened_ns == 0)
		all->opened_ns = now_ns;
	read_events(in, now_ns);
	device_report_rss(all);
	device_rx_watch_clock(all);
	if (now_ns - all->watched_ns >= (int64_t)WATCH_NS) {
		all->watched_ns = now_ns;
		check_interfaces(in, now_ns);
		count(in);
		device_watch_stalls(in);
		for (unsigned i = 0; i < all->n_ports; i++)
			watch_link(all, i, now_ns);
	}
	for (unsigned i = 0; i < all->n; i++) {
		struct device *d = &all->device[i];
		device_recover(in, d);
		left += d->state == DEVICE_THERE || now_ns - d->lost_ns < GRACE_NS;
	}
	return left ? 0 : -ENODEV;
}

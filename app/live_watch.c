/* SPDX-License-Identifier: BSD-3-Clause */
/* Links, interfaces and devices that come and go. */
#include "app/live.h"

#include "app/run.h"
#include "base/log.h"
#include "base/when.h"

#include <errno.h>
#include <stdio.h>

#define WATCH_NS WHEN_NS_PER_S
/* Nothing is left: so long is waited for an interface that is only made anew. */
#define GRACE_NS ((int64_t)600 * WHEN_NS_PER_MS)
/* A NIC that was just started agrees on its speed with its peer first. */
#define AGREE_NS ((int64_t)5 * WHEN_NS_PER_S)

static void say_link(struct live *live, unsigned i, bool up, uint32_t mbit)
{
	const char *given = live->device_of[i]->given;
	int before = live->link_up[i];
	char speed[32] = "";

	if (up == before)
		return;
	live->link_up[i] = up;
	if (mbit && mbit != RTE_ETH_SPEED_NUM_UNKNOWN)
		snprintf(speed, sizeof(speed), ", %u Mbit/s", mbit);
	if (!up)
		log_warn("%s: the link is down; receiving goes on when it is up", given);
	else if (before == LIVE_LINK_UNKNOWN)
		log_detail("%s: the link is up%s", given, speed);
	else
		log_note("%s: the link is up again%s", given, speed);
}

/* Says where a link has come or gone. */
static void watch_link(struct live *live, unsigned i, int64_t now_ns)
{
	const struct device *d = live->device_of[i];
	struct rte_eth_link link = {0};

	if (d->state != LIVE_THERE)
		return;
	bool up = d->attach.up;
	if (!d->interface[0]) {
		if (rte_eth_link_get_nowait(live->ports[i].id, &link))
			return;
		up = link.link_status == RTE_ETH_LINK_UP;
	}
	/* Drivers that load a program into an interface (af_xdp) may restart its link, too. */
	if (!up && live->link_up[i] == LIVE_LINK_UNKNOWN && !d->kernel &&
		(d->bus || d->interface[0]) && now_ns - live->opened_ns < AGREE_NS)
		return;
	say_link(live, i, up, link.link_speed);
}

static void take(struct live *live, struct device *d, const struct attach_seen *seen, int64_t now)
{
	if (!d->interface[0])
		return;
	enum attach_event event = attach_take(&d->attach, seen);
	if (event == ATTACH_GONE && d->state == LIVE_THERE) {
		log_error("%s is gone: nothing more comes from there until it is made again",
			d->interface);
		live_lose(live, d, now);
	}
	for (unsigned i = 0; i < live->n_ports && (event == ATTACH_UP || event == ATTACH_DOWN); i++)
		if (live->device_of[i] == d && d->state == LIVE_THERE)
			say_link(live, i, event == ATTACH_UP, 0);
}

/* Asks for all interfaces: what was not told, or by nobody. */
static void look(struct live *live, int64_t now_ns)
{
	for (unsigned i = 0; i < live->n_devices; i++) {
		struct attach_seen seen[2];
		if (!live->devices[i].interface[0])
			continue;
		attach_look(&live->devices[i].attach, seen);
		take(live, &live->devices[i], &seen[0], now_ns);
		take(live, &live->devices[i], &seen[1], now_ns);
	}
}

/* What the kernel tells. */
static void hear(struct live *live, int64_t now_ns)
{
	struct attach_seen seen;
	int got = 0;

	while (live->news_fd >= 0 && (got = attach_next(live->news_fd, &live->news, &seen)) == 1)
		for (unsigned i = 0; i < live->n_devices; i++)
			take(live, &live->devices[i], &seen, now_ns);
	if (got == -ENOBUFS)
		look(live, now_ns);
	for (unsigned i = 0; i < live->n_devices; i++) {
		struct device *d = &live->devices[i];
		if (d->state != LIVE_THERE || !atomic_load(&d->unplug.gone))
			continue;
		log_error("%s is gone: it was unplugged; nothing more comes from there", d->given);
		live_lose(live, d, now_ns);
	}
}

static void count(struct live *live)
{
	uint64_t missed = 0, no_mbuf = 0, dropped = 0;

	live_count_missed(live);
	for (unsigned i = 0; i < live->n_ports; i++) {
		struct port_counts counts;
		live_counts(live, i, &counts);
		missed += counts.missed;
		no_mbuf += counts.no_mbuf;
		if (live->ports[i].started)
			dropped += port_drops_read(&live->drops[i], live->ports[i].id);
	}
	atomic_store_explicit(&live->missed, missed, memory_order_relaxed);
	atomic_store_explicit(&live->no_mbuf, no_mbuf, memory_order_relaxed);
	atomic_store_explicit(&live->dropped, dropped, memory_order_relaxed);
}

int live_watch(struct run *run, int64_t now_ns)
{
	struct live *live = run->live;
	unsigned left = 0;

	if (live->opened_ns == 0)
		live->opened_ns = now_ns;
	hear(live, now_ns);
	if (now_ns - live->watched_ns >= (int64_t)WATCH_NS) {
		live->watched_ns = now_ns;
		look(live, now_ns);
		count(live);
		live_watch_stalls(run);
		for (unsigned i = 0; i < live->n_ports; i++)
			watch_link(live, i, now_ns);
	}
	for (unsigned i = 0; i < live->n_devices; i++) {
		struct device *d = &live->devices[i];
		live_recover(run, d);
		left += d->state == LIVE_THERE || now_ns - d->lost_ns < GRACE_NS;
	}
	return left ? 0 : -ENODEV;
}

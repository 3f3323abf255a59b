/* SPDX-License-Identifier: BSD-3-Clause */
/* Links and interfaces that come and go. */
#include "app/live.h"

#include "base/log.h"
#include "base/when.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define WATCH_NS WHEN_NS_PER_S

int live_interface_flags(const char *name)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), flags = -1;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0)
		flags = (uint16_t)request.ifr_flags;
	if (fd >= 0)
		close(fd);
	return flags;
}

/* Says where a link has come or gone. false: the interface is no more. */
static bool watch_link(struct live *live, unsigned i)
{
	const struct device *d = live->device_of[i];
	struct rte_eth_link link = {0};
	int up, before = live->link_up[i];
	char speed[32] = "";

	if (d->interface[0]) {
		int flags = live_interface_flags(d->interface);
		if (flags < 0) {
			if (before != -2)
				log_error(
					"%s is gone: nothing more comes from there", d->interface);
			live->link_up[i] = -2;
			return false;
		}
		up = (flags & IFF_UP) && (flags & IFF_RUNNING);
	} else if (rte_eth_link_get_nowait(live->ports[i].id, &link)) {
		return true;
	} else {
		up = link.link_status == RTE_ETH_LINK_UP;
	}
	if (up == before)
		return true;
	live->link_up[i] = up;
	if (link.link_speed && link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
		snprintf(speed, sizeof(speed), ", %u Mbit/s", link.link_speed);
	if (!up)
		log_warn("%s: the link is down; receiving goes on when it is up", d->given);
	else if (before == LIVE_LINK_UNKNOWN)
		log_detail("%s: the link is up%s", d->given, speed);
	else
		log_note("%s: the link is up again%s", d->given, speed);
	return true;
}

int live_watch(struct live *live, int64_t now_ns)
{
	uint64_t missed = 0, no_mbuf = 0;
	unsigned gone = 0;

	if (now_ns - live->watched_ns < (int64_t)WATCH_NS)
		return 0;
	live->watched_ns = now_ns;
	live_count_missed(live);
	for (unsigned i = 0; i < live->n_ports; i++) {
		struct port_counts counts;
		live_counts(live, i, &counts);
		missed += counts.missed;
		no_mbuf += counts.no_mbuf;
		gone += !watch_link(live, i);
	}
	atomic_store_explicit(&live->missed, missed, memory_order_relaxed);
	atomic_store_explicit(&live->no_mbuf, no_mbuf, memory_order_relaxed);
	return gone && gone == live->n_ports ? -ENODEV : 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/attach.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_OCTETS                                                                             \
	(1 << 20) /* changes in one burst: hundreds of containers that start at once */

static bool is_up(unsigned flags)
{
	return (flags & IFF_UP) && (flags & IFF_RUNNING);
}

int attach_begin(struct attach *a, const char *name)
{
	struct attach_seen seen[2];

	*a = (struct attach){0};
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->index = if_nametoindex(name);
	if (a->index == 0)
		return -ENODEV;
	attach_look(a, seen);
	a->up = seen[0].up;
	return 0;
}

enum attach_event attach_update(struct attach *a, const struct attach_seen *seen)
{
	if (seen->index == 0)
		return ATTACH_NOTHING;
	if (seen->gone) {
		if (seen->index == a->other)
			a->other = 0;
		if (seen->index != a->index)
			return ATTACH_NOTHING;
		a->index = 0;
		a->up = false;
		return ATTACH_GONE;
	}
	if (seen->index == a->index) {
		if (seen->up == a->up)
			return ATTACH_NOTHING;
		a->up = seen->up;
		return seen->up ? ATTACH_UP : ATTACH_DOWN;
	}
	/* An interface that was renamed is still listened on, whichever has its name now. */
	if (a->index || strcmp(seen->name, a->name) != 0 || seen->index == a->other)
		return ATTACH_NOTHING;
	a->other = seen->index;
	return ATTACH_AGAIN;
}

void attach_done(struct attach *a, unsigned index)
{
	struct attach_seen seen[2];

	a->index = index;
	a->other = 0;
	attach_look(a, seen);
	a->up = seen[0].up;
}

/* Reads whether `name` is up. False: there is no such interface any more. */
static bool read_flags(int fd, const char *name, bool *up)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return false;
	*up = is_up((unsigned short)request.ifr_flags);
	return true;
}

void attach_look(const struct attach *a, struct attach_seen seen[2])
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	seen[0] = (struct attach_seen){.index = a->index, .gone = true};
	seen[1] = (struct attach_seen){.index = 0};
	if (fd < 0) {
		seen[0].index = 0; /* unknown */
		return;
	}
	if (a->index && if_indextoname(a->index, seen[0].name))
		seen[0].gone = !read_flags(fd, seen[0].name, &seen[0].up);
	else if (a->index && errno != ENXIO)
		seen[0].index = 0;
	seen[1].index = if_nametoindex(a->name);
	snprintf(seen[1].name, sizeof(seen[1].name), "%s", a->name);
	if (seen[1].index && !read_flags(fd, a->name, &seen[1].up))
		seen[1].index = 0;
	close(fd);
}

int attach_watch(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int octets = RECEIVE_OCTETS;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	/* Beyond the system's limit if permitted; the kernel reports an overflow as ENOBUFS. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof(octets)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int error = -errno;
	close(fd);
	return error;
}

/* Parses one message. False: it is not about the state of an interface. */
static bool read_link(const struct nlmsghdr *h, struct attach_seen *seen)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);

	if ((h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) ||
		h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return false;
	/* AF_BRIDGE: a port that leaves its bridge is deleted from the bridge only. */
	if (info->ifi_family != AF_UNSPEC || info->ifi_index <= 0)
		return false;
	*seen = (struct attach_seen){.index = (unsigned)info->ifi_index,
		.gone = h->nlmsg_type == RTM_DELLINK,
		.up = is_up(info->ifi_flags)};
	int left = (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof(*info)));
	for (const struct rtattr *r = IFLA_RTA(info); RTA_OK(r, left); r = RTA_NEXT(r, left))
		if (r->rta_type == IFLA_IFNAME)
			snprintf(seen->name, sizeof(seen->name), "%.*s", (int)RTA_PAYLOAD(r),
				(const char *)RTA_DATA(r));
	return true;
}

int attach_next(int fd, struct attach_news *news, struct attach_seen *seen)
{
	for (;;) {
		while (news->n - news->at >= sizeof(struct nlmsghdr)) {
			const struct nlmsghdr *h = (const void *)(news->buffer + news->at);
			if (!NLMSG_OK(h, news->n - news->at))
				break;
			unsigned step = NLMSG_ALIGN(h->nlmsg_len);
			news->at = step < news->n - news->at ? news->at + step : news->n;
			if (read_link(h, seen))
				return 1;
		}
		news->n = news->at = 0;
		struct sockaddr_nl from = {0};
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, news->buffer, sizeof(news->buffer), MSG_DONTWAIT,
			(struct sockaddr *)&from, &len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		/* Other processes may send to this socket: only the kernel's messages are accepted.
		 */
		if (n > 0 && from.nl_pid == 0)
			news->n = (unsigned)n;
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/packet_socket.h"

#include "rx/sysfs.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define FDS_MAX 65536 /* checked: devices are opened early, with low numbers */

static bool is_among(int fd, const int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (fds[i] == fd)
			return true;
	return false;
}

unsigned packet_socket_list(int *fds, unsigned max, const int *but, unsigned n_but)
{
	struct rlimit limit;
	int end = FDS_MAX;
	unsigned n = 0;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < FDS_MAX)
		end = (int)limit.rlim_cur;
	for (int fd = 0; fd < end && n < max; fd++) {
		int domain;
		socklen_t len = sizeof(domain);
		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
			domain == AF_PACKET && !is_among(fd, but, n_but))
			fds[n++] = fd;
	}
	return n;
}

struct packet_socket_counts packet_socket_read(const int *fds, unsigned n)
{
	struct packet_socket_counts counts = {0};

	for (unsigned i = 0; i < n; i++) {
		struct tpacket_stats stats;
		socklen_t len = sizeof(stats);
		if (getsockopt(fds[i], SOL_PACKET, PACKET_STATISTICS, &stats, &len))
			continue;
		/* The kernel's number of packets includes those that it dropped. */
		counts.packets += stats.tp_packets - stats.tp_drops;
		counts.dropped += stats.tp_drops;
	}
	return counts;
}

int packet_socket_promiscuous(unsigned if_index)
{
	static const unsigned short types[] = {PACKET_MR_PROMISC, PACKET_MR_ALLMULTI};
	/* Without a protocol: it receives nothing. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int error = fd < 0 ? -errno : 0;

	for (unsigned i = 0; i < 2 && error == 0; i++) {
		struct packet_mreq request = {.mr_ifindex = (int)if_index, .mr_type = types[i]};
		if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)) <
			0)
			error = -errno;
	}
	if (error == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return error;
}

/* Sets the flag `set`, if it is not 0. Returns the flags as they were before, or -errno. */
static int flags_of(const char *interface, short set)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), flags;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	flags = ioctl(fd, SIOCGIFFLAGS, &request) < 0 ? -errno : (uint16_t)request.ifr_flags;
	if (flags >= 0 && set) {
		request.ifr_flags = (short)(request.ifr_flags | set);
		if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
			flags = -errno;
	}
	close(fd);
	return flags;
}

bool packet_socket_flag(const char *interface)
{
	int flags = flags_of(interface, 0);
	return flags >= 0 && flags & IFF_PROMISC;
}

int packet_socket_set_flag(const char *interface)
{
	int flags = flags_of(interface, IFF_PROMISC);
	return flags < 0 ? flags : 0;
}

bool packet_socket_is_promiscuous(const char *interface)
{
	/* ioctl() returns the flag that was set by ioctl() only, not the state. */
	return sysfs_number(SYSFS_NET, interface, "flags", IFF_PROMISC) & IFF_PROMISC;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet sockets: those of a driver that does not report what they dropped, and one of our own that
 * keeps an interface promiscuous.
 */
#ifndef RX_PACKET_SOCKET_H
#define RX_PACKET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#define PACKET_SOCKETS 64 /* of one device */

/* The kernel's counts of sockets since the last call. */
struct packet_socket_counts {
	uint64_t packets; /* that it put into their rings */
	uint64_t dropped; /* because a ring was full */
};

/*
 * Lists this process's packet sockets, except the n_but of `but`: at most `max` descriptors to
 * `fds`, which stay their owner's. Returns how many.
 */
unsigned packet_socket_list(int *fds, unsigned max, const int *but, unsigned n_but);

/* Returns the counts of n sockets and resets the kernel's. */
struct packet_socket_counts packet_socket_take(const int *fds, unsigned n);

/*
 * Makes an interface promiscuous, also for all multicast, as long as the returned socket is open,
 * however the process ends. Other programs and the flag that ip(8) sets are not affected. Returns a
 * descriptor, which the caller closes, or -errno.
 */
int packet_socket_promiscuous(unsigned if_index);

/* True if the flag is set that ip(8) shows. */
bool packet_socket_flag(const char *interface);
/* Sets it. 0 or -errno. */
int packet_socket_set_flag(const char *interface);

/* True if the kernel says that the interface is promiscuous, for any program, or does not say: a
 * driver may have refused it. */
bool packet_socket_is_promiscuous(const char *interface);

#endif

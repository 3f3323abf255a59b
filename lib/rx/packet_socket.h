/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet sockets: those of a driver that does not report their drops, and one of our own that keeps
 * an interface promiscuous.
 */
#ifndef RX_PACKET_SOCKET_H
#define RX_PACKET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#define PACKET_SOCKETS 64 /* of one device */

/* The kernel's counts of sockets since the last call. */
struct packet_socket_counts {
	uint64_t packets; /* written to their rings */
	uint64_t dropped; /* because a ring was full */
};

/*
 * Lists this process's packet sockets, except the n_but of `but`: writes at most `max` descriptors,
 * which it does not own, to `fds`. Returns how many.
 */
unsigned packet_socket_list(int *fds, unsigned max, const int *but, unsigned n_but);

/* Returns the counts of n sockets, and resets them in the kernel. */
struct packet_socket_counts packet_socket_read(const int *fds, unsigned n);

/*
 * Makes an interface promiscuous, also for all multicast, as long as the returned socket is open,
 * however the process ends. Other programs and the flag that ip(8) sets are not affected. Returns a
 * descriptor, which the caller closes, or -errno.
 */
int packet_socket_promiscuous(unsigned if_index);

/* True if the promiscuous flag that ip(8) shows is set. */
bool packet_socket_flag(const char *interface);
/* Sets that flag. Returns 0 or -errno. */
int packet_socket_set_flag(const char *interface);

/* True if the interface is promiscuous, on behalf of any program, or its state is unknown. False:
 * its driver refused. */
bool packet_socket_is_promiscuous(const char *interface);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet sockets: those that a driver opened, which tells nothing of what they missed, and one of
 * our own that keeps an interface promiscuous.
 */
#ifndef RX_PACKET_SOCKET_H
#define RX_PACKET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#define PACKET_SOCKETS 64 /* of one device */

/* What the kernel tells of sockets since it was asked last. */
struct packet_socket_counts {
	uint64_t packets; /* that it put into their rings */
	uint64_t dropped; /* that found no room there */
};

/*
 * This process's packet sockets, without the n_but of `but`: at most `most` descriptors to `fds`.
 * How many. They stay their owner's.
 */
unsigned packet_socket_list(int *fds, unsigned most, const int *but, unsigned n_but);

/* Takes the counts of n sockets and sets the kernel's to 0. */
struct packet_socket_counts packet_socket_take(const int *fds, unsigned n);

/*
 * Makes an interface promiscuous, and for all multicast, for as long as the socket that is returned
 * stays open, however the process ends. Others who want the same are left alone, and so is the
 * flag that ip(8) sets. A descriptor to be closed by the caller, or -errno.
 */
int packet_socket_promiscuous(unsigned if_index);

/* Is the flag set that ip(8) shows and sets? */
bool packet_socket_flag(const char *interface);
/* Sets it. 0 or -errno. */
int packet_socket_set_flag(const char *interface);

/* Does the kernel say that the interface is promiscuous, for whomever? A driver may have refused
 * it. true where that cannot be told. */
bool packet_socket_is_promiscuous(const char *interface);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Chooses interfaces such that each packet of the machine is seen once (-i any). */
#ifndef RX_NIC_ANY_H
#define RX_NIC_ANY_H

#include <net/if.h>
#include <stdbool.h>

/* How an interface of the kernel is related to others. */
struct nic_any {
	char name[IF_NAMESIZE];
	unsigned index;
	unsigned peer; /* index of the other end of a pair, if it is in this namespace; or 0 */
	bool up;
	bool is_master; /* a bridge or bond: it sees the packets of its ports */
	bool upper; /* it is stacked on others: VLAN, macvlan, VRF, vxlan ... */
	bool tunnel; /* its packets are seen, and decoded, on another interface, too */
	bool port; /* it is a port of a bridge or bond that is up */
};

/* True if -i any listens on it. peer_up: it has a peer, which is up: the first end of a pair is
 * chosen. */
bool nic_any_is_chosen(const struct nic_any *n, bool peer_up);

/* Lists the interfaces to listen on, at most `max`. Returns how many there are, or -errno;
 * -ENXIO: /sys is that of another network namespace. */
int nic_any_list(char names[][IF_NAMESIZE], int max);

#endif

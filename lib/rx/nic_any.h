/* SPDX-License-Identifier: BSD-3-Clause */
/* Which interfaces see everything that a machine sees, each packet once. */
#ifndef RX_NIC_ANY_H
#define RX_NIC_ANY_H

#include <net/if.h>
#include <stdbool.h>

/* One interface of the kernel, as far as it stands over, under or opposite another one. */
struct nic_any {
	char name[IF_NAMESIZE];
	unsigned index;
	unsigned peer; /* index of the other end of a pair of which both ends are here; or 0 */
	bool up;
	bool gathers; /* a bridge or bond: it sees what its ports do */
	bool upper; /* it stands over others: VLAN, macvlan, VRF, vxlan ... */
	bool tunnel; /* what goes through it is seen, and decoded, in another interface, too */
	bool gathered; /* it is a port of a bridge or bond that is up */
};

/* Is it listened on? peer_up: of an interface that has a peer. Of a pair, the first one is. */
bool nic_any_takes(const struct nic_any *n, bool peer_up);

/* Names of the interfaces to listen on, at most `most`. How many there are, or -errno;
 * -ENXIO: /sys is that of another network namespace, and tells nothing of them. */
int nic_any_list(char names[][IF_NAMESIZE], int most);

#endif

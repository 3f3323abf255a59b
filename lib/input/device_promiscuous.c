/* SPDX-License-Identifier: BSD-3-Clause */
/* Promiscuous mode of interfaces, by a socket of our own. */
#include "input/device.h"

#include "base/log.h"

#include <string.h>
#include <unistd.h>

void device_warn_narrow(const struct device *d, const char *why)
{
	if (why)
		log_warn(
			"%s: %s: packets to others may not arrive; a virtual function receives "
			"them if "
			"its host trusts it (ip link set DEVICE vf NUMBER trust on) and sends them",
			d->given, why);
}

void device_hold_promiscuous(struct device *d, struct port *port)
{
	if (!d->interface[0])
		return;
	d->promiscuous_fd = packet_socket_promiscuous(if_nametoindex(d->interface));
	port->held_promiscuous = d->promiscuous_fd >= 0;
	if (!port->held_promiscuous)
		log_warn("%s: the kernel refuses promiscuous mode: %s: packets to others may not "
			 "arrive; try ip link set %s promisc on",
			d->given, strerror(-d->promiscuous_fd), d->interface);
	else if (!packet_socket_is_promiscuous(d->interface))
		device_warn_narrow(d, "the interface's driver refuses promiscuous mode");
}

void device_release_promiscuous(struct device *d)
{
	if (d->promiscuous_fd >= 0)
		close(d->promiscuous_fd);
	d->promiscuous_fd = -1;
}

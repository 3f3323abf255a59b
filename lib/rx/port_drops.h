/* SPDX-License-Identifier: BSD-3-Clause */
/* What a driver counts as lost, by its own names (rte_eth_xstats). */
#ifndef RX_PORT_DROPS_H
#define RX_PORT_DROPS_H

#include <stdbool.h>
#include <stdint.h>

#define PORT_DROPS 96 /* counters of one port */
#define PORT_DROPS_NAME 64

struct port_drops {
	unsigned n;
	uint64_t id[PORT_DROPS]; /* rte_eth_xstats' */
	uint64_t first[PORT_DROPS]; /* at the start: devices keep counting */
	uint64_t now[PORT_DROPS]; /* since then */
	char name[PORT_DROPS][PORT_DROPS_NAME];
};

/* Does a counter of this name count received packets that were lost, and that struct port_counts
 * (rx/port.h) does not have already? */
bool port_drops_is(const char *name);

/* Finds the counters of a started port, and from where they count. */
void port_drops_begin(struct port_drops *d, uint16_t port);

/* Reads them. The sum; a packet may be in several. */
uint64_t port_drops_read(struct port_drops *d, uint16_t port);

#endif

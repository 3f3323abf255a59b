/* SPDX-License-Identifier: BSD-3-Clause */
/* A driver's drop counters, by the driver's names (rte_eth_xstats). */
#ifndef RX_PORT_DROPS_H
#define RX_PORT_DROPS_H

#include <stdbool.h>
#include <stdint.h>

#define PORT_DROPS 96 /* counters of one port */
#define PORT_DROPS_NAME 64

struct port_drops {
	unsigned n;
	uint64_t id[PORT_DROPS]; /* rte_eth_xstats' */
	uint64_t first[PORT_DROPS]; /* at the start: devices never reset them */
	uint64_t now[PORT_DROPS]; /* since then */
	char name[PORT_DROPS][PORT_DROPS_NAME];
};

/* True if a counter of this name counts dropped packets that struct port_counts (rx/port.h) does
 * not have. */
bool port_drops_is(const char *name);

/* Finds the drop counters of a started port and reads their first values. */
void port_drops_begin(struct port_drops *d, uint16_t port);

/* Reads the counters. Returns their sum since port_drops_begin(); several may count the same
 * packet. */
uint64_t port_drops_read(struct port_drops *d, uint16_t port);

#endif

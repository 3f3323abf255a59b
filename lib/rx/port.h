/* SPDX-License-Identifier: BSD-3-Clause */
/* One DPDK port that is only received from. */
#ifndef RX_PORT_H
#define RX_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mempool;

#define PORT_QUEUES 64

struct port {
	uint16_t id;
	uint16_t queues;
	bool started;
	/* One a queue: a queue whose packets wait for those of another one cannot starve it. */
	struct rte_mempool *pools[PORT_QUEUES];
	uint32_t mbufs; /* of each */
	const char *failed; /* which step failed, for a message; static */
};

/*
 * Finds the port that EAL made under `name`, sets up `queues` receive queues with a pool of
 * `mbufs` buffers each, and starts it. 0, or -errno with port->failed set and nothing left
 * behind.
 */
int port_open(struct port *port, const char *name, uint16_t queues, uint32_t mbufs);

/* Stops and closes the port and frees its pools. Does nothing for a port that was never opened. */
void port_close(struct port *port);

/* Packets that the port read and lost for want of buffers. */
uint64_t port_no_mbuf(const struct port *port);

#endif

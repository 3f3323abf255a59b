/* SPDX-License-Identifier: BSD-3-Clause */
/* One DPDK port that is only received from. */
#ifndef RX_PORT_H
#define RX_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mempool;

struct port {
	uint16_t id;
	uint16_t queues;
	bool started;
	struct rte_mempool *pool;
	uint32_t mbufs;
	const char *failed; /* which step failed, for a message; static */
};

/*
 * Finds the port that EAL made under `name`, makes its buffer pool of `mbufs` buffers, sets up
 * `queues` receive queues and starts it. 0, or -errno with port->failed set and nothing left
 * behind.
 */
int port_open(struct port *port, const char *name, uint16_t queues, uint32_t mbufs);

/* Stops and closes the port and frees its pool. Does nothing for a port that was never opened. */
void port_close(struct port *port);

/* Packets that the port read and lost for want of buffers. */
uint64_t port_no_mbuf(const struct port *port);

#endif

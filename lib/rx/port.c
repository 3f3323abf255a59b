/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/port.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <string.h>

#define PORT_CACHE 256 /* buffers that an lcore keeps for itself */

static int set_up_queues(struct port *port)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;

	port->failed = "reading what the device can do";
	int error = rte_eth_dev_info_get(port->id, &info);
	if (error)
		return error;
	port->failed = "configuring the device";
	error = rte_eth_dev_configure(port->id, port->queues, 0, &conf);
	if (error)
		return error;
	uint16_t rx = 1024, tx = 0;
	port->failed = "setting up a receive queue";
	error = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);
	for (uint16_t q = 0; q < port->queues && error == 0; q++)
		error = rte_eth_rx_queue_setup(port->id, q, rx,
			(unsigned)rte_eth_dev_socket_id(port->id), &info.default_rxconf,
			port->pools[q]);
	return error;
}

static void free_pools(struct port *port)
{
	for (uint16_t q = 0; q < port->queues; q++)
		rte_mempool_free(port->pools[q]);
	memset(port->pools, 0, sizeof(port->pools));
}

static int make_pools(struct port *port)
{
	port->failed = "making the pools of packet buffers";
	for (uint16_t q = 0; q < port->queues; q++) {
		char name[16];
		snprintf(name, sizeof(name), "rx%u", q);
		port->pools[q] = rte_pktmbuf_pool_create(
			name, port->mbufs, PORT_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
		if (!port->pools[q])
			return -rte_errno;
	}
	return 0;
}

int port_open(struct port *port, const char *name, uint16_t queues, uint32_t mbufs)
{
	*port = (struct port){.queues = queues, .mbufs = mbufs};
	port->failed = "finding the device";
	int error = rte_eth_dev_get_port_by_name(name, &port->id);
	if (error)
		return error;
	error = make_pools(port);
	if (error)
		goto no_start;
	error = set_up_queues(port);
	if (error)
		goto no_start;
	port->failed = "starting the device";
	error = rte_eth_dev_start(port->id);
	if (error)
		goto no_start;
	port->started = true;
	port->failed = NULL;
	return 0;

no_start:
	free_pools(port);
	rte_eth_dev_close(port->id);
	return error;
}

void port_close(struct port *port)
{
	if (!port->started)
		return;
	rte_eth_dev_stop(port->id);
	rte_eth_dev_close(port->id);
	free_pools(port);
	port->started = false;
}

uint64_t port_no_mbuf(const struct port *port)
{
	struct rte_eth_stats stats;
	return rte_eth_stats_get(port->id, &stats) == 0 ? stats.rx_nombuf : 0;
}

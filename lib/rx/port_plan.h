/* SPDX-License-Identifier: BSD-3-Clause */
/* Plans a port's configuration by its device's capabilities. The device is not changed. */
#ifndef RX_PORT_PLAN_H
#define RX_PORT_PLAN_H

#include "rx/rss.h"

#include <rte_ethdev.h>

#define PORT_MTU_MAX 9216 /* jumbo frames: no larger MTU is requested */

struct port_want {
	uint16_t queues; /* at most */
	uint16_t descriptors; /* of a queue; the device may adjust them */
	uint32_t data_bytes; /* octets of an mbuf's data; 0: DPDK's default */
	uint32_t mtu; /* 0: as large as the device and scattered buffers allow */
	bool live; /* false: net_pcap over a pipe, without any offload */
	bool interrupts; /* of receive queues, for workers that sleep */
	bool bus; /* a NIC, which filters by address unless promiscuous */
};

enum port_timestamp {
	PORT_TIMESTAMP_NONE, /* the worker's own clock */
	PORT_TIMESTAMP_US, /* net_pcap: since the epoch, microseconds (nanoseconds in newer DPDK) */
	PORT_TIMESTAMP_NIC, /* ticks of the device's clock */
};

struct port_plan {
	struct rte_eth_conf conf;
	uint8_t key[RSS_KEY_MAX];
	uint16_t queues;
	uint16_t descriptors;
	uint32_t data_bytes; /* octets of an mbuf's data, headroom included */
	uint16_t reta_size; /* 0: no RSS by our key */
	bool live;
	bool bus; /* as in struct port_want */
	bool needs_tx; /* the driver accepts no transmit queues, but does not work without */
	enum port_timestamp timestamp;
	const char *driver; /* static */
	const char *no_rss; /* why there is no RSS, though several queues were wanted; static */
};

/*
 * Fills *plan; plan->conf points into it, so it must not be moved. `has_clock`: the device's clock
 * can be read.
 */
void port_plan(struct port_plan *plan, const struct port_want *want,
	const struct rte_eth_dev_info *info, bool has_clock);

#endif

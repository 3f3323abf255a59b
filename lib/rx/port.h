/* SPDX-License-Identifier: BSD-3-Clause */
/* One DPDK port that only receives. */
#ifndef RX_PORT_H
#define RX_PORT_H

#include "rx/port_plan.h"

#include <stdbool.h>

struct rte_mempool;

#define PORT_QUEUES 64

/* The operations on a device: DPDK's functions, or a test's. Arguments and results are DPDK's. */
struct port_ops {
	int (*info_get)(uint16_t id, struct rte_eth_dev_info *info);
	int (*socket_id)(uint16_t id);
	int (*configure)(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf);
	int (*adjust_descriptors)(uint16_t id, uint16_t *rx, uint16_t *tx);
	int (*rx_setup)(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
		const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
	int (*tx_setup)(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
		const struct rte_eth_txconf *conf);
	int (*start)(uint16_t id);
	int (*stop)(uint16_t id);
	int (*promiscuous)(uint16_t id);
	int (*is_promiscuous)(uint16_t id);
	int (*all_multicast)(uint16_t id);
	int (*reta_set)(uint16_t id, struct rte_eth_rss_reta_entry64 *reta, uint16_t size);
	int (*reta_get)(uint16_t id, struct rte_eth_rss_reta_entry64 *reta, uint16_t size);
	int (*rss_get)(uint16_t id, struct rte_eth_rss_conf *conf);
	int (*read_clock)(uint16_t id, uint64_t *ticks);
	int (*intr_ctl)(uint16_t id, uint16_t queue, int epoll_fd, int op, void *data);
	int (*intr_enable)(uint16_t id, uint16_t queue);
	int (*intr_disable)(uint16_t id, uint16_t queue);
};

extern const struct port_ops port_ops_dpdk;

struct port {
	uint16_t id;
	bool made; /* EAL has created it */
	bool started;
	unsigned restarts; /* part of the pools' names */
	bool shut; /* not to be polled: rx/port_gate.h */
	bool promiscuous; /* set by us, to be reset at the end */
	/* Set by the caller: rx/packet_socket.h keeps the port's interface promiscuous, and its
	 * flag, which others share, is not changed. */
	bool held_promiscuous;
	struct port_plan plan;
	/* One for each queue: packets that wait for those of another queue cannot starve it of
	 * buffers. */
	struct rte_mempool *pools[PORT_QUEUES];
	int socket; /* or -1 if the device is on none */
	const char *failed; /* the step that failed, for a message; static */
	const char *steering; /* why workers hand packets off; NULL: the NIC steers them */
	const char *narrow; /* why packets to others may not arrive; NULL: no reason is known */
	const char
		*no_interrupts; /* why a worker cannot sleep until packets arrive; NULL: it can */
};

/* Counters of the device. */
struct port_counts {
	uint64_t packets; /* delivered */
	uint64_t missed; /* dropped: no free descriptor, because they were not polled in time */
	uint64_t errors; /* broken on the wire */
	uint64_t no_mbuf; /* read, and dropped: no free buffer */
};

/* Returns the packets that the device counted for a queue, or UINT64_MAX if its driver has no such
 * counter. */
uint64_t port_queue_packets(const struct port *port, uint16_t queue);

/* Finds the port that EAL created as `name`. Returns 0, or -errno with port->failed set. */
int port_find(struct port *port, const char *name);
/* Initialises *port as the port of DPDK's number `id`. */
void port_of(struct port *port, uint16_t id);

/*
 * Plans the port's configuration (port->plan, rx/port_plan.h) without changing the device. Returns
 * 0, or -errno with port->failed set.
 */
int port_prepare(struct port *port, const struct port_want *want, const struct port_ops *ops);

/*
 * Configures a prepared port, sets up its queues with the existing port->pools, and starts it. rss:
 * the redirection table; NULL if port->plan has no RSS. Reads back key and table: port->steering is
 * what differs. Tries the receive interrupts that the plan wants, and starts without them if the
 * device does not start with them: port->no_interrupts is the reason. Returns 0, or -errno with
 * port->failed set.
 */
int port_start(struct port *port, const struct rss *rss, const struct port_ops *ops);

/* Makes a pool of `mbufs` buffers, of the planned size, for each planned queue, on the port's
 * socket. `number`: of the port, for the pools' names. Returns 0, or -errno with port->failed set.
 */
int port_pools(struct port *port, unsigned number, uint32_t mbufs);

/*
 * Returns how many buffers the driver of a port holds, of the pool of which it holds most. For a
 * port that was just started, before anything is received.
 */
uint32_t port_buffers_in_use(const struct port *port);

/*
 * Restarts a port with new pools of `mbufs` buffers (port_pools()); the old pools are freed if none
 * of their buffers is in use. Returns 0, or -errno with port->failed set.
 */
int port_restart(struct port *port, unsigned number, uint32_t mbufs, const struct rss *rss,
	const struct port_ops *ops);

/*
 * Discards packets that arrived before the port listened: polls each queue until it is empty, for
 * at most `max` packets. Returns how many. Called by the thread that opened the port, before any
 * other polls it.
 */
uint64_t port_discard(const struct port *port, uint64_t max);

/* Stops and closes the port, but does not free its pools, of which packets may be in use;
 * port->made is then false. No worker may poll it. */
void port_detach(struct port *port);

/* Stops and closes the port and frees its pools. Does nothing for a port that was never found. */
void port_close(struct port *port);

/* Reads the device's clock, for PORT_TIMESTAMP_NIC. Returns 0 or -errno. */
int port_read_clock(const struct port *port, uint64_t *ticks);

/* Reads the counters; all are 0 if the port is not started. */
void port_counts(const struct port *port, struct port_counts *counts);

#endif

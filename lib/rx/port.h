/* SPDX-License-Identifier: BSD-3-Clause */
/* One DPDK port that is only received from. */
#ifndef RX_PORT_H
#define RX_PORT_H

#include "rx/port_plan.h"

#include <stdbool.h>

struct rte_mempool;

#define PORT_QUEUES 64

/* What a device is asked to do: DPDK's functions, or a test's. The names and results are DPDK's. */
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
	bool made; /* EAL has it */
	bool started;
	unsigned restarts; /* its pools are the next ones */
	bool shut; /* nobody polls it: rx/port_gate.h */
	bool promiscuous; /* by us, to be undone at the end */
	/* The caller's: the port's interface is kept promiscuous by rx/packet_socket.h, and its
	 * flag, which others share, is not touched. */
	bool held_promiscuous;
	struct port_plan plan;
	/* One a queue: a queue whose packets wait for those of another one cannot starve it. */
	struct rte_mempool *pools[PORT_QUEUES];
	int socket; /* or -1 where the device is on none */
	const char *failed; /* which step failed, for a message; static */
	const char *steering; /* why packets are handed over in software; NULL: the NIC does it */
	const char *narrow; /* why packets to others may not come; NULL: they do, for all we know */
	const char *no_interrupts; /* why nobody can sleep until packets come; NULL: one can */
};

/* What was lost before a worker saw it, and what came. */
struct port_counts {
	uint64_t packets; /* that the device gave out */
	uint64_t missed; /* no free descriptor: nobody took them in time */
	uint64_t errors; /* broken on the wire */
	uint64_t no_mbuf; /* read, and lost for want of buffers */
};

/* Packets that the device counted for a queue, or UINT64_MAX where its driver does not tell. */
uint64_t port_queue_packets(const struct port *port, uint16_t queue);

/* Finds the port that EAL made under `name`. 0 or -errno, port->failed set. */
int port_find(struct port *port, const char *name);
/* The port of that number. */
void port_of(struct port *port, uint16_t id);

/*
 * Plans what the port shall do (port->plan, rx/port_plan.h). Nothing is changed yet. 0 or -errno
 * with port->failed set.
 */
int port_prepare(struct port *port, const struct port_want *want, const struct port_ops *ops);

/*
 * Configures a prepared port, sets up its queues over port->pools, which stand already, and starts
 * it. rss: what the redirection table shall be; NULL where port->plan has no RSS.
 * Reads back key and table: port->steering says what differs. Tries the receive interrupts that the
 * plan wants, and starts without them where the device does not start with them:
 * port->no_interrupts. 0, or -errno with port->failed set.
 */
int port_start(struct port *port, const struct rss *rss, const struct port_ops *ops);

/* Makes a pool of `mbufs` buffers for each planned queue, on the port's socket, as large as the
 * plan wants them. `number`: of the port, for the pools' names. 0 or -errno. */
int port_pools(struct port *port, unsigned number, uint32_t mbufs);

/*
 * Of a port that was just started, before anything is received: how many buffers its driver took
 * for itself, of the pool of which it took most.
 */
uint32_t port_taken(const struct port *port);

/*
 * Starts a port once more, over new pools of `mbufs` buffers (port_pools()); the old ones are freed
 * when nothing of them is in use. 0, or -errno with port->failed set.
 */
int port_restart(struct port *port, unsigned number, uint32_t mbufs, const struct rss *rss,
	const struct port_ops *ops);

/*
 * Throws away what came before anybody listened: from each queue at most so many packets, until it
 * is empty. How many. By the thread that opened the port, before any other polls it.
 */
uint64_t port_discard(const struct port *port, uint64_t most);

/* Stops and closes the port and leaves its pools, of which packets may be in use, where they are:
 * port->made is false. Nobody polls it. */
void port_detach(struct port *port);

/* Stops and closes the port and frees its pools. Does nothing for a port that was never found. */
void port_close(struct port *port);

/* The device's clock, for PORT_TIMESTAMP_NIC. 0 or -errno. */
int port_read_clock(const struct port *port, uint64_t *ticks);

void port_counts(const struct port *port, struct port_counts *counts);

#endif

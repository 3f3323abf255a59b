/* SPDX-License-Identifier: BSD-3-Clause */
/* rte_eth_read_clock() is not in the stable ABI yet. */
#define ALLOW_EXPERIMENTAL_API
#include "rx/port.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_interrupts.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PORT_CACHE 256 /* buffers in the cache of an lcore */
#define DISCARD_BURST 32
#define TX_DESCRIPTORS 128 /* for devices that need transmit queues */

static int tx_setup(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
	const struct rte_eth_txconf *conf)
{
	return rte_eth_tx_queue_setup(id, queue, descriptors, socket, conf);
}

const struct port_ops port_ops_dpdk = {
	.info_get = rte_eth_dev_info_get,
	.socket_id = rte_eth_dev_socket_id,
	.configure = rte_eth_dev_configure,
	.adjust_descriptors = rte_eth_dev_adjust_nb_rx_tx_desc,
	.rx_setup = rte_eth_rx_queue_setup,
	.tx_setup = tx_setup,
	.start = rte_eth_dev_start,
	.stop = rte_eth_dev_stop,
	.promiscuous = rte_eth_promiscuous_enable,
	.is_promiscuous = rte_eth_promiscuous_get,
	.all_multicast = rte_eth_allmulticast_enable,
	.reta_set = rte_eth_dev_rss_reta_update,
	.reta_get = rte_eth_dev_rss_reta_query,
	.rss_get = rte_eth_dev_rss_hash_conf_get,
	.read_clock = rte_eth_read_clock,
	.intr_ctl = rte_eth_dev_rx_intr_ctl_q,
	.intr_enable = rte_eth_dev_rx_intr_enable,
	.intr_disable = rte_eth_dev_rx_intr_disable,
};

static int fail(struct port *port, int error, const char *step)
{
	port->failed = step;
	return error;
}

void port_of(struct port *port, uint16_t id)
{
	*port = (struct port){.id = id, .made = true, .socket = -1};
}

int port_find(struct port *port, const char *name)
{
	uint16_t id;
	*port = (struct port){.socket = -1};
	int error = rte_eth_dev_get_port_by_name(name, &id);
	if (error)
		return fail(port, error, "finding the device");
	port_of(port, id);
	return 0;
}

int port_prepare(struct port *port, const struct port_want *want, const struct port_ops *ops)
{
	struct rte_eth_dev_info info;
	uint64_t ticks;

	int error = ops->info_get(port->id, &info);
	if (error)
		return fail(port, error, "reading the device's capabilities");
	port->socket = ops->socket_id(port->id);
	port_plan(&port->plan, want, &info, ops->read_clock(port->id, &ticks) == 0);
	return 0;
}

int port_pools(struct port *port, unsigned number, uint32_t mbufs)
{
	for (uint16_t q = 0; q < port->plan.queues; q++) {
		char name[32];
		snprintf(name, sizeof(name), "rx%u_%u_%u", number, q, port->restarts);
		port->pools[q] = rte_pktmbuf_pool_create(name, mbufs, PORT_CACHE, 0,
			(uint16_t)port->plan.data_bytes,
			port->socket < 0 ? SOCKET_ID_ANY : port->socket);
		if (!port->pools[q])
			return fail(port, -rte_errno, "making the pools of packet buffers");
	}
	return 0;
}

/* Configures the port without transmit queues, or with one for each receive queue if the driver
 * requires it. */
static int configure(struct port *port, uint16_t *tx, const struct port_ops *ops)
{
	const struct port_plan *p = &port->plan;
	*tx = p->needs_tx ? p->queues : 0;
	int error = ops->configure(port->id, p->queues, *tx, &p->conf);
	if (error && p->live && *tx == 0) {
		*tx = p->queues;
		error = ops->configure(port->id, p->queues, *tx, &p->conf);
	}
	return error ? fail(port, error, "configuring the device") : 0;
}

static int set_up_queues(struct port *port, const struct port_ops *ops)
{
	struct port_plan *p = &port->plan;
	struct rte_eth_dev_info info;
	uint16_t tx_queues, tx = TX_DESCRIPTORS;
	unsigned socket = (unsigned)port->socket;

	int error = configure(port, &tx_queues, ops);
	if (error == 0)
		error = ops->info_get(port->id, &info);
	if (error)
		return error;
	error = ops->adjust_descriptors(port->id, &p->descriptors, &tx);
	struct rte_eth_rxconf rxconf = info.default_rxconf;
	rxconf.offloads = p->conf.rxmode.offloads;
	for (uint16_t q = 0; q < p->queues && error == 0; q++)
		error = ops->rx_setup(port->id, q, p->descriptors, socket, &rxconf, port->pools[q]);
	if (error)
		return fail(port, error, "setting up a receive queue");
	for (uint16_t q = 0; q < tx_queues && error == 0; q++)
		error = ops->tx_setup(port->id, q, tx, socket, &info.default_txconf);
	return error ? fail(port, error, "setting up a transmit queue") : 0;
}

/* Writes the redirection table, reads it back and compares. */
static int set_reta(struct port *port, const struct rss *rss, const struct port_ops *ops)
{
	struct rte_eth_rss_reta_entry64 reta[RSS_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE + 1];
	uint16_t size = port->plan.reta_size;

	memset(reta, 0, sizeof(reta));
	for (uint16_t i = 0; i < size; i++) {
		reta[i / RTE_ETH_RETA_GROUP_SIZE].mask |= 1ull << i % RTE_ETH_RETA_GROUP_SIZE;
		reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			rss_reta(rss, i);
	}
	int error = ops->reta_set(port->id, reta, size);
	if (error)
		return error;
	for (uint16_t i = 0; i < size; i++)
		reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = UINT16_MAX;
	if (ops->reta_get(port->id, reta, size))
		return 0; /* it cannot be read: rss_check finds out */
	for (uint16_t i = 0; i < size; i++)
		if (reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] !=
			rss_reta(rss, i))
			return -EBADMSG;
	return 0;
}

/* Compares the device's key and hash functions with ours. Returns what differs, or NULL. */
static const char *check_key(struct port *port, const struct port_ops *ops)
{
	const struct rte_eth_rss_conf *asked = &port->plan.conf.rx_adv_conf.rss_conf;
	uint8_t key[RSS_KEY_MAX] = {0};
	struct rte_eth_rss_conf found = {.rss_key = key, .rss_key_len = asked->rss_key_len};

	if (ops->rss_get(port->id, &found))
		return NULL; /* it cannot be read: rss_check finds out */
	if (memcmp(key, port->plan.key, asked->rss_key_len) != 0)
		return "the device did not accept the symmetric RSS key";
	if ((found.rss_hf & asked->rss_hf) != asked->rss_hf)
		return "the device does not hash by the requested fields";
	return NULL;
}

/* Tries the interrupt of each queue. Returns why they cannot be used, or NULL. */
static const char *try_interrupts(const struct port *port, const struct port_ops *ops)
{
	const char *why = NULL;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	for (uint16_t q = 0; q < port->plan.queues && why == NULL; q++) {
		if (epoll_fd < 0 ||
			ops->intr_ctl(port->id, q, epoll_fd, RTE_INTR_EVENT_ADD, NULL)) {
			why = "the device has no receive interrupts";
			break;
		}
		/* A device that can signal, but not disable that, always signals. */
		int error = ops->intr_enable(port->id, q);
		if (error == 0)
			error = ops->intr_disable(port->id, q);
		if (error && error != -ENOTSUP)
			why = "the device's receive interrupts cannot be enabled and disabled";
		ops->intr_ctl(port->id, q, epoll_fd, RTE_INTR_EVENT_DEL, NULL);
	}
	if (epoll_fd >= 0)
		close(epoll_fd);
	return why;
}

static int start_device(struct port *port, const struct port_ops *ops)
{
	int error = set_up_queues(port, ops);
	if (error)
		return error;
	error = ops->start(port->id);
	return error ? fail(port, error, "starting the device") : 0;
}

/* Starts the device with receive interrupts if possible, else without. Some drivers refuse them
 * when configured, some when started: too few vectors, a kernel driver without support. */
static int start_with_fallback(struct port *port, const struct port_ops *ops)
{
	struct port_plan *p = &port->plan;
	int error = start_device(port, ops);

	port->no_interrupts = "idle workers do not sleep";
	if (p->conf.intr_conf.rxq == 0)
		return error;
	if (error == 0) {
		port->no_interrupts = try_interrupts(port, ops);
		return 0;
	}
	p->conf.intr_conf.rxq = 0;
	port->no_interrupts = "the device does not start with receive interrupts";
	return start_device(port, ops);
}

/* True if the driver's name is that of a virtual function. The host decides whether it sees others'
 * packets, and the driver does not always know. */
static bool is_virtual_function(const struct port_plan *p)
{
	size_t n = strlen(p->driver);
	return p->bus && n > 2 && strcmp(p->driver + n - 2, "vf") == 0;
}

/* Makes the port promiscuous, also for all multicast. Devices without a filter return -ENOTSUP, and
 * deliver all packets. */
static void set_promiscuous(struct port *port, const struct port_ops *ops)
{
	port->narrow = NULL;
	if (port->held_promiscuous)
		return;
	int error = ops->promiscuous(port->id);
	ops->all_multicast(port->id);
	port->promiscuous = error == 0;
	if (error ? error != -ENOTSUP || port->plan.bus : ops->is_promiscuous(port->id) != 1)
		port->narrow = "the device refuses promiscuous mode";
	else if (is_virtual_function(&port->plan))
		port->narrow = "a virtual function";
}

int port_start(struct port *port, const struct rss *rss, const struct port_ops *ops)
{
	int error = start_with_fallback(port, ops);
	if (error)
		return error;
	port->started = true;
	port->failed = NULL;
	if (!port->plan.live)
		return 0;
	port->steering = port->plan.no_rss;
	if (port->plan.reta_size && port->plan.queues > 1) {
		error = set_reta(port, rss, ops);
		port->steering = error == 0 ? check_key(port, ops)
				 : error == -EBADMSG
					 ? "the device did not accept the redirection table"
					 : "the device's redirection table cannot be set";
	}
	set_promiscuous(port, ops);
	return 0;
}

uint32_t port_buffers_in_use(const struct port *port)
{
	uint32_t max = 0;
	for (uint16_t q = 0; q < port->plan.queues; q++) {
		uint32_t taken = port->pools[q] ? rte_mempool_in_use_count(port->pools[q]) : 0;
		if (taken > max)
			max = taken;
	}
	return max;
}

static void free_pools(struct rte_mempool **pools)
{
	for (uint16_t q = 0; q < PORT_QUEUES; q++) {
		rte_mempool_free(pools[q]);
		pools[q] = NULL;
	}
}

int port_restart(struct port *port, unsigned number, uint32_t mbufs, const struct rss *rss,
	const struct port_ops *ops)
{
	struct rte_mempool *old[PORT_QUEUES];

	memcpy(old, port->pools, sizeof(old));
	memset(port->pools, 0, sizeof(port->pools));
	port->restarts++;
	int error = port_pools(port, number, mbufs);
	if (error) {
		free_pools(port->pools);
		memcpy(port->pools, old, sizeof(old));
		return error;
	}
	port->started = false;
	error = ops->stop(port->id);
	if (error)
		port->failed = "stopping the device";
	else
		error = port_start(port, rss, ops);
	/* The driver should have released the buffers of the old queues. A pool of which it did not
	 * release all is not freed. */
	for (uint16_t q = 0; q < PORT_QUEUES; q++)
		if (old[q] && rte_mempool_full(old[q]))
			rte_mempool_free(old[q]);
	return error;
}

/* Other lcores cannot use the buffers in this lcore's cache. */
static void flush_cache(struct rte_mempool *pool)
{
	struct rte_mempool_cache *cache = rte_mempool_default_cache(pool, rte_lcore_id());
	if (cache)
		rte_mempool_cache_flush(cache, pool);
}

uint64_t port_discard(const struct port *port, uint64_t max)
{
	struct rte_mbuf *packets[DISCARD_BURST];
	uint64_t sum = 0;

	for (uint16_t q = 0; q < port->plan.queues; q++) {
		uint64_t left = max;
		while (left) {
			uint16_t want = left < DISCARD_BURST ? (uint16_t)left : DISCARD_BURST;
			uint16_t n = rte_eth_rx_burst(port->id, q, packets, want);
			if (n == 0)
				break;
			rte_pktmbuf_free_bulk(packets, n);
			left -= n;
			sum += n;
		}
		flush_cache(port->pools[q]);
	}
	return sum;
}

void port_detach(struct port *port)
{
	if (!port->made)
		return;
	if (port->started) {
		if (port->promiscuous)
			rte_eth_promiscuous_disable(port->id);
		rte_eth_dev_stop(port->id);
	}
	rte_eth_dev_close(port->id);
	port->made = port->started = port->promiscuous = false;
}

void port_close(struct port *port)
{
	port_detach(port);
	free_pools(port->pools);
	*port = (struct port){.socket = -1};
}

uint64_t port_queue_packets(const struct port *port, uint16_t queue)
{
	struct rte_eth_stats stats;
	if (!port->started || queue >= RTE_ETHDEV_QUEUE_STAT_CNTRS ||
		rte_eth_stats_get(port->id, &stats))
		return UINT64_MAX;
	return stats.q_ipackets[queue] + stats.q_errors[queue];
}

void port_counts(const struct port *port, struct port_counts *counts)
{
	struct rte_eth_stats stats;
	memset(counts, 0, sizeof(*counts));
	if (!port->started || rte_eth_stats_get(port->id, &stats))
		return;
	counts->packets = stats.ipackets;
	counts->missed = stats.imissed;
	counts->errors = stats.ierrors;
	counts->no_mbuf = stats.rx_nombuf;
}

int port_read_clock(const struct port *port, uint64_t *ticks)
{
	return rte_eth_read_clock(port->id, ticks);
}

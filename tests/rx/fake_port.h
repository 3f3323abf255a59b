/* SPDX-License-Identifier: BSD-3-Clause */
/* A fake device: its capabilities, and what it was configured to do. */
#ifndef TESTS_RX_FAKE_PORT_H
#define TESTS_RX_FAKE_PORT_H

#include "rx/port.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <rte_epoll.h>
#include <rte_interrupts.h>
#include <sys/epoll.h>

#define FAKE_QUEUES 8 /* with interrupts */

static struct fake {
	struct rte_eth_dev_info info;
	bool has_clock, needs_tx, keeps_key, keeps_reta, refuses_reta, loses_udp;
	/* receive interrupts: the errors of its refusals */
	struct {
		int configure, rx_setup, start, ctl, enable, disable;
	} intr;
	int efds[FAKE_QUEUES]; /* the descriptors that signal; 0: none */
	struct rte_epoll_event events[FAKE_QUEUES];
	int enabled[FAKE_QUEUES]; /* calls of enable, minus those of disable */
	unsigned watched; /* queues in an epoll set */
	/* its configuration */
	struct rte_eth_conf conf;
	uint8_t key[RSS_KEY_MAX];
	uint16_t rx, tx, descriptors, rx_queues, tx_queues;
	uint16_t reta[RSS_RETA_MAX];
	int refuses; /* promiscuous mode, with this error; 1: accepts it */
	bool forgets; /* accepts it without effect */
	unsigned promiscuous, all_multicast, started, tries;
	uint64_t queue_offloads;
} fake;

static int info_get(uint16_t id, struct rte_eth_dev_info *info)
{
	(void)id;
	*info = fake.info;
	return 0;
}

static int socket_id(uint16_t id)
{
	(void)id;
	return 1;
}

/* As rte_eth_dev_configure() checks. */
static int configure(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf)
{
	const struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;
	(void)id;
	fake.tries++;
	fake.rx_queues = fake.tx_queues = 0;
	if (conf->intr_conf.rxq && fake.intr.configure)
		return fake.intr.configure;
	if (fake.needs_tx && tx == 0)
		return -EINVAL;
	if (rx > fake.info.max_rx_queues || conf->rxmode.offloads & ~fake.info.rx_offload_capa ||
		rss->rss_hf & ~fake.info.flow_type_rss_offloads ||
		(rss->rss_key && rss->rss_key_len != fake.info.hash_key_size) ||
		conf->rxmode.mtu > fake.info.max_mtu)
		return -EINVAL;
	fake.conf = *conf;
	if (rss->rss_key)
		memcpy(fake.key, rss->rss_key, rss->rss_key_len);
	fake.rx = rx;
	fake.tx = tx;
	return 0;
}

static int adjust(uint16_t id, uint16_t *rx, uint16_t *tx)
{
	(void)id;
	if (*rx > fake.info.rx_desc_lim.nb_max)
		*rx = fake.info.rx_desc_lim.nb_max;
	*tx = 64;
	return 0;
}

static int rx_setup(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	(void)id;
	(void)pool;
	CU_ASSERT_EQUAL(queue, fake.rx_queues);
	CU_ASSERT_EQUAL(socket, 1);
	if (fake.conf.intr_conf.rxq && fake.intr.rx_setup)
		return fake.intr.rx_setup;
	fake.rx_queues++;
	fake.descriptors = descriptors;
	fake.queue_offloads = conf->offloads;
	return 0;
}

static int tx_setup(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
	const struct rte_eth_txconf *conf)
{
	(void)id;
	(void)descriptors;
	(void)socket;
	(void)conf;
	CU_ASSERT_EQUAL(queue, fake.tx_queues);
	fake.tx_queues++;
	return 0;
}

static int start(uint16_t id)
{
	(void)id;
	if (fake.conf.intr_conf.rxq && fake.intr.start)
		return fake.intr.start;
	fake.started++;
	return 0;
}

static int promiscuous(uint16_t id)
{
	(void)id;
	fake.promiscuous++;
	return fake.refuses == 1 ? 0 : fake.refuses ? fake.refuses : -ENOTSUP; /* as vdevs do */
}

static int is_promiscuous(uint16_t id)
{
	(void)id;
	return fake.promiscuous != 0 && !fake.forgets;
}

static int stop(uint16_t id)
{
	(void)id;
	return 0;
}

static int all_multicast(uint16_t id)
{
	(void)id;
	fake.all_multicast++;
	return -ENOTSUP;
}

static int reta_set(uint16_t id, struct rte_eth_rss_reta_entry64 *reta, uint16_t size)
{
	(void)id;
	CU_ASSERT_EQUAL(size, fake.info.reta_size);
	if (fake.refuses_reta)
		return -ENOTSUP;
	for (uint16_t i = 0; i < size; i++) {
		CU_ASSERT_TRUE(reta[i / 64].mask >> i % 64 & 1);
		fake.reta[i] = reta[i / 64].reta[i % 64];
	}
	return 0;
}

static int reta_get(uint16_t id, struct rte_eth_rss_reta_entry64 *reta, uint16_t size)
{
	(void)id;
	for (uint16_t i = 0; i < size; i++)
		reta[i / 64].reta[i % 64] = fake.keeps_reta ? fake.reta[i] : 0;
	return 0;
}

static int rss_get(uint16_t id, struct rte_eth_rss_conf *conf)
{
	(void)id;
	conf->rss_hf = fake.conf.rx_adv_conf.rss_conf.rss_hf;
	if (fake.loses_udp)
		conf->rss_hf &= ~RTE_ETH_RSS_IPV4;
	if (fake.keeps_key)
		memcpy(conf->rss_key, fake.key, conf->rss_key_len);
	return 0;
}

static int read_clock(uint16_t id, uint64_t *ticks)
{
	(void)id;
	*ticks = 1;
	return fake.has_clock ? 0 : -ENOTSUP;
}

/* As drivers do over one eventfd a queue, edge-triggered. */
static int intr_ctl(uint16_t id, uint16_t queue, int epoll_fd, int op, void *data)
{
	(void)id;
	(void)data;
	if (fake.intr.ctl || !fake.conf.intr_conf.rxq)
		return fake.intr.ctl ? fake.intr.ctl : -EPERM;
	if (fake.efds[queue] == 0)
		return 0;
	fake.watched += op == RTE_INTR_EVENT_ADD ? 1 : -1u;
	fake.events[queue].epdata.event = EPOLLIN | EPOLLET;
	return rte_epoll_ctl(epoll_fd, op == RTE_INTR_EVENT_ADD ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
		fake.efds[queue], &fake.events[queue]);
}

static int intr_enable(uint16_t id, uint16_t queue)
{
	(void)id;
	fake.enabled[queue] += fake.intr.enable == 0;
	return fake.intr.enable;
}

static int intr_disable(uint16_t id, uint16_t queue)
{
	(void)id;
	fake.enabled[queue] -= fake.intr.disable == 0;
	return fake.intr.disable;
}

static const struct port_ops ops = {
	.info_get = info_get,
	.socket_id = socket_id,
	.configure = configure,
	.adjust_descriptors = adjust,
	.rx_setup = rx_setup,
	.tx_setup = tx_setup,
	.start = start,
	.promiscuous = promiscuous,
	.is_promiscuous = is_promiscuous,
	.stop = stop,
	.all_multicast = all_multicast,
	.reta_set = reta_set,
	.reta_get = reta_get,
	.rss_get = rss_get,
	.read_clock = read_clock,
	.intr_ctl = intr_ctl,
	.intr_enable = intr_enable,
	.intr_disable = intr_disable,
};

#define ADDRESSES                                                                                  \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6)

/* A usual NIC: a key of 40 or 52 octets, a table of 64 to 512 entries. */
static void nic(uint8_t key, uint16_t reta)
{
	memset(&fake, 0, sizeof(fake));
	fake.info.driver_name = "net_fake";
	fake.info.max_rx_queues = 64;
	fake.info.max_mtu = 9702;
	fake.info.max_rx_pktlen = 9728;
	fake.info.hash_key_size = key;
	fake.info.reta_size = reta;
	fake.info.rx_desc_lim.nb_max = 2048;
	fake.info.flow_type_rss_offloads = ADDRESSES | RTE_ETH_RSS_NONFRAG_IPV4_UDP;
	fake.info.rx_offload_capa = RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_TIMESTAMP |
				    RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_TCP_LRO;
	fake.has_clock = fake.keeps_key = fake.keeps_reta = true;
}

#endif

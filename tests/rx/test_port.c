/* SPDX-License-Identifier: BSD-3-Clause */
/* A port over a device that is not there: what it says it can do, and what it was told. */
#include "rx/port.h"

#include <CUnit/CUnit.h>
#include <errno.h>

void test_rx_port(void);

static struct fake {
	struct rte_eth_dev_info info;
	bool has_clock, needs_tx, keeps_key, keeps_reta, refuses_reta, loses_udp;
	/* what it was told */
	struct rte_eth_conf conf;
	uint8_t key[RSS_KEY_MAX];
	uint16_t rx, tx, descriptors, rx_queues, tx_queues;
	uint16_t reta[RSS_RETA_MAX];
	unsigned promiscuous, all_multicast, started;
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
	fake.started++;
	return 0;
}

static int promiscuous(uint16_t id)
{
	(void)id;
	fake.promiscuous++;
	return -ENOTSUP; /* vdevs say so */
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

static const struct port_ops ops = {
	.info_get = info_get,
	.socket_id = socket_id,
	.configure = configure,
	.adjust_descriptors = adjust,
	.rx_setup = rx_setup,
	.tx_setup = tx_setup,
	.start = start,
	.promiscuous = promiscuous,
	.all_multicast = all_multicast,
	.reta_set = reta_set,
	.reta_get = reta_get,
	.rss_get = rss_get,
	.read_clock = read_clock,
};

#define ADDRESSES                                                                                  \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6)

/* A NIC as they are: key of 40 or 52 octets, a table of 64 to 512. */
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

static struct port port;

/* Prepares and starts; the queues that it has. */
static uint16_t run(uint16_t queues)
{
	struct port_want want = {.queues = queues, .descriptors = 4096, .live = true};
	struct rss rss;

	port = (struct port){.id = 3};
	CU_ASSERT_EQUAL_FATAL(port_prepare(&port, &want, &ops), 0);
	if (port.plan.reta_size)
		rss_init(&rss, port.plan.reta_size, queues);
	CU_ASSERT_EQUAL(port_start(&port, &rss, &ops), 0);
	CU_ASSERT_EQUAL(fake.rx_queues, port.plan.queues);
	CU_ASSERT_EQUAL(fake.started, 1);
	CU_ASSERT_EQUAL(fake.promiscuous, 1);
	CU_ASSERT_EQUAL(fake.all_multicast, 1);
	/* VLAN tags stay, segments are not merged. */
	CU_ASSERT_EQUAL(fake.conf.rxmode.offloads &
				(RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_TCP_LRO),
		0);
	return fake.rx_queues;
}

static void test_keys(void)
{
	static const uint8_t keys[] = {40, 52};
	static const uint16_t sizes[] = {64, 128, 512, 2048};
	for (size_t k = 0; k < 2; k++)
		for (size_t s = 0; s < 4; s++) {
			nic(keys[k], sizes[s]);
			CU_ASSERT_EQUAL(run(6), 6);
			CU_ASSERT_PTR_NULL(port.steering);
			CU_ASSERT_EQUAL(fake.conf.rx_adv_conf.rss_conf.rss_key_len, keys[k]);
			CU_ASSERT_EQUAL(fake.conf.rx_adv_conf.rss_conf.rss_hf, ADDRESSES);
			CU_ASSERT_EQUAL(fake.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
			for (unsigned i = 0; i < keys[k]; i += 2)
				CU_ASSERT_TRUE(fake.key[i] == 0x6d && fake.key[i + 1] == 0x5a);
			for (unsigned i = 0; i < sizes[s]; i++)
				CU_ASSERT_EQUAL(fake.reta[i], i % 6);
		}
}

static void expect_steering(uint16_t queues, const char *why)
{
	run(queues);
	CU_ASSERT_PTR_NOT_NULL_FATAL(port.steering);
	CU_ASSERT_STRING_EQUAL(port.steering, why);
}

static void test_missing(void)
{
	nic(40, 128);
	fake.info.flow_type_rss_offloads = 0;
	expect_steering(2, "the device has no RSS");
	CU_ASSERT_EQUAL(fake.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_NONE);

	nic(40, 128);
	fake.info.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_UDP;
	expect_steering(2, "the device does not hash by addresses alone");
	CU_ASSERT_EQUAL(fake.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);

	nic(40, 0);
	expect_steering(2, "the device's redirection table cannot be set");
	nic(40, 96);
	expect_steering(2, "the device's redirection table cannot be set");
	nic(0, 128);
	expect_steering(2, "the device takes no RSS key");
	CU_ASSERT_PTR_NULL(fake.conf.rx_adv_conf.rss_conf.rss_key);
	nic(40, 128);
	fake.refuses_reta = true;
	expect_steering(2, "the device's redirection table cannot be set");
}

/* What it says that it took is not what it was told. */
static void test_twin(void)
{
	nic(52, 512);
	fake.keeps_key = false;
	expect_steering(4, "the device did not take the symmetric RSS key");
	nic(52, 512);
	fake.keeps_reta = false;
	expect_steering(4, "the device did not take the redirection table");
	nic(52, 512);
	fake.loses_udp = true;
	expect_steering(4, "the device does not hash what was asked for");
}

static void test_queues(void)
{
	nic(40, 128);
	fake.info.max_rx_queues = 3;
	CU_ASSERT_EQUAL(run(8), 3);
	nic(40, 128);
	CU_ASSERT_EQUAL(run(1), 1);
	CU_ASSERT_EQUAL(fake.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_NONE);
	CU_ASSERT_EQUAL(fake.tx, 0);
	CU_ASSERT_EQUAL(fake.descriptors, 2048);
	nic(40, 128);
	fake.needs_tx = true;
	CU_ASSERT_EQUAL(run(2), 2);
	CU_ASSERT_EQUAL(fake.tx_queues, 2);
}

static void test_sizes(void)
{
	nic(40, 128); /* scattered: jumbo frames in buffers of 2 KiB */
	run(1);
	CU_ASSERT_EQUAL(fake.conf.rxmode.mtu, PORT_MTU_MAX);
	CU_ASSERT_TRUE(fake.conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_SCATTER);
	CU_ASSERT_EQUAL(fake.queue_offloads, fake.conf.rxmode.offloads);
	nic(40, 128);
	fake.info.rx_offload_capa = 0; /* not: what fits a buffer */
	run(1);
	CU_ASSERT_TRUE(fake.conf.rxmode.mtu > 1500 && fake.conf.rxmode.mtu < 2048);
	nic(40, 128);
	fake.info.max_mtu = 1500;
	run(1);
	CU_ASSERT_EQUAL(fake.conf.rxmode.mtu, 0);
}

static void test_stamps(void)
{
	nic(40, 128);
	run(1);
	CU_ASSERT_EQUAL(port.plan.stamp, PORT_STAMP_NIC);
	CU_ASSERT_TRUE(fake.conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TIMESTAMP);
	nic(40, 128);
	fake.has_clock = false; /* stamps that nobody can read */
	run(1);
	CU_ASSERT_EQUAL(port.plan.stamp, PORT_STAMP_NONE);
	CU_ASSERT_FALSE(fake.conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TIMESTAMP);
	nic(40, 128);
	fake.info.driver_name = "net_pcap";
	run(1);
	CU_ASSERT_EQUAL(port.plan.stamp, PORT_STAMP_US);
}

void test_rx_port(void)
{
	CU_pSuite s = CU_add_suite("rx/port", NULL, NULL);

	CU_add_test(s, "keys of 40 and 52 octets, tables of all sizes", test_keys);
	CU_add_test(s, "missing features", test_missing);
	CU_add_test(s, "the device did otherwise", test_twin);
	CU_add_test(s, "queues", test_queues);
	CU_add_test(s, "sizes of frames", test_sizes);
	CU_add_test(s, "time stamps", test_stamps);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A port of a fake device. */
#include "rx/fake_port.h"
#include "rx/mbuf.h"

void test_rx_port(void);

static struct port port;
static bool sleeps; /* workers sleep until packets arrive */
static bool on_bus; /* the device is a NIC */

/* Prepares and starts; the queues that it has. */
static uint16_t run(uint16_t queues)
{
	struct port_want want = {.queues = queues,
		.descriptors = 4096,
		.live = true,
		.interrupts = sleeps,
		.bus = on_bus};
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
	expect_steering(2, "the device accepts no RSS key");
	CU_ASSERT_PTR_NULL(fake.conf.rx_adv_conf.rss_conf.rss_key);
	nic(40, 128);
	fake.refuses_reta = true;
	expect_steering(2, "the device's redirection table cannot be set");
}

/* The configuration that the device reports is not the one that was requested. */
static void test_not_as_configured(void)
{
	nic(52, 512);
	fake.keeps_key = false;
	expect_steering(4, "the device did not accept the symmetric RSS key");
	nic(52, 512);
	fake.keeps_reta = false;
	expect_steering(4, "the device did not accept the redirection table");
	nic(52, 512);
	fake.loses_udp = true;
	expect_steering(4, "the device does not hash by the requested fields");
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
	nic(40, 128);
	fake.info.max_rx_pktlen = 1522; /* net_tap: one tag only */
	run(1);
	CU_ASSERT_EQUAL(fake.conf.rxmode.mtu, 0);
}

/* Devices that do not work without transmit queues. */
static void test_transmit(void)
{
	static const char *const drivers[] = {"net_memif", "net_vhost"};
	for (size_t i = 0; i < 2; i++) {
		nic(40, 128);
		fake.info.driver_name = drivers[i];
		fake.info.max_rx_queues = 2;
		CU_ASSERT_EQUAL(run(2), 2);
		CU_ASSERT_EQUAL(fake.tx, 2);
		CU_ASSERT_EQUAL(fake.tx_queues, 2);
	}
}

/* The hash of each packet is requested if the table is ours and the device can report it. */
static void test_hash(void)
{
	nic(40, 128);
	fake.info.rx_offload_capa |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
	run(2);
	CU_ASSERT_TRUE(fake.queue_offloads & RTE_ETH_RX_OFFLOAD_RSS_HASH);
	nic(40, 128);
	fake.info.rx_offload_capa |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
	run(1);
	CU_ASSERT_FALSE(fake.queue_offloads & RTE_ETH_RX_OFFLOAD_RSS_HASH);
	nic(40, 128);
	run(2);
	CU_ASSERT_FALSE(fake.queue_offloads & RTE_ETH_RX_OFFLOAD_RSS_HASH);
	nic(40, 0);
	fake.info.rx_offload_capa |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
	run(2);
	CU_ASSERT_FALSE(fake.queue_offloads & RTE_ETH_RX_OFFLOAD_RSS_HASH);
}

static void expect_interrupts(unsigned tries, const char *why)
{
	fake.efds[0] = fake.efds[1] = 0;
	CU_ASSERT_EQUAL(run(2), 2);
	CU_ASSERT_EQUAL(fake.tries, tries);
	CU_ASSERT_EQUAL(fake.enabled[0], 0);
	CU_ASSERT_EQUAL(fake.enabled[1], 0);
	if (why == NULL)
		CU_ASSERT_PTR_NULL_FATAL(port.no_interrupts);
	if (why && port.no_interrupts)
		CU_ASSERT_STRING_EQUAL(port.no_interrupts, why);
	CU_ASSERT_EQUAL(port.no_interrupts == NULL, why == NULL);
}

/* A device may refuse interrupts at every step: then it works without. */
static void test_interrupts(void)
{
	static const char without[] = "the device does not start with receive interrupts";
	sleeps = true;
	nic(40, 128);
	expect_interrupts(1, NULL);
	CU_ASSERT_EQUAL(fake.conf.intr_conf.rxq, 1);
	nic(40, 128);
	fake.intr.configure = -EIO;
	expect_interrupts(
		3, without); /* without and with transmit queues, then without interrupts */
	CU_ASSERT_EQUAL(fake.conf.intr_conf.rxq, 0);
	nic(40, 128);
	fake.intr.rx_setup = -EIO;
	expect_interrupts(2, without);
	CU_ASSERT_EQUAL(fake.conf.intr_conf.rxq, 0);
	nic(40, 128);
	fake.intr.start = -1;
	expect_interrupts(2, without);
	CU_ASSERT_EQUAL(fake.conf.intr_conf.rxq, 0);
	nic(40, 128);
	fake.intr.ctl = -ENOTSUP;
	expect_interrupts(1, "the device has no receive interrupts");
	nic(40, 128);
	fake.intr.enable = -EIO;
	expect_interrupts(1, "the device's receive interrupts cannot be enabled and disabled");
	nic(40, 128);
	fake.intr.enable = fake.intr.disable = -ENOTSUP; /* it always signals */
	expect_interrupts(1, NULL);
	sleeps = false;
	nic(40, 128);
	expect_interrupts(1, "idle workers do not sleep");
	CU_ASSERT_EQUAL(fake.conf.intr_conf.rxq, 0);
}

/* A failure with and without interrupts is reported once, as the step that failed. */
static void test_start_fails(void)
{
	struct port_want want = {.queues = 1, .descriptors = 64, .live = true, .interrupts = true};
	nic(40, 128);
	fake.info.max_rx_queues = 0;
	port = (struct port){.id = 3};
	CU_ASSERT_EQUAL_FATAL(port_prepare(&port, &want, &ops), 0);
	CU_ASSERT_EQUAL(port_start(&port, NULL, &ops), -EINVAL);
	CU_ASSERT_STRING_EQUAL(port.failed, "configuring the device");
	CU_ASSERT_FALSE(port.started);
}

static void expect_narrow(const char *why)
{
	struct port_want want = {.queues = 1, .descriptors = 64, .live = true, .bus = true};

	port = (struct port){.id = 3};
	CU_ASSERT_EQUAL_FATAL(port_prepare(&port, &want, &ops), 0);
	CU_ASSERT_EQUAL_FATAL(port_start(&port, NULL, &ops), 0);
	if (why == NULL)
		CU_ASSERT_PTR_NULL(port.narrow);
	if (why)
		CU_ASSERT_STRING_EQUAL(port.narrow, why);
}

/* A NIC that refuses, one that accepts without effect, and virtual functions, which do not know. */
static void test_promiscuous(void)
{
	static const int errors[] = {-ENOTSUP, -EPERM, -EIO, -1};
	for (size_t i = 0; i < 4; i++) {
		nic(40, 128);
		fake.refuses = errors[i];
		expect_narrow("the device refuses promiscuous mode");
	}
	nic(40, 128);
	fake.refuses = 1;
	expect_narrow(NULL);
	CU_ASSERT_TRUE(port.promiscuous);
	nic(40, 128);
	fake.refuses = 1;
	fake.forgets = true;
	expect_narrow("the device refuses promiscuous mode");
	nic(40, 128);
	fake.refuses = 1;
	fake.info.driver_name = "net_e1000_igb_vf";
	expect_narrow("a virtual function");
	nic(40, 128);
	run(1); /* a vdev has no filter, and says that it cannot */
	CU_ASSERT_PTR_NULL(port.narrow);
	CU_ASSERT_FALSE(port.promiscuous);
}

/* Queues that others fill are all polled. */
static void test_fixed_queues(void)
{
	static const char *const drivers[] = {
		"net_pcap", "net_af_xdp", "net_af_packet", "net_vhost"};
	for (size_t i = 0; i < 4; i++) {
		nic(40, 128);
		fake.info.driver_name = drivers[i];
		fake.info.max_rx_queues = 4;
		CU_ASSERT_EQUAL(run(1), 4);
	}
}

static void test_timestamps(void)
{
	nic(40, 128);
	run(1);
	CU_ASSERT_EQUAL(port.plan.timestamp, PORT_TIMESTAMP_NIC);
	CU_ASSERT_TRUE(fake.conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TIMESTAMP);
	nic(40, 128);
	fake.has_clock = false; /* timestamps of an unreadable clock */
	run(1);
	CU_ASSERT_EQUAL(port.plan.timestamp, PORT_TIMESTAMP_NONE);
	CU_ASSERT_FALSE(fake.conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TIMESTAMP);
	nic(40, 128);
	fake.info.driver_name = "net_pcap";
	run(1);
	CU_ASSERT_EQUAL(port.plan.timestamp, PORT_TIMESTAMP_US);
}

/* NICs verify transport checksums if they can; virtio and virtual devices do not. */
static void test_checksums(void)
{
	static const struct {
		const char *driver;
		bool bus;
		uint64_t capa, want;
	} rows[] = {
		{"net_ice", true, RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM,
			RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM},
		{"net_odd", true, RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM,
			RTE_ETH_RX_OFFLOAD_UDP_CKSUM},
		{"net_none", true, 0, 0},
		{"net_virtio", true, RTE_ETH_RX_OFFLOAD_UDP_CKSUM, 0},
		{"net_tap", false, RTE_ETH_RX_OFFLOAD_UDP_CKSUM, 0},
	};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		nic(40, 128);
		fake.info.driver_name = rows[i].driver;
		fake.info.rx_offload_capa |= rows[i].capa;
		on_bus = rows[i].bus;
		run(1);
		on_bus = false;
		CU_ASSERT_EQUAL(fake.queue_offloads & (RTE_ETH_RX_OFFLOAD_UDP_CKSUM |
							      RTE_ETH_RX_OFFLOAD_TCP_CKSUM |
							      RTE_ETH_RX_OFFLOAD_IPV4_CKSUM),
			rows[i].want);
	}
}

/* The driver's verdict on a packet's checksum. */
static void test_verdicts(void)
{
	static const struct {
		uint64_t flags;
		bool verified;
	} rows[] = {{0, false}, {RTE_MBUF_F_RX_L4_CKSUM_GOOD, true},
		{RTE_MBUF_F_RX_L4_CKSUM_BAD, false}, {RTE_MBUF_F_RX_L4_CKSUM_NONE, true},
		{RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_BAD, true},
		{RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_RSS_HASH, false}};
	for (size_t i = 0; i < BITS_COUNT(rows); i++) {
		struct rte_mbuf m = {.ol_flags = rows[i].flags};
		CU_ASSERT_EQUAL(mbuf_is_verified(&m), rows[i].verified);
	}
}

void test_rx_port(void)
{
	CU_pSuite s = CU_add_suite("rx/port", NULL, NULL);

	CU_add_test(s, "keys of 40 and 52 octets, tables of all sizes", test_keys);
	CU_add_test(s, "missing features", test_missing);
	CU_add_test(s, "the device is not as configured", test_not_as_configured);
	CU_add_test(s, "queues", test_queues);
	CU_add_test(s, "sizes of frames", test_sizes);
	CU_add_test(s, "promiscuous mode refused", test_promiscuous);
	CU_add_test(s, "queues that others fill", test_fixed_queues);
	CU_add_test(s, "timestamps", test_timestamps);
	CU_add_test(s, "checksums by the device", test_checksums);
	CU_add_test(s, "its verdicts", test_verdicts);
	CU_add_test(s, "transmit queues", test_transmit);
	CU_add_test(s, "hashes of packets", test_hash);
	CU_add_test(s, "receive interrupts refused at each step", test_interrupts);
	CU_add_test(s, "a device that does not start", test_start_fails);
}

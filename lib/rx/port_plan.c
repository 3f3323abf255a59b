/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/port_plan.h"

#include "base/bits.h"

/* What hashes addresses and nothing else, for all that is IP. */
#define RSS_ADDRESSES                                                                              \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER |               \
		RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER |        \
		RTE_ETH_RSS_IPV6_EX)
/* What drivers that know packets by their transport want set, or UDP is not spread at all. */
#define RSS_PORTS                                                                                  \
	(RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV4_TCP |                             \
		RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_NONFRAG_IPV6_TCP |                      \
		RTE_ETH_RSS_IPV6_UDP_EX | RTE_ETH_RSS_IPV6_TCP_EX)

static bool is_driver(const struct rte_eth_dev_info *info, const char *name)
{
	return info->driver_name && strcmp(info->driver_name, name) == 0;
}

/* Does somebody else decide by which of its queues a packet comes? Then all are polled, however few
 * workers there are: a file or interface of net_pcap's, an interface's queue or a member of its
 * fan-out, a queue of the guest's: nobody else would read it. */
static bool has_fixed_queues(const struct rte_eth_dev_info *info)
{
	static const char *const drivers[] = {
		"net_pcap", "net_af_xdp", "net_af_packet", "net_vhost"};
	for (size_t i = 0; i < BITS_COUNT(drivers); i++)
		if (is_driver(info, drivers[i]))
			return true;
	return false;
}

/* Hash functions that make RSS symmetric by addresses, or what stands in the way. */
static uint64_t choose_hash(const struct rte_eth_dev_info *info, const char **why)
{
	uint64_t addresses = info->flow_type_rss_offloads & RSS_ADDRESSES;

	if (info->flow_type_rss_offloads == 0)
		*why = "the device has no RSS";
	else if ((addresses & RTE_ETH_RSS_IPV4) == 0 || (addresses & RTE_ETH_RSS_IPV6) == 0)
		*why = "the device does not hash by addresses alone";
	else if (info->reta_size == 0 || info->reta_size > RSS_RETA_MAX ||
		 (info->reta_size & (info->reta_size - 1)))
		*why = "the device's redirection table cannot be set";
	else if (info->hash_key_size < 4 || info->hash_key_size > RSS_KEY_MAX)
		*why = "the device takes no RSS key";
	return *why ? 0 : addresses;
}

static void plan_rss(struct port_plan *p, const struct rte_eth_dev_info *info)
{
	struct rte_eth_rss_conf *rss = &p->conf.rx_adv_conf.rss_conf;

	if (p->queues == 1)
		return;
	rss->rss_hf = choose_hash(info, &p->no_rss);
	if (p->no_rss == NULL) {
		p->reta_size = info->reta_size;
		/* Each packet then says what the device made of it: rx/rss_check.h. */
		p->conf.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
	} else {
		/* Any spreading will do: the workers hand packets to their owners. */
		rss->rss_hf = info->flow_type_rss_offloads & (RSS_ADDRESSES | RSS_PORTS);
		if (rss->rss_hf == 0)
			return;
	}
	p->conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	if (info->hash_key_size && info->hash_key_size <= RSS_KEY_MAX) {
		rss_key(p->key, info->hash_key_size);
		rss->rss_key = p->key;
		rss->rss_key_len = info->hash_key_size;
	}
}

/* Octets of an Ethernet frame beside its MTU: header, two VLAN tags, check sequence. */
#define FRAME_EXTRA (14 + 8 + 4)

/* Frames larger than a buffer come in several where the device can do that. */
static void plan_size(
	struct port_plan *p, const struct port_want *want, const struct rte_eth_dev_info *info)
{
	uint32_t mtu = want->mtu, data = p->data_bytes - RTE_PKTMBUF_HEADROOM;
	bool scatter = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;

	if (mtu == 0 && info->max_mtu <= RTE_ETHER_MTU)
		return; /* nothing to choose; vdevs say 0 or 65535 and take what comes */
	if (mtu == 0 && !scatter && info->max_mtu == UINT16_MAX)
		return;
	if (mtu == 0)
		mtu = scatter ? PORT_MTU_MAX : data - FRAME_EXTRA;
	if (info->max_mtu && mtu > info->max_mtu)
		mtu = info->max_mtu;
	if (info->max_rx_pktlen > FRAME_EXTRA && mtu > info->max_rx_pktlen - FRAME_EXTRA)
		mtu = info->max_rx_pktlen - FRAME_EXTRA;
	/* Some count one tag, or none; the usual frames they take all the same. */
	if (want->mtu == 0 && mtu < RTE_ETHER_MTU)
		return;
	if (mtu + FRAME_EXTRA > data && scatter)
		p->conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	p->conf.rxmode.mtu = mtu;
}

/* Lets a NIC verify transport checksums, which software then need not sum. Not virtio: it would
 * pass on packets of the host's before their checksums are finished, by a slower path. */
static void plan_checksums(struct port_plan *p, const struct rte_eth_dev_info *info)
{
	if (p->bus && !is_driver(info, "net_virtio"))
		p->conf.rxmode.offloads |=
			info->rx_offload_capa &
			(RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM);
}

void port_plan(struct port_plan *p, const struct port_want *want,
	const struct rte_eth_dev_info *info, bool has_clock)
{
	*p = (struct port_plan){.queues = want->queues,
		.descriptors = want->descriptors,
		.data_bytes = want->data_bytes ? want->data_bytes + RTE_PKTMBUF_HEADROOM
					       : RTE_MBUF_DEFAULT_BUF_SIZE,
		.live = want->live,
		.bus = want->bus,
		.driver = info->driver_name ? info->driver_name : "unknown"};
	if (!want->live)
		return;
	if (info->max_rx_queues && (p->queues > info->max_rx_queues || has_fixed_queues(info)))
		p->queues = info->max_rx_queues;
	/* Of memif's, the peer takes our free buffers for packets (what is where in the shared
	 * memory is computed from the numbers of queues of both kinds); vhost receives nothing. */
	p->needs_tx = is_driver(info, "net_memif") || is_driver(info, "net_vhost");
	p->conf.intr_conf.rxq = want->interrupts;
	plan_rss(p, info);
	plan_size(p, want, info);
	plan_checksums(p, info);
	if (is_driver(info, "net_pcap")) {
		p->timestamp = PORT_TIMESTAMP_US;
	} else if (info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP && has_clock) {
		p->timestamp = PORT_TIMESTAMP_NIC;
		p->conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_TIMESTAMP;
	}
}

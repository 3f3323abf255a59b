/* SPDX-License-Identifier: BSD-3-Clause */
#include "rx/port_plan.h"

#include "base/bits.h"

/* Hash functions of addresses only, for all IP packets. */
#define RSS_ADDRESSES                                                                              \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER |               \
		RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER |        \
		RTE_ETH_RSS_IPV6_EX)
/* Further functions that some drivers require, or they do not spread UDP and TCP at all. */
#define RSS_PORTS                                                                                  \
	(RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV4_TCP |                             \
		RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_NONFRAG_IPV6_TCP |                      \
		RTE_ETH_RSS_IPV6_UDP_EX | RTE_ETH_RSS_IPV6_TCP_EX)

static bool is_driver(const struct rte_eth_dev_info *info, const char *name)
{
	return info->driver_name && strcmp(info->driver_name, name) == 0;
}

/* True if the device's number of queues is fixed by its source: files or interfaces of net_pcap,
 * queues of an interface or of its fan-out, queues of a guest. All are polled, however few workers
 * there are, because nothing else reads them. */
static bool has_fixed_queues(const struct rte_eth_dev_info *info)
{
	static const char *const drivers[] = {
		"net_pcap", "net_af_xdp", "net_af_packet", "net_vhost"};
	for (size_t i = 0; i < BITS_COUNT(drivers); i++)
		if (is_driver(info, drivers[i]))
			return true;
	return false;
}

/* Returns the hash functions that make RSS symmetric by addresses; or 0 with the reason in *why. */
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
		*why = "the device accepts no RSS key";
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
		/* Each packet then carries its hash, for rx/rss_check.h. */
		p->conf.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
	} else {
		/* Any spreading will do: the workers hand packets off to their owners. */
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

/* Octets of an Ethernet frame that the MTU does not include: header, two VLAN tags, FCS. */
#define FRAME_EXTRA (14 + 8 + 4)

/* Plans the MTU, and scattered reception for frames that are larger than a buffer. */
static void plan_size(
	struct port_plan *p, const struct port_want *want, const struct rte_eth_dev_info *info)
{
	uint32_t mtu = want->mtu, payload = p->data_bytes - RTE_PKTMBUF_HEADROOM;
	bool scatter = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;

	if (mtu == 0 && info->max_mtu <= RTE_ETHER_MTU)
		return; /* no choice; vdevs report 0 or 65535 and accept any size */
	if (mtu == 0 && !scatter && info->max_mtu == UINT16_MAX)
		return;
	if (mtu == 0)
		mtu = scatter ? PORT_MTU_MAX : payload - FRAME_EXTRA;
	if (info->max_mtu && mtu > info->max_mtu)
		mtu = info->max_mtu;
	if (info->max_rx_pktlen > FRAME_EXTRA && mtu > info->max_rx_pktlen - FRAME_EXTRA)
		mtu = info->max_rx_pktlen - FRAME_EXTRA;
	/* Some drivers count one tag, or none, and yet receive frames of 1,500 octets. */
	if (want->mtu == 0 && mtu < RTE_ETHER_MTU)
		return;
	if (mtu + FRAME_EXTRA > payload && scatter)
		p->conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	p->conf.rxmode.mtu = mtu;
}

/* Lets a NIC verify transport checksums, so that software need not. Not virtio: it would deliver
 * the host's packets before their checksums are finished, on a slower path. */
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
	/* Without them a memif peer mistakes our free buffers for packets, because the layout of
	 * the shared memory depends on the numbers of both kinds of queue; vhost receives nothing.
	 */
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
